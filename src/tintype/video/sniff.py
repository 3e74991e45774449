"""Is this file a film or a still picture? Its first bytes decide, not its name."""

import os
from pathlib import Path

from tintype.files.brands import is_still

# What folders are searched for. A file that is named on the command line may be called anything.
FILM_SUFFIXES = frozenset(
    {".264", ".265", ".3g2", ".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc", ".ivf", ".m2ts",
     ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".qt",
     ".ts", ".vob", ".webm", ".wmv", ".wtv", ".y4m"}
)  # fmt: skip


ANIMATED = frozenset({".gif", ".png", ".apng"})  # some of these are films
# What films begin with, and FFmpeg's name for what reads it: Matroska, MPEG's streams, Flash, Ogg, YUV4MPEG2, ASF
# (WMV), MXF, NUT, IVF, WTV, DV.
_BEGINNINGS = {
    b"\x1aE\xdf\xa3": "matroska", b"\x00\x00\x01\xba": "mpeg", b"\x00\x00\x01\xb3": "mpegvideo", b"FLV\x01": "flv",
    b"OggS": "ogg", b"YUV4MPEG2 ": "yuv4mpegpipe", b"0&\xb2u\x8ef\xcf\x11": "asf",
    b"\x06\x0e+4\x02\x05\x01\x01": "mxf", b"nut/multimedia": "nut", b"DKIF": "ivf",
    b"\xb7\xd8\x00 7I\xda\x11": "wtv", b"\x1f\x07\x00": "dv",
}  # fmt: skip
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free")  # of MP4, and of QuickTime before it had a first box of its own
_LONGEST_FTYP = 4096  # bytes of an MP4's first box; of text that passes for one it would be gigabytes
_MJPEG = (".mjpeg", ".mjpg")  # JPEGs one after another: only the name tells them from a picture
_PACKETS = ((0, 188), (4, 192))  # MPEG-2 transport streams: where the first packet begins, and how long each is
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
            head = file.read(512)
    except OSError:
        return suffix
    if head.startswith((b"GIF8", b"\x89PNG")):
        return _is_animated(path)
    if path.suffix.lower() in _MJPEG:
        return True
    if is_still(head) or head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return False
    return suffix or demuxer_of(head) is not None


def demuxer_of(head: bytes) -> str | None:
    """FFmpeg's name for the container of a film by its first 512 bytes; None where they say nothing."""
    if head[4:8] in _BOXES:
        size = int.from_bytes(head[:4], "big")
        is_text = head[:64].isascii() and b"\0" not in head[:64]
        is_box = 16 <= size <= _LONGEST_FTYP and head[8:12].isascii() if head[4:8] == b"ftyp" else not is_text
        return "mov" if is_box and not is_still(head) else None
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if any(head[start : start + 2 * length + 1 : length] == b"GGG" for start, length in _PACKETS):
        return "mpegts"
    return next((demuxer for start, demuxer in _BEGINNINGS.items() if head.startswith(start)), None)


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
