"""What a recipe trains: its generator, its critic, the average of the generator's weights, and what they learn from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from tintype.data.cache import PictureCache, Pictures
from tintype.data.kinds import read_kinds
from tintype.data.masks import PictureMasks, open_masks
from tintype.data.pairs import Augmentation, Batches, PairLoader
from tintype.data.sampling import kind_weights, source_weights
from tintype.errors import RecipeError
from tintype.models import SYSTEMS, build_critic, build_generator, form_of
from tintype.models.task import PairForm

from . import checkpoint
from .adversarial import GANLoss
from .answers import Answers
from .distributed import Share
from .feature_loss import FeatureLoss
from .log import decoding_progress
from .losses import bin_prior
from .objective import Objective
from .pretrained import averageable, initialise
from .reading import Reading
from .recipe import DataOptions, Recipe, StageOptions
from .sharding import divided_like, gathered, local, shard
from .shared_norm import synchronise_norms
from .stages import Stage, build_stage
from .teacher import load_teacher


class Training:
    """The networks of a recipe on the device of `fabric`, and the pictures `indices` of `cache`.

    When `sharded`, the processes divide the generator among themselves (sharding.py); a critic stays whole.
    """

    def __init__(
        self,
        recipe: Recipe,
        cache: Pictures,
        indices: NDArray[np.int64],
        fabric: Fabric,
        sharded: bool = False,
    ) -> None:
        self.recipe, self.cache, self.indices, self.fabric = recipe, cache, indices, fabric
        self.sharded = sharded and fabric.world_size > 1
        generator = build_generator(recipe.system, recipe.generator)
        initialise(generator, recipe.pretrained)
        answer = recipe.answer
        form = form_of(
            recipe.system, generator, condition=answer.condition, target=answer.target, scale=answer.ab_scale
        )
        _check_multiples(recipe, int(generator.size_multiple))  # type: ignore[arg-type]
        _check_samples(recipe, generator, form)
        self.networks = {"generator": self._divided(generator) if self.sharded else self._placed(generator)}
        self.answers = Answers(form, getattr(generator, "bins", None))
        if recipe.critic:
            options = dict(recipe.critic)
            kind = str(options.pop("kind", ""))
            if kind == "landscape":  # made for one size of picture
                options.setdefault("side", max(stage.size for stage in recipe.stages if stage.kind != "supervised"))
            critic = build_critic(kind, options, self.answers.judged_planes)
            self.networks["critic"] = self._placed(critic)
        self.average = {name: value.detach().clone() for name, value in generator.state_dict().items()}
        self.prior = torch.from_numpy(bin_prior(cache, indices)) if form.target == "distribution" else None
        self.masks = masks_of(cache) if recipe.data.background == "remove" else None
        self.weights = picture_weights(recipe.data, [cache.names[i] for i in indices])
        self._features: FeatureLoss | None = None
        self._teacher = self._taught_by(recipe.teacher)

    def _placed(self, network: nn.Module) -> nn.Module:
        if self.fabric.world_size > 1:
            synchronise_norms(network)
        return network.to(self.fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def _divided(self, network: nn.Module) -> nn.Module:
        synchronise_norms(network)
        # FSDP2 divides contiguous weights only.
        return shard(network.to(self.fabric.device, memory_format=torch.contiguous_format), self.fabric.device)  # type: ignore[call-overload]

    def feature_net(self) -> FeatureLoss | None:
        """The network that feature losses and distances look through; None when no stage has a use for it."""
        wanted = any(stage.losses.get("feature") or stage.kind != "supervised" for stage in self.recipe.stages)
        if self._features is None and wanted:
            with torch.random.fork_rng(devices=[]):  # when it is made must not change what comes after
                features = _feature_loss(self.recipe)
            self._features = features.to(self.fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self._features

    def _taught_by(self, teacher: str | Sequence[str] | None) -> nn.Module | None:
        if teacher is None:
            return None
        with torch.random.fork_rng(devices=[]):  # a teacher brings its weights; chance is for the pupil
            network = load_teacher(teacher, self.answers, hints=self.hinted)
        return network.to(self.fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    @property
    def hinted(self) -> bool:
        """Does the generator learn from hints in any stage?"""
        return any(stage.hints for stage in self.recipe.stages)

    def build_stage(self, options: StageOptions, parts: int = 1) -> Stage:
        """The stage, with its losses; `parts` batches go into each of its steps."""
        features = self.feature_net() if options.losses.get("feature") else None
        reading = Reading(**self.recipe.feature_reading.model_dump())
        objective = Objective(options, self.answers, self.prior, features, self._teacher, reading)
        gan = GANLoss(options.gan).to(self.fabric.device)
        return build_stage(options, self.answers, objective, gan, parts)

    def loader(self, options: StageOptions, start: int, share: Share | None = None) -> PairLoader:
        """Batches of the stage for this process, from sample `start` of the run on; its `share` of the steps is a batch
        of each unless given."""
        share = share or Share(options.batch * self.fabric.world_size, options.batch, 1)
        return PairLoader(
            self.cache,
            self.indices,
            Batches(share.batch, start, share.parts, self.fabric.global_rank, self.fabric.world_size),
            Augmentation(
                options.smallest_crop,
                self.recipe.data.flip,
                options.noise,
                options.degrade,
                options.hints,
                options.lines,
            ),
            form=self.answers.form,
            size=options.size,
            seed=self.recipe.seed,
            masks=self.masks,
            weights=self.weights,
            workers=self.recipe.data.workers,
            processes=self.recipe.data.processes,
        )

    @torch.no_grad()
    def update_average(self, step_images: int, images: int) -> None:
        """Exponential moving average with a half-life in images, shorter while the run is young (Karras 2022).

        Spectral norm's singular vectors are taken as they are: the mean of unit vectors is shorter than one, and would
        make the norm that weights are divided by too small.
        """
        half_life = min(self.recipe.ema_images, 0.1 * images)
        keep = 0.5 ** (step_images / half_life) if half_life else 0.0
        state = {name: local(value) for name, value in self.networks["generator"].state_dict().items()}
        average = {name: local(value) for name, value in self.average.items()}
        floating = [name for name, value in state.items() if averageable(name, value)]
        averages, values = [average[name] for name in floating], [state[name] for name in floating]
        if keep:
            torch._foreach_lerp_(averages, values, 1 - keep)
        else:
            torch._foreach_copy_(averages, values)
        for name in state.keys() - set(floating):
            average[name].copy_(state[name])

    def whole_average(self) -> dict[str, Tensor]:
        """The averaged weights, for the first process to write; when `sharded`, every process has to ask for them, and
        only the first gets them."""
        return gathered(self.average, self.fabric.is_global_zero) if self.sharded else self.average

    @contextmanager
    def averaged(self, weights: dict[str, Tensor] | None = None) -> Iterator[nn.Module]:
        """A generator with the averaged weights (those of `whole_average`), in eval mode."""
        with torch.random.fork_rng(devices=[]):  # looking at a run must not change it
            generator = build_generator(self.recipe.system, self.recipe.generator)
        generator.load_state_dict(self.average if weights is None else weights)
        yield generator.eval().to(self.fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def adopt(self, weights: dict[str, Tensor]) -> None:
        """Make `weights` the generator's, and its average."""
        self._load("generator", weights)
        for name, value in weights.items():
            self.average[name].copy_(divided_like(value, self.average[name]))

    def state(self) -> dict[str, Tensor]:
        """Full state dict. Collective when `sharded`: every rank must call it."""
        tensors = checkpoint.with_prefix("average", self.average)
        for name, network in self.networks.items():
            tensors |= checkpoint.with_prefix(name, network)
        return gathered(tensors, self.fabric.is_global_zero) if self.sharded else tensors

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `state` gave."""
        for name in self.networks:
            self._load(name, checkpoint.of_prefix(name, tensors))
        for name, value in checkpoint.of_prefix("average", tensors).items():
            self.average[name].copy_(divided_like(value, self.average[name]))

    def _load(self, name: str, weights: dict[str, Tensor]) -> None:
        network = self.networks[name]
        if self.sharded:
            placed = network.state_dict()
            weights = {key: divided_like(value, placed[key]) for key, value in weights.items()}
        network.load_state_dict(weights)

    def info(self, images: int) -> dict[str, Any]:
        """What a checkpoint says about its weights."""
        form: PairForm = self.answers.form
        return {
            "system": self.recipe.system,
            "generator": self.recipe.generator,
            "answer": {"condition": form.condition, "target": form.target, "scale": form.scale},
            "hints": "trained" if self.hinted else "untrained",
            "images_seen": images,
            "recipe": self.recipe.to_toml(),
        }

    def description(self) -> dict[str, Any]:
        """The first line of a run's log."""
        sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in self.networks.items()}
        return {
            "system": self.recipe.system,
            "generator_parameters": sizes["generator"],
            "critic_parameters": sizes.get("critic", 0),
            "devices": self.fabric.world_size,
            **({"sharded": True} if self.sharded else {}),
            "pictures": len(self.indices),
        }


