"""What is said of a film before it is coloured: what the result will not hold, or not as one might think."""

from itertools import islice

from .codecs import Settings
from .deinterlace import LOOKED_AT, combed_share, looks_telecined
from .reader import FilmInfo, FilmReader


def remarks(info: FilmInfo, settings: Settings) -> list[str]:
    """What the user should know of a film and of what will be done with it, a line each."""
    notes = []
    if "444" in settings.pix_fmt:
        notes.append("the film has an odd width or height: written as 4:4:4, which not every player shows")
    if info.sample_aspect not in (None, 1) and settings.codec not in ("h264", "hevc"):
        notes.append(
            f"its pixels are not square ({info.sample_aspect}), which {settings.codec} cannot say here: "
            "players will show it too narrow or too wide; h264 and hevc can"
        )
    if info.interlaced:
        notes.append(
            "the film is interlaced: both fields of a frame get the same colours; --deinterlace takes them apart"
        )
    if settings.depth < info.signal.depth:
        notes.append(
            f"the film has {info.signal.depth} bits, {settings.codec} here keeps {settings.depth}; "
            "--codec ffv1 keeps up to 16, as do numbered pictures"
        )
    if info.signal.is_hdr:
        notes.append("the film is HDR: its colours are worked out as if it were not")
    if info.dynamic_hdr:
        notes.append(f"{' and '.join(info.dynamic_hdr)} metadata is left out: it was made for other colours")
    if info.hdr10 is not None and settings.codec != "hevc":
        notes.append(f"HDR10's mastering and light levels are left out: {settings.codec} has them not here; hevc does")
    if info.codec == "exr":
        notes.append("light brighter than white in the OpenEXR pictures is written as white")
    return notes


def telecine_note(reader: FilmReader) -> str | None:
    """A line if the film is hard telecine, as its first frames show."""
    depth = reader.info.signal.depth
    shares = [combed_share(frame.luma, depth) for frame in islice(reader.frames(), LOOKED_AT)]
    if not looks_telecined(shares):
        return None
    return (
        "two of every five frames are made of fields of two others (telecine): the fields are coloured as they are; "
        "undo the telecine first (FFmpeg: fieldmatch, decimate) for 24 frames a second"
    )
