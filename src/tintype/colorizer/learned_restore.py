"""Learned restoration of prints: a small network (models/restorer.py) takes damage out of their light.

It sees a copy of the picture with a short side of 1,024 pixels at most, and what it changes there is added to the
picture: what is finer stays, and a scan of any size takes the same memory. No weights come with tintype yet: the recipe
`restore` trains them, `tintype export` writes the file.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from tintype.errors import WeightsError
from tintype.imaging.color import lightness_from_luma, luma_from_lightness
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Floats, Plane8
from tintype.network.model_file import read_model
from tintype.network.openvino import OpenVino
from tintype.photo.photo import Photo

OUTPUT = "restored_lightness"
_SIDE = 1024  # pixels: short side of what the network sees, at most


class Restorer:
    """A network that restores light, from a model file.

    Args:
        path: of the file.
        threads: of the processor; every core when None.

    Raises:
        WeightsError: the file cannot be read, or is one that colours.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self.model_file = read_model(path)
        if self.model_file.info.target != "light":
            raise WeightsError(f"{path}: a model that colours, not one that restores; --model takes it")
        self._engine = OpenVino(self.model_file, "f32", threads, 1)

    def change(self, photo: Photo) -> Floats:
        """What is to be added to the luma of a picture, (h, w) in parts of its range, as seen at the working size."""
        scale = min(1.0, _SIDE / min(photo.width, photo.height))
        width, height = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
        seen = photo.small_luma(width, height, Image.Resampling.BOX)
        light = lightness_from_luma(photo.as_shown(seen)) / 50 - 1
        multiple = self.model_file.info.size_multiple
        padding = ((0, -height % multiple), (0, -width % multiple))
        padded = np.pad(light, padding, mode="edge").astype(np.float32)
        (made,) = self._engine.run({"lightness": padded[None, None]}, (OUTPUT,))
        answer = made[0, 0, :height, :width].clip(-1, 1)
        if not np.isfinite(answer).all():
            raise WeightsError(f"{self.model_file.path}: the network answered with NaN; weights are broken")
        return np.asarray(photo.as_stored(luma_from_lightness(50 * (answer + 1))) - seen, np.float32)

    def restore(self, photo: Photo) -> Photo:
        """The picture under restored light; the same colours. In 16 bits where it has them."""
        change = resize_float(self.change(photo), photo.width, photo.height)
        if photo.deep is None:
            return photo.with_luma(_whole(np.asarray(photo.luma / 255 + change, np.float32)))
        deep = photo.deep.luma.astype(np.float32) / 65535 + change
        light = np.round(deep.clip(0, 1) * 65535).astype(np.uint16)
        luma = ((light.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return Photo(luma, lambda: photo.chroma, photo.alpha, photo.meta, type(photo.deep)(light, photo.deep.alpha))


def restored_map(before: Photo, after: Photo) -> Plane8:
    """What restoring changed, (H, W) uint8: 128 where nothing, lighter and darker by as much as the light became so."""
    difference = after.luma.astype(np.int16) - before.luma
    return np.asarray((128 + difference).clip(0, 255), np.uint8)


def _whole(values: Floats) -> Plane8:
    return np.asarray(np.round(values.clip(0, 1) * 255), np.uint8)
