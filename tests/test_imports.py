"""What an import costs: the core never loads torch, and the package's face is complete."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tintype

CORE = (
    "tintype",
    "tintype.batch",
    "tintype.batch.run",
    "tintype.evaluation.speed",
    "tintype.cli",
    "tintype.cli.bench",
    "tintype.cli.colorize",
    "tintype.cli.evaluate",
    "tintype.cli.info",
    "tintype.cli.models",
    "tintype.imaging.color",
    "tintype.colorizer",
    "tintype.colorizer.compose",
    "tintype.network.confidence",
    "tintype.batch.contact_sheet",
    "tintype.cluster",
    "tintype.cluster.film_tasks",
    "tintype.cluster.films",
    "tintype.cluster.attempts",
    "tintype.cluster.worker",
    "tintype.errors",
    "tintype.evaluation",
    "tintype.files",
    "tintype.hints",
    "tintype.colorizer.streaming",
    "tintype.batch.journal",
    "tintype.batch.manifest",
    "tintype.photo",
    "tintype.batch.plan",
    "tintype.colorizer.provenance",
    "tintype.network.network",
    "tintype.colorizer.taste",
    "tintype.imaging.upsample",
    "tintype.video",
    "tintype.video.plan",
    "tintype.video.spans",
    "tintype.batch.watch",
    "tintype.network.model_file",
)
HEAVY = ("av", "cv2", "fsspec", "onnx", "pandas", "pyarrow", "ray", "scipy", "skimage", "torch", "torchvision")


def loaded_after(code: str) -> set[str]:
    """The top-level packages that a fresh process has loaded after running ``code``."""
    report = f"{code}\nimport sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.parametrize("module", CORE)
def test_core_modules_load_nothing_heavy(module: str) -> None:
    assert not loaded_after(f"import {module}") & set(HEAVY)


def test_the_face_loads_late() -> None:
    assert not loaded_after("import tintype, tintype.cli") & {"numpy", "PIL", "openvino", "rich", *HEAVY}


def test_help_loads_nothing_but_the_command_line() -> None:
    """That of every verb: `tintype --help` answers within 0.3 s."""
    code = """
from typer import Context

from tintype.cli import VERBS, app, command_of
for verb in VERBS:
    command_of(verb).get_help(Context(command_of(verb), info_name=verb))
app(["--help"], standalone_mode=False)
"""
    assert not loaded_after(code) & {"numpy", "PIL", "openvino", "pydantic", "pyvips", "rich", *HEAVY}


def test_help_of_each_verb_loads_nothing_but_the_command_line() -> None:
    """As typed: `tintype train --help` answers within 0.3 s, which pydantic alone would take."""
    code = """
import contextlib, io, sys
from tintype.cli import VERBS, main
for words in (*([verb] for verb in VERBS), ["colourise"]):
    for flag in ("-h", "--help"):
        sys.argv = ["tintype", *words, flag]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                main()
            except SystemExit as end:
                assert not end.code, (words, end.code)
        assert said.getvalue().strip().startswith("Usage: tintype " + words[0][:3]), words
"""
    heavy = {"fastapi", "numpy", "PIL", "openvino", "pydantic", "pyvips", "rich", "sqlalchemy", "yaml", *HEAVY}
    assert not loaded_after(code) & heavy


def test_all_is_complete_alphabetical_and_real() -> None:
    assert tintype.__all__ == sorted(tintype.__all__)
    assert set(tintype.__all__) == {"__version__", *tintype._HOME}
    for name in tintype.__all__:
        assert getattr(tintype, name) is not None
    assert set(tintype.__all__) <= set(dir(tintype))
    with pytest.raises(AttributeError, match="no attribute 'colourise'"):
        _ = tintype.colourise


def test_type_checkers_see_what_is_public() -> None:
    """What is loaded late stands once more below `if TYPE_CHECKING`; two errors were known to Python alone."""
    (late,) = [one for one in ast.parse(Path(tintype.__file__).read_text()).body if isinstance(one, ast.If)]
    seen = {name.name: one.module for one in late.body if isinstance(one, ast.ImportFrom) for name in one.names}
    assert seen == tintype._HOME


def test_every_error_is_public() -> None:
    from tintype import errors

    public = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert public <= set(tintype.__all__)
