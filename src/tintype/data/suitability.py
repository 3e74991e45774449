"""Whether a picture teaches colour: a photograph, large enough, neither grey nor of one tint, nor drawn or printed."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .grey import measure_tint

Unsuitable = Literal["broken", "tiny", "grey", "toned", "filtered", "synthetic"]

LEAST_CHROMA = 4.0  # mean C*ab; below it there is hardly any colour to learn
# A filter's look: so much of the chroma in so narrow a window of hue, and over so much of the picture.
ONE_HUE, HUE_WINDOW = 0.93, 40
# Graphics, text pages and sprites: few colours of 4 bits a channel make up nearly all of the picture ...
FEWEST_COLOURS, MOST_OF_IT = 14, 0.95
# ... or nearly all neighbouring pixels are exactly alike, which no sensor gives.
MOST_FLAT = 0.72
_SIDE = 96


def unsuitable(rgb: NDArray[np.uint8], *, least_side: int = 64, filters: bool = False) -> Unsuitable | None:
    """Why uint8 RGB (H, W, 3) does not teach colour; None when it does.

    With `filters` a picture whose chroma lies nearly all in one hue counts as filtered: right for collections of
    edited photographs, wrong for meadows.
    """
    if min(rgb.shape[:2]) < least_side:
        return "tiny"
    small = _small(rgb)
    tint = measure_tint(small)
    if tint.kind == "grey" or tint.chroma < LEAST_CHROMA:
        return "grey"
    if tint.kind == "tinted":
        return "toned"
    if _is_synthetic(small):
        return "synthetic"
    if filters and _hue_share(small) > ONE_HUE:
        return "filtered"
    return None


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = _SIDE / min(rgb.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _is_synthetic(rgb: NDArray[np.uint8]) -> bool:
    coarse = rgb.astype(np.int32) >> 4
    counts = np.bincount((coarse[..., 0] << 8 | coarse[..., 1] << 4 | coarse[..., 2]).ravel())
    shares = np.sort(counts)[::-1].cumsum() / counts.sum()
    if np.searchsorted(shares, MOST_OF_IT) + 1 < FEWEST_COLOURS:
        return True
    flat = (rgb[:, 1:] == rgb[:, :-1]).all(axis=2)
    return bool(flat.mean() > MOST_FLAT)


def _hue_share(rgb: NDArray[np.uint8]) -> float:
    """Largest share of the chroma within HUE_WINDOW degrees of hue."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    a, b = lab[..., 1].ravel(), lab[..., 2].ravel()
    hue = np.degrees(np.arctan2(b, a)).astype(np.int32) % 360
    weights = np.bincount(hue, np.hypot(a, b), 360)
    around = np.concatenate([weights, weights[: HUE_WINDOW - 1]])
    windows = np.convolve(around, np.ones(HUE_WINDOW), "valid")
    return float(windows.max() / max(weights.sum(), 1e-6))
