"""The neighbours: each one's own part with the real tintype, the other program's by what it documents of itself."""

import ast
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "integrations"


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def command(tmp_path: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `tintype` for those that call it, with the model "tiny" at hand."""
    program = tmp_path / "bin" / "tintype"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tintype "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("TINTYPE_COMMAND", str(program))
    monkeypatch.setenv("TINTYPE_MODELS", str(model_path.parent))
    monkeypatch.setenv("TINTYPE_CONFIG", "none")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def photograph(path: Path, examples: list[Path]) -> Path:
    Image.open(examples[0]).convert("L").resize((160, 120)).save(path)
    return path


# ComfyUI


def test_comfyui_node_has_what_comfyui_asks_for() -> None:
    module = load(PLACE / "comfyui/tintype_comfyui/__init__.py", "tintype_comfyui")
    assert set(module.NODE_CLASS_MAPPINGS) == set(module.NODE_DISPLAY_NAME_MAPPINGS)
    for node in module.NODE_CLASS_MAPPINGS.values():
        asked = node.INPUT_TYPES()
        assert set(asked) <= {"required", "optional", "hidden"}
        names = {name for sockets in asked.values() for name in sockets}
        code = getattr(node, node.FUNCTION).__code__
        assert names == set(code.co_varnames[1 : code.co_argcount])
        assert isinstance(node.RETURN_TYPES, tuple)
        models, settings = asked["required"]["model"]
        assert settings["default"] in models
        assert "sketch" not in models


def test_comfyui_node_colours_a_batch_and_keeps_the_light(examples: list[Path]) -> None:
    torch = pytest.importorskip("torch")
    node = load(PLACE / "comfyui/tintype_comfyui/__init__.py", "tintype_comfyui").TintypeColourise()
    grey = np.asarray(Image.open(examples[0]).convert("L").resize((96, 64)), np.float32) / 255
    batch = torch.from_numpy(np.stack([grey, grey[:, ::-1]]))[..., None].repeat(1, 1, 1, 3)
    (made,) = node.colourise(batch, "tint-small", 1.0, 1.0)
    assert made.shape == batch.shape
    assert made.dtype == batch.dtype
    assert 0 <= float(made.min()) <= float(made.max()) <= 1
    assert float((made.max(-1).values - made.min(-1).values).mean()) > 0.02
    light = made @ torch.tensor([0.299, 0.587, 0.114])
    assert float((light - batch[..., 0]).abs().mean()) < 1 / 255
    (pale,) = node.colourise(batch, "tint-small", 1.0, 0.0)
    assert float((pale.max(-1).values - pale.min(-1).values).max()) < 2 / 255


# GIMP 3


def test_gimp_bridge_colours_a_file(command: Path, tmp_path: Path, examples: list[Path]) -> None:
    bridge = load(PLACE / "gimp/tintype/bridge.py", "tintype_gimp_bridge")
    source = photograph(tmp_path / "grey.png", examples)
    made = bridge.colourise(source, bridge.options("tiny", 1.25, 1.0))
    assert Image.open(made).size == (160, 120)
    assert Image.open(made).mode == "RGB"
    shutil.rmtree(made.parent)
    with pytest.raises(bridge.Failed, match="did you mean 'tiny'"):
        bridge.colourise(source, bridge.options("tinny", 1.0, 1.0))


def test_gimp_bridge_says_how_to_install_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bridge = load(PLACE / "gimp/tintype/bridge.py", "tintype_gimp_bridge")
    monkeypatch.delenv("TINTYPE_COMMAND", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(bridge.Failed, match="pipx install tintype"):
        bridge.find_command()


def test_gimp_plugin_is_laid_out_as_gimp_3_wants_it() -> None:
    """An executable file in a folder of its name; names of GIMP 2, which GIMP 3 dropped, do not come back."""
    path = PLACE / "gimp/tintype/tintype.py"
    assert path.parent.name == path.stem
    assert os.access(path, os.X_OK)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env python3\n")
    tree = ast.parse(text)
    (plugin,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert {node.name for node in plugin.body if isinstance(node, ast.FunctionDef)} >= {
        "do_query_procedures", "do_create_procedure"
    }  # fmt: skip
    (run,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    assert [one.arg for one in run.args.args] == ["procedure", "run_mode", "image", "drawables", "config", "data"]
    assert not {"gimpfu", "pdb.gimp_", "register("} & set(text.split())


@pytest.mark.skipif(shutil.which("gimp-console-3.0") is None, reason="no GIMP 3 here")
def test_gimp_3_finds_the_plugin(tmp_path: Path, command: Path) -> None:
    shutil.copytree(PLACE / "gimp/tintype", tmp_path / "config/plug-ins/tintype")
    script = "from gi.repository import Gimp; print(Gimp.get_pdb().lookup_procedure('plug-in-tintype-colourise'))"
    ran = subprocess.run(
        ["gimp-console-3.0", "-idf", "--batch-interpreter", "python-fu-eval", "-b", script, "--quit"],
        env=os.environ | {"GIMP3_DIRECTORY": str(tmp_path / "config")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "ImageProcedure" in ran.stdout


# darktable and digiKam


_DARKTABLE = """
local stored, finalized
local said = {}
package.preload["darktable"] = function()
  return {
    new_widget = function(kind) return function(given) return given end end,
    print = function(text) table.insert(said, text) end,
    print_log = function() end,
    control = { execute = function(line) local ok, how, status = os.execute(line); return status end },
    register_storage = function(name, label, store, finalize, supported, start, widget)
      stored, finalized = store, finalize
      widget[1].value = os.getenv("TARGET")
    end,
  }
end
dofile(os.getenv("SCRIPT"))
local extra = {}
for number, name in ipairs({ os.getenv("FIRST"), os.getenv("SECOND") }) do
  stored(nil, nil, nil, name, number, 2, true, extra)
end
finalized(nil, {}, extra)
print(table.concat(said, "\\n"))
"""


@pytest.mark.skipif(shutil.which("lua") is None, reason="no Lua here")
def test_darktable_script_colours_what_was_exported(command: Path, tmp_path: Path, examples: list[Path]) -> None:
    """darktable's part, of which the script uses seven functions, is written down in Lua; tintype is the real one."""
    target = tmp_path / "in colour's"
    target.mkdir()
    exports = [photograph(tmp_path / name, examples) for name in ("a b.jpg", "it's.jpg")]
    environment = os.environ | {
        "SCRIPT": str(PLACE / "darktable/tintype.lua"), "TARGET": str(target),
        "FIRST": str(exports[0]), "SECOND": str(exports[1]),
    }  # fmt: skip
    ran = subprocess.run(["lua", "-"], input=_DARKTABLE, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "tintype: 2 pictures coloured" in ran.stdout
    assert {path.name for path in target.glob("*.jpg")} == {"a b.jpg", "it's.jpg"}
    assert not any(path.exists() for path in exports)


def test_digikam_script_colours_its_input(command: Path, tmp_path: Path, examples: list[Path]) -> None:
    source = photograph(tmp_path / "in put.jpg", examples)
    target = tmp_path / "out put.jpg"
    target.write_bytes(b"digiKam makes an empty file first")
    environment = os.environ | {"INPUT": str(source), "OUTPUT": str(target)}
    ran = subprocess.run(
        ["sh", PLACE / "digikam/tintype.sh"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert Image.open(target).mode == "RGB"


# A watched folder


@pytest.mark.slow
def test_watched_folder_of_the_compose_file(command: Path, tmp_path: Path, examples: list[Path]) -> None:
    service = yaml.safe_load((PLACE / "watch/compose.yaml").read_text(encoding="utf-8"))["services"]["tintype"]
    assert service["command"][-1] == "--watch"
    places = {
        volume.split(":/")[1].split(":")[0]: tmp_path / volume.split(":/")[1].split(":")[0]
        for volume in service["volumes"]
    }
    for place in places.values():
        place.mkdir()
    words = [str(places.get(word.lstrip("/"), word)) for word in service["command"]]
    process = subprocess.Popen([command, *words, "--model", "tiny"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        photograph(places["incoming"] / "new.jpg", examples)
        for _ in range(120):
            if (places["coloured"] / "new.jpg").exists():
                break
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.5)
        assert Image.open(places["coloured"] / "new.jpg").mode == "RGB"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_service_names_options_that_exist() -> None:
    text = (PLACE / "watch/tintype-watch.service").read_text(encoding="utf-8")
    from tintype.cli import command_of
    from tintype.cli.verb import options_of

    (line,) = [one for one in text.splitlines() if one.startswith("ExecStart=")]
    assert {word[2:] for word in line.split() if word.startswith("--")} <= set(options_of(command_of("colorize")))


def test_every_neighbour_is_described() -> None:
    text = (PLACE / "README.md").read_text(encoding="utf-8")
    for path in PLACE.iterdir():
        if path.is_dir():
            assert path.name in text
