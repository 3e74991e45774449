"""Depth: 16 bits stay 16 bits, floats are read, all pages come back, odd kinds of TIFF and PNG are coloured."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, TiffImagePlugin

from pictures import file_bytes, noise, opened, smooth, wild_ab
from tintype.batch.run import plan, run
from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.compose import compose
from tintype.errors import InputError, MissingExtra
from tintype.photo import decode
from tintype.photo.photo import Photo
from tintype.photo.sixteen_bit import to_16_bits
from tintype.photo.tiff_pages import page_numbers

RAMP = np.arange(65536, dtype=np.uint16).reshape(256, 256)


def vips(pixels: np.ndarray, suffix: str = ".tif", **options: object) -> bytes:
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    height, width, bands = pixels.shape
    formats = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels), width, height, bands, formats[str(pixels.dtype)])
    if pixels.dtype == np.uint16:
        image = image.copy(interpretation="rgb16" if bands > 2 else "grey16")
    return bytes(image.write_to_buffer(suffix, **options))


def deep_pixels(data: bytes) -> np.ndarray:
    return np.asarray(pyvips.Image.new_from_buffer(data, "").numpy())


def light16(data: bytes) -> np.ndarray:
    pixels = deep_pixels(data)
    assert pixels.dtype == np.uint16
    if pixels.ndim == 2:
        return pixels
    return np.round(pixels[..., :3].astype(np.float64) @ [0.299, 0.587, 0.114]).astype(np.uint16)


@pytest.mark.parametrize("container", ["PNG", "TIFF"])
@pytest.mark.parametrize("source", ["PNG", "TIFF"])
def test_every_one_of_65536_levels_comes_back(source: str, container: str) -> None:
    photo = Photo.read(file_bytes(Image.fromarray(RAMP), source))
    np.testing.assert_array_equal(light16(photo.encode(container)), RAMP)
    coloured = compose(photo, wild_ab(5, 5, reach=60))
    np.testing.assert_array_equal(light16(coloured.encode(container)), RAMP)
    assert deep_pixels(coloured.encode(container)).shape == (256, 256, 3)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_rgb_with_alpha_in_16_bits(suffix: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (40, 50, 4), dtype=np.uint16)
    photo = Photo.read(vips(pixels, suffix))
    assert photo.deep is not None
    written = deep_pixels(compose(photo, wild_ab(3, 4)).encode())
    assert written.shape == (40, 50, 4)
    np.testing.assert_array_equal(written[..., 3], pixels[..., 3])
    wanted = np.round(pixels[..., :3].astype(np.float64) @ [0.299, 0.587, 0.114])
    np.testing.assert_allclose(light16(compose(photo, wild_ab(3, 4)).encode()), wanted, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("container", ["PNG", "TIFF"])
def test_deep_pictures_stand_upright(container: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    deep = Photo.read(file_bytes(Image.fromarray(RAMP[:60, :80]), container, exif=exif.tobytes()))
    flat = Photo.read(
        file_bytes(Image.fromarray((RAMP[:60, :80] // 257).astype(np.uint8)), container, exif=exif.tobytes())
    )
    assert deep.luma.shape == flat.luma.shape
    np.testing.assert_allclose(deep.luma.astype(int), flat.luma, atol=1)


@pytest.mark.parametrize("scale", [1.0, 255.0, 65535.0])
@pytest.mark.parametrize("bands", [1, 3])
def test_float_tiffs(scale: float, bands: int) -> None:
    ramp = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64, 1).repeat(bands, axis=2)
    photo = Photo.read(vips(ramp * np.float32(scale)))
    assert photo.deep is not None
    np.testing.assert_allclose(photo.deep.luma / 65535, ramp[..., 0], atol=2e-5)
    assert light16(photo.encode("TIFF")).shape == (64, 64)


def test_floats_that_are_no_numbers() -> None:
    assert to_16_bits(np.array([[np.nan, np.inf, -1, 0.5]], np.float32))[0, :, 0].tolist() == [0, 0, 0, 32768]
    assert to_16_bits(np.zeros((2, 2), np.float32)).max() == 0


def test_big_tiff_and_tags_of_a_deep_page() -> None:
    data = vips(smooth(50, 60), bigtiff=True)
    assert data[2] == 43
    np.testing.assert_array_equal(Photo.read(data).luma, smooth(50, 60))
    exif = Image.Exif()
    exif[0x010F], exif[0x8769] = "Maker", {0x9003: "1931:05:06 07:08:09"}
    photo = Photo.read(file_bytes(Image.fromarray(RAMP), "TIFF", exif=exif.tobytes(), dpi=(300, 300)))
    for container in ("TIFF", "PNG"):
        written = opened(compose(photo, wild_ab(2, 2)).encode(container))
        assert written.getexif()[0x010F] == "Maker"
        assert written.getexif().get_ifd(0x8769)[0x9003] == "1931:05:06 07:08:09"
        assert written.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "PA", "CMYK", "LAB", "I;16", "F"])
def test_every_mode_of_tiff_is_coloured(mode: str) -> None:
    grey = Image.fromarray(smooth(33, 47))
    if mode == "I;16":
        image = Image.fromarray(RAMP[:33, :47])
    elif mode == "LAB":
        image = Image.merge("LAB", [grey, Image.new("L", grey.size, 128), Image.new("L", grey.size, 128)])
    elif mode == "PA":
        image = grey.convert("LA").convert("RGBA").quantize()
    else:
        image = grey.convert(mode)
    photo = Photo.read(file_bytes(image, "TIFF" if mode != "PA" else "PNG"))
    coloured = opened(compose(photo, np.full((2, 2, 2), 30, np.float32)).encode())
    assert coloured.size == (47, 33)
    assert coloured.mode.startswith("RGB")


def test_all_pages_come_back(tmp_path: Path, model_path: Path) -> None:
    pages = [Image.fromarray(smooth(40 + 10 * i, 60, seed=i)) for i in range(3)]
    pages.append(Image.fromarray(RAMP[:50]))
    source = tmp_path / "book.tif"
    pages[0].save(source, save_all=True, append_images=pages[1:])
    assert page_numbers(source) == page_numbers(source.read_bytes()) == [0, 1, 2, 3]
    colorizer = Colorizer(model_path, device="cpu", threads=1)
    report = run(plan([str(source)], str(tmp_path / "out")), colorizer)
    assert report.failed == 0, report.results
    target = tmp_path / "out" / "book.tif"
    assert page_numbers(target) == [0, 1, 2, 3]
    for number, page in enumerate(pages[:3]):
        photo = Photo.read(target, page=number)
        assert photo.chroma is not None
        assert np.abs(photo.luma.astype(int) - np.asarray(page)).max() <= 1
    last = Photo.read(target, page=3)
    assert last.deep is not None
    np.testing.assert_allclose(last.deep.luma.astype(int), RAMP[:50], atol=1)


def test_pages_are_not_lost_without_a_word(tmp_path: Path, model_path: Path) -> None:
    source = tmp_path / "book.tif"
    Image.fromarray(smooth(40, 60)).save(source, save_all=True, append_images=[Image.fromarray(smooth(50, 60))])
    colorizer = Colorizer(model_path, device="cpu", threads=1)
    report = run(plan([str(source)], str(tmp_path / "book.jpg")), colorizer)
    assert "has 2 pages, and .jpg holds one; write .tif" in str(report.results[0].error)
    assert not (tmp_path / "book.jpg").exists()


def test_a_thumbnail_between_pages_is_no_page(tmp_path: Path) -> None:
    source = tmp_path / "book.tif"
    thumbnail = TiffImagePlugin.ImageFileDirectory_v2()
    thumbnail[254] = 1
    pages = [Image.fromarray(smooth(40, 60)), Image.fromarray(smooth(10, 15)), Image.fromarray(smooth(50, 60))]
    pages[1].encoderinfo = {"tiffinfo": thumbnail}
    pages[0].save(source, save_all=True, append_images=pages[1:])
    assert page_numbers(source) == [0, 2]


def test_pages_of_what_is_no_tiff(tmp_path: Path) -> None:
    assert page_numbers(b"II*\0nonsense") == page_numbers(b"") == page_numbers(tmp_path / "gone.tif") == [0]
    with pytest.raises(InputError, match="damaged"):
        Photo.read(file_bytes(Image.new("L", (3, 3)), "TIFF"), page=4)


def test_avif_is_read_and_heic_and_jxl_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = Photo.read(file_bytes(Image.fromarray(smooth(40, 50)), "AVIF", quality=95))
    assert photo.luma.shape == (40, 50)
    assert photo.format == "PNG"
    monkeypatch.setattr(decode.importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    for head in (struct.pack(">I", 24) + b"ftypheic" + bytes(40), b"\xff\x0a" + bytes(40)):
        with pytest.raises(MissingExtra, match=r"tintype\[heif\]"):
            Photo.read(head)


def test_heic_and_jxl_with_the_extra() -> None:
    heif = pytest.importorskip("pillow_heif", reason="the extra heif is not installed")
    target = io.BytesIO()
    heif.from_pillow(Image.fromarray(smooth(64, 80)).convert("RGB")).save(target, quality=95)
    assert np.abs(Photo.read(target.getvalue()).luma.astype(int) - smooth(64, 80)).mean() < 6
    pytest.importorskip("pillow_jxl", reason="the extra heif is not installed")
    data = file_bytes(Image.fromarray(noise(20, 30)), "JXL", lossless=True)
    np.testing.assert_array_equal(Photo.read(data).luma, noise(20, 30))


def test_pages_do_not_go_lost_on_standard_output(tmp_path: Path, model_path: Path) -> None:
    source = tmp_path / "book.tif"
    Image.fromarray(smooth(40, 60)).save(source, save_all=True, append_images=[Image.fromarray(smooth(50, 60))])
    colorizer = Colorizer(model_path, device="cpu", threads=1)
    report = run(plan([str(source)], "-"), colorizer)
    assert "has 2 pages, and standard output holds one; write .tif" in str(report.results[0].error)
