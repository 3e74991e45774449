"""Adjustments applied to the predicted colours: strength, saturation, temperature, palette."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import TintypeError
from tintype.imaging.color import srgb_to_lab, ycc_to_rgb
from tintype.imaging.planes import NEUTRAL, resize_plane
from tintype.imaging.resize import resize_float
from tintype.network.confidence import faded
from tintype.photo.photo import Photo

from .negative import Roll
from .palette import lock_palette
from .restore import steps

# One step of temperature, in CIE a and b: the way from daylight at noon to late afternoon.
WARMTH = np.array([4, 14], np.float32)
_TINT_SIDE = 64


@dataclass(frozen=True)
class Taste:
    """How the answer of a network is changed before it becomes a picture; the default changes nothing.

    Attributes:
        saturation: what chroma is multiplied by, 0 to 3.
        temperature: -1 (cool) to 1 (warm), 0 as answered.
        strength: 0 (the grey original) to 1 (all of the colour); "auto" fades what the network only guesses.
        keep_sepia: lay the colours over the tint of the print, where it has one, instead of over grey.
        restore: steps done before colouring, "negative", "auto", or of `tintype.colorizer.restore.STEPS`; they change
            light.
        roll: what a negative has in common with the others of its roll; None: each is measured by itself.
        mark: write "coloured by tintype" into the lower left corner.
        palette: (R, G, B), 0 to 255, that all colours are drawn to; empty for any colours.
        tta: average what the network answers to the picture and to its mirror image half as large again.

    Raises TintypeError for values out of range.
    """

    saturation: float = 1.0
    temperature: float = 0.0
    strength: float | Literal["auto"] = 1.0
    keep_sepia: bool = False
    restore: tuple[str, ...] = ()
    roll: Roll | None = None
    mark: bool = False
    palette: tuple[tuple[int, int, int], ...] = ()
    tta: bool = False

    def __post_init__(self) -> None:
        steps(self.restore)
        limits = {"saturation": (0, 3), "temperature": (-1, 1), "strength": (0, 1)}
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if name == "strength" and value == "auto":
                continue
            if isinstance(value, str) or not least <= value <= most:
                raise TintypeError(f"{name} is {value}; {least} to {most} are possible")

    def as_dict(self) -> dict[str, Any]:
        """The options that differ from the default, as plain values."""
        default = Taste()
        return {name: value for name, value in asdict(self).items() if value != getattr(default, name)}

    def apply(
        self, ab: NDArray[np.float32], photo: Photo, sure: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Colours (h, w, 2), CIE a and b, as wanted; `photo` is the original, for its tint; `sure` (h', w') the
        confidence in these colours, which the strength "auto" asks for."""
        if (self.saturation, self.temperature, self.strength, self.keep_sepia, self.palette) == (1, 0, 1, False, ()):
            return ab
        wanted = lock_palette(ab, self.palette) if self.palette else ab
        wanted = wanted * np.float32(self.saturation) + np.float32(self.temperature) * WARMTH
        wanted = np.asarray(wanted * self._strengths(ab, sure), np.float32)
        return wanted + tint_of(photo) if self.keep_sepia else wanted

    def _strengths(self, ab: NDArray[np.float32], sure: NDArray[np.float32] | None) -> NDArray[np.float32]:
        if self.strength != "auto":
            return np.float32(self.strength).reshape(1, 1, 1)
        if sure is None:
            raise TintypeError("the strength auto needs to know how sure the network is of each place")
        return resize_float(faded(sure), ab.shape[1], ab.shape[0])[..., None]


def parse_strength(text: str) -> float | Literal["auto"]:
    """ "auto" or a number; raises TintypeError for anything else."""
    if text.strip().lower() == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise TintypeError(f"strength is {text!r}; a number from 0 to 1, or auto") from None


def tint_of(photo: Photo) -> NDArray[np.float32]:
    """The one colour of a toned print: the median of CIE a and b; (2,) float32, zeros for a grey picture."""
    if photo.chroma is None:
        return np.zeros(2, np.float32)
    scale = min(1.0, _TINT_SIDE / max(photo.width, photo.height))
    width, height = (max(1, round(side * scale)) for side in (photo.width, photo.height))
    luma = photo.small_luma(width, height, Image.Resampling.BOX)
    cb, cr = ((resize_plane(plane, width, height).astype(np.float32) - NEUTRAL) / 255 for plane in photo.chroma)
    lab = srgb_to_lab(ycc_to_rgb(np.stack([luma, cb, cr], axis=-1)).clip(0, 1))
    return np.asarray(np.median(lab[..., 1:].reshape(-1, 2), axis=0), np.float32)