def picture_weights(data: DataOptions, names: Sequence[str]) -> NDArray[np.float64] | None:
    """How often each picture is drawn: by its source, and by its kind and colour. None: all alike.

    Raises DataError when a source or a kind is not known.
    """
    weights = source_weights(names, data.source_weights)
    if data.kinds is None or not (data.kind_balance or data.colour_balance):
        return weights
    by_kind = kind_weights(names, read_kinds(data.kinds), data.kind_balance, data.colour_balance)
    return by_kind if weights is None else weights * by_kind


def masks_of(pictures: Pictures) -> PictureMasks:
    """The foreground masks of decoded pictures. Raises RecipeError for encoded ones."""
    if not isinstance(pictures, PictureCache):
        raise RecipeError("data.background=remove needs decoded pictures: set data.store=pixels")
    return open_masks(pictures, progress=decoding_progress)


def _feature_loss(recipe: Recipe) -> FeatureLoss:
    layers = recipe.feature_layers
    try:
        return FeatureLoss(recipe.feature_net, list(layers) or None, list(layers.values()) or None)
    except ValueError as error:
        raise RecipeError(f"feature_layers is {layers}; {recipe.feature_net}: {error}") from None


def _check_samples(recipe: Recipe, generator: nn.Module, form: PairForm) -> None:
    lined = [stage.name for stage in recipe.stages if stage.lines]
    if lined and form.condition != "sketch":
        raise RecipeError(
            f"stage {lined[0]!r} varies the lines of drawings; the generator is given {form.condition}: set "
            "stages.*.lines=0, or answer.condition=sketch"
        )
    hinted = [stage.name for stage in recipe.stages if stage.hints]
    if not hinted:
        return
    if not getattr(generator, "takes_hints", False):
        raise RecipeError(f"stage {hinted[0]!r} trains with hints; the generator of {recipe.system!r} takes none")
    if form.condition == "sketch" or recipe.data.background == "remove":
        raise RecipeError(f"stage {hinted[0]!r} trains with hints, which are for photographs, not for drawings")


def _less_deep(recipe: Recipe, size: int) -> str:
    """The way out for a network whose depth is an option: as many halvings as `size` has."""
    if "depth" not in SYSTEMS[recipe.system].config.__dataclass_fields__:
        return ""
    return f", or generator.depth={(size & -size).bit_length() - 1}"


def _check_multiples(recipe: Recipe, multiple: int) -> None:
    for stage in recipe.stages:
        if stage.size % multiple:
            nearest = max(multiple, round(stage.size / multiple) * multiple)
            raise RecipeError(
                f"stage {stage.name!r} cuts {stage.size} pixels; this generator of {recipe.system!r} needs "
                f"multiples of {multiple}: set stages.*.size={nearest}{_less_deep(recipe, stage.size)}"
            )
