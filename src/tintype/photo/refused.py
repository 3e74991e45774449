"""Files that are not read, called by their names: a sentence that says what a file is and what to do with it."""

import struct

_EXPORT = "export it as TIFF or PNG first"
_MAGIC = (
    (b"8BPS\0\2", "a large Photoshop document (PSB): save it as TIFF"),
    (b"v/1\x01", "an OpenEXR picture: export it as a 16-bit TIFF; numbered ones (name.%04d.exr) are read as a film"),
    (b"SDPX", "a DPX picture: numbered ones (name.%07d.dpx) are read as a film"),
    (b"XPDS", "a DPX picture: numbered ones (name.%07d.dpx) are read as a film"),
    (b"#?RADIANCE", f"a Radiance HDR picture: {_EXPORT}"),
    (b"\0\0\1\0", f"a Windows icon: {_EXPORT}"),
    (b"gimp xcf", f"a GIMP file: {_EXPORT}"),
    (b"AT&TFORM", f"a DjVu document: {_EXPORT}, a picture for each page"),
    (b"PK\3\4", "a ZIP archive: unpack it first"),
    (b"SIMPLE  =", f"a FITS picture: {_EXPORT}"),
)
# Frame headers of JPEG (ITU-T T.81, table B.1) that decoders of photographs leave out.
_JPEG_KINDS = {
    0xC3: "a lossless JPEG", 0xC5: "a hierarchical JPEG", 0xC6: "a hierarchical JPEG", 0xC7: "a lossless JPEG",
    0xC9: "a JPEG with arithmetic coding", 0xCA: "a JPEG with arithmetic coding", 0xCB: "a lossless JPEG",
    0xCD: "a hierarchical JPEG", 0xCE: "a hierarchical JPEG", 0xCF: "a lossless JPEG", 0xF7: "a JPEG-LS picture",
}  # fmt: skip


def what_it_is(data: bytes, name: str) -> str | None:
    """A sentence on a file that cannot be read; None where nothing is known of its kind."""
    for magic, what in _MAGIC:
        if data.startswith(magic):
            return f"{name} is {what}"
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<svg", b"<?xml")) and b"<svg" in data[:4096]:
        return f"{name} is an SVG drawing: {_EXPORT}"
    if data.startswith(b"\xff\xd8"):
        kind = jpeg_kind(data)
        if kind is not None:
            return f"{name} is {kind}: {_EXPORT}"
    return None


def jpeg_kind(data: bytes) -> str | None:
    """What is unusual in how a JPEG is coded; None for baseline and progressive ones of 8 bits."""
    at = 2
    while at + 10 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            bits = data[at + 4]
            what = _JPEG_KINDS.get(marker)
            if bits != 8:
                return f"{what or 'a JPEG'} of {bits} bits a sample"
            return what
        if marker == 0xDA:
            return None
        at += 2 + length
    return None
