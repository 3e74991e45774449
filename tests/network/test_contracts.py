"""Networks with the interfaces of published colourisers, whose right answer is known, in tintype's engine."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foreign_graphs
from tintype import Colorizer, Hint, Photo, TintypeError, WeightsError
from tintype.imaging.color import lab_to_srgb, lightness_from_luma, luma, rgb_to_ycc, srgb_to_lab
from tintype.network.model_file import find_model

RAMP = np.tile(np.linspace(70, 205, 96).astype(np.uint8), (64, 1))


def in_light(ab: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """sRGB (..., 3), 0 to 255, of colours ab (..., 2) at a luma (...), by halving the interval of L*: no code of the
    engine's own."""
    low, high = np.zeros(grey.shape), np.full(grey.shape, 100.0)
    for _ in range(30):
        middle = (low + high) / 2
        rgb = lab_to_srgb(np.concatenate([middle[..., None], ab], -1))
        above = luma(rgb) > grey / 255
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return rgb * 255


def coloured(model: str | Path, picture: np.ndarray = RAMP) -> np.ndarray:
    """Y', Cb and Cr, as the coloured photo holds them: 0 to 255, chroma around 0."""
    photo = Colorizer(model, threads=1, precision="f32").colorize(picture)
    return rgb_to_ycc(photo.rgb() / np.float32(255)) * 255


