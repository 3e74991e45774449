"""What a picture carries beside its pixels, and the few places where colouring has to touch it."""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

EXIF_HEADER = b"Exif\x00\x00"
PHOTOSHOP_HEADER = b"Photoshop 3.0\x00"
_ORIENTATION = 0x0112
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))\s*([1-8])")


@dataclass(frozen=True)
class Metadata:
    """The carried tags of one picture.

    Attributes:
        format: Container the picture came in, as Pillow names it ("JPEG", "PNG", "WEBP", "TIFF", "BMP",
            "GIF"). mode: Pixel mode in the file, as Pillow names it ("L", "RGB", "I;16", "CMYK", ...). exif:
            EXIF block: `EXIF_HEADER` followed by a TIFF structure, or None. icc: ICC colour profile, or None.
            xmp: XMP packet, or None. iptc: Photoshop image resources (8BIM blocks, which hold IPTC), or None.
            dpi: Horizontal and vertical resolution in pixels per inch, or None. comment: Comment bytes of a
            JPEG or GIF, or None. text: Text chunks of a PNG. quality: Quality 1..100 of the standard JPEG
            tables nearest to the file's own, JPEG only. subsampling: Chroma subsampling of a JPEG: "Gray",
            "444", "422", "420", "440" or "411". compression: Compression of a TIFF, as Pillow names it.
    """

    format: str = "PNG"
    mode: str = "RGB"
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    comment: bytes | None = None
    text: Mapping[str, str] = field(default_factory=dict)
    quality: int | None = None
    subsampling: str | None = None
    compression: str | None = None


def orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """Orientation 1..8 (EXIF 2.32, tag 0x0112); EXIF goes before XMP, and 1 stands for unknown or broken."""
    for entry, order in first_directory(exif):
        tag, kind = struct.unpack_from(order + "HH", exif or b"", entry)
        if tag == _ORIENTATION and kind == 3:
            value = int(struct.unpack_from(order + "H", exif or b"", entry + 8)[0])
            return value if 1 <= value <= 8 else 1
    found = _XMP_ORIENTATION.search(xmp) if xmp else None
    return int(found[2]) if found else 1


def upright_exif(exif: bytes | None) -> bytes | None:
    """EXIF for pixels that stand upright: orientation 1, embedded thumbnail unlinked.

    The block is patched in place, so maker notes with absolute offsets stay readable. The thumbnail still
    shows the grey, unrotated picture; the link to its directory is cleared so that no viewer shows it.
    """
    if exif is None:
        return None
    patched = bytearray(exif)
    end, order = 0, "<"
    for entry, order in first_directory(exif):
        tag, kind = struct.unpack_from(order + "HH", exif, entry)
        if tag == _ORIENTATION and kind == 3:
            struct.pack_into(order + "H", patched, entry + 8, 1)
        end = entry + 12
    if end and end + 4 <= len(patched):
        struct.pack_into(order + "I", patched, end, 0)
    return bytes(patched)


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """XMP for pixels that stand upright: `tiff:Orientation` becomes 1, the rest stays byte for byte."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp) if xmp else xmp


def photoshop_resources(iim: bytes) -> bytes:
    """IPTC records (IIM), as TIFF stores them, as the Photoshop resource block that JPEG stores."""
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iim)) + iim + bytes(len(iim) % 2)


def iptc_records(resources: bytes | None) -> bytes | None:
    """The IPTC records (IIM) among Photoshop resource blocks, or None."""
    at = 0
    while resources and resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        number = resources[at + 4 : at + 6]
        name = (resources[at + 6] + 2) // 2 * 2
        start = at + 6 + name + 4
        if start > len(resources):
            return None
        (length,) = struct.unpack_from(">I", resources, start - 4)
        if number == b"\x04\x04":
            return resources[start : start + length]
        at = start + length + length % 2
    return None


def with_exif_header(exif: bytes | None) -> bytes | None:
    """The EXIF block with its header, whether or not the container stores it; None for an empty block."""
    if not exif:
        return None
    return exif if exif.startswith(EXIF_HEADER) else EXIF_HEADER + exif


def first_directory(exif: bytes | None) -> Iterator[tuple[int, str]]:
    """Offsets (into the whole block) of the entries of IFD0, each with the byte order; nothing if broken."""
    if not exif:
        return
    base = len(EXIF_HEADER) if exif.startswith(EXIF_HEADER) else 0
    order = {b"II": "<", b"MM": ">"}.get(exif[base : base + 2])
    if order is None or len(exif) < base + 8:
        return
    start = base + int(struct.unpack_from(order + "I", exif, base + 4)[0])
    if start + 2 > len(exif):
        return
    count = int(struct.unpack_from(order + "H", exif, start)[0])
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if entry + 12 > len(exif):
            return
        yield entry, order
