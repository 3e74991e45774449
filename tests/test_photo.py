"""Reading and writing pictures of every kind, and every way in which that fails."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import file_bytes, light, noise, opened, smooth
from tintype.errors import InputError, OutputError
from tintype.photo.photo import Photo

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size; the pixels are not there."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@settings(max_examples=40)
@given(
    st.sampled_from(["1", "L", "P", "RGB", "RGBA", "LA"]),
    st.sampled_from(["PNG", "TIFF", "WEBP", "BMP"]),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_lossless_files_come_back(mode: str, container: str, height: int, width: int) -> None:
    image = Image.fromarray(noise(height, width, 3, 4)).convert(mode if mode != "P" else "RGB").convert(mode)
    if container == "BMP":
        image = image.convert({"LA": "L", "RGBA": "RGB"}.get(mode, mode))
    data = file_bytes(image, container, **({"lossless": True, "exact": True} if container == "WEBP" else {}))
    photo = Photo.read(data)
    np.testing.assert_array_equal(photo.luma, light_of(opened(data)))
    again = Photo.read(photo.encode())
    assert again.meta.format == container
    assert np.abs(again.luma.astype(int) - photo.luma).max() <= 1
    assert np.abs(again.rgb().astype(int) - photo.rgb()).mean() <= 2
    assert (again.alpha is None) == (photo.alpha is None or (container == "WEBP" and photo.alpha.min() == 255))


def light_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode)).convert("RGB").convert("L"))


def test_sixteen_bits_come_down_to_eight() -> None:
    ramp = np.linspace(0, 65535, 256 * 4).astype(np.uint16).reshape(4, 256)
    for source in (ramp, file_bytes(Image.fromarray(ramp), "PNG"), file_bytes(Image.fromarray(ramp), "TIFF")):
        expected = np.round(ramp / 257).astype(int)
        assert np.abs(Photo.read(source).luma.astype(int) - expected).max() == 0


def test_first_frame_of_a_gif_is_written_as_png() -> None:
    frames = [Image.new("L", (20, 10), value) for value in (40, 200)]
    photo = Photo.read(file_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (photo.luma == 40).all()
    assert photo.format == "PNG"
    assert opened(photo.encode()).format == "PNG"


def test_grey_pictures_in_colour_modes_have_no_chroma() -> None:
    grey = Image.fromarray(noise(20, 30))
    assert Photo.read(file_bytes(grey.convert("RGB"), "PNG")).chroma is None
    assert Photo.read(file_bytes(grey, "JPEG")).chroma is None


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_jpeg_luma_is_the_decoders_own_and_chroma_is_kept(subsampling: str) -> None:
    colour = Image.fromarray(np.stack([smooth(41, 53, seed) // 2 + 60 for seed in range(3)], axis=-1))
    data = file_bytes(colour, "JPEG", quality=92, subsampling=subsampling)
    image = Image.open(io.BytesIO(data))
    image.draft("YCbCr", image.size)
    photo = Photo.read(data)
    np.testing.assert_array_equal(photo.luma, np.asarray(image.getchannel("Y")))
    assert photo.chroma is not None
    assert photo.chroma[0].shape == ((21, 27) if subsampling == "4:2:0" else (41, 53))
    assert np.abs(photo.rgb().astype(int) - np.asarray(opened(data))).mean() < 5
    again = Photo.read(photo.encode())
    assert again.meta.quality == photo.meta.quality == 92
    assert np.abs(again.rgb().astype(int) - photo.rgb()).mean() < 3


@pytest.mark.parametrize("quality", [1, 20, 49, 50, 75, 92, 99, 100])
def test_jpeg_quality_follows_the_source(quality: int) -> None:
    photo = Photo.read(file_bytes(Image.fromarray(smooth(40, 40)), "JPEG", quality=quality))
    assert photo.meta.quality == quality
    assert opened(photo.encode()).quantization == opened(photo.encode("JPEG", quality)).quantization


def test_cmyk_and_rgb_jpegs_are_read() -> None:
    colour = Image.fromarray(np.stack([smooth(41, 53, seed) // 2 + 60 for seed in range(3)], axis=-1))
    cmyk = Photo.read(file_bytes(colour.convert("CMYK"), "JPEG", quality=95))
    plain = Photo.read(file_bytes(colour, "JPEG", quality=95, keep_rgb=True))
    for photo in (cmyk, plain):
        assert np.abs(photo.rgb().astype(int) - np.asarray(colour)).mean() < 6
        assert opened(photo.encode()).mode == "RGB"


@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(container: str, orientation: int) -> None:
    image = Image.fromarray(np.kron(np.array([[10, 60, 110], [160, 210, 250]], np.uint8), np.ones((16, 16))))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a street"
    data = file_bytes(image.convert("L"), container, exif=exif)
    expected = light_of(upright(opened(data)))
    photo = Photo.read(data)
    assert photo.luma.shape == expected.shape
    assert np.abs(photo.luma.astype(int) - expected).max() <= 3
    encoded = opened(photo.encode())
    assert encoded.size == (photo.width, photo.height)
    assert encoded.getexif().get(0x0112, 1) == 1
    assert encoded.getexif()[0x010E] == "a street"


def upright(image: Image.Image) -> Image.Image:
    """By Pillow, which has already done it for TIFF."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def test_sources_of_every_kind(tmp_path: Path) -> None:
    luma = noise(7, 9)
    path = tmp_path / "a.png"
    path.write_bytes(file_bytes(Image.fromarray(luma), "PNG"))
    with path.open("rb") as stream:
        from_stream = Photo.read(stream)
    photo = Photo.read(path)
    sources = [str(path), path.read_bytes(), bytearray(path.read_bytes()), Image.open(path), luma, photo]
    sources += [luma[..., None], np.stack([luma] * 3, axis=-1), luma / 255, luma.astype(np.float32) / 255]
    for read in [from_stream, *map(Photo.read, sources)]:
        np.testing.assert_array_equal(read.luma, luma)
    assert Photo.read(photo) is photo
    np.testing.assert_array_equal(Photo.read(luma > 100).luma, np.where(luma > 100, 255, 0))


