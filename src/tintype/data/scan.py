"""The data doctor: which pictures of a data set are broken, tiny, grey, tinted or there twice, and which are good."""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tintype.errors import one_line

from .duplicates import Likeness, likeness_of, twins
from .grey import measure_tint
from .manifest import Entry
from .pairing import Pairing, find_pairings
from .sources import Picture, iter_pictures

# In order of precedence: a picture has the first that is true of it.
# leaked: a near-duplicate of a picture of another set; duplicate: of an earlier one of its own set.
Verdict = Literal["broken", "tiny", "grey", "tinted", "leaked", "duplicate", "good"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
FLAWS = VERDICTS[:-1]

MIN_SIDE = 64
_WORKING_SIDE = 256  # large JPEGs are decoded at a fraction, but not below this
_CHUNK = 256

Progress = Callable[[int], None]  # called with the number of pictures looked at so far


@dataclass(frozen=True)
class Finding:
    """What was found about one picture. `set` is the index of its path; sizes in pixels; `residual` and `chroma` in
    C*ab (see grey.py); `why` says what is wrong, or which picture it resembles. `likeness` is None when it is broken.
    """

    set: int
    entry: Entry
    verdict: Verdict = "good"
    why: str = ""
    width: int = 0
    height: int = 0
    residual: float = 0.0
    chroma: float = 0.0
    likeness: Likeness | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ScanReport:
    """All findings in order of reading; `twins`: groups of indices into them; `pairings`: folders that belong together.

    The sets from number `compared_from` on were only compared with: their pictures are never in `good`.
    """

    sets: list[str]
    findings: list[Finding]
    twins: list[list[int]]
    pairings: list[Pairing]
    compared_from: int

    def counts(self, number: int) -> dict[Verdict, int]:
        """How many pictures of set `number` got each verdict."""
        counted = Counter(finding.verdict for finding in self.findings if finding.set == number)
        return {verdict: counted[verdict] for verdict in VERDICTS}

    def of(self, verdict: Verdict) -> list[Finding]:
        """The findings with this verdict."""
        return [finding for finding in self.findings if finding.verdict == verdict]

    def good(self, keep: Iterable[str] = ()) -> list[Entry]:
        """Pictures to train on: those without flaw, and those whose only flaw is in `keep`."""
        wanted = {"good", *keep}
        return [f.entry for f in self.findings if f.verdict in wanted and f.set < self.compared_from]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; good pictures are counted, not listed."""
        return {
            "sets": [
                {"path": name, "pictures": sum(counts.values()), **counts, "compared_only": i >= self.compared_from}
                for i, (name, counts) in enumerate((name, self.counts(i)) for i, name in enumerate(self.sets))
            ],
            "found": [_plain(finding) for finding in self.findings if finding.verdict != "good"],
            "twins": [[_place(self.findings[index].entry) for index in group] for group in self.twins],
            "pairings": [asdict(pairing) for pairing in self.pairings],
        }


def scan(
    paths: Sequence[str | Path],
    *,
    against: Sequence[str | Path] = (),
    min_side: int = MIN_SIDE,
    threads: int | None = None,
    progress: Progress | None = None,
) -> ScanReport:
    """Look at every picture of `paths` (folders, shards, manifests: each a set) and compare them with one another.

    `against`: further sets, such as a validation set. A picture of `paths` that is in one of them too is `leaked`, as
    is one that is in two sets of `paths` (the later one is named). `min_side`: a shorter short side, in pixels, is
    tiny. Raises DataError when a path is missing or has no pictures.
    """
    sets = [*paths, *against]
    findings: list[Finding] = []
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        cv2.setNumThreads(1)  # the threads are one a picture
        pictures = ((number, picture) for number, path in enumerate(sets) for picture in iter_pictures(path))
        for chunk in _chunks(pictures):
            findings += pool.map(lambda item: examine(item[1], min_side, item[0]), chunk)
            if progress:
                progress(len(findings))
    groups = _groups(findings)
    judged = _judge_twins(findings, groups, len(paths))
    pairings = find_pairings(finding.entry for finding in findings)
    return ScanReport([str(path) for path in sets], judged, groups, pairings, len(paths))


def examine(picture: Picture, min_side: int = MIN_SIDE, number: int = 0) -> Finding:
    """Everything that can be said of one picture of set `number` alone. Never raises for a bad picture."""
    blank = Finding(number, picture.entry)
    try:
        (width, height), rgb = decode_small(picture.data)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        return replace(blank, verdict="broken", why=_reason(picture.data, error))
    tint = measure_tint(rgb)
    seen = replace(
        blank,
        width=width,
        height=height,
        residual=round(tint.residual, 3),
        chroma=round(tint.chroma, 3),
        likeness=likeness_of(rgb),
    )
    if min(width, height) < min_side:
        return replace(seen, verdict="tiny", why=f"{width} x {height}")
    if tint.kind == "grey":
        return replace(seen, verdict="grey", why="no colour")
    if tint.kind == "tinted":
        return replace(
            seen, verdict="tinted", why=f"one hue, {tint.hue:.0f} degrees; {tint.residual:.2f} left without it"
        )
    return seen


def decode_small(data: bytes) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """(width, height) of the file, and uint8 RGB (H, W, 3), a large JPEG at a fraction of its size."""
    with Image.open(io.BytesIO(data)) as image:
        size = image.size
        if image.mode == "RGB":
            image.draft("RGB", (_WORKING_SIDE, _WORKING_SIDE))
        return size, rgb_of(image)


def rgb_of(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 RGB (H, W, 3) of a picture of any mode; 16 and 32 bits are scaled, where Pillow clips them to white."""
    if image.mode.startswith(("I", "F")):
        levels = np.asarray(image, np.float32)
        white = 65535.0 if image.mode.startswith("I;16") else max(float(levels.max()), 1e-6)
        return np.repeat((levels * (255 / white)).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    return np.asarray(image.convert("RGB"), np.uint8)


def _reason(data: bytes, error: Exception) -> str:
    if not data:
        return "empty or unreadable"
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    return f"damaged or cut short ({one_line(error)})"


def _chunks(pictures: Iterator[tuple[int, Picture]]) -> Iterator[list[tuple[int, Picture]]]:
    while chunk := list(islice(pictures, _CHUNK)):
        yield chunk


def _groups(findings: list[Finding]) -> list[list[int]]:
    usable = [index for index, finding in enumerate(findings) if finding.likeness is not None]
    likenesses = [finding.likeness for finding in findings if finding.likeness is not None]
    return [[usable[item] for item in group] for group in twins(likenesses)]


def _judge_twins(findings: list[Finding], groups: list[list[int]], compared_from: int) -> list[Finding]:
    """Of the good pictures of a group the first one stays, but one of an `against` set comes before all others."""
    judged = list(findings)
    for group in groups:
        good = [index for index in group if findings[index].verdict == "good"]
        good.sort(key=lambda index: (findings[index].set < compared_from, index))
        for index in good[1:]:
            finding, kept = findings[index], findings[good[0]]
            verdict: Verdict = "duplicate" if finding.set == kept.set else "leaked"
            judged[index] = replace(finding, verdict=verdict, why=f"as {_place(kept.entry)}")
    return judged


def _place(entry: Entry) -> str:
    return str(entry.path / entry.name)


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict,
        "path": str(finding.entry.path),
        "name": finding.entry.name,
        "why": finding.why,
        "width": finding.width,
        "height": finding.height,
        "residual": finding.residual,
        "chroma": finding.chroma,
    }
