"""`tintype predictor`: a thin face of `tintype.server.predictor`."""

from typing import Annotated

import typer

from .completion import models


def predictor(
    models: Annotated[
        list[str] | None,
        typer.Option("--model", autocompletion=models, help="Name or file of a model; may be repeated. Default: all."),
    ] = None,
    address: Annotated[
        str, typer.Option("--address", help="The Ray cluster; auto: the one this machine is part of; local: a new one.")
    ] = "auto",
    name: Annotated[str, typer.Option("--name", help="The application's name, the end of its address.")] = "tint",
    host: Annotated[
        str, typer.Option("--host", help="Where each machine of the cluster listens; 0.0.0.0 for every network card.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="And its port.")] = 8100,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda or auto.")] = "auto",
    threads: Annotated[
        int, typer.Option("--threads", min=0, max=256, help="CPU threads; 0 for as many as --cpus.")
    ] = 0,
    batch: Annotated[int, typer.Option("--batch", min=1, max=256, help="Pictures in one run, at most.")] = 8,
    wait: Annotated[
        float, typer.Option("--wait", min=0, max=1000, help="Milliseconds that the first waits for others.")
    ] = 5,
    least: Annotated[int, typer.Option("--least", min=1, help="Replicas, at least.")] = 1,
    most: Annotated[int, typer.Option("--most", min=1, help="Replicas, at most.")] = 4,
    cpus: Annotated[float, typer.Option("--cpus", min=0, help="CPUs of the cluster for each replica.")] = 1,
    gpus: Annotated[float, typer.Option("--gpus", min=0, help="GPUs of the cluster for each replica.")] = 0,
    block: Annotated[
        bool, typer.Option("--block", help="Stay until stopped; with --address local it always stays.")
    ] = False,
) -> None:
    """Run networks for web servers and workers on a Ray cluster, in batches, on as many replicas as are needed.

    Prints the TINTYPE_PREDICTOR that web servers and workers are given (docs/deploy.md).

    Examples:

      ray start --head && tintype predictor --most 8

      tintype predictor --device cuda --gpus 1 --batch 32 --host 0.0.0.0
    """
    from . import calm_numpy

    calm_numpy()

    import math
    import threading
    from typing import cast

    from tintype.network.engine import Device
    from tintype.server.predictor.deployment import Deployment, deploy

    what = Deployment(
        models=models or None, name=name, host=host, port=port, device=cast("Device", device),
        threads=threads or max(1, math.ceil(cpus)), batch=batch, wait_seconds=wait / 1000, least=least, most=most,
        cpus=cpus, gpus=gpus,
    )  # fmt: skip
    print(f"TINTYPE_PREDICTOR={deploy(what, address)}", flush=True)
    if block or address == "local":
        threading.Event().wait()
