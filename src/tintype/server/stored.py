"""Stored files, as a request meets them: one that has gone is a 404, a large one is weighed and read in strips."""

from tintype.photo.photo import Photo

from .large import Work, head_of, small_photo, weigh
from .problems import not_found
from .storage import Storage


def read_file(storage: Storage, key: str) -> bytes:
    """The bytes of a stored file. Raises ProblemError, 404, if it has gone."""
    try:
        return storage.read(key)
    except FileNotFoundError:
        raise not_found("picture") from None


def read_small(storage: Storage, key: str, side: int, max_pixels: int) -> Photo:
    """A stored picture; a large one at most ``side`` pixels long. Raises ProblemError, 404, if it has gone."""
    data = read_file(storage, key)
    head = head_of(data)
    if head is not None and head.is_streamed:
        return small_photo(data, head, side)
    return Photo.read(data, max_pixels=max_pixels)


def weight_of(storage: Storage, key: str, work: Work, size: int = 0) -> int:
    """Bytes of memory that work on a stored picture takes; ``size``: the short side that the network works at.

    Raises ProblemError, 404, if it has gone.
    """
    try:
        with storage.open(key) as file:
            return weigh(head_of(file), work, size) + (storage.size(key) or 0)
    except FileNotFoundError:
        raise not_found("picture") from None
