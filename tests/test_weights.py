"""Model files: found by name and by path, and refused with a reason when they are wrong."""

import dataclasses
import hashlib
import json
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_model
from tintype import WeightsError
from tintype.network.model_file import FORMAT, ModelFile, ModelInfo, find_model, list_models, read_model


def test_metadata_is_what_the_onnx_package_reads(model_path: Path) -> None:
    entries = {entry.key: entry.value for entry in onnx.load(model_path).metadata_props}
    model = read_model(model_path)
    assert json.loads(entries["tintype"]) == json.loads(model.info.to_json())
    assert model.sha256 == hashlib.sha256(model_path.read_bytes()).hexdigest()
    assert model.info.bins == tiny_model.BINS


def test_found_by_name_in_the_folder_of_the_environment(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=r"no model is called 'tiny'"):
        find_model("tiny")
    monkeypatch.setenv("TINTYPE_MODELS", str(model_path.parent))
    assert find_model("tiny").path == model_path
    assert "tiny" in [model.info.name for model in list_models()]
    with pytest.raises(WeightsError, match=r"did you mean 'tiny'\?"):
        find_model("tinny")


@pytest.mark.seed("S1-27")
def test_every_embedded_model_is_sound() -> None:
    for model in list_models():
        assert model.path.stem == model.info.name
        assert model.sha256 == hashlib.sha256(model.path.read_bytes()).hexdigest()
        assert model.path.with_suffix(".md").is_file(), "each model has a card"


@pytest.mark.parametrize("keep", [0, 1, 10, 1000, -1])
def test_files_cut_short(model_path: Path, tmp_path: Path, keep: int) -> None:
    broken = tmp_path / "cut.onnx"
    broken.write_bytes(model_path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="corrupt or not an ONNX file"):
        read_model(broken)


def test_foreign_files(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("This is a letter to my grandmother, not a network. " * 20)
    with pytest.raises(WeightsError, match="corrupt or not an ONNX file"):
        read_model(text)
    graph = onnx.helper.make_graph([], "empty", [], [])
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    with pytest.raises(WeightsError, match="known, by the planes of inputs and output"):
        read_model(foreign)
    with pytest.raises(WeightsError, match="tintype export"):
        read_model(tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match="no such model file"):
        read_model(tmp_path / "missing.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(WeightsError, match="cannot be read"):
        read_model(tmp_path / "folder.onnx")


@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "any.onnx"
    path.write_bytes(data)
    with pytest.raises(WeightsError):
        read_model(path)


def test_files_without_the_later_keys_are_models_of_photographs(model_file: ModelFile) -> None:
    values = dataclasses.asdict(model_file.info)
    for key in ("condition", "target", "ab_scale"):
        del values[key]
    info = ModelInfo.from_json(json.dumps(values))
    assert (info.condition, info.target, info.ab_scale) == ("lightness", "distribution", 1.0)
    other = ModelInfo.from_json(json.dumps(values | {"condition": "sketch", "target": "lab", "ab_scale": 110}))
    assert (other.condition, other.target, other.ab_scale) == ("sketch", "lab", 110.0)


def test_info_says_what_is_wrong_with_it(model_file: ModelFile) -> None:
    values = dataclasses.asdict(model_file.info)

    def text(**changes: object) -> str:
        return json.dumps({key: value for key, value in (values | changes).items() if value is not None})

    assert ModelInfo.from_json(text()) == model_file.info
    assert ModelInfo.from_json(text(key_of_a_later_version=1)) == model_file.info
    for wrong, message in [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        (text(format=FORMAT + 1), "update tintype"),
        (text(licence=None), "lacks licence"),
        (text(bins=[1, 2]), "impossible value"),
        (text(size="large"), "impossible value"),
        (text(size=0), "below 1 pixel"),
        (text(condition="sound"), "the condition 'sound'"),
        (text(target="xyz"), "the target 'xyz'"),
        (text(ab_scale="big"), "impossible value"),
    ]:
        with pytest.raises(WeightsError, match=message):
            ModelInfo.from_json(wrong)
