"""A few of the measured pictures to look at: the best, the worst, and some drawn by lot. A mean has no face."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from tintype.imaging.types import Pixels

DRAWN, BEST, WORST = "drawn by lot", "closest to the truth", "furthest from the truth"
EACH = 4
SIDE = 240  # pixels of the longer side of what is kept


@dataclass(frozen=True)
class Sample:
    """One picture: its colourings by name, small, and its figures."""

    name: str
    pictures: dict[str, Image.Image]
    figures: dict[str, float]


class Gallery:
    """Keeps a few of all the pictures that are offered to it, whatever their number; threads may offer.

    Which ones depends on names and distances alone, not on their order.
    """

    def __init__(self, each: int = EACH) -> None:
        self.each = each
        self._kept: dict[str, list[tuple[float, Sample]]] = {DRAWN: [], WORST: [], BEST: []}
        self._turn = threading.Lock()

    def offer(self, name: str, distance: float, pictures: Mapping[str, Pixels], figures: Mapping[str, float]) -> None:
        """`distance`: how far the model's colouring is from the truth. Pixels are uint8 sRGB (H, W, 3)."""
        lot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6])
        ranks = {DRAWN: lot, WORST: -distance, BEST: distance}
        with self._turn:
            groups = [group for group, rank in ranks.items() if self._is_wanted(group, rank, name)]
            if not groups:
                return
            sample = Sample(name, {key: _small(rgb) for key, rgb in pictures.items()}, dict(figures))
            for group in groups:
                kept = self._kept[group]
                kept.append((ranks[group], sample))
                kept.sort(key=lambda one: (one[0], one[1].name))
                del kept[self.each :]

    def groups(self) -> dict[str, list[Sample]]:
        """Samples under what they stand for, none twice, no empty group."""
        seen: set[str] = set()
        found: dict[str, list[Sample]] = {}
        for group, kept in self._kept.items():
            samples = [sample for _, sample in kept if sample.name not in seen]
            seen.update(sample.name for sample in samples)
            if samples:
                found[group] = samples
        return found

    def _is_wanted(self, group: str, rank: float, name: str) -> bool:
        kept = self._kept[group]
        return len(kept) < self.each or (rank, name) < (kept[-1][0], kept[-1][1].name)


def _small(rgb: Pixels) -> Image.Image:
    picture = Image.fromarray(rgb)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture
