"""How far the workers are: a Ray actor beside the driver, told now and then, and asked now and then."""

from typing import Any


class ProgressActor:
    """Frames by what is worked on, and news: what workers found that the driver can act on before they end."""

    def __init__(self) -> None:
        self._frames: dict[tuple[int, int], int] = {}
        self._news: list[Any] = []

    def note(self, film: int, span: int, frames: int) -> None:
        """So many frames of this span are done."""
        self._frames[film, span] = frames

    def tell(self, news: Any) -> None:
        """Something for the driver."""
        self._news.append(news)

    def read(self, over: list[tuple[int, int]]) -> tuple[dict[tuple[int, int], int], list[Any]]:
        """The frames, and what has been told since the last reading; spans that are over are forgotten."""
        for key in over:
            self._frames.pop(key, None)
        news, self._news = self._news, []
        return self._frames, news
