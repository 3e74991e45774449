"""`tintype worker`: a thin face of `tintype.server`."""

from typing import Annotated

import typer


def worker(
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Jobs at a time.")] = 1,
) -> None:
    """Take jobs of a server that runs elsewhere, with the same TINTYPE_* variables (docs/deploy.md).

    The server itself then gets TINTYPE_WORKERS=0. A worker may be killed at any moment: its job goes to another.

    Examples:

      TINTYPE_DATABASE_URL=postgresql://... tintype worker
    """
    from . import calm_numpy, server_settings

    calm_numpy()

    from ..server.running import work

    print("tintype takes jobs (stop with Ctrl+C)", flush=True)
    work(server_settings(), threads)
