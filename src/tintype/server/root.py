"""The path below which the whole site lies, such as /tintype on a host that serves other things too."""

from contextvars import ContextVar

ROOT: ContextVar[str] = ContextVar("root", default="")


def here(path: str) -> str:
    """The address of a path of this site as a browser must ask for it: with the site's root before it.

    >>> here("/api/pictures")
    '/api/pictures'
    """
    return ROOT.get() + path
