"""Options that stand in files: one of the user, one of a folder, and presets; and which of them wins.

The command line goes before a preset, a preset before the environment, that before the folder's file, that before
the user's. A file has a table for each verb, with the options as on the command line, and tables of presets:

    [colorize]
    model = "tint-small"
    saturation = 1.1

    [presets.framed]
    format = "tif"

A folder's file may have come with the pictures, from anybody. It may say how colours look and how results are named,
and nothing else: not where they go, not what is replaced, and no path of a model.
"""

import os
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tintype.errors import TintypeError

FOLDER_FILE = ".tintype.toml"
PREFIX = "TINTYPE"

# What a folder's own file may say of `colorize`.
HARMLESS = frozenset(
    {
        "crf", "codec", "every", "format", "keep-sepia", "keep-time", "mark", "model", "palette", "preset", "quality",
        "rate", "restore", "saturation", "size", "stability", "strength", "suffix", "temperature", "tta",
    }
)  # fmt: skip

# Presets that come with tintype. `archive`: nothing is lost, and guesses stay pale; `web`: small and quick to show;
# `print`: large, and a little more colour than a screen needs.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "archive": {"format": "tif", "strength": "auto", "keep-time": True},
    "web": {"format": "jpg", "quality": 82},
    "print": {"format": "tif", "saturation": 1.1, "tta": True},
}


# The options of each verb; None: they are there, and nobody has looked which.
Known = Mapping[str, Collection[str] | None]


@dataclass(frozen=True)
class Layer:
    """One file of options: where it is, its tables by verb, its presets."""

    path: Path
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)


def user_file() -> Path:
    """Where the user's file is looked for: TINTYPE_CONFIG, else config.toml in the system's folder for settings."""
    if named := os.environ.get("TINTYPE_CONFIG"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "tintype" / "config.toml"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "tintype" / "config.toml"


def folder_file(places: Iterable[str] = ()) -> Path | None:
    """The nearest `.tintype.toml`, in the folder that holds all of ``places`` (the current one without) or above it."""
    there = [Path(place).absolute() for place in places if Path(place).exists()]
    try:
        start = Path(os.path.commonpath(there)) if there else Path.cwd()
    except ValueError:  # on several drives
        start = Path.cwd()
    for folder in (start, *start.parents):
        if (folder / FOLDER_FILE).is_file():
            return folder / FOLDER_FILE
    return None


def read_layer(path: Path, known: Known, *, harmless: bool = False) -> Layer:
    """A file of options, checked against the options that each verb has.

    Raises:
        TintypeError: unreadable, not TOML, or a table or option that nobody knows; one line, with the nearest name.
    """
    try:
        with path.open("rb") as stream:
            values = tomllib.load(stream)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TintypeError(f"{path}: cannot be read as TOML ({error})") from None
    layer = Layer(path)
    for name, table in values.items():
        if not isinstance(table, dict):
            raise TintypeError(f"{path}: {name} stands outside a table; put it below [colorize] or another verb")
        if name == "presets":
            for preset, options in table.items():
                _check_options(path, f"presets.{preset}", options, known["colorize"], harmless)
                layer.presets[preset] = options
            continue
        if name not in known:
            raise TintypeError(f"{path}: [{name}] is no command{_near(name, [*known, 'presets'])}")
        _check_options(path, name, table, known[name], harmless and name == "colorize")
        if harmless and name != "colorize":
            raise TintypeError(f"{path}: [{name}] cannot stand in a folder's file; put it into {user_file()}")
        layer.tables[name] = table
    return layer


def _check_options(path: Path, table: str, options: Any, known: Collection[str] | None, harmless: bool) -> None:
    if not isinstance(options, dict):
        raise TintypeError(f"{path}: [{table}] is no table of options")
    for name, value in options.items():
        if known is not None and name not in known:
            raise TintypeError(f"{path}: [{table}] has no option {name!r}{_near(name, known)}")
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value)):
            raise TintypeError(f"{path}: [{table}] {name} must be text, a number, true or false, or a list of these")
        if harmless and name not in HARMLESS:
            raise TintypeError(f"{path}: {name} cannot stand in a folder's file; give it on the command line")
        if harmless and name == "model" and (Path(str(value)).suffix or len(Path(str(value)).parts) > 1):
            raise TintypeError(f"{path}: model = {value!r} is a path; a folder's file may name an installed model only")


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def read_layers(known: Known, places: Iterable[str] = ()) -> list[Layer]:
    """The files that count here, the strongest first: the folder's, the user's. TINTYPE_CONFIG=none: neither."""
    if os.environ.get("TINTYPE_CONFIG") == "none":
        return []
    layers = []
    if (near := folder_file(places)) is not None:
        layers.append(read_layer(near, known, harmless=True))
    if (own := user_file()).is_file():
        layers.append(read_layer(own, known))
    elif os.environ.get("TINTYPE_CONFIG"):
        raise TintypeError(f"{own}: no such file, and TINTYPE_CONFIG names it; write it, or set TINTYPE_CONFIG=none")
    return layers


def find_preset(name: str, layers: Iterable[Layer]) -> Mapping[str, Any]:
    """The options of a preset: of the nearest file that has one of this name, else of tintype.

    Raises:
        TintypeError: there is none.
    """
    known: dict[str, Mapping[str, Any]] = dict(PRESETS)
    for layer in reversed(list(layers)):
        known |= layer.presets
    if name not in known:
        hint = _near(name, known) or f"; known are {', '.join(sorted(known))}"
        raise TintypeError(f"no preset is called {name!r}{hint}")
    return known[name]


def variable(verb: str, option: str) -> str:
    """The environment variable of an option: TINTYPE_COLORIZE_QUALITY."""
    return f"{PREFIX}_{verb}_{option}".replace("-", "_").upper()


def effective(verb: str, layers: Iterable[Layer], preset: str | None = None) -> dict[str, tuple[Any, str]]:
    """What stands in for options that the command line does not give: by option, the value and where it comes from."""
    layers = list(layers)
    found: dict[str, tuple[Any, str]] = {}
    for layer in reversed(layers):
        found |= {name: (value, str(layer.path)) for name, value in layer.tables.get(verb, {}).items()}
    start = variable(verb, "")
    for name in sorted(os.environ):
        if name.startswith(start):
            found[name.removeprefix(start).lower().replace("_", "-")] = (os.environ[name], name)
    wanted = preset or (str(found["preset"][0]) if verb == "colorize" and "preset" in found else None)
    if wanted and verb == "colorize":
        options = find_preset(wanted, layers)
        given = {name: (value, f"preset {wanted}") for name, value in options.items()}
        found = found | given if preset else given | found
    return found
