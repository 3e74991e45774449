"""Divide a data set into parts, such as train and validation: the same way every time, whole groups in one part.

Pictures of one drive, one film or one photographer resemble each other. A random split puts some of each into every
part, and validation then measures memory; a split by group measures what the model makes of something new.
"""

import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath
from typing import Literal

from tintype.errors import DataError

from .duplicates import groups
from .manifest import Entry, refuse_existing, write_manifest
from .sources import iter_pictures, list_entries, natural_key, source_of

By = Literal["picture", "source", "folder", "prefix", "scene", "partition"]
PARTITION_FILE = "list_eval_partition.txt"  # CelebA's own split, lines of "000001.jpg 0"
PARTITIONS = {"0": "train", "1": "val", "2": "test"}
DEFAULT_SHARES: Mapping[str, float] = {"train": 0.9, "val": 0.1}

Progress = Callable[[int], None]  # called with the number of pictures, or of pairs of them, compared so far


@dataclass(frozen=True)
class Split:
    """`parts`: name -> pictures, in the order of the data set; `group_counts`: name -> whole groups in that part."""

    parts: dict[str, list[Entry]]
    group_counts: dict[str, int]

    def write(self, folder: Path, *, overwrite: bool = False) -> list[Path]:
        """Write folder/NAME.manifest.jsonl for each part; raises OutputError, writing none, if one exists."""
        files = {folder / f"{name}.manifest.jsonl": entries for name, entries in self.parts.items()}
        for file in files:
            refuse_existing(file, overwrite)
        for file, entries in files.items():
            write_manifest(file, entries, overwrite=overwrite)
        return list(files)


def split(
    paths: Sequence[str | Path],
    shares: Mapping[str, float | int] | None = None,
    *,
    seed: int = 0,
    by: By | None = None,
    keep_twins: bool = False,
    progress: Progress | None = None,
) -> Split:
    """Divide the pictures of `paths` (folders, shards, manifests) into named parts.

    `shares`: name -> share of the pictures (float, at most 1 in sum; the rest is left out) or their number (int);
    default: train 0.9, val 0.1. `by` says what stays together:

    - picture: nothing (the default); numbers are then met exactly, otherwise as nearly as whole groups allow.
    - source: names that begin alike up to the first "_" or "-": `flickr8k_224_1`.
    - folder: pictures in one folder or, without folders, in one shard.
    - prefix: names that are equal but for their last number: `0001TP_006690` and `0001TP_006720` are of one drive.
    - scene: pictures that show one place (see scenes.py; it compares pixels, about 0.1 s a picture).
    - partition: as CelebA's list_eval_partition.txt says; the default when there is one and no shares are given.

    `keep_twins`: near-duplicates stay together too. Raises DataError when shares are impossible.
    """
    entries = [entry for path in paths for entry in list_entries(path)]
    if by == "partition" or (by is None and not shares and _partition_file(paths)):
        return _by_partition(paths, entries, shares)
    shares = _checked(shares or DEFAULT_SHARES)
    pairs = _pairs_by_name(entries, by) if by != "scene" else _same_places(paths, progress)
    if keep_twins:
        pairs += _twin_pairs(paths, progress)
    together = groups(len(entries), pairs)
    wanted = _targets(shares, len(entries))
    if len(together) < len(shares):
        fewer = f"{len(together)} {by or 'picture'} group(s) for {len(shares)} parts"
        raise DataError(f"{fewer}: whole groups cannot be divided; split by picture, or into fewer parts")
    order = sorted(together, key=lambda group: natural_key(entries[group[0]].name))
    random.Random(seed).shuffle(order)
    assigned = _assign(order, wanted)
    parts = {name: [entries[i] for i in sorted(chain.from_iterable(assigned[name]))] for name in shares}
    return Split(parts, {name: len(assigned[name]) for name in shares})


def parse_shares(texts: Sequence[str]) -> dict[str, float | int]:
    """`["train=0.8", "val=20%"]` or `["train=8000", "val=2000"]` -> what `split` takes; raises DataError."""
    shares: dict[str, float | int] = {}
    for text in texts:
        name, _, amount = text.partition("=")
        try:
            if amount.endswith("%"):
                shares[name] = float(amount[:-1]) / 100
            else:
                shares[name] = int(amount) if amount.isdecimal() else float(amount)
        except ValueError as error:
            raise DataError(f"{text!r} is no part; write train=0.8, train=80% or train=8000") from error
    return shares


def _checked(shares: Mapping[str, float | int]) -> Mapping[str, float | int]:
    for name, share in shares.items():
        if not re.fullmatch(r"[\w-]+", name):
            raise DataError(f"{name!r}: a part's name has letters, digits, - and _ only; try train, val or test")
        if share <= 0 or (isinstance(share, float) and share > 1):
            raise DataError(f"{name}={share}: a share is over 0 and at most 1.0, a number of pictures at least 1")
    if len({isinstance(share, float) for share in shares.values()}) > 1:
        raise DataError("shares (0.8) and numbers of pictures (8000) cannot be mixed; give one kind for all parts")
    total = sum(shares.values())
    if isinstance(total, float) and total > 1 + 1e-9:
        raise DataError(f"the shares sum to {total:g}, over 1; make them smaller")
    return shares


