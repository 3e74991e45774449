"""Optional outputs for each photo: alternative colourings, a confidence map, a map of what restoring changed."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tintype.colorizer.learned_restore import restored_map
from tintype.colorizer.open_photo import OpenPhoto
from tintype.colorizer.options import ColorizeOptions, OutputOptions
from tintype.colorizer.taste import Taste
from tintype.errors import OutputError
from tintype.files.atomic import write_whole
from tintype.hints.hint import Hint
from tintype.imaging.planes import resize_plane
from tintype.imaging.types import Plane8

from .plan import COLOURED


def write_extras(
    opened: OpenPhoto, source: Path, target: Path, options: ColorizeOptions, output: OutputOptions, told: Sequence[Hint]
) -> list[Path]:
    """Write what is wanted beside ``target``, steered as the result is, with the hints ``told``; the paths.

    Raises OutputError when a file exists or cannot be written; and what `OpenPhoto.confidence` raises.
    """
    written = []
    if output.colourings > 1:
        written += write_alternatives(
            opened, target, output.colourings, size=options.size, hints=told, taste=options.taste,
            quality=output.quality, overwrite=output.overwrite,
        )  # fmt: skip
    if output.confidence is not None:
        place = map_path(output.confidence, source, output.confidence_is_folder)
        seen = opened.restored(options.taste)
        written.append(write_confidence(seen, place, size=options.size, hints=told, overwrite=output.overwrite))
    if output.restored_map is not None:
        place = map_path(output.restored_map, source, output.restored_map_is_folder)
        _check_png(place, "what was restored")
        changed = restored_map(opened.photo, opened.restored(options.taste).photo)
        written.append(_write_map(changed, place, overwrite=output.overwrite))
    return written


def alternative_path(target: Path, number: int) -> Path:
    """Where colouring number 2, 3 ... goes: NAME-2.EXT beside NAME.EXT, NAME-2-color.EXT beside NAME-color.EXT, which
    a later run over the folder then knows for a result."""
    name = target.stem.removesuffix(COLOURED)
    return target.with_name(f"{name}-{number}{target.stem[len(name) :]}{target.suffix}")


def write_alternatives(
    opened: OpenPhoto,
    target: Path,
    count: int,
    *,
    size: int | None = None,
    hints: Sequence[Hint] = (),
    taste: Taste | None = None,
    quality: int | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write up to `count` - 1 other colourings beside `target`, which is the first; fewer where the network sees none.

    Raises OutputError when a file exists or cannot be written; and what `OpenPhoto.alternatives` raises.
    """
    written = []
    for number, photo in enumerate(opened.alternatives(count - 1, size=size, hints=hints, taste=taste), start=2):
        path = alternative_path(target, number)
        photo.save(path, overwrite=overwrite, quality=quality)
        written.append(path)
    return written


def map_path(place: Path, source: Path, many: bool) -> Path:
    """Where the map of a picture goes: to `place` itself, or, with many pictures, into that folder as NAME.png."""
    return place / f"{source.stem}.png" if many else place


def write_confidence(
    opened: OpenPhoto,
    path: Path,
    *,
    size: int | None = None,
    hints: Sequence[Hint] = (),
    overwrite: bool = False,
) -> Path:
    """Write the confidence as a grey PNG of the picture's size: white is certain, black a guess.

    Raises OutputError when the file is no PNG, exists or cannot be written; and what `OpenPhoto.confidence` raises.
    """
    _check_png(path, "the confidence")
    levels = np.round(opened.confidence(size=size, hints=hints) * 255).clip(0, 255).astype(np.uint8)
    plane = resize_plane(levels, opened.photo.width, opened.photo.height)
    return _write_map(plane, path, overwrite=overwrite)


def _check_png(path: Path, what: str) -> None:
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: {what} is written as PNG; name a .png file")


def _write_map(plane: Plane8, path: Path, *, overwrite: bool) -> Path:
    """Write a grey PNG. Raises OutputError when the file exists or cannot be written."""

    def encode() -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(plane).save(buffer, "PNG")
        return buffer.getvalue()

    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, encode, overwrite=overwrite)
    return path
