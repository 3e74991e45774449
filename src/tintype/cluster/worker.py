"""Worker of the cluster: an actor of Ray Data that loads the model once and then colours shard after shard."""

import hashlib
import re
import tempfile
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.batch.job import Job, Result
from tintype.batch.run import attempt, colouring
from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.options import ColorizeOptions, OutputOptions
from tintype.errors import TintypeError
from tintype.files import stores
from tintype.network.engine import Device, Precision
from tintype.network.model_file import ModelFile
from tintype.network.trial import believe
from tintype.parallel import alone
from tintype.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

# Pictures an actor has in hand at a time: one is fetched or stored while the network works on the other.
IN_HAND = 2
_PAUSE = 0.5


@dataclass(frozen=True)
class WorkerOptions:
    """Colouring and output options, serialisable, sent to every worker."""

    device: Device = "auto"
    precision: Precision = "auto"
    threads: int = 1
    options: ColorizeOptions = field(default_factory=ColorizeOptions)
    output: OutputOptions = field(default_factory=OutputOptions)
    attempts: int = 3
    models: tuple[tuple[str, str, float], ...] = ()  # name, contract and share of each, as the driver has them
    version: str = __version__


def sending(way: WorkerOptions, models: Sequence[ModelFile]) -> WorkerOptions:
    """The way, with what a worker has to know of the models beside their bytes."""
    told = [(re.sub(r"[^\w.-]", "_", file.path.stem), file.contract, file.share) for file in models]
    return replace(way, models=tuple(told))


class Worker:
    """Colours shards: tables of jobs in, tables of results out. Every failure of a picture becomes part of its result.

    Raises:
        TintypeError: this machine has another version of tintype than the driver.
    """

    def __init__(self, way: WorkerOptions, models: Sequence[Any], trackers: Sequence[Any]) -> None:
        """``models`` refer to the bytes of model files; the pictures are divided among the actors ``trackers``."""
        import ray

        self._get, self._trackers, self._way = ray.get, trackers, way
        colorizer = open_colorizer(way, models, streams=IN_HAND)
        self._make, self._stream = colouring(colorizer, way.options, way.output)

    def __call__(self, shard: "pa.Table") -> "pa.Table":
        jobs = [Job(**row) for row in shard.to_pylist()]
        # What was in hand when a worker died comes last and alone, so that it cannot take others with it again.
        suspects = self._suspects([str(job.target) for job in jobs])
        calm = [job for job in jobs if job.target not in suspects]
        with ThreadPoolExecutor(IN_HAND) as pool:
            results = list(pool.map(self._work, calm))
        results += [self._work(job) for job in jobs if job.target in suspects]
        return result_table(results)

    def _suspects(self, targets: list[str]) -> set[str]:
        found: set[str] = set()
        for number, tracker in enumerate(self._trackers):
            own = [target for target in targets if self._number(target) == number]
            found.update(self._get(tracker.suspects.remote(own)) if own else ())
        return found

    def _number(self, target: str) -> int:
        return zlib.crc32(target.encode("utf-8", "surrogateescape")) % len(self._trackers)

    def _work(self, job: Job) -> Result:
        target = str(job.target)
        tracker = self._trackers[self._number(target)]
        while True:
            number, earlier = self._get(tracker.begin.remote(target))
            if earlier is not None:
                return Result(**earlier)
            with alone():
                result, is_last = self._try(job, target, number)
            if is_last:
                self._get(tracker.end.remote(target, asdict(result)))
                return result
            time.sleep(_PAUSE * number)

    def _try(self, job: Job, target: str, number: int) -> tuple[Result, bool]:
        """What came of try ``number``, and whether that is the end of it."""
        if number > self._way.attempts:
            what = f"{job.source}: its worker died {number - 1} times while at it (out of memory?); set aside"
            return Result(job.source, None, what, attempt=number - 1), True
        try:
            size = None if self._way.output.overwrite else stores.size_of(target)
        except TintypeError as error:
            return Result(job.source, None, str(error), attempt=number), number == self._way.attempts
        if size is not None:  # it was not there when the run was planned: an earlier try could not say so any more
            return Result(job.source, target, bytes=size, attempt=number), True
        result = attempt(job, self._make, self._stream, self._way.output)
        return replace(result, attempt=number), result.ok or number == self._way.attempts


def open_colorizer(way: WorkerOptions, models: Sequence[Any], *, streams: int) -> Colorizer:
    """The models that the driver has sent, ready to colour so many pictures at a time.

    Raises:
        TintypeError: this machine has another version of tintype than the driver, or not the device.
        WeightsError: the models are corrupt.
    """
    import ray

    if way.version != __version__:
        raise TintypeError(f"a worker has tintype {__version__}, the driver {way.version}: install the same")
    with tempfile.TemporaryDirectory(prefix="tintype-") as folder:
        told = []
        for number, (model, (name, contract, share)) in enumerate(zip(models, way.models, strict=True)):
            path = Path(folder) / str(number) / f"{name}.onnx"
            path.parent.mkdir()
            data = ray.get(model)
            path.write_bytes(data)
            if contract:  # a trial in each of many actors would take longer than their work
                believe(hashlib.sha256(data).hexdigest(), contract)
            told.append((f"{contract}:" if contract else "") + str(path) + (f"*{share:.6f}" if len(models) > 1 else ""))
        return Colorizer(
            ",".join(told),
            device=way.device,
            precision=way.precision,
            threads=way.threads,
            streams=streams,
        )


def result_table(results: list[Result]) -> "pa.Table":
    """Results as a table, one column for each field."""
    import pyarrow as pa

    kinds = {"width": pa.int64(), "height": pa.int64(), "bytes": pa.int64(), "attempt": pa.int64(),
             "seconds": pa.float64(), "skipped": pa.bool_()}  # fmt: skip
    schema = pa.schema(
        [(column.name, kinds.get(column.name, pa.string())) for column in fields(Result) if column.name != "beside"]
    )
    return pa.Table.from_pylist([asdict(result) for result in results], schema=schema)
