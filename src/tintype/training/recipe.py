"""A recipe: what to train, on what, in which stages. Read from TOML, checked, and written back into the run."""

import difflib
import json
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tintype.errors import RecipeError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataOptions(_Section):
    """How samples are cut from pictures."""

    flip: bool = Field(True, description="mirror half of the samples")
    cache_side: int = Field(256, ge=16, description="short side, in pixels, that pictures are stored at")
    store: Literal["pixels", "encoded"] = Field(
        "pixels", description="pixels: decoded once into a file; encoded: .tar shards, decoded when asked for"
    )
    source_weights: dict[str, float] = Field(
        {}, description="how often pictures of a source (the name up to its first _ or -) are drawn; 1 where unnamed"
    )
    kinds: str | None = Field(None, description="list of `tintype data kinds`, that the two balances go by")
    kind_balance: float = Field(
        0.0, ge=0, le=1, description="0: kinds of things are drawn as often as they come; 1: all kinds equally often"
    )
    colour_balance: float = Field(
        0.0, ge=0, le=2, description="power of a picture's colourfulness that its weight goes by; 0: none"
    )
    leave_out: Literal["none", "grey", "tinted"] = Field("tinted", description="tinted: grey and sepia pictures")
    pictures: int = Field(0, ge=0, description="train on so many of the pictures only, evenly chosen; 0: on all")
    background: Literal["keep", "remove"] = Field("keep", description="remove: put the foreground on white paper")
    workers: int = Field(2, ge=1, description="threads, or processes, that make batches")
    processes: bool = Field(False, description="make batches in forked processes: for a GPU that threads cannot feed")
    hold_out: float = Field(
        0.05, ge=0, lt=1, description="share of the pictures kept for validation where none is given; 256 at most"
    )


class AnswerOptions(_Section):
    """What the generator is given and answers, where that is not as its system has it."""

    condition: Literal["lightness", "sketch"] = "lightness"
    target: Literal["ab", "lab", "rgb"] | None = Field(None, description="lab and rgb paint the whole picture")
    ab_scale: float | None = Field(None, gt=0, description="CIE units of ab that the network answers as 1")


class ReadingOptions(_Section):
    """How the feature loss reads colours from a distribution, best as the model file will (`tintype export`)."""

    temperature: float = Field(1.0, gt=0, description="below 1 the likelier colours count for more")
    chroma_gain: float = Field(1.0, gt=0, description="what the mean colour is multiplied by")
    warm_gain: float | None = Field(None, gt=0, description="the same at the hue of skin; as elsewhere when none")


class OptimizerOptions(_Section):
    """AdamW (Loshchilov & Hutter 2019); Adam (Kingma & Ba 2015) when the weight decay is 0. For every network."""

    weight_decay: float = Field(0.01, ge=0)
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.99, ge=0, lt=1)
    clip_norm: float = Field(1.0, ge=0, description="largest norm of a network's gradients together; 0 is off")


class LogOptions(_Section):
    """What a run writes while it works. Numbers count images seen."""

    tick: int = Field(6_400, ge=1, description="images between two lines of stats.jsonl")
    samples: int = Field(50_000, ge=1, description="images between two validations with sample pictures")
    snapshot: int = Field(100_000, ge=1, description="images between two kept checkpoints")
    candidate: int = Field(3_200, ge=1, description="images between two validations in adversarial stages")
    keep: int = Field(3, ge=1, description="newest checkpoints that are kept; the best one is kept besides")
    first: float = Field(60, ge=0, description="seconds to the first sample pictures, then four times as long; 0: off")
    save_seconds: float = Field(120, ge=0, description="seconds between two saves of the state to resume from")


LossName = Literal["distribution", "l1", "l2", "smooth_l1", "log_l2", "feature", "distillation", "colourfulness"]


