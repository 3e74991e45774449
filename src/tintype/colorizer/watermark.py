"""The visible mark: a small line of text in a corner that says the picture was coloured."""

import numpy as np
from PIL import Image

from tintype.photo.photo import Photo

TEXT = "coloured by tintype"
_SHARE, _LEAST = 0.022, 9


def with_mark(photo: Photo, text: str = TEXT) -> Photo:
    """The photo with the text in its lower left corner, light on a darkened ground; all else is untouched."""
    from PIL import ImageDraw, ImageFont  # 30 ms, for the few pictures that are marked

    size = max(_LEAST, round(min(photo.width, photo.height) * _SHARE))
    font = ImageFont.load_default(size)
    left, top, right, bottom = (round(side) for side in font.getbbox(text))
    margin = max(2, size // 3)
    width, height = right - left + 2 * margin, bottom - top + 2 * margin
    label = Image.new("L", (width, height), 0)
    ImageDraw.Draw(label).text((margin - left, margin - top), text, fill=255, font=font)
    letters = np.asarray(label, np.float32)[: photo.height, : photo.width] / 255
    rows, columns = letters.shape
    luma = photo.luma.copy()
    corner = luma[-rows:, :columns]
    ground = corner * np.float32(0.35)
    corner[:] = np.round(ground + (240 - ground) * letters).astype(np.uint8)
    return photo.with_luma(luma)
