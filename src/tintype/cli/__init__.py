"""The command line: one module per verb, imported only when that verb is used.

Each module ``tintype.cli.VERB`` has a function of the verb's name: its annotations are the options, its
docstring is the help. Or it has a Typer app of that name, for a verb with verbs of its own.
"""

import os
import sys
import warnings
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from .. import __version__
from ..errors import MissingExtra, TintypeError

# The verbs and their lines in `tintype --help`, so that help imports none of them.
VERBS = {
    "colorize": "Colour pictures and films: files, folders, patterns, or standard input.",
    "models": "List the models that can be used by name.",
    "info": "Describe a model, or a picture.",
    "bench": "Measure how fast this machine colours.",
    "sketch": "Turn photographs into line drawings. (extra: train)",
    "data": "Find bad pictures in data sets, divide and pack them. (extra: train)",
    "train": "Train a model by a recipe. (extra: train)",
    "report": "Write a training run's report, or compare several runs. (extra: train)",
    "tune": "Search a recipe's hyperparameters. (extra: tune)",
    "evaluate": "Measure a model beside trivial baselines.",
    "export": "Turn a checkpoint into a model file. (extra: train)",
    "serve": "Serve the web page and its HTTP API. (extra: server)",
    "worker": "Take jobs of a server that runs elsewhere. (extra: server)",
    "predictor": "Run networks for servers on a Ray cluster. (extra: ray)",
    "arena": "Ask people which of several models is better. (extra: server)",
    "calibrate": "Measure how far a model's confidence can be believed. (extra: train)",
}

# Packages that only an extra brings, by the name they are imported under.
_EXTRAS = {
    "alembic": "server",
    "av": "video",
    "cv2": "train",
    "fastapi": "server",
    "filelock": "tune",
    "fsspec": "server",
    "huey": "server",
    "lightning": "train",
    "lightning_fabric": "train",
    "onnx": "train",
    "onnxruntime": "train",
    "onnxscript": "train",
    "optuna": "tune",
    "plotly": "train",
    "prometheus_client": "server",
    "pydantic": "train",
    "pydantic_settings": "server",
    "safetensors": "train",
    "sqlalchemy": "server",
    "structlog": "server",
    "tensorboard": "train",
    "torch": "train",
    "torchmetrics": "train",
    "uvicorn": "server",
    "webdataset": "train",
}

EXAMPLES = """Examples:

  tintype colorize grandmother.jpg

  tintype colorize scans/ --output coloured/ --json

  tintype colorize - < grey.jpg > colour.jpg

  tintype info tint"""


class _Verb(TyperCommand):
    """A verb whose help lists the options of each panel under the panel's name."""

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        panels: dict[str, list[Any]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
                panels.setdefault(getattr(parameter, "rich_help_panel", None) or kind, []).append(record)
        for name in sorted(panels, key=("Arguments", *[n for n in panels if n != "Arguments"]).index):
            with formatter.section(name):
                formatter.write_dl(panels[name])


class _Verbs(TyperGroup):
    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return list(VERBS)

    def get_command(self, ctx: typer.Context, name: str) -> Any:  # type: ignore[override]
        if name not in VERBS:
            return None
        verb = getattr(import_module(f"{__name__}.{name}"), name)
        if isinstance(verb, typer.Typer):  # a verb with verbs of its own
            return typer.main.get_command(verb)
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, cls=_Verb)(verb)
        return typer.main.get_command(app)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tintype {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(epilog=EXAMPLES)
def tintype(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Colour black-and-white photographs; train, measure and export the models that do it."""


def complain(message: str) -> None:
    """One line of error on standard error."""
    print(f"tintype: error: {' '.join(message.split())}", file=sys.stderr)


def calm_numpy() -> None:
    """Keep numpy's linear algebra to one thread, unless told otherwise; to be called before numpy is imported.

    A server works on several pictures at once already. More threads each would spin while they wait for one another:
    on two busy cores a prediction took ten times the processor time.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def server_settings(**given: Any) -> Any:
    """The server's settings: the environment's, except what the command line gives.

    Raises:
        TintypeError: a variable has an impossible value.
    """
    from pydantic import ValidationError

    from ..server.settings import PREFIX, Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else "a setting"
        raise TintypeError(f"{name}: {first['msg']}; docs/settings.md lists every setting") from None


def main() -> NoReturn:
    """The console script: errors meant for people become one line and exit status 1."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries warn developers; `python -W default -m tintype` shows it
    try:
        try:
            app(prog_name="tintype")
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in _EXTRAS:
                raise
            extra = _EXTRAS[package]
            raise MissingExtra(f"this needs {package}: pip install 'tintype[{extra}]'") from error
    except TintypeError as error:
        complain(str(error))
        sys.exit(1)
    sys.exit(0)
