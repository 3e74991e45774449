"""Looks at a film on its way: a thumbnail of the newest frame, and a sheet of frames from all over it."""

import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tintype.files.atomic import replacing

from .chroma import shrink
from .codecs import Settings
from .levels import Luma, Signal
from .reader import FilmInfo

_EVERY = 2.0  # seconds between thumbnails
_SIDE = 320


class Thumbnail:
    """A small JPEG of the newest coloured frame, written every two seconds and never half."""

    def __init__(self, path: Path, info: FilmInfo) -> None:
        self.path, self._info = path, info
        self._written = -_EVERY

    def offer(self, luma: Luma, chroma: tuple[Luma, ...], settings: Settings) -> None:
        """Take a frame, and write it if it is time; planes as the film has them, chroma at the depth of settings."""
        now = time.monotonic()
        if now - self._written < _EVERY:
            return
        self._written = now
        with replacing(self.path) as partial:
            picture(self._info, luma, chroma, settings.depth, _SIDE).save(partial, "JPEG", quality=85)


def picture(info: FilmInfo, luma: Luma, chroma: tuple[Luma, ...], depth: int, side: int) -> Image.Image:
    """A frame as it is to be seen: upright, square pixels, sRGB, its longer side at most ``side`` pixels."""
    aspect = float(info.sample_aspect or 1)
    wide, high = info.width * aspect, float(info.height)
    scale = min(1.0, side / max(wide, high))
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    light = info.signal.to_full8(shrink(luma, width, height)).astype(np.float32) / 255
    cb, cr = (_unit(shrink(plane, width, height), info.signal, depth) for plane in chroma)
    kr, kb = info.signal.weights
    red, blue = light + 2 * (1 - kr) * cr, light + 2 * (1 - kb) * cb
    green = (light - kr * red - kb * blue) / (1 - kr - kb)
    pixels = (np.stack([red, green, blue], axis=-1) * 255).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(np.rot90(pixels, info.rotation // 90)))


def _unit(plane: Luma, signal: Signal, depth: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A chroma plane in [-0.5, 0.5]."""
    span = (1 << depth) - 1 if signal.full_range else 224 << (depth - 8)
    return np.asarray((plane.astype(np.float32) - (1 << (depth - 1))) / span, np.float32)


def sheet(pictures: list[tuple[float, Image.Image]], columns: int = 4) -> Image.Image:
    """Frames side by side, each with its time in the film."""
    width, height = (max(image.size[i] for _, image in pictures) for i in (0, 1))
    rows = -(-len(pictures) // columns)
    made = Image.new("RGB", (min(columns, len(pictures)) * (width + 4) + 4, rows * (height + 18) + 4), (24, 24, 24))
    draw = ImageDraw.Draw(made)
    for i, (seconds, image) in enumerate(pictures):
        x, y = 4 + i % columns * (width + 4), 4 + i // columns * (height + 18)
        made.paste(image, (x, y))
        draw.text((x, y + height + 2), clock(seconds), fill=(220, 220, 220))
    return made


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, as players show them."""
    tenths = round(seconds * 10) if seconds < 59.95 else int(seconds) * 10
    whole = tenths // 10
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}" + (f".{tenths % 10}" if whole < 60 else "")
