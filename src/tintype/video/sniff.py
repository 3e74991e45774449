"""Is this file a film or a still picture? Its first bytes decide, not its name."""

import os
from pathlib import Path

from tintype.files.brands import is_still

# What folders are searched for. A file that is named on the command line may be called anything.
FILM_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts",
     ".vob", ".webm", ".wmv"}
)  # fmt: skip


ANIMATED = frozenset({".gif", ".png", ".apng"})  # some of these are films
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def is_film(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a film rather than a still picture: by its first bytes, or its suffix where they say nothing.

    ``frames/%04d.png``, FFmpeg's pattern for numbered pictures, is a film too. A file that cannot be read is judged
    by its suffix: whoever opens it then tells why it cannot be.
    """
    path = Path(path)
    if is_sequence(path):
        return True
    suffix = path.suffix.lower() in FILM_SUFFIXES
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return suffix
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return not is_still(head)
    if head.startswith((b"GIF8", b"\x89PNG")):
        return _is_animated(path)
    if head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return False
    if head.startswith((b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"FLV\x01", b"OggS")):
        return True
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return True
    return suffix


def _is_animated(path: Path) -> bool:
    """Whether a GIF or PNG has several frames."""
    from PIL import Image

    try:
        with Image.open(path, formats=("GIF", "PNG")) as image:
            return int(getattr(image, "n_frames", 1)) > 1
    except Exception:  # a damaged file: whoever reads it says why
        return False


def is_sequence(path: str | os.PathLike[str]) -> bool:
    """Whether the name is a pattern for numbered pictures, such as ``frames/%04d.png``."""
    name = Path(path).name
    _before, percent, after = name.partition("%")
    digits = after.partition("d")
    return bool(percent) and digits[1] == "d" and (digits[0] == "" or digits[0].isdigit()) and not Path(path).exists()