def _targets(shares: Mapping[str, float | int], available: int) -> dict[str, int]:
    """Pictures wanted for each part; rounding errors of shares go to the largest remainders."""
    total = sum(shares.values())
    if isinstance(total, int):
        if total > available:
            raise DataError(f"{total} pictures wanted, {available} there; ask for fewer, or give shares such as 0.8")
        return {name: int(share) for name, share in shares.items()}
    exact = {name: share * available for name, share in shares.items()}
    targets = {name: math.floor(value + 1e-9) for name, value in exact.items()}
    missing = round(total * available) - sum(targets.values())
    for name in sorted(exact, key=lambda name: targets[name] - exact[name])[: max(0, missing)]:
        targets[name] += 1
    for name, target in targets.items():
        if target == 0:
            raise DataError(f"{name}={shares[name]:g} of {available} pictures is none; give a larger share")
    return targets


def _assign(order: list[list[int]], wanted: dict[str, int]) -> dict[str, list[list[int]]]:
    """Fill the parts, small ones first, each with the next groups that bring it nearer to its number."""
    left = list(order)
    assigned: dict[str, list[list[int]]] = {}
    names = sorted(wanted, key=lambda name: wanted[name])
    for turn, name in enumerate(names):
        taken: list[list[int]] = []
        filled = 0
        spare = len(left) - (len(names) - turn - 1)  # every later part needs a group as well
        rest: list[list[int]] = []
        for group in left:
            nearer = abs(wanted[name] - filled - len(group)) < wanted[name] - filled
            if nearer and len(taken) < spare:
                taken.append(group)
                filled += len(group)
            else:
                rest.append(group)
        if not taken:
            taken = [min(rest, key=len)]
            rest.remove(taken[0])
        assigned[name], left = taken, rest
    return assigned


def _pairs_by_name(entries: list[Entry], by: By | None) -> list[tuple[int, int]]:
    if by in (None, "picture"):
        return []
    first: dict[object, int] = {}
    return [(first.setdefault(_group_name(entry, by), i), i) for i, entry in enumerate(entries)]


def _group_name(entry: Entry, by: By | None) -> tuple[object, ...]:
    name = PurePath(entry.name)
    if by == "source":
        return (source_of(entry.name),)
    if by == "folder":
        return (entry.path, name.parent)
    return (name.parent, re.sub(r"[\W_]*\d+$", "", name.stem))


def _same_places(paths: Sequence[str | Path], progress: Progress | None) -> list[tuple[int, int]]:
    from .scan import decode_small
    from .scenes import same_places, view_of

    views = []
    for path in paths:
        for picture in iter_pictures(path):
            try:
                views.append(view_of(decode_small(picture.data)[1]))
            except (OSError, ValueError, SyntaxError) as error:
                raise DataError(
                    f"{picture.name}: broken ({error}); split what `tintype data scan` finds good"
                ) from error
    return [(group[0], other) for group in same_places(views, progress) for other in group[1:]]


def _twin_pairs(paths: Sequence[str | Path], progress: Progress | None) -> list[tuple[int, int]]:
    from .scan import scan

    report = scan(paths, progress=progress)
    return [(group[0], other) for group in report.twins for other in group[1:]]


def _partition_file(paths: Sequence[str | Path]) -> Path | None:
    """CelebA keeps it beside img_celeba/, or in Eval/ beside it."""
    for path in map(Path, paths):
        for folder in (path, path.parent):
            for file in (folder / PARTITION_FILE, folder / "Eval" / PARTITION_FILE):
                if file.is_file():
                    return file
    return None


def _by_partition(paths: Sequence[str | Path], entries: list[Entry], shares: Mapping[str, float | int] | None) -> Split:
    file = _partition_file(paths)
    if file is None:
        raise DataError(f"{paths[0]}: no {PARTITION_FILE} in or beside it; put CelebA's file there, or split otherwise")
    if shares:
        raise DataError(f"{file} says which picture is in which part; leave out the shares")
    lines = (line.split() for line in file.read_text(encoding="utf-8").splitlines())
    part_of = {fields[0]: PARTITIONS.get(fields[1]) for fields in lines if len(fields) == 2}
    parts: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if part := part_of.get(PurePath(entry.name).name):
            parts[part].append(entry)
    if not parts:
        raise DataError(f"{file}: names none of the {len(entries)} pictures; lines are wanted such as '000001.jpg 0'")
    named = {name: parts[name] for name in PARTITIONS.values() if name in parts}
    return Split(named, {name: len(part) for name, part in named.items()})
