"""Many pictures for programs: results one by one, in order, with no more in memory than are being worked on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from tintype.errors import TintypeError
from tintype.photo.photo import Photo

from .provenance import read_record


@dataclass(frozen=True)
class Result:
    """What became of one picture.

    Attributes:
        index: Its place among the pictures, from 0. path: Its path, None if it was not given by one. photo: The
            picture in colour, None if it failed. record: What the picture says of how it was made: software, model,
            model_version, weights_sha256, options, note; empty if it failed. warnings: What a person should know, one
            line each. error: Why it failed, None if it did not.
    """

    index: int
    path: Path | None
    photo: Photo | None
    record: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: TintypeError | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a picture."""
        return self.photo is not None


def results(pictures: Iterable[Any], colour: Callable[[Any], Photo], workers: int) -> Iterator[Result]:
    """Colour pictures as they are asked for: results in order, at most 2 x ``workers`` begun and not yet handed out.

    Raises:
        TintypeError: ``workers`` is below 1.
    """
    if workers < 1:
        raise TintypeError(f"workers is {workers}, the least is 1")
    if workers == 1:
        return (_result(index, picture, colour) for index, picture in enumerate(pictures))
    return _at_a_time(pictures, colour, workers)


def _at_a_time(pictures: Iterable[Any], colour: Callable[[Any], Photo], workers: int) -> Iterator[Result]:
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="tintype-many") as pool:
        try:
            for index, picture in enumerate(pictures):
                waiting.append(pool.submit(_result, index, picture, colour))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # whoever asked may stop asking
            for future in waiting:
                future.cancel()


def _result(index: int, picture: Any, colour: Callable[[Any], Photo]) -> Result:
    path = Path(fspath(picture)) if isinstance(picture, str | PathLike) else None
    try:
        photo = colour(picture)
    except TintypeError as error:
        return Result(index, path, None, error=error)
    return Result(index, path, photo, read_record(photo.meta) or {}, _warnings(photo))


def _warnings(photo: Photo) -> tuple[str, ...]:
    found = []
    if max(photo.width, photo.height) < 64:
        found.append(f"{photo.width} x {photo.height} pixels are too few to see what is in the picture")
    if int(photo.luma.max()) - int(photo.luma.min()) < 16:
        found.append("the picture is one flat tone: there is nothing to tell colours by")
    return tuple(found)
