"""The manifest of a batch: one row for each picture, in Parquet, beside results that may lie anywhere.

A run writes parts into the folder .tintype-manifest of the output: first what it means to do, then what was done, as it
comes. A part appears whole or not at all and is never changed, so the manifest outlives any crash, and object stores,
which cannot append, can hold it. At the end of a run tintype-manifest.parquet has the last word on each picture.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tintype.errors import InputError, MissingExtra
from tintype.files import locations, stores
from tintype.files.atomic import sweep

from .job import Job, Record, Result
from .journal import NAME, Journal, folder_for, key_of

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = ".tintype-manifest"
MERGED = "tintype-manifest.parquet"
# What is known is written after so many rows or seconds: few parts, and little to look up again after a crash.
_ROWS, _SECONDS = 5000, 10.0
_COLUMNS = {
    "input": "string", "output": "string", "status": "string", "error": "string", "attempt": "int32",
    "seconds": "double", "time": "timestamp", "width": "int32", "height": "int32", "bytes": "int64",
    "weights": "string", "key": "string", "run": "string",
}  # fmt: skip
PLANNED, REPLACING, DONE, FAILED, FINISHED = "planned", "replacing", "done", "failed", "finished"


@dataclass(frozen=True)
class _Known:
    key: str
    status: str
    size: int | None


class Manifest:
    """The manifest beside the results in ``folder``, for tasks done with ``options`` (plain values).

    ``weights`` is the hash of the model file.

    Raises:
        MissingExtra: pyarrow is not installed.
        InputError, OutputError: the parts cannot be read or written.
    """

    def __init__(self, folder: str, options: dict[str, Any], weights: str) -> None:
        _need_pyarrow()
        self.folder = folder
        self.run = f"{time.time_ns() // 1_000_000:013x}-{secrets.token_hex(3)}"
        self._options = json.dumps(options, sort_keys=True, default=str)
        self._weights = weights
        self._lock = threading.Lock()
        self._rows: list[dict[str, Any]] = []
        self._written = time.monotonic()
        self._parts = 0
        # Output -> the last word on it, over all time, and since the last run that came to its end.
        self._known: dict[str, _Known] = {}
        self._unfinished: dict[str, _Known] = {}
        # Results of a run that was cut short which it could not note any more: output -> bytes.
        self._found: dict[str, int] = {}
        for part in _parts(folder):
            self._learn(part)
        for place, known in self._unfinished.items():
            if known.status in (PLANNED, REPLACING) and not locations.is_url(place):
                sweep(Path(place))

    def _learn(self, part: "pa.Table") -> None:
        columns = (part.column(name).to_pylist() for name in ("output", "key", "status", "bytes"))
        for output, key, status, size in zip(*columns, strict=True):
            if status == FINISHED:
                self._unfinished.clear()
            elif output is not None:
                self._known[output] = self._unfinished[output] = _Known(key, status, size)

    def is_done(self, job: Job, *, overwrite: bool = False, size: int | None = None) -> bool:
        """Whether this picture was coloured with these options and its result is there, ``size`` bytes long.

        With `overwrite`, only work of a run that was cut short counts: a new run does everything again.
        """
        place = locations.absolute(job.target or "")
        known = (self._unfinished if overwrite else self._known).get(place)
        if known is None or size is None or known.key != key_of(job.source, job.stamp, self._options + job.also):
            return False
        if known.status == DONE:
            return known.size == size
        # It was not there when we meant to write it, now it is, and results appear whole: the run ended just between.
        if known.status == PLANNED and not overwrite:
            self._found[place] = size
            return True
        return False

    def was_begun(self, job: Job) -> bool:
        """False: on a cluster nothing lies beside results that a cut-off run could have left."""
        return False

    def plan(self, jobs: Iterable[Job]) -> None:
        """Write down what is to be done, and what cannot be, before any of it is begun."""
        for job in jobs:
            if job.skipped:
                size = self._found.pop(locations.absolute(job.target or ""), None)
                if size is not None:
                    self._add(job, DONE, bytes=size)
            elif job.error is not None:
                self._add(job, FAILED, error=job.error)
            else:
                self._add(job, REPLACING if job.replaces else PLANNED)
        self.flush()

    def begin(self, job: Job) -> None:
        """Nothing: `plan` has said so."""

    def end(self, job: Job, result: Result) -> None:
        """Note how a job ended; written with others, soon."""
        self._add(
            job,
            DONE if result.ok else FAILED,
            error=result.error,
            attempt=result.attempt,
            seconds=result.seconds,
            width=result.width,
            height=result.height,
            bytes=result.bytes,
        )
        if len(self._rows) >= _ROWS or time.monotonic() - self._written > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is noted and not written yet."""
        with self._lock:
            rows, self._rows = self._rows, []
            self._written = time.monotonic()
            number, self._parts = self._parts, self._parts + 1
        if rows:
            data = _bytes_of(_need_pyarrow().Table.from_pylist(rows, schema=_schema()))
            name = f"part-{self.run}-{number:05}.parquet"
            stores.write(locations.join(self.folder, f"{FOLDER}/{name}"), data, overwrite=False)

    def finish(self) -> None:
        """Write that the run came to its end, and the merged view."""
        self._rows.append({"status": FINISHED, "time": _now(), "run": self.run})
        self.flush()
        self.merge()

    def merge(self) -> None:
        """Write the merged view: the last row of each picture."""
        stores.write(locations.join(self.folder, MERGED), _bytes_of(read_manifest(self.folder)), overwrite=True)

    def _add(self, job: Job, status: str, **facts: Any) -> None:
        row = {
            "input": job.source,
            "output": job.target and locations.absolute(job.target),
            "status": status,
            "time": _now(),
            "weights": self._weights,
            "key": key_of(job.source, job.stamp, self._options + job.also),
            "run": self.run,
        }
        with self._lock:
            self._rows.append(row | facts)


