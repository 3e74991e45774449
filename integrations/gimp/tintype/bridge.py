"""What the plug-in does without GIMP: run the command on a file. Standard library alone: GIMP's Python has no other."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class Failed(Exception):
    """The command could not be run, or said why it would not; one line for GIMP's dialog."""


def find_command() -> str:
    """The command `tintype`: what TINTYPE_COMMAND names, else that on the path or where pipx and uv put it."""
    named = os.environ.get("TINTYPE_COMMAND")
    local = Path.home() / ".local" / "bin" / ("tintype.exe" if os.name == "nt" else "tintype")
    found = named or shutil.which("tintype") or (str(local) if local.is_file() else None)
    if found is None:
        raise Failed("the command tintype is not installed; type: pipx install tintype")
    return found


def options(model: str, saturation: float, strength: float) -> list[str]:
    """The dialog's values as options of the command line."""
    return ["--model", model, "--saturation", f"{saturation:g}", "--strength", f"{strength:g}"]


def colourise(source: Path, given: list[str]) -> Path:
    """The coloured version of a PNG file, as another PNG in a folder of its own, which the caller removes."""
    target = Path(tempfile.mkdtemp(prefix="tintype-gimp-")) / "coloured.png"
    command = [find_command(), "colorize", str(source), "--output", str(target), *given]
    hidden = {"creationflags": subprocess.CREATE_NO_WINDOW} if os.name == "nt" else {}
    try:
        ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, **hidden)
    except OSError as error:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise Failed(f"{command[0]} cannot be run: {error.strerror or error}") from None
    if ran.returncode != 0:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise Failed((ran.stderr.strip().splitlines() or [f"tintype ended with status {ran.returncode}"])[-1])
    return target
