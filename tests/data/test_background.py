"""Foreground masks, by GrabCut and by a network with the ports of u2netp; and the masks of a whole data set."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from pictures import noise
from tintype.data.background import U2NETP_VARIABLE, choose_method, foreground
from tintype.data.cache import open_cache
from tintype.data.masks import open_masks
from tintype.errors import TintypeError, WeightsError
from training_pictures import write_tiles


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(U2NETP_VARIABLE, raising=False)


def write_network(path: Path, *, channels: int = 1, weight: float = 1.0) -> Path:
    """A real graph with the ports of u2netp, for which redness is saliency: sigmoid of red minus blue."""
    look = np.zeros((channels, 3, 1, 1), np.float32)
    look[:, 0], look[:, 2] = weight, -weight
    ports = {
        "inputs": [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, 320, 320])],
        "outputs": [helper.make_tensor_value_info("1959", TensorProto.FLOAT, [1, channels, 320, 320])],
    }
    nodes = [helper.make_node("Conv", ["input.1", "look"], ["seen"]), helper.make_node("Sigmoid", ["seen"], ["1959"])]
    graph = helper.make_graph(nodes, "net", **ports, initializer=[numpy_helper.from_array(look, "look")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def scene(height: int, width: int, *, subject: tuple[int, int, int] = (200, 60, 50)) -> tuple[np.ndarray, np.ndarray]:
    """A bust before a blue wall with some grain, and where it is."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    y, x = 2 * y / height - 1, 2 * x / width - 1
    inside = ((x / 0.55) ** 2 + ((y + 0.1) / 0.7) ** 2 < 1) | ((np.abs(x) < 0.7) & (y > 0.6))
    picture = np.where(inside[..., None], subject, (60, 110, 190)) + noise(height, width, 1, 3) / 12.0
    return picture.clip(0, 255).astype(np.uint8), inside


@pytest.mark.parametrize("shape", [(128, 128), (300, 200), (150, 400), (48, 40)])
def test_grabcut_finds_a_bust(shape: tuple[int, int]) -> None:
    picture, inside = scene(*shape)
    mask = foreground(picture, "grabcut")
    assert mask.shape == shape
    assert mask.dtype == np.uint8
    found = mask >= 128
    assert (found & inside).sum() / (found | inside).sum() > 0.9
    np.testing.assert_array_equal(foreground(picture, "auto"), mask)


def test_the_same_picture_gives_the_same_mask() -> None:
    first = foreground(scene(100, 90)[0])
    foreground(noise(80, 80, 7, 3))
    np.testing.assert_array_equal(foreground(scene(100, 90)[0]), first)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 9), (8, 8), (9, 500), (33, 1000)])
@pytest.mark.parametrize("seed", [None, 0])
def test_any_shape_and_plain_pictures(shape: tuple[int, int], seed: int | None) -> None:
    picture = np.full((*shape, 3), 77, np.uint8) if seed is None else noise(*shape, seed, 3)
    assert foreground(picture).shape == shape


def test_pictures_too_small_to_have_a_background() -> None:
    assert foreground(noise(5, 5, 0, 3)).min() == 255


def test_a_network_in_the_format_of_u2netp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(U2NETP_VARIABLE, str(write_network(tmp_path / "u2netp.onnx")))
    assert choose_method("auto") == "u2netp"
    assert choose_method("grabcut") == "grabcut"
    picture, inside = scene(240, 180)
    moved = np.roll(picture, 60, axis=1)  # not where grabcut would look
    mask = foreground(moved)
    assert mask.shape == (240, 180)
    found = mask >= 128
    assert (found == np.roll(inside, 60, axis=1)).mean() > 0.97
    assert foreground(np.full((50, 60, 3), 90, np.uint8)).min() == 255, "nothing stands out: nothing is background"


def test_files_that_are_not_u2netp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, _ = scene(50, 50)
    with pytest.raises(TintypeError, match=r"name the file u2netp\.onnx in TINTYPE_U2NETP"):
        foreground(picture, "u2netp")
    monkeypatch.setenv(U2NETP_VARIABLE, str(tmp_path / "missing.onnx"))
    with pytest.raises(TintypeError, match="no such file"):
        foreground(picture)
    text = tmp_path / "text.onnx"
    text.write_text("a letter")
    wide = write_network(tmp_path / "wide.onnx", channels=2)
    broken = write_network(tmp_path / "broken.onnx", weight=float("nan"))
    for path, words in ((text, "not the network u2netp"), (wide, "first output"), (broken, "NaN")):
        monkeypatch.setenv(U2NETP_VARIABLE, str(path))
        with pytest.raises(WeightsError, match=words):
            foreground(picture)
    assert onnx.load(wide).graph.name == "net"
    with pytest.raises(ValueError, match="rgb must be"):
        foreground(picture[..., 0])


def test_masks_of_a_data_set_are_found_once(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "photos", side=48)
    Image.new("RGB", (70, 50), "teal").save(folder / "wide.png")
    cache = open_cache([folder], 48, tmp_path / "cache")
    seen: list[int] = []
    masks = open_masks(cache, progress=seen.append)
    assert (len(masks), seen, masks.method) == (17, [17], "grabcut")
    for index in range(len(masks)):
        np.testing.assert_array_equal(masks[index], foreground(cache[index]))
    assert {path.name for path in cache.folder.iterdir()} >= {"masks-grabcut.u8", "pixels.u8"}
    open_masks(cache, progress=seen.append)
    assert seen == [17]
    np.testing.assert_array_equal(open_masks(cache, tmp_path / "other")[3], masks[3])


def test_masks_cut_short_are_made_again_and_methods_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiles(tmp_path / "photos", side=40, per_picture=1)
    cache = open_cache([folder], 40, tmp_path / "cache")
    file = cache.folder / "masks-grabcut.u8"
    file.write_bytes(b"short")
    first = np.array(open_masks(cache).pixels)
    assert file.stat().st_size == 4 * 40 * 40
    monkeypatch.setenv(U2NETP_VARIABLE, str(write_network(tmp_path / "u2netp.onnx")))
    second = open_masks(cache)
    assert second.method == "u2netp"
    assert (second.pixels != first).any()
    assert not list(cache.folder.glob(".*.part"))