def read_manifest(folder: str) -> "pa.Table":
    """The manifest of the results in a folder, local or at an address: the last row of each picture.

    Status is "done", "failed", or, of a run that was cut short, "planned" ("replacing" where there was one before).

    Raises:
        MissingExtra: pyarrow is not installed.
        InputError: the parts cannot be read.
    """
    pa = _need_pyarrow()
    last = {}
    for part in _parts(folder):
        for row in part.to_pylist():
            if row["status"] != FINISHED:
                last[row["input"], row["output"]] = row
    return pa.Table.from_pylist(list(last.values()), schema=_schema())


def record_for(
    inputs: list[str], output: str | None, options: dict[str, Any], weights: str, *, cluster: bool = False
) -> Record | None:
    """What remembers such a run: a journal beside local results, a manifest at an address, for a cluster, and where
    there is one already; None for single files.

    Raises:
        MissingExtra, InputError, OutputError: as `Manifest` and `Journal` do.
    """
    folder = folder_for(inputs, output)
    if folder is None:
        return None
    if cluster or locations.is_url(folder) or (Path(folder) / FOLDER).is_dir():
        return Manifest(folder, options, weights)
    return Journal(Path(folder) / NAME, options)


def _parts(folder: str) -> Iterator["pa.Table"]:
    """The parts in the order in which they were written."""
    import pyarrow.parquet as pq

    inside = locations.join(folder, FOLDER)
    if locations.is_url(inside):
        names = [name for name, _ in stores.find(inside)]
    else:
        names = sorted(path.name for path in Path(inside).glob("part-*.parquet"))
    for name in names:
        if name.startswith("part-") and name.endswith(".parquet"):
            place = locations.join(inside, name)
            try:
                yield pq.read_table(BytesIO(stores.read(place)), schema=_schema())
            except (ValueError, OSError) as error:  # pyarrow's own errors are of these
                raise InputError(f"{place}: no part of a manifest ({error}); remove it") from error


def _bytes_of(table: "pa.Table") -> bytes:
    import pyarrow.parquet as pq

    target = BytesIO()
    pq.write_table(table, target, compression="zstd")
    return target.getvalue()


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([(name, _type(kind)) for name, kind in _COLUMNS.items()])


def _type(kind: str) -> "pa.DataType":
    import pyarrow as pa

    return pa.timestamp("ms", tz="UTC") if kind == "timestamp" else pa.type_for_alias(kind)


def _now() -> datetime:
    return datetime.now(UTC)


def _need_pyarrow() -> ModuleType:
    """pyarrow.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtra("the manifest of a batch needs pyarrow: pip install 'tintype[urls]'") from error
    module: ModuleType = pyarrow
    return module
