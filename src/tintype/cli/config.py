"""`tintype config`: which options stand in files, presets and the environment, and what they come to."""

import json
import os
from typing import Annotated, Any

import typer

from tintype.errors import OutputError

from .options import JsonOption

_START = """\
# Options of tintype, as on its command line. The command line goes before a preset, a preset before the environment
# (TINTYPE_COLORIZE_QUALITY), that before .tintype.toml in the folder of the pictures, that before this file.

[colorize]
# model = "tint-small"
# saturation = 1.1
# quality = 92

[presets.framed]
# tintype colorize scans/ --preset framed
# tta = true
"""


def config(
    start: Annotated[
        bool, typer.Option("--init", help="Write the user's file, with examples, if there is none.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the options that stand in files and the environment, and where each comes from.

    The command line goes before a preset, a preset before variables such as TINTYPE_COLORIZE_QUALITY, these before the
    nearest .tintype.toml of the current folder or above, that before the user's config.toml. TINTYPE_CONFIG names
    another file for the user's, or is "none": then no file is read.

    Examples:

      tintype config

      tintype config --init
    """
    from .config_file import folder_file, user_file

    path = user_file()
    if start:
        if path.exists():
            raise OutputError(f"{path} exists already; edit it, or move it away")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_START, encoding="utf-8")
    facts = _facts()
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    near = folder_file()
    print(f"the user's file    {path}{'' if path.is_file() else ' (not there; tintype config --init writes it)'}")
    print(f"the folder's file  {near or 'none here or above'}")
    if os.environ.get("TINTYPE_CONFIG") == "none":
        print("TINTYPE_CONFIG=none: neither is read")
    for verb, options in facts["options"].items():
        print(f"\n[{verb}]")
        for name, found in options.items():
            print(f"{name} = {json.dumps(found['value'])}    # {found['from']}")
    print("\npresets: " + ", ".join(facts["presets"]))


def _facts() -> dict[str, Any]:
    """The files, the options by verb with value and source, and the presets.

    Raises:
        TintypeError: a file is wrong.
    """
    from . import VERBS, command_of
    from .config_file import PRESETS, effective, folder_file, read_layers, user_file
    from .verb import options_of

    known = {verb: set(options_of(command_of(verb))) for verb in VERBS}
    layers = read_layers(known)
    found = {verb: effective(verb, layers) for verb in VERBS}
    return {
        "user_file": str(user_file()),
        "folder_file": str(folder_file() or "") or None,
        "read": [str(layer.path) for layer in layers],
        "options": {
            verb: {
                name: {"value": value, "from": source}
                for name, (value, source) in options.items()
                if name in known[verb]
            }
            for verb, options in found.items()
            if any(name in known[verb] for name in options)
        },
        "presets": {
            **PRESETS,
            **{name: options for layer in reversed(layers) for name, options in layer.presets.items()},
        },
    }
