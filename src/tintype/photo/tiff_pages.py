"""TIFF and PDF files of several pages: which there are, and pages joined to one TIFF."""

import io
import os

from PIL import Image, TiffImagePlugin

from . import pdf

# First bytes: little and big endian, classic and BigTIFF.
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def page_numbers(source: str | os.PathLike[str] | bytes) -> list[int]:
    """The pages of a TIFF, from 0, without those that are smaller copies of others, or of a PDF; [0] for anything else
    and for what cannot be read."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            head = file.read(len(pdf.MAGIC))
            if head == pdf.MAGIC:
                return list(range(pdf.page_count(head + file.read()))) or [0]
            if head[:4] not in TIFF_MAGIC:
                return [0]
            file.seek(0)
            with Image.open(file, formats=("TIFF",)) as image:
                pages = range(getattr(image, "n_frames", 1))
                return [page for page in pages if not _is_reduced(image, page)] or [0]
    except Exception:  # the reader will say what is wrong, in its own words
        return [0]


def _is_reduced(image: Image.Image, page: int) -> bool:
    image.seek(page)
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    return bool(int(image.tag_v2.get(254, 0)) & 1)


def join_pages(pages: list[bytes]) -> bytes:
    """One TIFF of the pages of several."""
    target = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(target, new=True) as writer:
        for page in pages:
            writer.write(page)
            writer.newFrame()
        writer.f = io.BytesIO(target.getvalue())  # closing must not close what is handed back
    return target.getvalue()
