"""Fetch one file over the network, its hash checked before anybody sees it under its name."""

import hashlib
import ssl
import sys
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from tintype.errors import WeightsError, one_line

from .atomic import replacing

SCHEMES = ("https", "http", "file")
TIMEOUT = 30  # seconds without a byte
CHUNK = 1 << 20


def read_url(url: str, cafile: str | None = None) -> bytes:
    """The bytes at `url`, a small page. Raises WeightsError when it cannot be reached."""
    try:
        with _open(url, cafile) as answer:
            data: bytes = answer.read()
            return data
    except (OSError, HTTPException, ValueError) as error:
        raise WeightsError(f"{url}: cannot be fetched ({_reason(error)})") from error


def download(url: str, path: Path, sha256: str, cafile: str | None = None) -> Path:
    """Fetch `url` to `path`; a terminal is shown the progress. Returns `path`.

    `sha256` is the expected hash in hexadecimal, or how it begins. The file gets its name only once the hash is
    right, so that a broken transfer leaves nothing behind. `cafile` names certificates to trust instead of the
    system's. Raises WeightsError when the address cannot be reached, the disk is full or the hash differs.
    """
    try:
        with replacing(path) as partial:
            digest = _fetch(url, partial, cafile)
            if not digest.startswith(sha256.lower()):
                raise WeightsError(f"{url}: sha256 {digest}, expected {sha256}; it is not the file that was asked for")
    except (OSError, HTTPException, ValueError) as error:
        raise WeightsError(f"{url}: cannot be fetched ({_reason(error)})") from error
    return path


def _fetch(url: str, scratch: Path, cafile: str | None) -> str:
    digest = hashlib.sha256()
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
    with _open(url, cafile) as answer, scratch.open("wb") as file, bar:
        length = answer.headers.get("Content-Length")
        task = bar.add_task(url.rpartition("/")[2], total=int(length) if length else None)
        while chunk := answer.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
            bar.advance(task, len(chunk))
        received = file.tell()
    if length and received != int(length):
        raise OSError(f"broke off after {received} of {length} bytes")
    return digest.hexdigest()


def _open(url: str, cafile: str | None) -> Any:  # what http.client answers, or addinfourl: they share no type
    scheme = url.partition(":")[0]
    if scheme not in SCHEMES:
        raise ValueError(f"scheme {scheme!r}; known: {', '.join(SCHEMES)}")
    context = ssl.create_default_context(cafile=cafile) if scheme == "https" else None
    return urlopen(Request(url, headers={"User-Agent": "tintype", "Accept": "*/*"}), timeout=TIMEOUT, context=context)


def _reason(error: Exception) -> str:
    """One line of the error that lies deepest: urllib wraps what the socket said."""
    reason = getattr(error, "reason", None) or error
    return one_line(reason)