class StageOptions(_Section):
    """One stage of training: which networks step, on which losses, at which size, by which learning rates."""

    name: str
    kind: Literal["supervised", "critic", "adversarial"]
    images: int = Field(gt=0)
    more: int = Field(0, ge=0, description="images that prolong the stage, at the learning rate that it ended with")
    size: int = Field(128, ge=32, multiple_of=32)
    batch: int = Field(64, ge=1)
    accumulate: int = Field(1, ge=1, description="batches whose gradients are added up for one step")
    smallest_crop: float = Field(0.75, gt=0, le=1, description="least part of the short side that a crop keeps")
    noise: float = Field(0.0, ge=0, le=128, description="largest deviation of noise on the input, in levels of 255")

    degrade: float = Field(0.0, ge=0, le=1, description="share of samples that look like an old print")
    hints: float = Field(0.0, ge=0, le=1, description="share of samples with colour hints")
    lines: float = Field(0.0, ge=0, le=1, description="share of drawings with more or fewer lines than usual")

    lr: float = Field(gt=0, description="the generator's learning rate (in a critic stage: the critic's)")
    critic_lr: float | None = Field(None, gt=0, description="the critic's, when it differs: two time-scales")
    schedule: Literal["cosine", "linear", "step", "constant"] = "cosine"
    warmup: int = Field(6_400, ge=0, description="images over which the learning rate rises linearly")
    warmup_share: float = Field(0.25, ge=0, le=1, description="largest part of the stage that the warm-up takes")
    final_lr: float = Field(0.01, ge=0, le=1, description="last learning rate, as a part of the highest")
    step_images: int = Field(100_000, ge=1, description="images between two steps of the step schedule")
    step_factor: float = Field(0.5, gt=0, le=1, description="factor on the learning rate at each step")
    freeze: tuple[str, ...] = Field((), description="parts of the generator that are not trained")
    lr_scale: dict[str, float] = Field({}, description="factors on the learning rate for parts of the generator")

    losses: dict[LossName, float] = Field({}, description="weight of each loss between answer and truth")
    rebalance_lambda: float = Field(0.5, ge=0, le=1, description="0: weigh by inverse frequency; 1: all alike")
    gan: Literal["vanilla", "lsgan", "hinge"] = "vanilla"
    adversarial: float = Field(1.0, ge=0, description="weight of the adversarial loss")
    alpha: float | None = Field(None, ge=0, le=1, description="share of the adversarial loss, instead of its weight")
    critic_every: int = Field(1, ge=0, description="batches between two steps of the critic; 0: it never steps")
    critic_update: Literal["joint", "separate"] = Field(
        "joint", description="joint: one step on true and false pictures together; separate: one on each"
    )
    gradient_penalty: float = Field(0.0, ge=0, description="weight of the critic's gradient penalty")
    back_to_best: bool = Field(False, description="end the stage with its best weights by validation, not its last")

    @model_validator(mode="after")
    def _losses_fit_the_kind(self) -> "StageOptions":
        if self.kind == "supervised" and not any(self.losses.values()):
            raise ValueError(
                f"stage {self.name!r} is supervised and has no losses; set losses, for example {{ l1 = 1 }}"
            )
        return self

    @property
    def length(self) -> int:
        """Images seen by the end of the stage, prolonged or not."""
        return self.images + self.more

    @property
    def warm_images(self) -> int:
        """Images over which the learning rate really rises: `warmup`, or less in a short stage."""
        return min(self.warmup, int(self.warmup_share * self.images))


