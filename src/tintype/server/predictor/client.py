"""Asking a predictor elsewhere, as if its network were here."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tintype.errors import MissingExtra, TintypeError, WeightsError
from tintype.imaging.types import Planes
from tintype.network.model_file import ModelFile
from tintype.network.network import Network

from .address import PredictorAwayError, http_address
from .wire import MEDIA_TYPE, Offer, pack, unpack

_CONNECT_SECONDS = 3.0
_TRIES = 2  # a prediction changes nothing: a connection that broke is tried again


class Predictor:
    """A predictor at an address; safe to use from several threads.

    Args:
        address: ray://HOST:PORT/NAME or http(s)://HOST:PORT/PATH.
        seconds: how long one prediction may take.

    Raises:
        TintypeError: the address makes no sense.
    """

    def __init__(self, address: str, seconds: float) -> None:
        self.address = http_address(address)
        try:
            import httpx2
        except ModuleNotFoundError as error:
            raise MissingExtra("a predictor elsewhere needs httpx2: pip install 'tintype[server]'") from error
        timeout = httpx2.Timeout(seconds, connect=_CONNECT_SECONDS)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=4)
        self._http = httpx2.Client(timeout=timeout, limits=limits, trust_env=False)
        self._broken: Any = httpx2.TransportError
        # It may have been asked already, and is still at it: to ask again would double its work.
        self._slow: Any = (httpx2.ReadTimeout, httpx2.WriteTimeout, httpx2.PoolTimeout)

    def offers(self, seconds: float = _CONNECT_SECONDS) -> dict[str, Offer]:
        """The networks that can be asked, by their hashes.

        Raises:
            PredictorAwayError: nobody answers.
        """
        answer = self._ask("GET", "/models", timeout=seconds)
        try:
            rows = json.loads(answer)
            found = [Offer(**row | {key: tuple(row[key]) for key in ("inputs", "outputs")}) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise PredictorAwayError("what answers at TINTYPE_PREDICTOR is no predictor of tintype") from error
        return {offer.sha256: offer for offer in found}

    def network(self, model_file: ModelFile) -> Network:
        """The network of a model file, to be run there.

        Raises:
            PredictorAwayError: nobody answers.
            WeightsError: the predictor has not this network.
        """
        offer = self.offers().get(model_file.sha256)
        if offer is None:
            raise WeightsError(
                f"the predictor has not the model {model_file.info.name} {model_file.info.version} of this server; "
                "start `tintype predictor` with the same model files"
            )
        return Network(model_file, engine=_RemoteEngine(self, offer))

    def run(self, offer: Offer, feed: Mapping[str, Planes], outputs: tuple[str, ...]) -> list[Planes]:
        """Raises PredictorAwayError, or TintypeError for what the predictor refuses."""
        path = f"/models/{offer.sha256}/predict?outputs={','.join(outputs)}"
        planes = unpack(self._ask("POST", path, content=pack(feed), headers={"Content-Type": MEDIA_TYPE}))
        return [np.ascontiguousarray(planes[name]) for name in outputs]

    def check(self) -> None:
        """Raises PredictorAwayError if nobody answers."""
        self.offers()

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, **options: Any) -> bytes:
        for tries_left in reversed(range(_TRIES)):
            try:
                answer = self._http.request(method, self.address + path, **options)
            except self._broken as error:
                is_slow = isinstance(error, self._slow)
                if tries_left and not is_slow:
                    continue
                raise PredictorAwayError(
                    f"the predictor does not answer ({type(error).__name__}); try again soon"
                ) from error
            if answer.status_code == 200:
                return bytes(answer.content)
            if answer.status_code in (400, 422):
                raise TintypeError(f"the predictor refuses: {answer.text[:300]}")
            raise PredictorAwayError(f"the predictor answers with status {answer.status_code}; try again soon")
        raise AssertionError("unreachable")


class _RemoteEngine:
    """What `Network` needs of an engine. What an encoder finds stays there: hints cost a whole run, and no transfer."""

    features: tuple[str, ...] = ()

    def __init__(self, predictor: Predictor, offer: Offer) -> None:
        self._predictor, self._offer = predictor, offer
        self.name = f"{offer.engine} at {predictor.address}"
        self.device, self.precision = offer.device, offer.precision
        self.inputs: Sequence[str] = offer.inputs
        self.outputs: Sequence[str] = offer.outputs

    def run(self, feed: Mapping[str, Planes], outputs: tuple[str, ...]) -> list[Planes]:
        return self._predictor.run(self._offer, feed, outputs)
