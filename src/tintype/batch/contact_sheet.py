"""The contact sheet of a batch: one HTML page, before and after under a slider, that needs no network."""

import base64
import io
from collections.abc import Iterable
from html import escape
from pathlib import Path

from PIL import Image, ImageOps

from tintype.errors import InputError, OutputError
from tintype.files import locations, stores

from .run import Report, Result

_SIDE, _QUALITY = 480, 80
MOST = 1000

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>tintype: contact sheet</title><style>
body{font:15px/1.4 system-ui,sans-serif;margin:2rem;background:#f6f5f2;color:#222}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:1.2rem}
figure{margin:0}figure div{position:relative;overflow:hidden;background:#ddd}
img{display:block;width:100%}.after{position:absolute;inset:0;clip-path:inset(0 0 0 var(--at,50%))}
input{width:100%;margin:.3rem 0 0}figcaption{font-size:.8rem;overflow-wrap:anywhere}
li{overflow-wrap:anywhere}small{color:#666}</style>
"""
_TAIL = """<script>for(const i of document.querySelectorAll("input"))
i.oninput=()=>i.previousElementSibling.style.setProperty("--at",i.value+"%")</script></html>
"""


def write_sheet(report: Report, path: Path) -> None:
    """Write the page for a report: at most the first 1000 pictures, and every failure with its reason.

    Raises OutputError if the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8") as page:
            for part in _parts(report):
                page.write(part)
    except OSError as error:
        raise OutputError(f"{path}: the contact sheet cannot be written ({error.strerror or error})") from error


def _parts(report: Report) -> Iterable[str]:
    coloured = [result for result in report.results if result.ok and not result.skipped]
    failed = [result for result in report.results if not result.ok]
    yield _HEAD
    yield f"<h1>tintype</h1><p>{escape(report.summary())}. <small>The colours are estimated.</small></p>"
    if failed:
        yield "<h2>Failed</h2><ul>"
        yield from (f"<li>{escape(result.source)}: {escape(result.error or '')}</li>" for result in failed)
        yield "</ul>"
    yield "<main>"
    for result in coloured[:MOST]:
        yield _figure(result)
    yield "</main>"
    if len(coloured) > MOST:
        yield f"<p>And {len(coloured) - MOST} more.</p>"
    yield _TAIL


def _figure(result: Result) -> str:
    try:
        before, after = _thumbnail(result.source), _thumbnail(result.target or "")
    except (OSError, ValueError, SyntaxError, InputError):
        return f"<figure><figcaption>{escape(result.source)}</figcaption></figure>"
    return (
        f'<figure><div><img alt="before" src="{before}"><img class="after" alt="after" src="{after}"></div>'
        f'<input type="range" value="50" aria-label="before and after"><figcaption>{escape(result.target or "")}<br>'
        f"<small>{result.width}×{result.height}, {result.seconds:.1f} s</small></figcaption></figure>"
    )


def _thumbnail(path: str) -> str:
    with Image.open(io.BytesIO(stores.read(path)) if locations.is_url(path) else path) as image:
        image.draft("RGB", (_SIDE, _SIDE))
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith(("I", "F")):
            low, high = upright.getextrema()
            scale = 255 / max(float(high) - float(low), 1e-6)  # type: ignore[arg-type]
            upright = upright.convert("F").point(lambda value: (value - low) * scale)
        small = upright.convert("RGBA" if "A" in upright.getbands() else "RGB")
        small.thumbnail((_SIDE, _SIDE))
        target = io.BytesIO()
        small.convert("RGB").save(target, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(target.getvalue()).decode()
