"""Paths and addresses as text: what kind they are, their names, places inside and beside them."""

import os
import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")


_WEB = ("http", "https")


def is_url(place: str) -> bool:
    """Whether this is an address that fsspec opens, not a path on this machine."""
    return _SCHEME.match(place) is not None


def is_web(place: str) -> bool:
    """Whether this is http:// or https://, where nothing can be listed or written."""
    found = _SCHEME.match(place)
    return found is not None and found[1].lower() in _WEB


def plain(place: str) -> str:
    """A file:// address as the path that it means; anything else as it is."""
    if place.lower().startswith("file://"):
        return url2pathname(unquote(urlsplit(place).path))
    return place


def absolute(place: str) -> str:
    """A place that means the same from every working folder."""
    return place if is_url(place) else os.path.abspath(place)


def join(folder: str, inside: str | PurePosixPath) -> str:
    """A place inside a folder, local or not."""
    if is_url(folder):
        return f"{folder.rstrip('/')}/{PurePosixPath(inside).as_posix()}"
    return os.fspath(Path(folder) / inside)


def with_name(place: str, name: str) -> str:
    """A place beside another."""
    return f"{place.rpartition('/')[0]}/{name}" if is_url(place) else os.fspath(Path(place).with_name(name))


def name_of(place: str) -> PurePosixPath:
    """The last part of a place, without the query of a web address; empty for a bucket."""
    found = _SCHEME.match(place)
    if found is None:
        return PurePosixPath(Path(place).name)
    rest = place[found.end() :]
    if is_web(place):
        rest = unquote(rest.partition("#")[0].partition("?")[0])
    return PurePosixPath(rest.rstrip("/").rpartition("/")[2] if "/" in rest.rstrip("/") else "")
