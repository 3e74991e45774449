"""`tintype completion`: what a shell needs to complete verbs, options, models and recipes; and who completes them."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"], typer.Argument(help="The shell that is to complete.")
    ],
) -> None:
    """Print the lines that let a shell complete commands, options, models and recipes.

    The same lines come with the package, in share/, where bash, zsh and fish look by themselves when it is installed
    into the system. For one shell, or one user:

    Examples:

      eval "$(tintype completion bash)"

      tintype completion zsh > ~/.zfunc/_tintype

      tintype completion fish > ~/.config/fish/completions/tintype.fish
    """
    print(script(shell))


def script(shell: str) -> str:
    """The lines for one shell."""
    from typer import completion as of_typer

    made: str = of_typer.get_completion_script(  # type: ignore[attr-defined]
        prog_name="tintype", complete_var="_TINTYPE_COMPLETE", shell=shell
    )
    return made


def know_the_shells() -> None:
    """Tell typer of the shells that it can answer; it does so by itself only where it adds options for them."""
    from typer import completion as of_typer

    of_typer.completion_init()  # type: ignore[attr-defined]


def models(incomplete: str) -> list[str]:
    """Names of models that begin so, told by their files: a key pressed must not wait for hashes.

    After a comma the next name is completed.
    """
    from tintype.network.model_file import _folders

    before, comma, begun = incomplete.rpartition(",")
    names = {path.stem for folder in _folders() if folder.is_dir() for path in folder.glob("*.onnx")}
    return [before + comma + name for name in sorted(names) if name.startswith(begun)]


def recipes(incomplete: str) -> list[str]:
    """Names of the recipes that come with the package, and recipe files, that begin so."""
    folder = Path(__file__).parents[1] / "training" / "recipes"
    names = [
        path.stem
        for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem)
        if path.stem.startswith(incomplete)
    ]
    place = Path(incomplete) if incomplete.endswith(("/", os.sep)) else Path(incomplete).parent
    there = map(str, sorted(place.glob("*.toml")))  # nothing, where there is no such folder
    return [*names, *(path for path in there if path.startswith(incomplete))]
