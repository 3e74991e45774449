"""One replica: networks on one device, and requests of equal shape that wait for each other and run as one batch."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tintype.errors import TintypeError, WeightsError
from tintype.imaging.types import Planes
from tintype.network.engine import Device
from tintype.network.model_file import find_model
from tintype.network.network import Network

from .wire import MEDIA_TYPE, MOST_BYTES, Offer, pack, unpack

_MOST_PIXELS = 1 << 22  # of lightness in one run of a network; larger batches win no more and need much memory


@dataclass(frozen=True)
class PredictionRequest:
    """One request for one network."""

    sha256: str
    planes: Mapping[str, Planes]
    outputs: tuple[str, ...]

    @property
    def kind(self) -> tuple[Any, ...]:
        """Requests of one kind fit into one batch."""
        shapes = tuple(sorted((name, plane.shape[1:]) for name, plane in self.planes.items()))
        return self.sha256, self.outputs, shapes

    @property
    def pixels(self) -> int:
        count, _, height, width = self.planes["lightness"].shape
        return int(count * height * width)


def batches(asks: Sequence[PredictionRequest]) -> list[list[int]]:
    """The requests' numbers in groups that run together: of one kind, and not too many pixels."""
    groups: dict[tuple[Any, ...], list[list[int]]] = {}
    for number, ask in enumerate(asks):
        runs = groups.setdefault(ask.kind, [[]])
        if runs[-1] and sum(asks[n].pixels for n in (*runs[-1], number)) > _MOST_PIXELS:
            runs.append([])
        runs[-1].append(number)
    return [run for runs in groups.values() for run in runs]


class Networks:
    """The networks of a replica, by the hashes of their files."""

    def __init__(self, models: Sequence[str], device: Device, threads: int | None) -> None:
        made = [Network(find_model(name), device=device, threads=threads) for name in models]
        self._networks = {network.model_file.sha256: network for network in made}
        self.largest = 0  # batch so far

    def offers(self) -> list[dict[str, Any]]:
        return [
            dataclasses.asdict(
                Offer(
                    network.model_file.path.stem, sha256, network.engine, network.device, network.precision,
                    inputs=network.inputs, outputs=network.outputs,
                )
            )
            for sha256, network in self._networks.items()
        ]  # fmt: skip

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._networks

    def run(self, asks: Sequence[PredictionRequest]) -> list[dict[str, Planes] | TintypeError]:
        """An answer, or the reason for none, for each request."""
        answers: dict[int, dict[str, Planes] | TintypeError] = {}
        for group in batches(asks):
            self.largest = max(self.largest, len(group))
            answers |= zip(group, self._together([asks[number] for number in group]), strict=True)
        return [answers[number] for number in range(len(asks))]

    def _together(self, asks: Sequence[PredictionRequest]) -> Sequence[dict[str, Planes] | TintypeError]:
        network = self._networks[asks[0].sha256]
        feed = {name: np.concatenate([ask.planes[name] for ask in asks]) for name in asks[0].planes}
        try:
            answer = network.run(feed["lightness"], feed.get("hints"), outputs=asks[0].outputs)
        except TintypeError as error:
            # One picture may be the reason: the others shall not suffer for it.
            return [error] if len(asks) == 1 else [one for ask in asks for one in self._together([ask])]
        ends = np.cumsum([len(ask.planes["lightness"]) for ask in asks])[:-1]
        parts = {name: np.split(planes, ends) for name, planes in answer.items()}
        return [{name: parts[name][i] for name in parts} for i in range(len(asks))]


Batched = Callable[[PredictionRequest], Awaitable["dict[str, Planes] | TintypeError"]]


class Replica:
    """What Ray Serve runs: it answers HTTP requests as `wire` says."""

    def __init__(
        self, models: Sequence[str], device: Device, threads: int | None, most: int, wait_seconds: float
    ) -> None:
        from ray import serve

        self._networks = Networks(models, device, threads)

        async def together(asks: list[PredictionRequest]) -> list[dict[str, Planes] | TintypeError]:
            return await asyncio.to_thread(self._networks.run, asks)

        batch: Any = serve.batch(max_batch_size=most, batch_wait_timeout_s=wait_seconds)
        self._batched: Batched = batch(together)

    async def __call__(self, request: Any) -> Any:
        from starlette.responses import PlainTextResponse, Response

        parts = [part for part in request.url.path.split("/") if part][1:]  # without the application's name
        if request.method == "GET" and parts == ["models"]:
            return Response(json.dumps(self._networks.offers()), media_type="application/json")
        if request.method == "GET" and parts == ["batches"]:
            return Response(json.dumps({"largest": self._networks.largest}), media_type="application/json")
        if request.method != "POST" or len(parts) != 3 or (parts[0], parts[2]) != ("models", "predict"):
            return PlainTextResponse("there is nothing at this address", 404)
        if parts[1] not in self._networks:
            return PlainTextResponse("this predictor has not this network", 404)
        if int(request.headers.get("content-length", 0)) > MOST_BYTES:
            return PlainTextResponse(f"more than {MOST_BYTES:,} bytes", 400)
        try:
            ask = read(parts[1], await request.body(), request.query_params.get("outputs", "ab"))
            answer = await self._batched(ask)
            if isinstance(answer, TintypeError):
                raise answer
        except WeightsError as error:
            return PlainTextResponse(str(error).rpartition("/")[2], 422)
        except TintypeError as error:
            return PlainTextResponse(str(error), 400)
        return Response(pack(answer), media_type=MEDIA_TYPE)


def read(sha256: str, body: bytes, outputs: str) -> PredictionRequest:
    """The request in a message. Raises TintypeError if it is none."""
    planes = unpack(body)
    if "lightness" not in planes or not set(planes) <= {"lightness", "hints"}:
        raise TintypeError(f"wanted are the planes lightness, and maybe hints; these are {', '.join(planes)}"[:200])
    return PredictionRequest(sha256, planes, tuple(outputs.split(",")))
