"""Stored files, as a request meets them: one that has gone is a 404."""

from .problems import not_found
from .storage import Storage


def read_file(storage: Storage, key: str) -> bytes:
    """The bytes of a stored file. Raises ProblemError, 404, if it has gone."""
    try:
        return storage.read(key)
    except FileNotFoundError:
        raise not_found("picture") from None