def expected(picture: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The same of the picture in the colours that the stand-ins have for `share`."""
    return rgb_to_ycc(in_light(foreign_graphs.ab_of(share), picture.astype(np.float64)) / 255) * 255


FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "DDColor, any size": ("ddcolor", {}),
    "DDColor, Makistos' names": ("ddcolor", {"names": ("gray", "ab"), "batch": "n"}),
    "DDColor, fixed 256": ("ddcolor", {"size": (256, 256)}),
    "DDColor, fixed 512": ("ddcolor", {"size": (512, 512)}),
    "DDColor, opset 11": ("ddcolor", {"opset": 11}),
    "DDColor, fp16": ("ddcolor", {"half": True}),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_ddcolor_gets_grey_and_answers_in_cie_units(family: str, tmp_path: Path) -> None:
    kind, options = FAMILIES[family]
    path = foreign_graphs.ddcolor(tmp_path / "any name.onnx", **options)
    assert find_model(path).contract == kind
    np.testing.assert_allclose(coloured(path), expected(RAMP, RAMP / 255), atol=1)


@pytest.mark.parametrize("white", [255.0, 1.0])
@pytest.mark.parametrize("size", [("h", "w"), (256, 256), (560, 560)])
def test_deoldifys_scale_is_found_and_its_chroma_laid_over_the_light(
    white: float, size: tuple[Any, Any], tmp_path: Path
) -> None:
    path = foreign_graphs.deoldify(tmp_path / "made.onnx", white=white, size=size)
    assert find_model(path).contract == f"deoldify-{white:g}"
    grey = RAMP / 255
    made = np.stack([0.9 * grey + 4 * grey * (1 - grey) * tint for tint in foreign_graphs.RGB], -1).clip(0, 1)
    chroma = rgb_to_ycc(made)[..., 1:]
    got = coloured(path)
    np.testing.assert_allclose(got[..., 0], RAMP, atol=1)
    np.testing.assert_allclose(got[..., 1:], chroma * 255, atol=1)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"names": ("input", "output")},
        {"names": ("L", "ab"), "size": ("h", "w")},
        {"size": (224, 224), "centre": 50.0, "quarter": True},
    ],
    ids=("Open Model Zoo", "clibdev", "Makistos", "Caffe"),
)
def test_eccv16_gets_the_lightness_itself(options: dict[str, Any], tmp_path: Path) -> None:
    path = foreign_graphs.eccv16(tmp_path / "made.onnx", **options)
    assert find_model(path).contract == ("eccv16-caffe" if "centre" in options else "eccv16")
    share = lightness_from_luma(RAMP / np.float32(255)) / 100
    tolerance = 2 if options.get("quarter") else 1  # an answer at a quarter of the size is a little smoother
    np.testing.assert_allclose(coloured(path), expected(RAMP, share), atol=tolerance)


@pytest.mark.parametrize("names", [foreign_graphs.OMZ, foreign_graphs.MAKISTOS], ids=("Open Model Zoo", "Makistos"))
@pytest.mark.parametrize("order", ["012", "210", "102"])
def test_siggraph17_colours_without_hints(names: tuple[str, str, str, str], order: str, tmp_path: Path) -> None:
    path = foreign_graphs.siggraph17(tmp_path / "made.onnx", names=names, order=order)
    share = lightness_from_luma(RAMP / np.float32(255)) / 100
    np.testing.assert_allclose(coloured(path), expected(RAMP, share), atol=1)


def test_hints_reach_siggraph17s_planes_at_their_cell_with_their_sign(tmp_path: Path) -> None:
    colorizer = Colorizer(foreign_graphs.siggraph17(tmp_path / "made.onnx"), threads=1, precision="f32")
    assert colorizer.model.info.hints == "trained"
    lightness = np.zeros((1, 1, 256, 256), np.float32)
    hints = np.zeros((1, 3, 256, 256), np.float32)
    hints[0, :, 40:43, 200:203] = np.float32([20 / 110, -35 / 110, 1])[:, None, None]
    answer = colorizer.network.run(lightness, hints)["ab"][0]
    plain = foreign_graphs.ab_of(np.float32(0.5))
    np.testing.assert_allclose(answer[:, 41, 201], [40, -70], atol=0.01)  # the stand-in answers hints doubled
    np.testing.assert_allclose(answer[:, 39, 201], plain, atol=0.01)
    np.testing.assert_allclose(answer[:, 201, 41], plain, atol=0.01)
    # In a whole picture the person's colour is met, whatever the network makes of it.
    flat = np.full((96, 96), 128, np.uint8)
    red = colorizer.open(flat).predict_ab(hints=[Hint(72, 24, (190, 60, 60))])
    wanted = srgb_to_lab(np.float32([[190, 60, 60]]) / 255)[0, 1:]
    row, column = (int(24.5 / 96 * red.shape[0]), int(72.5 / 96 * red.shape[1]))
    np.testing.assert_allclose(red[row, column], wanted, atol=3)


def test_hints_are_spread_over_the_answer_of_a_network_that_knows_of_none(tmp_path: Path) -> None:
    colorizer = Colorizer(foreign_graphs.ddcolor(tmp_path / "made.onnx", size=(256, 256)), threads=1)
    picture = np.full((96, 128), 90, np.uint8)
    picture[:, 64:] = 200
    opened = colorizer.open(picture)
    plain, hinted = opened.predict_ab(), opened.predict_ab(hints=[Hint(20, 48, (40, 90, 160))])
    wanted = srgb_to_lab(np.float32([[40, 90, 160]]) / 255)[0, 1:]
    height, width = plain.shape[:2]
    near, beyond = (height // 2, int(width * 20.5 / 128)), (height // 2, int(width * 0.9))
    np.testing.assert_allclose(hinted[near], wanted, atol=3)
    assert np.abs(hinted[beyond] - plain[beyond]).max() < 5
    assert set(colorizer.network.outputs) == {"ab", "features_16", "features_32"}


def test_a_network_of_one_size_sees_all_of_the_picture_in_its_shape(tmp_path: Path) -> None:
    colorizer = Colorizer(foreign_graphs.ddcolor(tmp_path / "made.onnx", size=(256, 256)), threads=1, precision="f32")
    tall = np.tile(np.linspace(70, 205, 300).astype(np.uint8)[:, None], (1, 100))
    answer = colorizer.open(tall).predict_ab()
    assert answer.shape == (256, 84, 2)  # not 256 x 256: nothing was squashed
    np.testing.assert_allclose(coloured(tmp_path / "made.onnx", tall), expected(tall, tall / 255), atol=1)
    with pytest.raises(TintypeError, match=r"takes 256 x 256 alone"):
        colorizer.colorize(tall, size=512)
    assert colorizer.open(tall).averaged_ab().shape == answer.shape


def test_a_contract_is_named_where_a_file_does_not_tell(tmp_path: Path) -> None:
    path = foreign_graphs.eccv16(tmp_path / "made.onnx", size=(224, 224))
    assert find_model(path).contract == "eccv16"
    assert find_model(f"eccv16-caffe:{path}").contract == "eccv16-caffe"
    with pytest.raises(WeightsError, match="no contract is called 'zhang'"):
        find_model(f"zhang:{path}")
    with pytest.raises(WeightsError, match="inputs of 3 planes are wanted"):
        find_model(f"ddcolor:{path}")
    with pytest.raises(WeightsError, match="one of tintype's own models"):
        find_model("ddcolor:tint")


def test_what_is_not_recognised_is_told_with_what_is(tmp_path: Path) -> None:
    g = foreign_graphs.Nodes()
    g.op("Identity", "picture", output="mask")
    path = g.save(tmp_path / "segmenter.onnx", [("picture", (1, 5, "h", "w"))], [("mask", (1, 5, "h", "w"))])
    with pytest.raises(WeightsError, match=r"picture \[1x5x\?x\?\] -> mask .*DDColor \(3 -> 2\)"):
        find_model(path)


def test_tints_network_in_ddcolors_clothes_colours_as_tint_does(tmp_path: Path) -> None:
    photo = Photo.read(Path(__file__).parents[2] / "examples" / "camera.jpg")
    dressed = Colorizer(foreign_graphs.around_tint(tmp_path / "made.onnx"), threads=1, precision="f32")
    own = Colorizer("tint", threads=1, precision="f32")
    answers = [one.open(photo).predict_ab(size=128) for one in (own, dressed)]
    np.testing.assert_allclose(answers[1], answers[0], atol=0.05)
    reference = own.open(Photo.read(Path(__file__).parents[2] / "examples" / "astronaut.jpg"))
    coloured = Colorizer("tint", threads=1).colorize(reference.photo)
    matches = [one.open(photo).match(one.open(coloured), size=128) for one in (own, dressed)]
    assert matches[0] == matches[1]


def test_what_such_a_network_cannot_do_is_derived_or_said(tmp_path: Path) -> None:
    opened = Colorizer(foreign_graphs.ddcolor(tmp_path / "made.onnx"), threads=1).open(RAMP)
    for ask in (opened.confidence, opened.entropy, opened.propose, lambda: opened.suggest(5, 5)):
        with pytest.raises(WeightsError, match="answers with colours alone"):
            ask()
    assert opened.alternatives(size=64) == []  # it answers the same at every size and to the mirror image


def test_other_colourings_come_from_the_mirror_image_and_other_sizes(tmp_path: Path) -> None:
    g = foreign_graphs.Nodes()
    # Colours that depend on how far to the right a thing is: the mirror image gets others.
    count = g.op("CumSum", g.op("Add", g.op("Mul", g.channel("input", 0), 0.0), 1.0), np.array(3))
    share = g.op("Div", count, 100.0)
    g.op("Concat", g.op("Mul", share, 20.0), g.op("Mul", share, -10.0), output="output", axis=1)
    path = g.save(tmp_path / "m.onnx", [("input", (1, 3, "h", "w"))], [("output", (1, 2, "h", "w"))])
    opened = Colorizer(path, threads=1).open(RAMP)
    others = opened.alternatives(3, size=64)
    assert len(others) == 3
    plain = opened.predict(size=64)
    for other in others:
        np.testing.assert_array_equal(other.luma, plain.luma)
        assert np.abs(other.rgb().astype(int) - plain.rgb()).max() > 3


def test_quantised_graphs_are_taken(tmp_path: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, small = foreign_graphs.ddcolor(tmp_path / "plain.onnx"), tmp_path / "int8.onnx"
    quantize_dynamic(plain, small, weight_type=QuantType.QUInt8)
    kinds = {node.op_type for node in onnx.load_model(small).graph.node}
    assert kinds & {"ConvInteger", "DynamicQuantizeLinear", "QLinearConv"}
    assert find_model(small).contract == "ddcolor"
    np.testing.assert_allclose(coloured(small), expected(RAMP, RAMP / 255), atol=1.5)
