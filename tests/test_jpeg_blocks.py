"""Large JPEGs: a sample of blocks is enough where colour does no harm, and all are checked where it does."""

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from pictures import noise, smooth
from tintype.photo.jpeg import blocks as jpeg_blocks
from tintype.photo.jpeg.blocks import fit_blocks
from tintype.photo.jpeg.codec import encode
from tintype.photo.photo import Photo

HEIGHT, WIDTH = 1104, 1200


def calm() -> tuple[NDArray[np.uint8], tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Shapes up to white and black, under a strong colour that hardly varies."""
    luma = (smooth(HEIGHT, WIDTH, seed=1).astype(np.int32) * 3 // 2 - 60).clip(0, 255).astype(np.uint8)
    half = np.full((HEIGHT // 2, WIDTH // 2), 100, np.uint8)
    return luma, (half, 255 - half)


def wild() -> tuple[NDArray[np.uint8], tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Shapes under colours that have nothing to do with them, from sample to sample."""
    return smooth(HEIGHT, WIDTH, seed=1), (
        noise(HEIGHT // 2, WIDTH // 2, seed=3),
        noise(HEIGHT // 2, WIDTH // 2, seed=4),
    )


@pytest.mark.parametrize(("picture", "is_mended"), [(calm, False), (wild, True)])
def test_the_light_is_kept_whichever_way(picture, is_mended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    mended = []
    mend = jpeg_blocks._Picture.mend
    monkeypatch.setattr(
        jpeg_blocks._Picture, "mend", lambda self, blocks: mended.append(len(blocks)) or mend(self, blocks)
    )
    luma, chroma = picture()
    colour = np.asarray(simplejpeg.decode_jpeg(encode(luma, chroma, 85), "RGB"))
    assert bool(mended) == is_mended
    grey = np.abs(Photo.read(encode(luma, None, 85)).luma.astype(int) - luma)
    light = np.abs((colour @ [0.299, 0.587, 0.114]).round() - luma)
    assert light.mean() <= 1.01 * grey.mean() + 0.01
    assert np.quantile(light, 0.9999) <= grey.max() + 1


def test_given_planes_are_left_as_they_were() -> None:
    luma, chroma = calm()
    before = [plane.copy() for plane in chroma]
    fitted = fit_blocks(luma, chroma, 85)
    assert any((a != b).any() for a, b in zip(fitted, before, strict=True))
    for plane, kept in zip(chroma, before, strict=True):
        np.testing.assert_array_equal(plane, kept)
