"""The manifest of a pool of gathered photographs: which to train on, and where each comes from on which terms.

Near-duplicates, within and across sources, are found here (duplicates.py) once all sources are gathered: the largest of
a group stays.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tintype.errors import DataError
from tintype.files.atomic import write_bytes

from .duplicates import Likeness, twins
from .gather import Source
from .manifest import refuse_existing


@dataclass
class Pooled:
    """What a manifest took from each source: pictures `kept`, near-duplicates `repeated`."""

    kept: dict[str, int] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)


def write_pool_manifest(
    pool: Path,
    sources: Sequence[Source],
    file: Path,
    *,
    commercial: bool = False,
    leave_out: Sequence[str] = (),
    overwrite: bool = False,
) -> Pooled:
    """Write the list of distinct pictures of the `sources` gathered in `pool`.

    Each line has what every manifest has (`path`, `name`) and `source`, `from` (its name there), `hash` (difference
    hash), `width`, `height`, `terms`, `licence`, `address`. With `commercial` only sources whose terms allow that are
    taken. Pictures of the sources `leave_out` are not taken, nor is anything that looks like one of theirs: they are
    for measuring. Raises DataError when nothing is left, OutputError when the file exists or cannot be written.
    """
    refuse_existing(file, overwrite)
    rows: list[dict[str, Any]] = []
    likenesses: list[Likeness] = []
    for source in sources:
        for row, likeness in _gathered(pool, source.name):
            rows.append({**row, "source": source.name})
            likenesses.append(likeness)
    repeated = _repeated(rows, likenesses, set(leave_out))
    known = {source.name: source for source in sources}
    pooled, lines = Pooled(), []
    for number, row in enumerate(rows):
        source = known[row["source"]]
        if source.name in leave_out or (commercial and not source.commercial):
            continue
        if number in repeated:
            pooled.repeated[source.name] = pooled.repeated.get(source.name, 0) + 1
            continue
        pooled.kept[source.name] = pooled.kept.get(source.name, 0) + 1
        lines.append(json.dumps(_line(row, source, pool, file)))
    if not lines:
        raise DataError(f"{pool}: no picture is left; gather sources first, or allow other terms")
    write_bytes(file, ("\n".join(lines) + "\n").encode())
    return pooled


def _line(row: dict[str, Any], source: Source, pool: Path, file: Path) -> dict[str, Any]:
    shard = pool / row["shard"]
    try:
        path = shard.resolve().relative_to(file.parent.resolve())
    except ValueError:
        path = shard.resolve()
    return {
        "path": str(path),
        **{key: row[key] for key in ("name", "source", "from", "hash", "width", "height")},
        "terms": source.terms,
        "licence": source.licence,
        "address": source.address,
    }


def _gathered(pool: Path, name: str) -> list[tuple[dict[str, Any], Likeness]]:
    """The kept pictures of a source, with what they look like."""
    found = []
    for lines in sorted(pool.glob(f"{name}-[0-9]*.jsonl")):
        rows = [row for row in map(json.loads, lines.read_text(encoding="utf-8").splitlines()) if "name" in row]
        if not rows:
            continue
        with np.load(lines.with_suffix(".npz")) as stored:
            hashes, thumbnails = stored["hashes"], stored["thumbnails"]
        shard = lines.with_suffix(".tar").name
        for row, hashed, thumbnail in zip(rows, hashes, thumbnails, strict=True):
            found.append(({**row, "shard": shard}, Likeness(hashed, thumbnail)))
    return found


def _repeated(rows: list[dict[str, Any]], likenesses: list[Likeness], measured: set[str]) -> set[int]:
    """Numbers of the rows that another one stands for: one for measuring, or else the largest of its group."""

    def rank(number: int) -> tuple[bool, int, int]:
        row = rows[number]
        return row["source"] not in measured, -min(row["width"], row["height"]), number

    repeated: set[int] = set()
    for group in twins(likenesses):
        repeated.update(sorted(group, key=rank)[1:])
    return repeated
