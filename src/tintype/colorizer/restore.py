"""What a box of old prints needs before colour: negatives turned, damage, fading, dust and scratches, noise mended.

Each step is off unless asked for.

These steps change the light, on purpose; the record in the file says which were done (`tintype info`).
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tintype.errors import TintypeError
from tintype.imaging.types import Plane8
from tintype.parallel import spread, strips
from tintype.photo.photo import Photo

from .negative import Roll, to_positive

# Fading: the share of pixels that may become pure black and pure white; the rim of a print is not looked at.
_TAIL, _RIM, _MOST_GAIN = 0.001, 0.04, 3.0
_BLACK, _WHITE = 6, 249
# Dust: found on a picture of about this side, as what stands out of its surroundings by this much.
_DUST_SIDE, _DUST_WINDOW, _DUST_LEAST, _DUST_TIMES = 2000, 7, 18, 5.0
_NOISE_RADIUS = 2


def restore(photo: Photo, names: Iterable[str], roll: Roll | None = None, threads: int | None = None) -> Photo:
    """The photo after the steps, always in the order negative, auto, noise, dust, fade, whatever order they are given
    in. ``auto`` is the network of `tintype.colorizer.learned_restore`, which leaves alone what has no damage;
    ``auto=mine.onnx`` another one, as `tintype export` writes it of a run of the recipe ``restore``.

    ``roll`` is what a negative has in common with the others of its roll; measured on this one alone when None.
    ``threads`` are those of ``auto``; every core when None.

    Raises TintypeError for a step that does not exist; WeightsError for a model that cannot be read, or that colours.
    """
    return restore_and_tell(photo, names, roll, threads)[0]


def restore_and_tell(
    photo: Photo, names: Iterable[str], roll: Roll | None = None, threads: int | None = None
) -> tuple[Photo, dict[str, Any]]:
    """As `restore`, and what the record in the file is to say of steps that decide by themselves."""
    told: dict[str, Any] = {}
    for step in steps(names):
        name, _, model = step.partition("=")
        if name == NEGATIVE:
            photo = to_positive(photo, roll)
        elif name == AUTO:
            from .learned_restore import restore_auto  # an engine is loaded where it is asked for alone

            made = restore_auto(photo, threads, Path(model) if model else None)
            photo, told = made.photo, made.record()
        else:
            photo = photo.with_luma(STEPS[name](photo.luma))
    return photo, told


def steps(names: Iterable[str]) -> list[str]:
    """The steps in the order they are done in, auto with the model that it names, if any. Raises TintypeError for one
    that does not exist."""
    wanted = {step.partition("=")[0] if step.startswith(f"{AUTO}=") else step: step for step in names}
    known = (NEGATIVE, AUTO, *STEPS)
    if unknown := sorted(wanted.keys() - set(known)):
        raise TintypeError(f"no restoring step is called {unknown[0]!r}; there are {', '.join(known)}")
    return [wanted[name] for name in known if name in wanted]


def correct_fade(luma: Plane8) -> Plane8:
    """Blacks and whites that faded to greys, drawn apart again by one straight line; clipped in about 0.1 % of pixels.

    A picture that uses its whole range comes back as it was.
    """
    height, width = luma.shape
    top, left = int(height * _RIM), int(width * _RIM)
    inner = luma[top : height - top or None, left : width - left or None]
    counts = np.bincount(inner.reshape(-1), minlength=256).cumsum() / inner.size
    black, white = int(np.searchsorted(counts, _TAIL)), int(np.searchsorted(counts, 1 - _TAIL))
    if black <= _BLACK and white >= _WHITE:
        return luma
    gain = min((_WHITE - _BLACK) / max(white - black, 1), _MOST_GAIN)
    table = (
        np.round((np.arange(256) - (black + white) / 2) * gain + (_BLACK + _WHITE) / 2).clip(0, 255).astype(np.uint8)
    )
    return np.asarray(table[luma])


def remove_dust(luma: Plane8) -> Plane8:
    """Specks, hairs and scratches, thin and far from their surroundings, filled with those.

    Found where the median of 7x7 pixels (of the picture made about 2000 pixels long) is much further away than is usual
    nearby, so that grass and lace stay. Everything else comes back as it was.
    """
    height, width = luma.shape
    factor = max(1, round(max(height, width) / _DUST_SIDE))
    image = Image.fromarray(luma)
    small = image.reduce(factor) if factor > 1 else image
    median = small.filter(ImageFilter.MedianFilter(_DUST_WINDOW))
    off = np.abs(np.asarray(small, np.int16) - np.asarray(median))
    usual = np.asarray(Image.fromarray(off.astype(np.uint8)).filter(ImageFilter.BoxBlur(15)), np.float32)
    specks = Image.fromarray((off > _DUST_LEAST + _DUST_TIMES * usual).astype(np.uint8) * np.uint8(255))
    mask = specks.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.BoxBlur(1))
    size = (width, height)
    mask, median = (part.resize(size, Image.Resampling.BILINEAR) if factor > 1 else part for part in (mask, median))
    return np.asarray(Image.composite(median, image, mask), np.uint8)


def reduce_noise(luma: Plane8) -> Plane8:
    """Grain smoothed by as much as there is of it, edges kept: a self-guided filter (He, Sun and Tang, 2013), radius 2.

    The strength follows the noise, measured by Immerkaer's mask (1996); a clean picture hardly changes.
    """
    variance = np.float32(noise_deviation(luma) ** 2 * 1.5)
    if variance <= 0:
        return luma
    height, width = luma.shape
    result = np.empty_like(luma)

    def work(rows: slice) -> None:
        reach = 2 * _NOISE_RADIUS
        top, bottom = max(0, rows.start - reach), min(height, rows.stop + reach)
        part = luma[top:bottom].astype(np.float32)
        mean = _mean(part)
        spread_ = np.maximum(_mean(part * part) - mean * mean, 0)
        slope = np.asarray(spread_ / (spread_ + variance), np.float32)
        smooth = _mean(slope) * part + _mean(np.asarray(mean - slope * mean, np.float32))
        result[rows] = np.round(smooth[rows.start - top : rows.stop - top]).clip(0, 255).astype(np.uint8)

    spread(work, strips(height, max(16, (1 << 18) // width)))
    return result


def noise_deviation(luma: Plane8) -> float:
    """The standard deviation of the noise, of 255: the median response to a mask that sees no plane and no edge."""
    if min(luma.shape) < 3:
        return 0.0
    step = max(1, max(luma.shape) // 1500)
    rows = [luma[i : luma.shape[0] - 2 + i : step].astype(np.int16) for i in range(3)]
    down = rows[0] - 2 * rows[1] + rows[2]
    across = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return float(np.median(np.abs(across))) / 0.6745 / 6


def _mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of 5x5 pixels, the edge repeated."""
    for _ in range(2):
        padded = np.pad(plane, ((_NOISE_RADIUS, _NOISE_RADIUS), (0, 0)), mode="edge")
        total = padded[: len(plane)].copy()
        for i in range(1, 2 * _NOISE_RADIUS + 1):
            total += padded[i : i + len(plane)]
        plane = np.ascontiguousarray((total / np.float32(2 * _NOISE_RADIUS + 1)).T)
    return plane


NEGATIVE = "negative"  # the step that needs to know of other pictures, and keeps 16 bits
AUTO = "auto"  # the step that learned what damage is, and keeps 16 bits
STEPS: dict[str, Callable[[Plane8], Plane8]] = {"noise": reduce_noise, "dust": remove_dust, "fade": correct_fade}
