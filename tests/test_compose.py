"""Colours of any kind leave the light alone, whatever the size, mode, orientation and format."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pictures import KINDS, file_bytes, light, noise, opened, smooth, wild_ab
from tintype.colorizer.compose import compose
from tintype.errors import WeightsError
from tintype.imaging.color import srgb_to_lab
from tintype.photo.photo import Photo

LOSSLESS = ("PNG", "TIFF", "WEBP", "BMP")
sides = st.integers(1, 70)
seeds = st.integers(0, 2**16)
kinds = st.sampled_from(sorted(KINDS))


def assert_light_kept_in_jpeg(photo: Photo, encoded: bytes, quality: int) -> None:
    """No further off than the grey picture at the same quality: at most, and on average to within 1 %."""
    luma = photo.luma.astype(np.int32)
    colour = np.abs(light(encoded) - luma)
    grey = np.abs(light(photo.grey().encode("JPEG", quality)) - luma)
    assert colour.max() <= grey.max()
    assert colour.mean() <= 1.01 * grey.mean() + 0.005


@settings(max_examples=60)
@given(sides, sides, seeds, kinds, st.sampled_from(LOSSLESS), st.sampled_from([0.0, 20.0, 60.0, 120.0]))
def test_lossless_formats_keep_the_light(
    height: int, width: int, seed: int, kind: str, container: str, reach: float
) -> None:
    photo = Photo.read(KINDS[kind](height, width, seed))
    coloured = compose(photo, wild_ab(3, 5, seed, reach))
    assert np.abs(light(coloured.encode(container)) - photo.luma).max() <= 2


@settings(max_examples=60)
@given(sides, sides, seeds, kinds, st.integers(5, 100), st.booleans())
def test_jpeg_is_no_further_off_than_the_grey_one(
    height: int, width: int, seed: int, kind: str, quality: int, full: bool
) -> None:
    grey = Image.fromarray(KINDS[kind](height, width, seed))
    if full:
        data = file_bytes(grey.convert("RGB"), "JPEG", quality=quality, subsampling="4:4:4")
    else:
        data = file_bytes(grey, "JPEG", quality=quality)
    photo = Photo.read(data)
    coloured = compose(photo, wild_ab(9, 7, seed))
    encoded = coloured.encode(quality=quality)
    assert opened(encoded).size == (width, height)
    assert_light_kept_in_jpeg(photo, encoded, quality)


def test_jpeg_of_several_bands_keeps_the_light() -> None:
    photo = Photo.read(smooth(2101, 1303))
    coloured = compose(photo, wild_ab(12, 8, reach=40))
    assert_light_kept_in_jpeg(photo, coloured.encode("JPEG", 88), 88)


def test_natural_pictures_keep_light_and_most_colour(examples: list[Any]) -> None:
    kept = []
    for path in examples:
        photo = Photo.read(path)
        encoded = compose(photo.grey(), np.full((4, 4, 2), (12, 18), np.float32)).encode("JPEG", 85)
        assert_light_kept_in_jpeg(photo, encoded, 85)
        lab = srgb_to_lab(np.asarray(opened(encoded).convert("RGB"), np.float32) / 255)
        kept.append(lab[(photo.luma > 60) & (photo.luma < 190)][:, 2].mean() / 18)
    assert min(kept) > 0.8
    assert np.median(kept) > 0.9


@settings(max_examples=40)
@given(
    st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]),
    st.integers(1, 8),
    st.integers(1, 40),
    st.integers(1, 40),
    seeds,
)
@example("I;16", 1, 1, 1, 0)
def test_every_mode_and_orientation(mode: str, orientation: int, height: int, width: int, seed: int) -> None:
    pixels = noise(height, width, seed, 4)
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(pixels if mode in ("LA", "RGBA") else pixels[..., :3]).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = Photo.read(file_bytes(image, "PNG", exif=exif))
    assert (photo.width, photo.height) == ((width, height) if orientation < 5 else (height, width))
    coloured = compose(photo, wild_ab(4, 4, seed))
    encoded = coloured.encode()
    assert opened(encoded).getexif().get(0x0112, 1) == 1
    assert np.abs(light(encoded) - photo.luma).max() <= 2
    if photo.alpha is not None:
        np.testing.assert_array_equal(np.asarray(opened(encoded).getchannel("A")), photo.alpha)


def test_flat_colour_arrives() -> None:
    photo = Photo.read(np.full((60, 80), 128, np.uint8))
    for a, b in ((20, 30), (-25, 20), (5, -35), (0, 0)):
        coloured = compose(photo, np.full((4, 5, 2), (a, b), np.float32))
        lab = srgb_to_lab(coloured.rgb().astype(np.float32) / 255)
        np.testing.assert_allclose(lab[30, 40, 1:], (a, b), atol=1.0)


def test_colour_lies_where_it_was_asked_for() -> None:
    ab = np.zeros((8, 8, 2), np.float32)
    ab[:, 4:, 0] = 40
    for source in (
        np.full((64, 64), 120, np.uint8),
        file_bytes(Image.new("L", (64, 64), 120), "JPEG"),
    ):
        rgb = compose(Photo.read(source), ab).rgb().astype(int)
        assert abs(rgb[32, 8, 0] - rgb[32, 8, 1]) <= 2
        assert rgb[32, 56, 0] - rgb[32, 56, 1] > 50


def test_jpeg_gets_half_size_chroma_and_png_full_size() -> None:
    ab = wild_ab(4, 4)
    luma = noise(31, 45)
    jpeg = compose(Photo.read(file_bytes(Image.fromarray(luma), "JPEG")), ab)
    assert jpeg.chroma is not None
    assert jpeg.chroma[0].shape == (16, 23)
    png = compose(Photo.read(luma), ab)
    assert png.chroma is not None
    assert png.chroma[0].shape == (31, 45)
    assert_light_kept_in_jpeg(png, png.encode("JPEG", 80), 80)
    assert np.abs(light(jpeg.encode("PNG")) - jpeg.luma).max() <= 2


def test_same_input_same_bytes() -> None:
    data = file_bytes(Image.fromarray(smooth(300, 400)), "JPEG")
    first, second = (compose(Photo.read(data), wild_ab(9, 12)).encode() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "ab", [np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 2), np.float32)]
)
def test_wrong_shapes_are_refused(ab: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="ab must be"):
        compose(Photo.read(noise(4, 4)), ab)


def test_broken_answers_are_refused() -> None:
    with pytest.raises(WeightsError, match="not finite"):
        compose(Photo.read(noise(4, 4)), np.full((2, 2, 2), np.nan, np.float32))
