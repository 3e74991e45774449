"""Brands of ISO base media files (ISO/IEC 14496-12): which hold a still picture; all others are films."""

# HEIF with HEVC, its image sequences, and the brands that say only "an image"; AVIF is read without an extra.
HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
AVIF = frozenset({b"avif", b"avis"})
STILL = HEIF | AVIF


def is_still(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes is a still picture in a container that films use as well."""
    return head[4:8] == b"ftyp" and head[8:12] in STILL
