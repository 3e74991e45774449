"""PDF pages that hold one scan each, read by PDFium (pypdfium2): the scan itself, not a drawing of the page."""

import io
import threading
from typing import Any

from tintype.errors import InputError, MissingExtra

MAGIC = b"%PDF-"
_LEAST_COVER = 0.5  # of a page, by the scan
_lock = threading.Lock()  # PDFium may be asked by one thread at a time


def page_count(data: bytes) -> int:
    """Pages of a PDF; 1 where it cannot be told: reading it says why."""
    try:
        import pypdfium2
    except ImportError:
        return 1
    with _lock:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError:
            return 1
        try:
            return len(document)
        finally:
            document.close()


def scan_of(data: bytes, name: str, page: int) -> tuple[bytes, int]:
    """The one picture of a page as the bytes of a file, and its orientation as EXIF counts it.

    JPEG and JPEG 2000 are handed over as they are stored, all else as PNG.

    Raises:
        MissingExtra: pypdfium2 is not installed.
        InputError: no PDF that can be opened, or the page holds no picture, several, or a small one.
    """
    try:
        import pypdfium2
    except ImportError:
        raise MissingExtra(f"{name} is a PDF; to read scans out of it: pip install 'tintype[pdf]'") from None
    with _lock:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise InputError(f"{name} is a PDF that cannot be opened ({error})") from error
        try:
            return _scan_of(pypdfium2, document[page], f"page {page + 1} of {name}")
        except pypdfium2.PdfiumError as error:
            raise InputError(f"page {page + 1} of {name} cannot be read ({error})") from error
        finally:
            document.close()


def _scan_of(pypdfium2: Any, page: Any, what: str) -> tuple[bytes, int]:
    pictures = list(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
    if len(pictures) != 1:
        held = f"{len(pictures)} pictures" if pictures else "no picture"
        raise InputError(f"{what} holds {held}: PDFs of one scan a page are read; export its pictures first")
    left, bottom, right, top = pictures[0].get_bounds()
    x0, y0, x1, y1 = page.get_mediabox()
    wide, high = x1 - x0, y1 - y0
    if (right - left) * (top - bottom) < _LEAST_COVER * wide * high:
        raise InputError(f"{what} holds a picture that covers less than half of it: export it as a picture first")
    target = io.BytesIO()
    pictures[0].extract(target, fb_format="png")
    return target.getvalue(), {0: 1, 90: 6, 180: 3, 270: 8}[page.get_rotation()]
