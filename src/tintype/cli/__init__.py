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
from typer.core import TyperGroup

from tintype.console import STOPPED, answer_tidily, status, tell_stopped
from tintype.errors import MissingExtra, TintypeError
from tintype.version import __version__

from .verb import Verb
from .verbs import VERBS as VERBS
from .words import ALIASES, UsageError, as_line, no_such_verb

# Packages that only an extra brings, by the name they are imported under.
_EXTRAS = {
    "alembic": "server",
    "av": "video",
    "cv2": "video",
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
    "pydantic": "server",
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


HELP = ["-h", "--help"]
STATUSES = """Exit status: 0 all was done, 1 something failed, 2 the command line was wrong,
3 there was nothing to do, 130 stopped by Ctrl-C."""


def command_of(verb: str) -> Any:
    """The command behind a verb; its module is imported now."""
    function = getattr(import_module(f"{__name__}.{verb}"), verb)
    if isinstance(function, typer.Typer):  # a verb with verbs of its own
        answer_tidily()
        return typer.main.get_command(function)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(verb, cls=Verb)(function)
    return typer.main.get_command(app)


class _Verbs(TyperGroup):
    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return list(VERBS)

    def get_command(self, ctx: typer.Context, name: str) -> Any:  # type: ignore[override]
        name = ALIASES.get(name, name)
        return command_of(name) if name in VERBS else None

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        word = args[0]
        if not (word.startswith("-") or word in VERBS or word in ALIASES or ctx.resilient_parsing):
            ctx.fail(no_such_verb(word, VERBS))
        return super().resolve_command(ctx, [ALIASES.get(word, word), *args[1:]])

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
    context_settings={"help_option_names": HELP},
)


@app.callback(epilog=f"{EXAMPLES}\n\n{STATUSES}")
def tintype(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Colour black-and-white photographs; train, measure and export the models that do it."""


def complain(message: str) -> None:
    """One line of error on standard error."""
    status.clear()
    print(f"tintype: error: {' '.join(message.split())}", file=sys.stderr)


def warn(message: str) -> None:
    """One line on standard error of what a person should know, though the work goes on."""
    status.clear()
    print(f"tintype: warning: {' '.join(message.split())}", file=sys.stderr, flush=True)


def extra_of(package: str, verb: str) -> str:
    """The extra that brings a package; of one that several bring, that of the verb, if it needs an extra itself."""
    _, found, own = VERBS.get(verb, "").partition("(extra: ")
    return own.rstrip(")") if found and package in ("cv2", "pydantic") else _EXTRAS[package]


def calm_numpy() -> None:
    """Keep numpy's linear algebra to one thread, unless told otherwise; to be called before numpy is imported.

    A server works on several pictures at once already. More threads each would spin while they wait for one another:
    on two busy cores a prediction took ten times the processor time.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _help_of_verb(words: list[str]) -> bool:
    """Print the help of the verb that these words ask for; False where they ask for something else.

    Past the group, for whose one option typer would load pydantic, which takes longer than all the rest.
    """
    if len(words) < 2 or words[-1] not in HELP or any(word.startswith("-") for word in words[:-1]):
        return False
    verb = ALIASES.get(words[0], words[0])
    if verb in VERBS:
        command_of(verb)(words[1:], prog_name=f"tintype {verb}", standalone_mode=False, help_option_names=HELP)
    return verb in VERBS


def main() -> NoReturn:
    """The console script: what is meant for people becomes one line, and a status that `STATUSES` names."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries warn developers; `python -W default -m tintype` shows it
    if "_TINTYPE_COMPLETE" in os.environ:
        from . import completion

        completion.know_the_shells()
    bundled = getattr(sys, "frozen", False)
    if bundled and len(sys.argv) == 1:
        sys.argv += ["serve", "--open"]  # a double click
    try:
        try:
            helped = _help_of_verb(sys.argv[1:])
            ended = 0 if helped else app(prog_name="tintype", standalone_mode=False)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in _EXTRAS:
                raise
            extra = extra_of(package, next((word for word in sys.argv[1:] if word in VERBS), ""))
            raise MissingExtra(f"this needs {package}: pip install 'tintype[{extra}]'") from error
    except TintypeError as error:
        place = ", in a tintype installed by Python: this bundle takes no extras"
        complain(f"{error}{place if bundled and isinstance(error, MissingExtra) else ''}")
        sys.exit(1)
    except UsageError as error:
        if len(sys.argv) == 1:
            print(error.ctx.get_help(), file=sys.stderr)
        else:
            complain(as_line(error))
        sys.exit(2)
    except BrokenPipeError:  # whoever read has gone, as `head` does
        sys.stdout = sys.stderr
        sys.exit(1)
    except KeyboardInterrupt:
        ended = STOPPED
    if ended == STOPPED:
        tell_stopped()
    sys.exit(ended if isinstance(ended, int) else 0)
