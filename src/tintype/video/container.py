"""Open a film's file as what its first bytes say it is, and say why where it cannot be opened."""

import os
from pathlib import Path
from typing import Any

from tintype.errors import InputError

from .need import need_av
from .sniff import demuxer_of


def _tags_of_any_bytes(av: Any) -> dict[str, str]:
    """What lets tags in that are not UTF-8. PyAV 19 keeps their bytes by itself, and knows the option no more."""
    return {} if int(av.__version__.partition(".")[0]) >= 19 else {"metadata_errors": "replace"}


def open_container(path: str | os.PathLike[str]) -> Any:
    """The file opened by FFmpeg's libraries.

    Raises:
        InputError: missing, no film, or cut short in a way that leaves nothing to read.
        MissingExtra: PyAV is not installed.
    """
    av = need_av()
    name = os.fspath(path)
    try:
        # Other files that a film names are not opened, and what it is read as is what its first bytes say.
        local = {"protocol_whitelist": "file"}
        return av.open(name, format=_demuxer(name), options=local, **_tags_of_any_bytes(av))
    except av.error.FileNotFoundError:
        raise InputError(f"{name}: no such film") from None
    except av.error.FFmpegError as error:
        size = Path(name).stat().st_size if Path(name).is_file() else None
        what = error.strerror
        if size == 0:
            raise InputError(f"{name}: the file is empty") from None
        if size and _lacks_index(Path(name)):
            what = "its index is missing, so it was cut short or never finished"
        raise InputError(f"{name}: cannot be read as a film ({what})") from None


def _demuxer(name: str) -> str | None:
    """What a file begins like; None for what FFmpeg is to find out by itself.

    Probing, it weighs what it finds against the other demuxers, of which some open what a text in the file names.
    """
    try:
        with open(name, "rb") as file:
            return demuxer_of(file.read(512))
    except OSError:
        return None


def _lacks_index(path: Path) -> bool:
    """Whether an MP4 or MOV has no box "moov", without which nothing in it can be found."""
    with path.open("rb") as file:
        if file.read(8)[4:] != b"ftyp":
            return False
        at, size = 0, path.stat().st_size
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            if head[4:8] == b"moov":
                return False
            length = int.from_bytes(head[:4], "big")
            at += int.from_bytes(head[8:16], "big") if length == 1 else length if length >= 8 else size
    return True
