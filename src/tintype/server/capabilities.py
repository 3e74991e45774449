"""What this server can do, decided here and nowhere else by looking at the library and at a model.

A part that is missing is answered with 501, and `/api/capabilities` lists it, so that a page can hide its controls.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from ..opened import OpenPhoto
from ..weights import ModelFile
from .problems import ProblemError
from .schemas.common import ColourOptions

TASTE = ("saturation", "temperature", "strength")


@dataclass(frozen=True)
class Capability:
    """Whether a part is to be had, and if not, why not."""

    available: bool
    why: str = ""


def _predict_takes(*names: str) -> bool:
    return set(names) <= set(inspect.signature(OpenPhoto.predict).parameters)


def _hints(model: ModelFile) -> Capability:
    if not _predict_takes("hints") or find_spec("tintype.hints") is None:
        return Capability(False, "this version of tintype takes no hints")
    if model.info.hints != "trained":
        return Capability(False, f"the model {model.info.name} was not trained with hints")
    return Capability(True)


def _taste(name: str) -> Callable[[ModelFile], Capability]:
    def decide(model: ModelFile) -> Capability:
        if _predict_takes("taste") and find_spec("tintype.taste") is not None:
            return Capability(True)
        return Capability(False, f"this version of tintype cannot change the {name}")

    return decide


def _distribution(what: str, method: str) -> Callable[[ModelFile], Capability]:
    def decide(model: ModelFile) -> Capability:
        if not hasattr(OpenPhoto, method):
            return Capability(False, f"this version of tintype offers no {what}")
        if model.info.target != "distribution":
            return Capability(False, f"the model {model.info.name} answers with one colour, not with a distribution")
        return Capability(True)

    return decide


def _alternatives(model: ModelFile) -> Capability:
    """Other colourings are made by telling the network of other colours: as hints."""
    hints = _hints(model)
    return _distribution("alternatives", "alternatives")(model) if hints.available else hints


def _confidence(model: ModelFile) -> Capability:
    if not getattr(model.info, "calibration", ()):
        return Capability(False, f"the model {model.info.name} was not calibrated (`tintype calibrate`)")
    return _distribution("map of its confidence", "confidence")(model)


def _films(model: ModelFile) -> Capability:
    if find_spec("tintype.video") is None:
        return Capability(False, "this version of tintype colours no films")
    if find_spec("av") is None:
        return Capability(False, "films need the extra video: pip install 'tintype[video]'")
    if find_spec("cv2") is None:
        return Capability(False, "films need OpenCV: pip install 'tintype[video]'")
    if model.info.condition != "lightness":
        return Capability(False, f"the model {model.info.name} is one for drawings")
    return Capability(True)


_DECIDE: dict[str, Callable[[ModelFile], Capability]] = {
    "hints": _hints,
    **{name: _taste(name) for name in TASTE},
    "suggestions": _distribution("suggestions of colours", "suggest"),
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
    asked = options.asked()
    for name in (*TASTE, "hints"):
        if name in asked:
            require(name, model)
    if options.alternative is not None:
        require("alternatives", model)
