"""Manual pages in roff (man(7)), made from the help: one of tintype, one of each of its verbs.

`python -m tintype.cli.man_page FOLDER` writes them; the build does, into share/man/man1.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from tintype.version import __version__

from . import STATUSES, VERBS, app, command_of

_ENVIRONMENT = {
    "TINTYPE_MODELS": "A folder of model files that can then be used by name.",
    "TINTYPE_CACHE": "Where decoded data sets and fetched weights are kept; else $XDG_CACHE_HOME/tintype.",
    "TINTYPE_CONFIG": "The user's file of options, in place of config.toml; none: no file of options is read.",
    "TINTYPE_VERB_OPTION": "The value of an option that the command line does not give: TINTYPE_COLORIZE_QUALITY.",
    "NO_COLOR": "Set: nothing is printed in colour.",
}
_FILES = {
    "~/.config/tintype/config.toml": "The user's options and presets.",
    ".tintype.toml": "Options of the pictures in this folder and below.",
    ".tintype-journal.jsonl": "What a run over a folder has done, so that it can go on.",
}


def escaped(text: str) -> str:
    """Text of which roff takes nothing for itself."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


def pages() -> Iterator[tuple[str, str]]:
    """(name, text) of every page."""
    root: Any = typer.main.get_command(app)
    parts = [_head("tintype", "colour black-and-white photographs and films"), ".SH SYNOPSIS"]
    parts += [".B tintype", ".I command", "[\\fIoptions\\fR] ...", ".SH DESCRIPTION", escaped(_first(root.help))]
    parts += [".SH COMMANDS", *_defined((f"tintype-{verb}(1)", line) for verb, line in VERBS.items())]
    yield "tintype.1", "\n".join([*parts, *_tail([f"tintype-{verb}" for verb in VERBS])]) + "\n"
    for verb, line in VERBS.items():
        yield f"tintype-{verb}.1", _of_verb(verb, line)


def _of_verb(verb: str, line: str) -> str:
    command = command_of(verb)
    parts = [_head(f"tintype-{verb}", line.rstrip(".")), ".SH SYNOPSIS", f".B tintype {escaped(verb)}"]
    parts += [escaped(" ".join(_usage(command))), ".SH DESCRIPTION"]
    body, _, examples = (command.help or "").partition("Examples:")
    parts.append(_paragraphs(body))
    for name, inner in getattr(command, "commands", {}).items():
        parts += [f".SS {escaped(name)}", _paragraphs((inner.help or "").partition("Examples:")[0]), *_options(inner)]
    if not hasattr(command, "commands"):
        parts += [".SH OPTIONS", *_options(command)]
    if examples.strip():
        parts += [
            ".SH EXAMPLES",
            ".nf",
            escaped("\n".join(one.strip() for one in examples.strip().splitlines())),
            ".fi",
        ]
    return "\n".join([*parts, *_tail(["tintype"])]) + "\n"


def _usage(command: Any) -> list[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    named = [one.metavar or one.name.upper() for one in arguments]
    return [
        "[options]",
        *(f"{name}{'...' if one.nargs == -1 else ''}" for name, one in zip(named, arguments, strict=True)),
    ]


def _options(command: Any) -> list[str]:
    """Every option with its help, by panels."""
    context: Any = typer.Context(command, info_name=command.name)
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or "", []).append(record)
    found: list[str] = []
    for panel, records in panels.items():
        found += [f".SS {escaped(panel)}"] * bool(panel) + list(_defined(records))
    return found


def _defined(records: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in records:
        yield f".TP\n\\fB{escaped(term)}\\fR\n{escaped(' '.join(meaning.split()))}"


def _head(name: str, line: str) -> str:
    title = escaped(name.upper())
    return f'.TH "{title}" 1 "" "tintype {__version__}" "tintype"\n.SH NAME\n{escaped(name)} \\- {escaped(line)}'


def _tail(others: list[str]) -> list[str]:
    parts = [".SH EXIT STATUS", escaped(" ".join(STATUSES.split()))]
    parts += [".SH ENVIRONMENT", *_defined(_ENVIRONMENT.items()), ".SH FILES", *_defined(_FILES.items())]
    return [*parts, ".SH SEE ALSO", ",\n".join(f".BR {escaped(other)} (1)" for other in others).replace(",\n", " ,\n")]


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _paragraphs(text: str) -> str:
    return "\n.PP\n".join(escaped(" ".join(part.split())) for part in text.split("\n\n") if part.strip())


def write_pages(folder: Path) -> list[Path]:
    """Write all pages into a folder; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in pages():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        written.append(folder / name)
    return written


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
