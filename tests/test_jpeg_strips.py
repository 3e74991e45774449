"""A JPEG encoded in strips decodes to exactly what one encoder makes."""

import numpy as np
import pytest
import simplejpeg

from pictures import noise, smooth
from tintype.photo.jpeg import codec, fit
from tintype.photo.jpeg import strips as jpeg_strips
from tintype.photo.jpeg.codec import encode
from tintype.photo.photo import Photo


@pytest.mark.parametrize("shape", [(3, 5), (700, 16), (2049, 1301), (17, 40000), (33, 20001), (1500, 1000)])
@pytest.mark.parametrize("chroma", ["none", "half", "full"])
def test_the_pixels_are_those_of_one_encoder(shape: tuple[int, int], chroma: str) -> None:
    height, width = shape
    luma = fit.even_storage(smooth(height, width))
    size = ((height + 1) // 2, (width + 1) // 2) if chroma == "half" else shape
    planes = None if chroma == "none" else (noise(*size, seed=1), noise(*size, seed=2))
    once = simplejpeg.encode_jpeg_yuv_planes(luma, *(planes or (None, None)), 88)
    strips = jpeg_strips.encode(luma, planes, 88)
    np.testing.assert_array_equal(simplejpeg.decode_jpeg(strips, "RGB"), simplejpeg.decode_jpeg(once, "RGB"))


def test_restart_markers_appear_only_where_there_are_strips() -> None:
    assert b"\xff\xdd" in jpeg_strips.encode(smooth(2000, 1600), None, 90)
    assert b"\xff\xdd" not in jpeg_strips.encode(smooth(100, 100), None, 90)


@pytest.mark.parametrize("quality", [55, 90])
def test_large_pictures_keep_the_light_and_the_colour(quality: int) -> None:
    luma = smooth(1100, 900, seed=3)
    chroma = (noise(550, 450, seed=4) // 3 + 80, noise(550, 450, seed=5) // 3 + 80)
    assert luma.size > codec.WHOLE_PIXELS
    fitted = codec.fit_chroma(luma, chroma, quality)
    colour = np.asarray(simplejpeg.decode_jpeg(encode(luma, chroma, quality), "RGB"))
    grey = np.abs(Photo.read(encode(luma, None, quality)).luma.astype(int) - luma)
    light = np.abs((colour @ [0.299, 0.587, 0.114]).round() - luma)
    assert light.mean() <= 1.01 * grey.mean() + 0.01
    assert np.quantile(light, 0.9999) <= grey.max()
    wanted, got = (np.abs(np.asarray(planes, np.float32) - 128).mean() for planes in (chroma, fitted))
    assert got > 0.6 * wanted
