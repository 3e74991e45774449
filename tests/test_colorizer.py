"""Open once, predict many times; the brightness stays, whatever the shape of the picture."""

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import tintype
import tiny_model
from tintype import Colorizer, InputError, Photo, TintypeError, WeightsError
from tintype.evaluation import evaluate
from tintype.hints.hint import Hint
from tintype.imaging.color import srgb_to_lab
from tintype.network.preprocess import working_size


@pytest.fixture(scope="module")
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, threads=1)


def grey(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with light and dark regions."""
    small = np.random.default_rng(seed).integers(40, 215, (5, 7)).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


@given(height=st.integers(1, 20_000), width=st.integers(1, 20_000), size=st.integers(16, 512))
def test_working_size(height: int, width: int, size: int) -> None:
    h, w = working_size(height, width, size)
    assert h % 4 == w % 4 == 0
    assert min(h, w) >= 4
    assert min(h, w) <= size + 2
    assert max(h, w) <= 4 * size + 2
    scale = min(size / min(height, width), 4 * size / max(height, width))
    assert h == 4 or abs(h - height * scale) <= 2
    assert w == 4 or abs(w - width * scale) <= 2


@pytest.mark.parametrize("size", [0, -5, 15, 4097])
def test_impossible_sizes(colorizer: Colorizer, size: int) -> None:
    with pytest.raises(TintypeError, match="16 to 4096"):
        colorizer.colorize(grey(20, 30), size=size)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3), (64, 64), (65, 131), (480, 90), (33, 1000)])
@pytest.mark.seed("S1-01", "S3-18")
def test_every_shape_is_coloured_and_keeps_its_luma(colorizer: Colorizer, shape: tuple[int, int]) -> None:
    picture = grey(*shape)
    opened = colorizer.open(picture)
    coloured = opened.predict()
    assert coloured.chroma is not None
    np.testing.assert_array_equal(coloured.luma, opened.photo.luma)
    np.testing.assert_array_equal(opened.photo.luma, picture)
    rows, columns, pair = opened.predict_ab().shape
    assert pair == 2
    assert (4 * rows, 4 * columns) == working_size(*shape, colorizer.model.info.size)


@pytest.mark.seed("S4-30")
def test_colour_is_made(colorizer: Colorizer, examples: list[Path]) -> None:
    for path in examples[:3]:
        rgb = colorizer.colorize(path).rgb().astype(int)
        assert np.abs(rgb[..., 0] - rgb[..., 2]).mean() > 3


def test_open_once_predict_many_times(colorizer: Colorizer, examples: list[Path]) -> None:
    opened = colorizer.open(examples[0])
    first, other, again = opened.predict_ab(), opened.predict_ab(size=96), opened.predict_ab()
    np.testing.assert_array_equal(first, again)
    assert other.shape != first.shape
    assert opened.predict().encode() == opened.predict().encode()


@pytest.mark.seed("S4-08")
def test_the_latest_answer_is_kept_and_composed_again(tmp_path: Path, examples: list[Path]) -> None:
    colorizer = Colorizer(tiny_model.build(tmp_path / "hinted.onnx", hints="trained"), threads=1)
    opened, again = colorizer.open(examples[0]), colorizer.open(examples[0])
    hints = [Hint(20, 20, (200, 30, 30))]
    kept = opened.predict_ab(hints=hints)
    assert opened.predict_ab(hints=hints) is kept
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 0
    assert opened.predict_ab() is opened.predict_ab()
    other = opened.predict_ab(hints=[Hint(20, 20, (30, 30, 200))])
    assert not np.array_equal(other, kept)
    np.testing.assert_array_equal(opened.predict_ab(hints=hints), kept)
    again.prepare()
    assert again.is_prepared()
    np.testing.assert_array_equal(again.predict(hints=hints).rgb(), opened.predict(hints=hints).rgb())


def test_a_smaller_answer_keeps_borders_as_they_are(colorizer: Colorizer) -> None:
    plane = np.full((400, 600), 250, np.uint8)
    plane[40:360, 60:540] = grey(320, 480)
    opened = colorizer.open(Image.fromarray(plane))
    assert opened.inside is not None
    small = opened.predict(pixels=150)
    assert (small.width, small.height) == (150, 100)
    assert small.chroma is not None
    rows, columns = (side / full for side, full in zip(small.chroma[0].shape, (400, 600), strict=True))
    for part in small.chroma:
        assert (part[: int(36 * rows)] == 128).all()
        assert (part[:, : int(54 * columns)] == 128).all()
        assert (part[int(50 * rows) : int(350 * rows), int(70 * columns) : int(530 * columns)] != 128).any()


def test_every_kind_of_input_gives_the_same(colorizer: Colorizer, examples: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "same.png"
    Image.open(examples[0]).save(path)
    picture = Image.open(path)
    with path.open("rb") as stream:
        inputs = [str(path), path, path.read_bytes(), stream, picture, np.asarray(picture), Photo.read(path)]
        results = [colorizer.colorize(given).rgb() for given in inputs]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_colour_that_is_there_already_changes_nothing(colorizer: Colorizer, examples: list[Path]) -> None:
    once = colorizer.colorize(examples[0])
    twice = colorizer.colorize(once)
    assert once.encode() == twice.encode()


def test_the_edge_is_not_padding(colorizer: Colorizer) -> None:
    """A plain picture stays plain up to its last column although the network sees it padded."""
    ab = colorizer.open(np.full((64, 70), 120, np.uint8)).predict_ab()
    inner = ab[2:-2, 2:-2]
    np.testing.assert_allclose(inner, np.broadcast_to(inner[0, 0], inner.shape), atol=0.5)


def test_the_function(model_path: Path, examples: list[Path], colorizer: Colorizer) -> None:
    photo = tintype.colorize(examples[1], model=model_path, threads=1)
    assert photo.encode() == colorizer.colorize(examples[1]).encode()
    assert tintype.colorize(examples[1], model=model_path, threads=1).encode() == photo.encode()


def test_failures_raise(colorizer: Colorizer, tmp_path: Path, examples: list[Path]) -> None:
    with pytest.raises(InputError, match="no such file"):
        colorizer.open(tmp_path / "missing.jpg")
    with pytest.raises(WeightsError, match="no model is called"):
        Colorizer("no-such-model")
    broken = Colorizer(tiny_model.build(tmp_path / "nan.onnx", weight=float("nan")))
    with pytest.raises(WeightsError, match="NaN"):
        broken.colorize(examples[0])


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Colorizer:
    path = tiny_model.build_painter(tmp_path_factory.mktemp("painter") / "painter.onnx")
    return Colorizer(path, threads=1, precision="f32", device="cpu")


def drawing(height: int, width: int) -> np.ndarray:
    """White paper with a black square, a quarter of the short side, in its lower right."""
    page = np.full((height, width), 255, np.uint8)
    side = min(height, width) // 4
    page[height - 2 * side : height - side, width - 2 * side : width - side] = 0
    return page


@pytest.mark.parametrize("shape", [(64, 64), (64, 100), (96, 64), (300, 421), (16, 200), (1, 1)])
def test_a_model_for_drawings_paints_the_light_too(painter: Colorizer, shape: tuple[int, int]) -> None:
    page = drawing(*shape)
    painted = painter.colorize(page)
    assert (painted.height, painted.width) == shape
    lab = srgb_to_lab(painted.rgb() / np.float32(255))
    if min(shape) < 64:
        assert np.median(lab[..., 0]) == pytest.approx(80, abs=2)
        return
    inside, paper = lab[page == 0].reshape(-1, 3), lab[shape[0] // 4, shape[1] // 4]
    np.testing.assert_allclose(np.median(inside, axis=0)[0], 20, atol=4)
    assert np.median(inside, axis=0)[2] < -10
    np.testing.assert_allclose(paper, (80, 23, 23), atol=3)


def test_paper_continues_where_a_drawing_ends(painter: Colorizer) -> None:
    """The network sees 96x128 for 64x100; what is painted at the border must be what paper beside it gives."""
    page = drawing(64, 100)
    page[:, 90:] = 0
    ab = painter.open(page).predict_ab(size=64)
    assert ab.shape[:2] == working_size(64, 100, 64)
    assert ab[30, -1, 1] > ab[30, -4, 1] + 5
    photo_like = tiny_model.build_painter(painter.model.path.with_name("photo.onnx"), condition="lightness")
    mirrored = Colorizer(photo_like, threads=1, precision="f32", device="cpu").open(page).predict_ab(size=64)
    np.testing.assert_allclose(mirrored[30, -1], mirrored[30, -4], atol=1)


def test_lines_stay_dark_when_a_drawing_is_made_smaller(painter: Colorizer) -> None:
    page = np.full((640, 640), 255, np.uint8)
    page[:, 320:322] = 0
    thin = srgb_to_lab(painter.colorize(page).rgb() / np.float32(255))[..., 0]
    assert thin[:, 300:340].min() < 70
    assert thin[100:-100, 100:200].min() > 78


def test_drawings_with_alpha_are_laid_on_white(painter: Colorizer) -> None:
    page = drawing(64, 80)
    clear = np.dstack([np.zeros_like(page)] * 3 + [255 - page])
    painted = painter.colorize(clear)
    assert painted.alpha is None
    np.testing.assert_array_equal(painted.rgb(), painter.colorize(page).rgb())
    assert Image.open(io.BytesIO(painted.encode("PNG"))).mode == "RGB"


def test_a_broken_painter_raises(tmp_path: Path) -> None:
    path = tiny_model.build_painter(tmp_path / "painter.onnx")
    model = onnx.load(path)
    for weight in model.graph.initializer:
        if weight.name == "mix":
            weight.CopyFrom(onnx.numpy_helper.from_array(np.full((3, 1, 1, 1), np.nan, np.float32), "mix"))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(WeightsError, match="NaN"):
        Colorizer(path).colorize(drawing(64, 64))


def test_a_model_for_drawings_is_not_measured_on_photographs(painter: Colorizer, examples: list[Path]) -> None:
    with pytest.raises(WeightsError, match="colours drawings"):
        evaluate(painter, examples[0].parent)


def test_the_models_own_colours_stay_when_a_picture_is_cropped_or_made_larger(examples: list[Path]) -> None:
    """Mean distance in CIE ab; benchmarks/stability.py has more pictures."""
    own, drifts = Colorizer(threads=1), []

    def ab(pixels: np.ndarray) -> np.ndarray:
        return srgb_to_lab(own.colorize(np.ascontiguousarray(pixels)).rgb() / np.float32(255))[..., 1:]

    for name in ("coffee", "hopper", "migrant-mother-1936"):
        luma = Photo.read(next(path for path in examples if path.stem == name)).luma
        height, width = luma.shape[0] // 2 * 2, luma.shape[1] // 2 * 2
        luma, top, left = luma[:height, :width], height // 10, width // 10
        whole, cropped = ab(luma), ab(luma[top:, left:])
        larger = ab(np.asarray(Image.fromarray(luma).resize((2 * width, 2 * height), Image.Resampling.BICUBIC)))
        small = larger.reshape(height, 2, width, 2, 2).mean(axis=(1, 3))
        drifts.append([np.linalg.norm(d, axis=-1).mean() for d in (whole[top:, left:] - cropped, whole - small)])
    by_crop, by_size = np.mean(drifts, axis=0)
    assert by_crop < 8, drifts
    assert by_size < 1.5, drifts
