"""`tintype serve`: a thin face of `tintype.server`."""

from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port to listen on; default 8000, 0 takes a free one."),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Start everything but the web server, say whether it answers, and end.")
    ] = False,
) -> None:
    """Serve the web page and its HTTP API, on this machine alone unless told otherwise.

    Everything else is set by environment variables (docs/settings.md), and none is needed: pictures, database and jobs
    lie in ~/.local/share/tintype, and jobs run inside the server.

    Examples:

      tintype serve --open

      TINTYPE_TOKEN=secret tintype serve --host 0.0.0.0
    """
    from . import calm_numpy

    calm_numpy()

    import threading
    import webbrowser

    from tintype.server.run import check_start, listen
    from tintype.server.run import serve as run
    from tintype.server.settings import load_settings

    settings = load_settings(host=host, port=port)
    if check:
        for line in check_start(settings):
            print(line)
        return
    sock = listen(settings.host, settings.port)
    name = "localhost" if settings.host in ("0.0.0.0", "::", "127.0.0.1") else settings.host
    address = f"http://{name}:{sock.getsockname()[1]}/"

    def started() -> None:
        print(f"tintype serves {address} (stop with Ctrl+C)", flush=True)
        if not (settings.is_local or settings.tokens):
            typer.echo("Anybody who reaches this address may use it; set TINTYPE_TOKEN to change that.", err=True)
        if open_page:
            threading.Timer(1.5, webbrowser.open, [address]).start()

    run(settings, sock, started)
