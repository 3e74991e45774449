"""A run read back from its directory: what it logged, by kind of line, as series to draw.

Only recipe.toml, stats.jsonl and the names in samples/ are read, so that this works while the run is going.
"""

import json
import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tintype.errors import InputError

Line = dict[str, Any]

SMOOTHING = 0.98


# The critic's loss, (real + fake) / 2, when it tells nothing apart: it answers 0.5 (as a logit: 0) to every picture.
# The landscape colorizer met the first of them: a critic whose gradients were mixed up "would go to something like
# 0.69".
CHANCE = {"vanilla": math.log(2), "lsgan": 0.25, "hinge": 1.0}


@dataclass(frozen=True)
class Series:
    """Values over images seen. A None among the values is a break: what follows is of another stage."""

    images: list[float]
    values: list[float | None]

    def __bool__(self) -> bool:
        return any(value is not None for value in self.values)

    def smoothed(self, weight: float = SMOOTHING) -> "Series":
        return Series(self.images, smooth(self.values, weight))

    def newest(self) -> float | None:
        """The last value that there is."""
        return next((value for value in reversed(self.values) if value is not None), None)


@dataclass(frozen=True)
class Band:
    """A stage as it was run: from `start` to `end` images seen."""

    name: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class History:
    """The lines of a run, oldest first, and what they say together. `recipe` is the TOML file's plain values."""

    folder: Path
    recipe: dict[str, Any]
    header: dict[str, Any]
    ticks: tuple[Line, ...]
    validations: tuple[Line, ...]
    warnings: tuple[Line, ...]

    @property
    def system(self) -> str:
        return str(self.header.get("system") or self.recipe.get("system", "unknown"))

    @property
    def images(self) -> int:
        """Images seen up to the newest line."""
        return int(max((line["images"] for line in (*self.ticks, *self.validations)), default=0))

    @property
    def planned(self) -> int:
        """Images seen by the end of the last stage, repetitions of stages counted."""
        stages = self.recipe.get("stages", [])
        names = [stage.get("name") for stage in stages]
        start = names.index(self.recipe["cycle_from"]) if self.recipe.get("cycle_from") in names else len(stages)
        repeats = int(self.recipe.get("cycles", 1)) - 1
        return sum(int(stage["images"]) * (1 + repeats * (i >= start)) for i, stage in enumerate(stages))

    @property
    def bands(self) -> list[Band]:
        """The stages begun so far. A line tells of the images up to it, so a stage starts at the line before."""
        bands: list[Band] = []
        before = 0
        for line in self.ticks:
            if bands and bands[-1].name == line.get("stage"):
                last = bands.pop()
                bands.append(Band(last.name, last.kind, last.start, line["images"]))
            else:
                bands.append(Band(str(line.get("stage", "")), kind_of(line), before, line["images"]))
            before = line["images"]
        return bands

    @property
    def has_critic(self) -> bool:
        return bool(self.recipe.get("critic")) or any("loss_D" in line for line in self.ticks)

    def series(self, key: str) -> Series:
        """A value of the ticks by its name.

        `reconstruction` is the loss between answer and truth as it was minimised: a supervised stage's loss, an
        adversarial stage's loss_G_L1. `generator_lr` and `critic_lr` are the learning rates by network: in a critic
        stage `lr` is the critic's.
        """
        derive = _DERIVED.get(key)
        images: list[float] = []
        values: list[float | None] = []
        stage = None
        for line in self.ticks:
            value = derive(line) if derive else line.get(key)
            if not isinstance(value, int | float):
                continue
            if images and line.get("stage") != stage:
                images.append(images[-1])
                values.append(None)
            stage = line.get("stage")
            images.append(line["images"])
            values.append(value)
        return Series(images, values)

    def figure(self, key: str) -> Series:
        """A figure of the validations by its name."""
        lines = [line for line in self.validations if isinstance(line["validation"].get(key), int | float)]
        return Series([line["images"] for line in lines], [line["validation"][key] for line in lines])

    def figure_names(self) -> list[str]:
        """Names of the validation figures, without those that are baselines of others."""
        names = dict.fromkeys(name for line in self.validations for name in line["validation"])
        return [name for name in names if not name.endswith(("_grey", "_true"))]

    def stage_options(self, name: str) -> dict[str, Any]:
        """The recipe's options of a stage, also of a repetition ("gan 2"); empty when it has none of that name."""
        stages: dict[str, dict[str, Any]] = {stage.get("name", ""): stage for stage in self.recipe.get("stages", [])}
        return stages.get(name) or stages.get(name.rpartition(" ")[0], {})


