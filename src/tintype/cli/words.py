"""What people type for a verb, and what they meant: aliases, near misses, and a usage error as one line."""

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import typer

# Other spellings of a verb, and what other programs call the same.
ALIASES = {
    "color": "colorize",
    "colorise": "colorize",
    "colour": "colorize",
    "colourise": "colorize",
    "colourize": "colorize",
    "completions": "completion",
    "gui": "serve",
    "identify": "info",
    "list": "models",
    "model": "models",
    "page": "serve",
    "server": "serve",
    "settings": "config",
    "show": "info",
    "ui": "serve",
}

# What click says of an option that nearly is one.
_POSSIBLE = re.compile(r" \(Possible options: ([^)]*)\)")

# The base of all errors of usage: click's, or that of the copy which newer versions of typer carry.
UsageError: Any = typer.BadParameter.__mro__[1]


def meant(word: str, known: Iterable[str]) -> list[str]:
    """The verbs that somebody may have meant, the nearest first; three at most.

    >>> meant("colroize", ["colorize", "info"])
    ['colorize']
    """
    known = list(known)
    near = get_close_matches(word.lower(), [*known, *ALIASES], n=3, cutoff=0.6)
    verbs = [ALIASES.get(one, one) for one in near]
    begun = [verb for verb in known if len(word) > 1 and verb.startswith(word.lower())]
    return [verb for verb in dict.fromkeys([*begun, *verbs]) if verb in known][:3]


def no_such_verb(word: str, known: Iterable[str]) -> str:
    """What is said of a verb that is none."""
    near = meant(word, known)
    if not near and (os.path.exists(word) or word.endswith("/")):
        return f"no such command: {word!r}; did you mean 'tintype colorize {word}'?"
    hint = f"did you mean {' or '.join(repr(one) for one in near)}?" if near else "tintype --help lists them"
    return f"no such command: {word!r}; {hint}"


def as_line(error: Any) -> str:
    """A usage error as one line: what is wrong, and where the right options are listed."""
    said = " ".join(str(error.format_message()).split()).replace("Value error, ", "").rstrip(".")
    said = _POSSIBLE.sub(lambda found: f"; did you mean {found[1].replace(', ', ' or ')}?", said)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "tintype"
    lower = said[:1].lower() + said[1:]
    return (
        lower if "tintype --help" in lower or "did you mean" in lower else f"{lower}; {path} --help lists the options"
    )