class Recipe(_Section):
    """Everything that decides a training run, except where its pictures are.

    `name` is what the recipe is called; a model file that is exported from the run is called so, too.
    """

    system: str
    name: str = ""
    seed: int = Field(0, ge=0, lt=2**31)
    precision: Literal["auto", "bf16-mixed", "32-true"] = Field(
        "auto", description="auto: bf16 where the processor has it, else 32 bits"
    )
    ema_images: float = Field(10_000, ge=0, description="half-life of the weight average, in images; 0 is off")
    pretrained: str | Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        "imagenet", description="the first weights: imagenet, none, a path or a URL; or several, to be averaged"
    )
    teacher: str | Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None,
        description="for the loss distillation: a model by name or path, or a checkpoint, that is imitated; or "
        "several, for the mean of their answers; NAME@1.5 is shown enlarged pictures",
    )
    feature_net: Literal["efficientnet-lite0", "vgg16"] = Field(
        "efficientnet-lite0", description="where feature losses look"
    )
    feature_layers: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {}, description="its layers that are compared, in their order, with weights; the usual ones when empty"
    )
    feature_reading: ReadingOptions = ReadingOptions()
    cycles: int = Field(1, ge=1, description="how often the stages from `cycle_from` on are run")
    cycle_from: str | None = Field(None, description="name of the first stage that is repeated")
    generator: dict[str, Any] = {}
    critic: dict[str, Any] = Field({}, description="kind, and options of its config; none when empty")
    answer: AnswerOptions = AnswerOptions()
    data: DataOptions = DataOptions()
    optimizer: OptimizerOptions = OptimizerOptions()
    log: LogOptions = LogOptions()
    stages: tuple[StageOptions, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _stages_fit_together(self) -> "Recipe":
        names = [stage.name for stage in self.stages]
        if self.cycle_from is not None and self.cycle_from not in names:
            raise ValueError(f"cycle_from is {self.cycle_from!r}; the stages are {', '.join(names)}")
        taught = [stage.name for stage in self.stages if stage.losses.get("distillation")]
        if taught and self.teacher is None:
            raise ValueError(f"stage {taught[0]!r} has the loss distillation, which needs a teacher: set teacher=tint")
        if self.teacher is not None and not taught:
            raise ValueError(f"teacher is {self.teacher!r}, and no stage has the loss distillation that asks it")
        if any(weight < 0 for weight in self.data.source_weights.values()):
            raise ValueError("data.source_weights has a weight below 0; 0 leaves a source out, 1 is as it comes")
        if self.data.kinds is None and (self.data.kind_balance or self.data.colour_balance):
            raise ValueError("data.kind_balance and data.colour_balance need data.kinds: see `tintype data kinds`")
        if not self.critic and any(stage.kind != "supervised" for stage in self.stages):
            raise ValueError("critic and adversarial stages need a [critic] with a kind")
        return self

    @property
    def schedule(self) -> tuple[StageOptions, ...]:
        """The stages in the order they are run, repetitions written out: "gan", "gan 2", "gan 3"."""
        names = [stage.name for stage in self.stages]
        repeated = self.stages[names.index(self.cycle_from) :] if self.cycle_from is not None else ()
        again = (
            stage.model_copy(update={"name": f"{stage.name} {cycle}"})
            for cycle in range(2, self.cycles + 1)
            for stage in repeated
        )
        *earlier, last = (*self.stages, *again)
        # Only the end of a run can be prolonged: a repeated stage is, in its last repetition alone.
        return (*(stage if not stage.more else stage.model_copy(update={"more": 0}) for stage in earlier), last)

    def prolonged(self, images: int) -> "Recipe":
        """The recipe with so many more images at its end, at the learning rate that the last stage ends with."""
        *others, last = self.stages
        return self.model_copy(update={"stages": (*others, last.model_copy(update={"more": last.more + images}))})

    def images_by_stage(self, images: int) -> list[int]:
        """Images of each stage, in their proportions, so that all of them (with repetitions) see `images`."""
        factor = images / self.images
        return [max(stage.batch, round(stage.images * factor)) for stage in self.stages]

    @property
    def images(self) -> int:
        """Images seen by the end of the last stage."""
        return sum(stage.length for stage in self.schedule)

    def to_toml(self) -> str:
        """The resolved recipe as TOML that `load_recipe` reads back to an equal recipe."""
        values = self.model_dump(mode="json", exclude_none=True)
        stages = values.pop("stages")
        tables = {key: values.pop(key) for key in list(values) if isinstance(values[key], dict)}
        lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
        for key, table in tables.items():
            lines += ["", f"[{key}]", *(f"{k} = {_toml(v)}" for k, v in table.items())]
        for stage in stages:
            lines += ["", "[[stages]]", *(f"{k} = {_toml(v)}" for k, v in stage.items())]
        return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def recipe_names() -> list[str]:
    """Names of the recipes inside the package."""
    folder = resources.files("tintype.training") / "recipes"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe of the package by name, or a TOML file by path, and apply `a.b=value` overrides.

    A number in an override's key picks a list's item, a star all of them: `stages.0.images=2000`,
    `stages.*.batch=8`. Values are TOML; what is not valid TOML is taken as text. Raises RecipeError for unknown names
    and keys (with the nearest known one) and bad values.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise RecipeError(f"{path}: no such recipe file")
        text = path.read_text(encoding="utf-8")
    else:
        names = recipe_names()
        if str(name_or_path) not in names:
            raise RecipeError(f"unknown recipe {str(name_or_path)!r}{_nearest(str(name_or_path), names)}")
        text = (resources.files("tintype.training") / "recipes" / f"{name_or_path}.toml").read_text(encoding="utf-8")
    try:
        values = {"name": path.stem} | tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name_or_path}: not valid TOML: {error}") from error
    for override in overrides:
        _apply(values, override)
    return parse_recipe(values)


def parse_recipe(values: dict[str, Any]) -> Recipe:
    """Check plain values and make a Recipe of them; raises RecipeError naming the key, the value and the fix."""
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            section = _section_at(problem["loc"][:-1])
            raise RecipeError(f"unknown key {where!r}{_nearest(str(problem['loc'][-1]), section)}") from None
        if problem["type"] == "value_error":  # of a validator above: it names the values itself
            raise RecipeError(str(problem["ctx"]["error"])) from None
        raise RecipeError(f"{where} = {problem.get('input')!r}: {problem['msg']}") from None


def _section_at(location: tuple[int | str, ...]) -> list[str]:
    section: type[BaseModel] = Recipe
    for step in location:
        if step == "stages":
            section = StageOptions
        elif isinstance(step, str):
            section = type(Recipe.model_fields[step].default)
    return list(section.model_fields)


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"override {override!r}: write it as key=value, for example stages.0.images=2000")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text
    *parents, last = key.split(".")
    places: list[Any] = [values]
    try:
        for step in parents:
            places = [inner for place in places for inner in _inside(place, step)]
        for place in places:
            if isinstance(place, list):
                place[int(last)] = value
            else:
                place[last] = value
    except (IndexError, ValueError, TypeError, AttributeError):
        raise RecipeError(f"override {override!r}: there is no such place in the recipe") from None


def _inside(place: Any, step: str) -> list[Any]:
    if isinstance(place, list):
        return place if step == "*" else [place[int(step)]]
    return [place.setdefault(step, {})]
