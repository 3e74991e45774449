"""What gathers in a run between two lines of its log, and the batches of each of its steps."""

import math
import time
from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor

from tintype.data.pairs import PairBatch

from .distributed import Share, mean_of_all


class Tick:
    """The losses and the time between two lines of the log."""

    def __init__(self, images: int) -> None:
        self.images = images
        self.parts: list[dict[str, Tensor]] = []
        self.restart()

    def restart(self) -> None:
        """Begin the clock anew."""
        self.start = time.monotonic()

    def seconds(self) -> float:
        """How long it has been, more than 0."""
        return max(time.monotonic() - self.start, 1e-9)

    def last(self, name: str) -> float:
        """A part of the newest step; not a number where it has none."""
        return float(self.parts[-1].get(name, math.nan))

    def means(self, device: torch.device) -> dict[str, float]:
        """The mean of each part over the steps that had it, and over all processes."""
        keys = dict.fromkeys(key for parts in self.parts for key in parts)
        own = [torch.stack([p[key].float() for p in self.parts if key in p]).mean() for key in keys]
        means = mean_of_all(torch.stack(own).to(device))
        return {key: round(value, 5) for key, value in zip(keys, means.tolist(), strict=True)}


def in_steps(batches: Iterable[PairBatch], share: Share) -> Iterator[list[PairBatch]]:
    """As many batches at a time as this process takes in a step."""
    source = iter(batches)
    while True:
        yield list(islice(source, share.parts))
