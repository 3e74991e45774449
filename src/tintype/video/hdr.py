"""What a film says of high dynamic range beside its colour tags, and what of it can be written again.

HDR10's static metadata (SMPTE ST 2086 mastering display, CTA-861.3 content light level) goes into HEVC. Dolby Vision
and HDR10+ tell players how to change a colour picture scene by scene; they are named and left out. Layouts are those
of FFmpeg's AVMasteringDisplayMetadata and AVContentLightMetadata.
"""

import struct
from collections.abc import Sequence

from tintype.errors import InputError

UNSPECIFIED = 2
_MASTERING, _LIGHT = "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"
_DYNAMIC = {
    "DOVI_METADATA": "Dolby Vision", "DOVI_RPU_BUFFER": "Dolby Vision", "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
}  # fmt: skip


def static_metadata(side_data: Sequence[tuple[str, bytes]]) -> str | None:
    """HDR10's metadata as x265's parameters; None where there is none, or not all of it."""
    found = dict(side_data)
    parts = []
    if len(found.get(_MASTERING, b"")) >= 88:
        numbers = struct.unpack("<22i", found[_MASTERING][:88])
        values = [a / b if b else 0.0 for a, b in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
        if numbers[20] and numbers[21]:
            red, green, blue, white = (tuple(round(v * 50000) for v in values[i : i + 2]) for i in (0, 2, 4, 6))
            least, most = (round(v * 10000) for v in values[8:10])
            points = "".join(
                f"{n}({x},{y})" for n, (x, y) in zip(("G", "B", "R", "WP"), (green, blue, red, white), strict=True)
            )
            parts.append(f"master-display={points}L({most},{least})")
    if len(found.get(_LIGHT, b"")) >= 8:
        content, average = struct.unpack("<2I", found[_LIGHT][:8])
        parts.append(f"max-cll={content},{average}")
    return ":".join(["hdr10=1", *parts]) if parts else None


def dynamic_metadata(side_data: Sequence[tuple[str, bytes]]) -> tuple[str, ...]:
    """The names of the metadata for each scene that a frame carries."""
    return tuple(sorted({_DYNAMIC[name] for name, _ in side_data if name in _DYNAMIC}))


def check_base_layer(path: str, dynamic: Sequence[str], transfer: int) -> None:
    """Refuse Dolby Vision whose picture is none without it (profile 5: its own colour space, no colour tags).

    Raises:
        InputError: the film is one.
    """
    if "Dolby Vision" in dynamic and transfer == UNSPECIFIED:
        raise InputError(
            f"{path}: Dolby Vision without a picture for other players (profile 5): its light cannot be read here; "
            "convert it to HDR10 or HLG first"
        )
