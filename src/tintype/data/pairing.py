"""Pairs in two folders, such as input/ and target/: pictures without partner, and orders that would pair them wrongly.

Reading two folders by index pairs the wrong pictures as soon as one file is missing, or when one side is sorted as text
(img10 before img2) and the other by number. A published system reports an error over 500 from such a list.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePath

from .manifest import Entry
from .sources import NaturalKey, natural_key

# What a folder of each side is called, as a whole word in its name: "train_black" faces "train_color".
_SIDES = (
    ("input", "target"),
    ("input", "output"),
    ("source", "target"),
    ("grey", "color"),
    ("gray", "color"),
    ("grey", "colour"),
    ("gray", "colour"),
    ("black", "color"),
    ("bw", "color"),
    ("sketch", "photo"),
    ("sketches", "photos"),
    ("a", "b"),
    ("l", "ab"),
)
_WORDS = frozenset(word for side in _SIDES for word in side if len(word) > 2)  # "a" and "l" may be a picture's own


@dataclass(frozen=True)
class Pairing:
    """Two folders whose pictures belong together by name.

    `misplaced` counts the places at which the two plainly sorted lists hold pictures that do not belong together;
    `unsorted` is True when plain and natural order differ in one of them.
    """

    left: str
    right: str
    pairs: int
    left_alone: list[str]
    right_alone: list[str]
    misplaced: int
    unsorted: bool


def find_pairings(entries: Iterable[Entry]) -> list[Pairing]:
    """Every two sibling folders that are named as two sides and share at least one picture's name."""
    folders: dict[tuple[Path, PurePath], list[str]] = defaultdict(list)
    for entry in entries:
        whole = PurePath(entry.name)
        inside = whole.parent
        if inside == PurePath():  # given on its own, as in `scan data/input data/target`
            folders[entry.path.parent, PurePath(entry.path.name)].append(whole.name)
        else:
            folders[entry.path, inside].append(whole.name)
    found = []
    for home, left in folders:
        for right in _partners(left):
            if (home, right) in folders:
                found.append(_compare(home, left, right, folders[home, left], folders[home, right]))
    return [pairing for pairing in found if pairing.pairs]


def _partners(left: PurePath) -> Iterable[PurePath]:
    """The names that the other side's folder may have."""
    pieces = re.split(r"([A-Za-z]+)", left.name)
    for number, piece in enumerate(pieces):
        for one, other in _SIDES:
            if piece.lower() == one:
                like = other.upper() if piece.isupper() else other.title() if piece.istitle() else other
                yield left.with_name("".join([*pieces[:number], like, *pieces[number + 1 :]]))


def _same(name: str) -> NaturalKey:
    """Equal for two sides of a pair: img_02_grey.png and img_2_color.jpg."""
    words = [word for word in re.split(r"[_\-. ]+", PurePath(name).stem) if word.lower() not in _WORDS]
    return natural_key(" ".join(words) or PurePath(name).stem)


def _compare(home: Path, left: PurePath, right: PurePath, lefts: list[str], rights: list[str]) -> Pairing:
    left_keys, right_keys = {_same(name) for name in lefts}, {_same(name) for name in rights}
    by_index = zip_longest(sorted(lefts), sorted(rights))
    return Pairing(
        left=str(home / left),
        right=str(home / right),
        pairs=len(left_keys & right_keys),
        left_alone=sorted((name for name in lefts if _same(name) not in right_keys), key=natural_key),
        right_alone=sorted((name for name in rights if _same(name) not in left_keys), key=natural_key),
        misplaced=sum(a is None or b is None or _same(a) != _same(b) for a, b in by_index),
        unsorted=any(sorted(names) != sorted(names, key=natural_key) for names in (lefts, rights)),
    )
