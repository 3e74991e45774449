"""`tintype worker`: a thin face of `tintype.server`."""

from typing import Annotated

import typer


def worker(
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Jobs at a time.")] = 1,
    film_threads: Annotated[
        int, typer.Option("--film-threads", min=0, max=64, help="Jobs of films at a time, beside those of photos.")
    ] = 1,
) -> None:
    """Take jobs of a server that runs elsewhere, with the same TINTYPE_* variables (docs/deploy.md).

    The server itself then gets TINTYPE_WORKERS=0. A worker may be killed at any moment: its job goes to another.

    Examples:

      TINTYPE_DATABASE_URL=postgresql://... tintype worker
    """
    from . import calm_numpy

    calm_numpy()

    from tintype.server.run import work
    from tintype.server.settings import load_settings

    print("tintype takes jobs (stop with Ctrl+C)", flush=True)
    work(load_settings(), threads, film_threads)
