"""The networks, one file per system, and the registries that build them by name."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from torch import nn

from tintype.errors import RecipeError

from .ddcolor import DDColor, DDColorConfig
from .driving import DrivingConfig, DrivingUNet
from .landscape import LandscapeConfig, LandscapeCritic, LandscapeCriticConfig, LandscapeUNet
from .nogan import NoGANConfig, NoGANCritic, NoGANCriticConfig, NoGANUNet
from .patchgan import PatchCritic, PatchCriticConfig
from .pix2pix import Pix2PixConfig, Pix2PixUNet
from .restorer import Restorer, RestorerConfig
from .task import PairForm
from .tint import Tint, TintConfig
from .uvu import UvUConfig, UvUNet

SEED_1 = PairForm(target="ab", scale=110.0, stride=1)
SEED_4 = PairForm(target="ab", scale=127.0, stride=1)


@dataclass(frozen=True)
class System:
    """A generator with its config dataclass, and what its answer means unless a recipe says otherwise. `size` is the
    short side, in pixels, at which it is used best where that is not the size that it was trained at."""

    network: type[nn.Module]
    config: type[Any]
    form: PairForm = SEED_1
    size: int | None = None


SYSTEMS: dict[str, System] = {
    "tint": System(Tint, TintConfig, PairForm(), size=256),
    "pix2pix": System(Pix2PixUNet, Pix2PixConfig),
    "driving": System(DrivingUNet, DrivingConfig),
    "nogan": System(NoGANUNet, NoGANConfig),
    "landscape": System(LandscapeUNet, LandscapeConfig, SEED_4),
    "uvu": System(UvUNet, UvUConfig),
    "ddcolor": System(DDColor, DDColorConfig, PairForm(target="ab", scale=1.0, stride=1)),
    "restore": System(Restorer, RestorerConfig, PairForm(target="light", stride=1)),
}

# Options that files from before they existed lack, and what was built then: such networks keep computing what they did.
BEFORE: dict[str, dict[str, Any]] = {"landscape": {"stem": "linear"}}

CRITICS: dict[str, tuple[type[nn.Module], type[Any]]] = {
    "patch": (PatchCritic, PatchCriticConfig),
    "landscape": (LandscapeCritic, LandscapeCriticConfig),
    "nogan": (NoGANCritic, NoGANCriticConfig),
}


def build_generator(system: str, options: dict[str, Any]) -> nn.Module:
    """The generator of `system` with `options` for its config; raises RecipeError for unknown names and options."""
    known = _known("system", system, SYSTEMS)
    return _build(f"generator of {system!r}", known.network, known.config, options)


def as_saved(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The `options` of a generator or critic `name` read from a checkpoint or a run, with what they left unsaid when
    they were written."""
    return BEFORE.get(name, {}) | options


def to_save(name: str, options: dict[str, Any], config: type[Any]) -> dict[str, Any]:
    """The `options` with those written out that `as_saved` would take for older ones."""
    return {option: getattr(config(), option) for option in BEFORE.get(name, {})} | options


def build_critic(kind: str, options: dict[str, Any], inputs: int) -> nn.Module:
    """The critic `kind` over `inputs` planes (condition and colour together); raises RecipeError likewise."""
    network, config = _known("critic", kind, CRITICS)
    return _build(f"critic {kind!r}", network, config, {"inputs": inputs} | options)


def form_of(
    system: str,
    generator: nn.Module,
    *,
    condition: Literal["lightness", "sketch"] = "lightness",
    target: Literal["ab", "lab", "rgb", "light"] | None = None,
    scale: float | None = None,
) -> PairForm:
    """What the generator of `system` is given and answers, with a recipe's changes.

    Raises RecipeError when the generator has not as many outputs as that needs.
    """
    form: PairForm = _known("system", system, SYSTEMS).form
    usual = form.target
    form = replace(form, condition=condition, target=target or form.target, scale=scale or form.scale)
    outputs = getattr(generator.config, "outputs", form.channels)
    other = target is not None and target != usual
    if outputs != form.channels or (other and not hasattr(generator.config, "outputs")):
        raise RecipeError(
            f"system {system!r} answers {outputs} planes and the target {form.target!r} has {form.channels}; "
            f"set generator.outputs={form.channels} or answer.target"
        )
    return form


def _known(what: str, name: str, registry: dict[str, Any]) -> Any:
    if name not in registry:
        raise RecipeError(f"unknown {what} {name!r}; known: {', '.join(registry)}")
    return registry[name]


def _build(what: str, network: type[nn.Module], config: type[Any], options: dict[str, Any]) -> nn.Module:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    # TOML has no null: an option that may be None is switched off by the word.
    values = {key: None if value == "none" else value for key, value in values.items()}
    known = ", ".join(config.__dataclass_fields__)
    for option in values.keys() - config.__dataclass_fields__.keys():
        raise RecipeError(f"{what} has no option {option!r}; its options are {known}")
    try:
        return network(TypeAdapter(config).validate_python(values))
    except ValidationError as error:
        problem = error.errors()[0]
        option = ".".join(map(str, problem["loc"]))
        raise RecipeError(f"{what}: {option} = {problem['input']!r}: {problem['msg']}") from None
    except (KeyError, ValueError) as error:
        raise RecipeError(f"{what}: {error}; its options are {known}") from error
