"""What can be asked of a model on this server: what the model was made for, and which extras are installed.

A part that is missing is answered with 501, and `/api/capabilities` lists it, so that a page can hide its controls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from tintype.network.model_file import ModelFile

from .problems import ProblemError
from .schemas.common import ColourOptions

ADJUSTMENTS = ("saturation", "temperature", "strength")


@dataclass(frozen=True)
class Capability:
    """Whether a part is to be had, and if not, why not."""

    available: bool
    why: str = ""


def _hints(model: ModelFile) -> Capability:
    if model.info.hints not in ("trained", "spread"):
        return Capability(False, f"the model {model.info.name} was not trained with hints")
    return Capability(True)


def _adjustment(model: ModelFile) -> Capability:
    """Adjustments change predicted colours, whatever model predicted them."""
    return Capability(True)


def _distribution(model: ModelFile) -> Capability:
    if model.info.target != "distribution":
        return Capability(False, f"the model {model.info.name} answers with one colour, not with a distribution")
    return Capability(True)


def _alternatives(model: ModelFile) -> Capability:
    """Other colourings are made by telling the network of other colours: as hints."""
    hints = _hints(model)
    return _distribution(model) if hints.available else hints


def _confidence(model: ModelFile) -> Capability:
    if not model.info.calibration:
        return Capability(False, f"the model {model.info.name} was not calibrated (`tintype calibrate`)")
    return _distribution(model)


def _films(model: ModelFile) -> Capability:
    if find_spec("av") is None:
        return Capability(False, "films need the extra video: pip install 'tintype[video]'")
    if find_spec("cv2") is None:
        return Capability(False, "films need OpenCV: pip install 'tintype[video]'")
    if model.info.condition != "lightness":
        return Capability(False, f"the model {model.info.name} is one for drawings")
    return Capability(True)


_DECIDE: dict[str, Callable[[ModelFile], Capability]] = {
    "hints": _hints,
    **dict.fromkeys(ADJUSTMENTS, _adjustment),
    "suggestions": _distribution,
    "alternatives": _alternatives,
    "confidence": _confidence,
    "films": _films,
}


def capabilities(model: ModelFile) -> dict[str, Capability]:
    """Every part by name, for that model."""
    return {name: decide(model) for name, decide in _DECIDE.items()}


def require(part: str, model: ModelFile) -> None:
    """Raises ProblemError, 501, if the part is not to be had with that model."""
    capability = _DECIDE[part](model)
    if not capability.available:
        raise ProblemError(501, capability.why, missing=part)


def require_options(options: ColourOptions, model: ModelFile) -> None:
    """Raises ProblemError, 501, if the options ask for a part that is not to be had."""
    if options.hints:
        require("hints", model)
    if options.strokes or options.reference is not None:  # the network is told of both by hints
        require("hints", model)
    if options.strength == "auto":
        require("confidence", model)
    if options.alternative is not None:
        require("alternatives", model)
