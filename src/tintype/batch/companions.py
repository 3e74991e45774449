"""What goes with a picture and is not in its file: its time, and side-car files with XMP."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tintype.errors import OutputError
from tintype.files.atomic import replacing
from tintype.files.locations import is_url

from .job import STREAM

SIDECAR = ".xmp"


def is_local(place: str | None) -> bool:
    """Whether it is a file of this machine."""
    return place is not None and place != STREAM and not is_url(place)


def keep_time(source: str, target: str) -> None:
    """Give the result the times of its source.

    Raises:
        OutputError: the file system does not let us.
    """
    if is_local(source) and is_local(target):
        try:
            times = os.stat(source)
            os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
        except OSError as error:
            raise OutputError(f"{target}: its time cannot be set ({error.strerror or error})") from error


def sidecars(source: str, target: str) -> Iterator[tuple[Path, Path]]:
    """(side-car, its copy) of a picture, by both customs: NAME.EXT.xmp (darktable, digiKam) and NAME.xmp (Adobe)."""
    if not (is_local(source) and is_local(target)) or source == target:
        return
    for suffix in (SIDECAR, SIDECAR.upper()):
        longer, shorter = Path(source + suffix), Path(source).with_suffix(suffix)
        if longer.is_file():
            yield longer, Path(target + suffix)
        if shorter.is_file():
            yield shorter, Path(target).with_suffix(suffix)


def copy_sidecars(source: str, target: str, *, overwrite: bool = False) -> list[Path]:
    """Copy the side-car files of a picture beside its result; one that is there is left alone unless asked.

    Raises:
        OutputError: one cannot be written.
    """
    made = []
    for path, copy in sidecars(source, target):
        if copy.exists() and (not overwrite or copy.samefile(path)):
            continue
        try:
            with replacing(copy) as partial:
                shutil.copy2(path, partial)
        except OSError as error:
            raise OutputError(f"{copy}: cannot be written ({error.strerror or error})") from error
        made.append(copy)
    return made