def test_transparency_is_kept_or_laid_over_white() -> None:
    pixels = noise(20, 30, 5, 4)
    photo = Photo.read(pixels)
    assert photo.alpha is not None
    for container in ("PNG", "WEBP", "TIFF"):
        image = opened(photo.encode(container))
        np.testing.assert_array_equal(np.asarray(image.getchannel("A")), pixels[..., 3])
    clear = pixels.copy()
    clear[..., 3] = 0
    for container in ("JPEG", "BMP"):
        assert light(Photo.read(clear).encode(container, 95)).min() >= 254


def bad_inputs(folder: Path) -> dict[str, Path]:
    jpeg = file_bytes(Image.fromarray(smooth(200, 300)), "JPEG")
    png = file_bytes(Image.fromarray(smooth(200, 300)), "PNG")
    contents = {
        "text.jpg": b"This is a letter, not a photograph.\n" * 20,
        "empty.jpg": b"",
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut-and-closed.jpg": jpeg[: len(jpeg) // 2] + b"\xff\xd9",
        "no-end.jpg": jpeg[:-2],
        "header-only.jpg": jpeg[:300],
        "two-bytes.jpg": b"\xff\xd8",
        "cut.png": png[: len(png) // 2],
        "cut.webp": file_bytes(Image.fromarray(noise(90, 90)), "WEBP")[:900],
        "cut.tif": file_bytes(Image.fromarray(noise(90, 90)), "TIFF")[:3000],
        "cut.bmp": file_bytes(Image.fromarray(noise(90, 90)), "BMP")[:3000],
        "cut.gif": file_bytes(Image.fromarray(noise(90, 90)), "GIF")[:3000],
        "no-width.png": png_of_size(0, 20),
        "no-height.png": png_of_size(20, 0),
        "bomb.png": png_of_size(40000, 40000),
        "huge.png": png_of_size(2**31 - 1, 2**31 - 1),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / "folder.jpg").mkdir()
    return {name: folder / name for name in [*contents, "folder.jpg", "missing.jpg"]}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bad_inputs_are_named_in_one_line(tmp_path: Path) -> None:
    for name, path in bad_inputs(tmp_path).items():
        with pytest.raises(InputError) as caught:
            Photo.read(path)
        message = str(caught.value)
        assert name in message, message
        assert "\n" not in message
        assert len(message) < 300 + len(str(path))


def test_decompression_bombs_name_the_limit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1,600 megapixels; the limit is 500"):
        Photo.read(bad_inputs(tmp_path)["bomb.png"])
    with pytest.raises(InputError, match="the array is 30x20"):
        Photo.read(noise(20, 30), max_pixels=599)
    assert Photo.read(noise(20, 30), max_pixels=600).width == 30


def test_pillows_own_limit_is_left_as_it_was() -> None:
    before = Image.MAX_IMAGE_PIXELS
    Photo.read(file_bytes(Image.fromarray(noise(9, 9)), "PNG"))
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0, 3), (4,), (4, 4, 2), (4, 4, 5), (1, 4, 4, 3)])
def test_arrays_that_are_no_pictures(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        Photo.read(np.zeros(shape, np.uint8))
    with pytest.raises(InputError, match="int64"):
        Photo.read(np.zeros((4, 4), np.int64))


@settings(max_examples=150)
@given(st.sampled_from(FORMATS), st.data())
def test_damaged_files_end_in_a_picture_or_an_input_error(container: str, data: st.DataObject) -> None:
    whole = bytearray(file_bytes(Image.fromarray(smooth(24, 33)), container))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
    try:
        photo = Photo.read(cut, max_pixels=1_000_000)
    except InputError:
        return
    photo.encode("PNG")


def test_saving_writes_once_and_whole(tmp_path: Path) -> None:
    photo = Photo.read(noise(9, 9))
    target = photo.save(tmp_path / "out.png")
    before = target.read_bytes()
    other = Photo.read(noise(9, 9, 1))
    with pytest.raises(OutputError, match=r"out\.png exists"):
        other.save(target)
    assert target.read_bytes() == before
    other.save(target, overwrite=True)
    assert target.read_bytes() != before
    assert os.listdir(tmp_path) == ["out.png"]


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    photo = Photo.read(noise(9, 9))
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    wrong = {
        "nowhere/a.png": "make the folder",
        "file/a.png": "make the folder",
        "folder.png": "is a folder",
        "a.xyz": "not a format",
        "a": "no suffix",
        "a.gif": "256 colours",
        "n" * 300 + ".png": "cannot be written",
    }
    for name, reason in wrong.items():
        with pytest.raises(OutputError, match=reason):
            photo.save(tmp_path / name)
    with pytest.raises(OutputError, match="quality 0"):
        photo.encode("JPEG", 0)
    with pytest.raises(OutputError, match="WEBP"):
        Photo.read(np.zeros((1, 17000), np.uint8)).encode("WEBP")
    with pytest.raises(OutputError, match="JPEG"):
        Photo.read(np.zeros((1, 70000), np.uint8)).encode("JPEG")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_planes_that_do_not_fit_are_refused() -> None:
    photo = Photo.read(noise(9, 9))
    small = np.zeros((5, 5), np.uint8)
    assert photo.with_chroma(small, small).chroma is not None
    with pytest.raises(ValueError, match="chroma"):
        photo.with_chroma(small, np.zeros((9, 9), np.uint8))
    with pytest.raises(ValueError, match="chroma"):
        photo.with_chroma(small[:4], small[:4])
    with pytest.raises(ValueError, match="uint8"):
        photo.with_chroma(small.astype(float), small)  # type: ignore[arg-type]
