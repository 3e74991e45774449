"""Whether a grey scan looks like a negative: statistics of natural light, turned upside down.

Light comes from above, lights are small and sharp where shadows are broad, and texture lies in the lights of a picture
made by light. Eight such figures are weighed by logistic regression (fitted and measured by benchmarks/negatives.py).
It is for a remark alone: at the limit chosen, few photographs are taken for negatives, and some negatives are missed.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.imaging.types import Plane
from tintype.photo.photo import Photo

LOOKS_NEGATIVE = "looks like a negative; if it is one, colour it with --negative"

_SIDE = 128  # pixels: long side of the copy that is looked at
_LEAST_RANGE = 0.02
WEIGHTS = np.array([-0.408, -0.569, 1.242, 2.592, 1.689, -0.437, 0.317, 1.890, -0.094])
MEANS = np.array([0.0195, -0.0026, 0.6913, 0.4345, 0.1683, 0.3594, 0.1804, -0.1099])
SPREADS = np.array([0.8343, 0.4990, 1.0654, 0.5839, 0.2855, 0.6875, 0.3172, 0.1576])
LIMIT = 3.0  # of the score: 0.9 % of 680 photographs were above it, and 45 % of their negatives


def looks_negative(photo: Photo) -> bool:
    """Whether a picture without colour is to be remarked on; False for one with colour."""
    if photo.chroma is not None:
        return False
    scale = min(1.0, _SIDE / max(photo.width, photo.height))
    width, height = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    if min(width, height) < 24:
        return False
    shown = photo.as_shown(photo.small_luma(width, height, Image.Resampling.BOX))
    return negative_score(shown) > LIMIT


def negative_score(shown: Plane) -> float:
    """Log odds that sRGB values (h, w), 0 to 1, are those of a negative, were there as many of these as of others."""
    figures = (light_figures(shown) - MEANS) / SPREADS
    return float(figures @ WEIGHTS[:-1] + WEIGHTS[-1])


def light_figures(shown: Plane) -> NDArray[np.float64]:
    """Eight figures of a small picture (h, w), its range stretched first; zeros of an empty one.

    Light above against below, middle against rim, skewness, skewness of detail and its correlation with light at two
    scales, mean.
    """
    low, high = np.percentile(shown, [1, 99])
    if high - low < _LEAST_RANGE:
        return np.zeros(8)
    light = ((shown - low) / (high - low)).clip(0, 1).astype(np.float64)
    height, width = light.shape
    mean, spread = float(light.mean()), float(light.std()) + 1e-6
    top, bottom = light[: height // 3].mean(), light[-(height // 3) :].mean()
    middle = light[height // 4 : -(height // 4), width // 4 : -(width // 4)]
    rim = (light.sum() - middle.sum()) / (light.size - middle.size)
    rows, columns = height // 4, width // 4
    coarse = light[: rows * 4, : columns * 4].reshape(rows, 4, columns, 4).mean((1, 3))
    skew = float((((light - mean) / spread) ** 3).mean())
    figures = [(top - bottom) / spread, (middle.mean() - rim) / spread, skew, *_detail(light), *_detail(coarse)]
    return np.asarray(np.nan_to_num(np.array([*figures, mean - 0.5])), np.float64)


def _detail(light: NDArray[np.float64]) -> tuple[float, float]:
    """Skewness of what differs from the mean of 3x3 around it, and correlation of how much with that mean."""
    blurred = np.zeros_like(light[1:-1, 1:-1])
    height, width = light.shape
    for dy in range(3):
        for dx in range(3):
            blurred += light[dy : height - 2 + dy, dx : width - 2 + dx]
    blurred /= 9
    detail = light[1:-1, 1:-1] - blurred
    unit = (detail / (detail.std() + 1e-6)).clip(-6, 6)
    with np.errstate(invalid="ignore"):
        return float((unit**3).mean()), float(np.corrcoef(np.abs(detail).ravel(), blurred.ravel())[0, 1])
