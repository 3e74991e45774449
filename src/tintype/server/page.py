"""What lies at /: the built web page if it is there, else a small honest one; and docs that need no network."""

import gzip
import re
from functools import lru_cache
from html import escape
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse

from tintype.version import __version__

from .api_docs import as_html
from .problems import not_found
from .root import ROOT

STATIC = Path(__file__).with_name("static")
LONGEST = 200  # characters of an address of the page; file systems refuse to look for longer names
VIEWS = (
    "photo",
    "batch",
    "film",
    "gallery",
    "compare",
    "s",
    "data",
    "admin",
)  # of the page: what its addresses begin with (web/src/App.tsx)
_TEXTS = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}  # fmt: skip
STYLE = """
:root { color-scheme: light dark; }
body {
  font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#faf8f5, #171614); color: light-dark(#23201d, #ece7e0);
}
a { color: light-dark(#a8431d, #ef9464); }
h1, h2 { font-family: "Iowan Old Style", Palatino, Georgia, "DejaVu Serif", serif; }
h1, h2, h3, td, code { overflow-wrap: anywhere; }
td:first-child, td:first-child code { overflow-wrap: normal; }
code, pre { font: 14px/1.4 ui-monospace, monospace; } pre { overflow-x: auto; }
h2 { margin-top: 2.5rem; } h3 { margin-bottom: .2rem; } .method { font-weight: 700; }
table { border-collapse: collapse; } td, th { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0; }
"""


def page(title: str, body: str) -> HTMLResponse:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    head += '<link rel="stylesheet" href="style.css">'
    return HTMLResponse(f'<!doctype html><html lang="en"><head>{head}</head><body><main>{body}</main></body></html>')


def install(app: FastAPI, static: Path = STATIC) -> None:
    """Add the page and the docs to ``app``; called last, since the page answers every address that is left."""

    @app.get("/style.css", include_in_schema=False)
    async def style() -> PlainTextResponse:
        return PlainTextResponse(STYLE, media_type="text/css")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return page("tintype API", as_html(app.openapi()))

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def built(path: str, request: Request) -> Response:
        return _serve(static, path, "gzip" in request.headers.get("accept-encoding", ""))


def _serve(static: Path, path: str, zipped: bool = False) -> Response:
    if path.startswith(("api/", "health", "ready", "metrics")) or len(path) > LONGEST or "\0" in path:
        raise not_found("page")
    index = static / "index.html"
    if not index.is_file():
        if path:
            raise not_found("page")
        return page("tintype", _plain())
    wanted = (static / path).resolve()
    if path and wanted.is_relative_to(static.resolve()) and wanted.is_file():
        is_hashed = wanted.parent.name == "assets"
        return _file(wanted, "public, max-age=31536000, immutable" if is_hashed else "no-cache", zipped)
    if path and path.partition("/")[0] not in VIEWS:
        raise not_found("page")
    return _index(index, zipped)  # an address inside the page


def _index(path: Path, zipped: bool) -> Response:
    """The page, which asks for everything below the root that it finds in itself."""
    root = ROOT.get()
    if not root:
        return _file(path, "no-cache", zipped)
    told = f'<head>\n    <meta name="tintype-root" content="{escape(root)}" />'
    text = re.sub(r'(?<=src="|ref=")/', f"{root}/", path.read_text(encoding="utf-8"))
    headers = {"Cache-Control": "no-cache"}
    return HTMLResponse(text.replace("<head>", told, 1), headers=headers)


def _file(path: Path, cache: str, zipped: bool) -> Response:
    """A file of the page, compressed if that is taken and makes it smaller."""
    media = _TEXTS.get(path.suffix)
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    if media is None or not zipped:
        return FileResponse(path, headers=headers, media_type=media)
    data = _compressed(path, path.stat().st_mtime_ns)
    return Response(data, media_type=media, headers=headers | {"Content-Encoding": "gzip"})


@lru_cache(maxsize=64)
def _compressed(path: Path, changed: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)


def _plain() -> str:
    return (
        f"<h1>tintype {escape(__version__)}</h1>"
        "<p>The server runs, but the web page was not built into this copy. The API does all the work: "
        '<a href="docs">its description</a>, <a href="openapi.json">its OpenAPI schema</a>, '
        '<a href="api/capabilities">what it can do</a>.</p>'
        "<pre>curl -c jar -b jar -F files=@grandmother.jpg http://HOST/api/pictures\n"
        "curl -c jar -b jar -X POST -H 'Content-Type: application/json' -d '{}' http://HOST/api/pictures/ID/results\n"
        "curl -c jar -b jar -o colour.jpg http://HOST/api/results/ID/file</pre>"
    )
