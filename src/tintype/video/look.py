"""A quick look: frames from all over a film, coloured one by one, small, on one sheet."""

from pathlib import Path
from typing import Any

import numpy as np

from tintype.colorizer.colorizer import Colorizer
from tintype.errors import InputError, OutputError

from .chroma import ChromaMaker
from .direction import check_direction
from .following import follow
from .options import FilmOptions
from .painter import painter
from .preview import picture, sheet
from .reader import FilmReader

_PICTURES, _MOST = 24, 240
_SIDE = 240


def preview_film(
    source: str,
    target: str,
    colorizer: Colorizer,
    options: FilmOptions | None = None,
    *,
    step: float | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write a JPEG with one small coloured frame for every ``step`` seconds; 24 frames when None.

    Raises:
        InputError: the film cannot be read.
        OutputError: the target exists or cannot be written, or the step is none.
    """
    options = options or FilmOptions()
    if Path(target).exists() and not overwrite:
        raise OutputError(f"{target}: exists already; add --overwrite to replace it")
    if step is not None and step <= 0:
        raise OutputError(f"a preview every {step:g} seconds is not possible; choose more than 0, or auto")
    reader = FilmReader(source, rate=options.rate)
    info = reader.info
    first = options.start or 0.0
    last = options.end if options.end is not None else info.seconds
    if step is None:
        step = max(1 / float(info.rate), ((last or first + _PICTURES) - first) / _PICTURES)
    check_direction(options, colorizer, info)
    paint = painter(colorizer, info, options, follow(reader, options.hints))
    chroma = ChromaMaker(info.signal, 8)
    found = []
    seconds = first
    for _ in range(_MOST):
        frame = next(reader.frames(start=seconds, end=last), None)
        if frame is None:
            break
        width, height = max(1, info.width // 2), max(1, info.height // 2)
        planes = chroma.planes(frame.luma, paint(frame), width, height)
        shown = float((frame.pts - info.first_pts) * info.time_base)
        found.append((shown, picture(info, frame.luma, planes, 8, _SIDE)))
        seconds = max(seconds + step, float(np.nextafter(shown, np.inf)))
    if not found:
        raise InputError(f"{source}: no frame lies between --start and --end")
    try:
        sheet(found).save(target, "JPEG", quality=88)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror or error})") from error
    return {"source": source, "target": target, "frames": len(found), "notes": reader.trouble.notes()}
