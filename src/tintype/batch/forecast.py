"""What a run would do: sizes told by headers, time by colouring two small pictures here, disk by kind of file."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from tintype.errors import TintypeError
from tintype.files.locations import is_url, name_of
from tintype.photo.photo import Photo

from .job import STREAM, Job

# Bytes of a coloured result for each byte of its grey source of the same kind, and for each pixel where kinds differ:
# medians over the ten pictures in examples/, made grey, JPEG at quality 75, 85 and 95, WebP lossless.
_GROWTH = {"jpeg": 1.10, "png": 2.74, "tiff": 3.0, "webp": 1.78}
_BYTES_PER_PIXEL = {"jpeg": 0.27, "png": 1.55, "tiff": 2.0, "webp": 0.95, "bmp": 3.0}
_KINDS = {"jpg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "tif": "tiff", "dib": "bmp"}
_WORTH_READING = 100_000_000  # bytes of a file that Pillow does not know; those beyond are left for the run itself
_SMALL, _LARGE = (384, 512), (1152, 1536)


@dataclass(frozen=True)
class Forecast:
    """One job as it would go: sizes in pixels and bytes, None where they cannot be told without reading it all."""

    source: str
    target: str | None
    what: str  # "colour", "skip" or "fail"
    error: str | None = None
    width: int | None = None
    height: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    seconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def forecast(jobs: Iterable[Job], pace: Callable[[int], float] | None = None) -> list[Forecast]:
    """What would become of each job. ``pace``: seconds for a number of pixels, from `measured_pace`."""
    return [_forecast(job, pace) for job in jobs]


def _forecast(job: Job, pace: Callable[[int], float] | None) -> Forecast:
    if job.error is not None:
        return Forecast(job.source, None, "fail", job.error)
    if job.skipped:
        return Forecast(job.source, job.target, "skip")
    width = height = size = None
    bands = 1
    if job.source != STREAM and not is_url(job.source):
        try:
            size = os.path.getsize(job.source)
            with Image.open(job.source) as image:
                (width, height), bands = image.size, len(image.getbands())
        except UnidentifiedImageError:  # a raw picture, say; or no picture at all
            if size is not None and size <= _WORTH_READING:
                try:
                    photo = Photo.read(job.source)
                except TintypeError as why:
                    return Forecast(job.source, None, "fail", str(why))
                width, height = photo.width, photo.height
        except OSError as error:
            if not os.path.exists(job.source):
                return Forecast(job.source, None, "fail", f"{job.source}: no such file")
            if not os.access(job.source, os.R_OK):
                return Forecast(job.source, None, "fail", f"{job.source}: cannot be read ({error.strerror or error})")
        except Exception:  # a header that Pillow does not understand; others may
            width = height = None
    pixels = None if width is None or height is None else width * height
    seconds = pace(pixels) if pace is not None and pixels is not None else None
    expected = _bytes_out(job, size, pixels, bands)
    return Forecast(job.source, job.target, "colour", None, width, height, size, expected, seconds)


def _kind(place: str) -> str:
    suffix = name_of(place).suffix.lower().lstrip(".")
    return _KINDS.get(suffix, suffix)


def _bytes_out(job: Job, size: int | None, pixels: int | None, bands: int) -> int | None:
    if job.target in (None, STREAM):
        return None
    kind = _kind(str(job.target))
    if size is not None and kind == _kind(job.source) and kind in _GROWTH:
        return int(size * (_GROWTH[kind] if bands == 1 else 1.1))  # with three bands there was room for colour already
    return None if pixels is None else int(pixels * _BYTES_PER_PIXEL.get(kind, 3.0))


def measured_pace(colour: Callable[[Photo], Photo], workers: int = 1) -> Callable[[int], float]:
    """Seconds that a picture of so many pixels takes here, from two small ones; ``colour`` is what would be done."""
    colour(_picture(*_SMALL))  # what is loaded at the first is no part of the next
    times = []
    for height, width in (_SMALL, _LARGE):
        picture = _picture(height, width)
        started = time.perf_counter()
        colour(picture).encode("JPEG")
        times.append((height * width, time.perf_counter() - started))
    (few, least), (many, most) = times
    slope = max(0.0, (most - least) / (many - few))
    base = max(0.0, least - slope * few)
    return lambda pixels: (base + slope * pixels) / max(1, workers)


def _picture(height: int, width: int) -> Photo:
    y, x = np.mgrid[0:height, 0:width]
    return Photo.read(((x * 255 // width + y * 255 // height) // 2).astype(np.uint8))


def free_disk(targets: Iterable[str | None]) -> int | None:
    """Free bytes where the first local target would go; None if none is local."""
    import shutil

    for target in targets:
        if target is not None and target != STREAM and not is_url(target):
            folder = next((one for one in Path(target).absolute().parents if one.is_dir()), Path.cwd())
            return shutil.disk_usage(folder).free
    return None


def summary(found: Iterable[Forecast], free: int | None) -> dict[str, Any]:
    """All of it in numbers: counts, seconds and bytes, and whether the disk has room for it."""
    found = list(found)
    wanted = sum(one.bytes_out or 0 for one in found)
    return {
        "would_colour": sum(one.what == "colour" for one in found),
        "would_skip": sum(one.what == "skip" for one in found),
        "would_fail": sum(one.what == "fail" for one in found),
        "seconds": round(sum(one.seconds or 0 for one in found), 1),
        "bytes": wanted,
        "free_bytes": free,
        "fits": None if free is None else wanted < free,
    }