def read_history(run_dir: str | Path) -> History:
    """Read a run directory. Half-written lines, and lines of kinds that are not known, are passed over.

    Raises InputError when it is no run directory, or nothing has been logged yet.
    """
    folder = Path(run_dir)
    if not (folder / "recipe.toml").is_file():
        raise InputError(
            f"{folder}: not a run directory (no recipe.toml in it); give the --run directory of a training"
        )
    try:
        recipe = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{folder / 'recipe.toml'}: not valid TOML: {error}") from error
    stats = folder / "stats.jsonl"
    lines = read_lines(stats.read_bytes()) if stats.is_file() else []
    history = History(
        folder=folder,
        recipe=recipe,
        header=next((line["run"] for line in lines if isinstance(line.get("run"), dict)), {}),
        ticks=tuple(line for line in lines if isinstance(line.get("loss"), int | float)),
        validations=tuple(line for line in lines if isinstance(line.get("validation"), dict)),
        warnings=tuple(line for line in lines if isinstance(line.get("warning"), str)),
    )
    if not history.ticks and not history.validations:
        raise InputError(f"{folder}: nothing to report yet (no losses in stats.jsonl); wait for the first line")
    return history


def read_lines(data: bytes) -> list[Line]:
    """The objects of a JSON-lines file that carry `images`; others, and the half-written, are left out."""
    lines = []
    for text in data.splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # also text cut inside a character
            continue
        if isinstance(line, dict) and isinstance(line.get("images"), int):
            lines.append(line)
    return lines


def kind_of(line: Line) -> str:
    """supervised, critic or adversarial; told from the losses where a line does not say it."""
    if "kind" in line:
        return str(line["kind"])
    if "loss_G" in line or "loss_G_GAN" in line:
        return "adversarial"
    return "critic" if "loss_D" in line else "supervised"


def smooth(values: Sequence[float | None], weight: float = SMOOTHING) -> list[float | None]:
    """The exponential moving average of values, one weight a value, with the start's bias taken out.

    m_t = w m_(t-1) + (1 - w) x_t from m_0 = 0, divided by 1 - w^t (Kingma & Ba 2015, equation 4): the first values
    count in full instead of pulling towards zero. Starts anew after a None; values that are no numbers are passed
    over. The landscape colorizer drew its losses with w = 0.98.
    """
    smoothed: list[float | None] = []
    mean, share = 0.0, 0.0
    for value in values:
        if value is None:
            mean, share = 0.0, 0.0
            smoothed.append(None)
            continue
        if abs(value) < float("inf"):  # false for NaN too
            mean = weight * mean + (1 - weight) * value
            share = weight * share + (1 - weight)
        smoothed.append(mean / share if share else None)
    return smoothed


def _reconstruction(line: Line) -> Any:
    kind = kind_of(line)
    if kind == "critic":
        return None
    return line.get("loss_G_L1") if kind == "adversarial" else line.get("loss")


_DERIVED: dict[str, Callable[[Line], Any]] = {
    "reconstruction": _reconstruction,
    "generator_lr": lambda line: None if kind_of(line) == "critic" else line.get("lr"),
    "critic_lr": lambda line: line.get("critic_lr", line.get("lr") if kind_of(line) == "critic" else None),
}
