"""Replicas on a Ray cluster that runs already: Ray Serve starts, moves, scales and restarts them."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tintype.errors import MissingExtra, TintypeError
from tintype.network.engine import Device
from tintype.network.model_file import find_model, list_models

from .address import PredictorAwayError
from .client import Predictor
from .replica import Replica

_TRIES = 5
_ANSWER_SECONDS = 300
_LOCAL_BYTES = 256 << 20  # shared memory of a cluster of this process alone


@dataclass(frozen=True)
class Deployment:
    """What is deployed, and how far it grows.

    ``models``: names or files, the same on every machine; all that `tintype models` lists when None. ``batch``:
    requests in one run at most, ``wait_seconds``: how long the first waits for others. ``least`` and ``most`` replicas,
    each with ``cpus`` and ``gpus`` of the cluster.
    """

    models: Sequence[str] | None = None
    name: str = "tint"
    host: str = "127.0.0.1"
    port: int = 8100
    device: Device = "auto"
    threads: int | None = None
    batch: int = 8
    wait_seconds: float = 0.005
    least: int = 1
    most: int = 4
    cpus: float = 1
    gpus: float = 0


def deploy(what: Deployment, address: str = "auto") -> str:
    """Put it on the cluster at ``address`` ("local" starts one in this process); returns the TINTYPE_PREDICTOR of it.

    The same name again replaces what is there, replica by replica.

    Raises:
        MissingExtra: Ray is not installed.
        TintypeError: no cluster answers, or the replicas do not start.
    """
    if not 1 <= what.least <= what.most:
        raise TintypeError(f"{what.least} to {what.most} replicas: the least is 1, and not more than the most")
    named = what.models or [model.path.stem for model in list_models()]
    for model in named:
        find_model(model)  # said here rather than by a replica
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    try:
        import ray
        from ray import serve
    except ModuleNotFoundError as error:
        raise MissingExtra("a predictor needs Ray: pip install 'tintype[ray]'") from error
    if not ray.is_initialized():
        try:
            own: dict[str, Any] = (
                {"include_dashboard": False, "object_store_memory": _LOCAL_BYTES} if address == "local" else {}
            )
            ray.init(address=address, log_to_driver=False, **own)
        except ConnectionError as error:
            raise TintypeError(
                f"no Ray cluster answers at {address!r}; start one with `ray start --head`, or give --address local"
            ) from error
    _start(serve, what)
    # What a replica holds: a batch in work and the next one filling; more wait at the balancer, and too many are told.
    made: Any = serve.deployment(Replica)
    replicas = made.options(
        name="networks", max_ongoing_requests=2 * what.batch, max_queued_requests=16 * what.batch,
        ray_actor_options={"num_cpus": what.cpus, "num_gpus": what.gpus},
        autoscaling_config={
            "min_replicas": what.least, "max_replicas": what.most, "target_ongoing_requests": what.batch,
            "upscale_delay_s": 10, "downscale_delay_s": 300,
        },
    )  # fmt: skip
    bound = replicas.bind(list(named), what.device, what.threads, what.batch, what.wait_seconds)
    try:
        serve.run(bound, name=what.name, route_prefix=f"/{what.name}")
    except RuntimeError as error:
        raise TintypeError(f"the replicas do not start: {str(error).splitlines()[-1]}; see `serve status`") from error
    found = f"ray://{what.host}:{what.port}/{what.name}"
    _wait(found.replace("0.0.0.0", "127.0.0.1"))
    return found


def _start(serve: Any, what: Deployment) -> None:
    """Ray waits a minute for its proxies. On a busy machine that is not enough: asked again, it finds what it began."""
    options = {"host": what.host, "port": what.port}
    for tries_left in reversed(range(_TRIES)):
        try:
            serve.start(proxy_location="EveryNode", http_options=options)
            return
        except (TimeoutError, RuntimeError) as error:
            if not tries_left:
                raise TintypeError(f"Ray Serve does not start: {str(error).splitlines()[0]}") from error


def _wait(address: str) -> None:
    """Until the networks answer over HTTP, as those will ask who are given the address."""
    predictor = Predictor(address, 10)
    ends = time.monotonic() + _ANSWER_SECONDS
    while True:
        try:
            predictor.check()
            break
        except PredictorAwayError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.5)
    predictor.close()
