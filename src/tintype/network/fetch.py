"""Fetch a large file over HTTP: a download that is cut off goes on where it was, and is checked before it is used."""

import contextlib
import errno
import hashlib
import ssl
import sys
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from tintype.errors import OutputError, WeightsError

SCHEMES = ("https", "http")
TIMEOUT = 30  # seconds without a byte
CHUNK = 1 << 20
LARGEST = 8 << 30
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TRIES = 3  # for a connection that breaks while bytes still come


def fetch(url: str, scratch: Path, *, size: int = 0, sha256: str = "") -> Path:
    """Fetch `url` to `scratch` and compare it with the size in bytes and the hash that are known; a terminal is shown
    the progress. What a download before left in `scratch` is not fetched again, where the server allows it.

    Raises:
        WeightsError: the address cannot be reached, or what came is not what was asked for; then nothing is kept.
        OutputError: the disk is full.
    """
    if url.partition("://")[0] not in SCHEMES:
        raise WeightsError(f"{url}: cannot be fetched; known are addresses that begin with https:// or http://")
    for attempt in range(1, TRIES + 1):
        before = _got(scratch)
        try:
            _fetch(url, scratch, size)
            break
        except (OSError, HTTPException) as error:
            _explain(url, scratch, error, give_up=attempt == TRIES or _got(scratch) <= before)
    _check(url, scratch, size, sha256)
    return scratch


def _got(scratch: Path) -> int:
    return scratch.stat().st_size if scratch.exists() else 0


def _explain(url: str, scratch: Path, error: Exception, give_up: bool) -> None:
    """Raise what the error means, unless it is worth another try."""
    if isinstance(error, HTTPError):
        what = {404: "there is nothing at this address", 403: "this address is not for everybody"}
        raise WeightsError(f"{url}: {what.get(error.code, error.reason)} (HTTP {error.code})") from error
    if getattr(error, "filename", None) is not None or getattr(error, "errno", None) in FULL:
        scratch.unlink(missing_ok=True)
        raise OutputError(f"{scratch.parent}: cannot be written ({getattr(error, 'strerror', error)})") from error
    if give_up:
        reason = " ".join(str(getattr(error, "reason", None) or error).split()) or type(error).__name__
        kept = f"; {_got(scratch):,} bytes are kept, the same command goes on from there" if _got(scratch) else ""
        raise WeightsError(f"{url}: cannot be fetched ({reason}){kept}") from error


def _fetch(url: str, scratch: Path, size: int) -> None:
    scratch.parent.mkdir(parents=True, exist_ok=True)
    start = _got(scratch)
    if size and start >= size:
        return
    headers = {"User-Agent": "tintype", "Accept": "*/*", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        answer = _open(Request(url, headers=headers))
    except HTTPError as error:
        if error.code == 416 and start:  # there is no more of it than there is here
            return
        raise
    with answer:
        resumed = answer.status == 206 and _range_start(answer) == start
        start = start if resumed else 0
        length = int(answer.headers.get("Content-Length") or 0)
        total = start + length if length else 0
        if max(total, size) > LARGEST or (size and total and total != size):
            scratch.unlink(missing_ok=True)
            raise WeightsError(
                f"{url}: has {total:,} bytes, expected are {size or LARGEST:,} at most; it is another file"
            )
        with scratch.open("ab" if resumed else "wb") as file:
            received = _pour(answer, file, url.rpartition("/")[2], start, size or total)
    if total and start + received < total:
        raise OSError(f"broke off after {start + received:,} of {total:,} bytes")


def _pour(answer: Any, file: IO[bytes], name: str, start: int, total: int) -> int:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    received = 0
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=total or None, completed=start)
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            received += len(chunk)
            bar.advance(task, len(chunk))
            if start + received > (total or LARGEST):
                raise WeightsError(f"{name}: more than {total or LARGEST:,} bytes came; it is another file")
    return received


def _range_start(answer: Any) -> int:
    """Where the part that is answered begins; -1 if that is not said."""
    text = str(answer.headers.get("Content-Range", ""))
    start = text.removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else -1


def _check(url: str, scratch: Path, size: int, sha256: str) -> None:
    got = _got(scratch)
    if size and got != size:
        scratch.unlink(missing_ok=True)
        raise WeightsError(f"{url}: {got:,} bytes, expected {size:,}; it is not the file that was asked for")
    if not sha256:
        return
    with scratch.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256.lower():
        scratch.unlink(missing_ok=True)
        raise WeightsError(
            f"{url}: sha256 {digest}, expected {sha256}; it is not the file that was asked for, nothing is kept"
        )


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """For one process at a time, about one file: raises OutputError while another is at it."""
    lock = path.with_name(f".{path.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a+b")
    except OSError as error:
        raise OutputError(f"{lock.parent}: cannot be written ({error.strerror or error})") from error
    with file:  # it stays: who waits for it may have opened it already
        try:
            _lock(file)
        except OSError:
            raise OutputError(f"{path}: another process is fetching it; wait until that has ended") from None
        yield


def _lock(file: IO[bytes]) -> None:
    """Hold the file as long as it is open; the system lets go of it when the process dies. Raises OSError if held."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _open(request: Request) -> Any:
    context = ssl.create_default_context() if request.full_url.startswith("https") else None
    return urlopen(request, timeout=TIMEOUT, context=context)
