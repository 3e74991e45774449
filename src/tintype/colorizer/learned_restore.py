"""Learned restoration of prints: a small network (models/restorer.py) takes damage out of their light.

It sees every pixel, in tiles that overlap by more than it looks around itself: no seams, and a scan of any size takes
the memory of one tile beside its own. The step `auto` first asks it how much it would change, in a small copy and in
places of the scan itself, and leaves alone what has no damage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from tintype.errors import WeightsError
from tintype.imaging.color import lightness_from_luma, luma_from_lightness
from tintype.imaging.types import Floats, Plane8
from tintype.network.model_file import EMBEDDED, ModelFile, read_model
from tintype.network.openvino import OpenVino
from tintype.photo.photo import Photo
from tintype.photo.sixteen_bit import Deep

OUTPUT = "restored_lightness"
OWN = EMBEDDED / "light" / "restore.onnx"  # apart from the models that colour
TILE, MARGIN = 512, 96  # pixels; the network looks 88 around each, and a tile begins at a multiple of 8
_COPY, _PLACE, _ACROSS = 512, 192, 3  # pixels of the copy's short side and of a place looked at; places each way
# Levels of change from which a picture counts as damaged; benchmarks/prints.py says how often each kind reaches it.
DAMAGED = 3.0


@dataclass(frozen=True)
class Restoration:
    """What `auto` made of a picture.

    Attributes:
        photo: the picture, restored or as it was.
        damage: how much of it is to be mended, as `Restorer.damage` measures it.
        model: name, version and SHA-256 of the network where it was used.
    """

    photo: Photo
    damage: float
    model: str | None = None

    def record(self) -> dict[str, object]:
        """What the record in the file says of it."""
        return {"damage": round(self.damage, 2), "model": self.model}


class Restorer:
    """A network that restores light, from a model file.

    Args:
        path: of the file.
        threads: of the processor; every core when None.

    Raises:
        WeightsError: the file cannot be read, or is one that colours.
    """

    def __init__(self, path: Path = OWN, threads: int | None = None) -> None:
        self.model_file = read_restorer(path)
        self._engine = OpenVino(self.model_file, "f32", threads, 1)

    def mended(self, shown: Floats) -> Floats:
        """Light as it is shown, (h, w) in [0, 1], without its damage, in [0, 1]."""
        height, width = shown.shape
        light = lightness_from_luma(shown) / 50 - 1
        multiple = self.model_file.info.size_multiple
        padding = ((0, -height % multiple), (0, -width % multiple))
        padded = np.pad(light, padding, mode="edge").astype(np.float32)
        (made,) = self._engine.run({"lightness": padded[None, None]}, (OUTPUT,))
        answer = made[0, 0, :height, :width].clip(-1, 1)
        if not np.isfinite(answer).all():
            raise WeightsError(f"{self.model_file.path}: the network answered with NaN; weights are broken")
        return np.asarray(luma_from_lightness(50 * (answer + 1)), np.float32)

    def damage(self, photo: Photo) -> float:
        """How much the network would change, in levels of 255: the largest root mean square of what it changes in a
        small copy of the picture, and in places spread over the picture itself."""
        scale = min(1.0, _COPY / min(photo.width, photo.height))
        size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
        looks = [photo.small_luma(*size, Image.Resampling.BOX)]
        if scale < 1:
            looks += [photo.luma[place].astype(np.float32) / np.float32(255) for place in _places(photo.luma.shape)]
        found = []
        for look in looks:
            shown = photo.as_shown(look)
            found.append(255 * float(np.sqrt(np.mean((self.mended(shown) - shown) ** 2))))
        return max(found)

    def restore(self, photo: Photo) -> Photo:
        """The picture under restored light; the same colours. In 16 bits where it has them."""
        source = photo.luma if photo.deep is None else photo.deep.luma
        most = np.iinfo(source.dtype).max
        light = np.empty_like(source)
        for seen, inner, place in _tiles(source.shape):
            given = source[seen].astype(np.float32) / np.float32(most)
            made = photo.as_stored(self.mended(photo.as_shown(given)))[inner]
            light[place] = np.round(made.clip(0, 1) * most).astype(source.dtype)
        if photo.deep is None:
            return photo.with_luma(np.asarray(light, np.uint8))
        luma = ((light.astype(np.uint32) + 128) // 257).astype(np.uint8)
        deep = Deep(light.astype(np.uint16), photo.deep.alpha)
        return Photo(luma, lambda: photo.chroma, photo.alpha, photo.meta, deep)


def read_restorer(path: Path) -> ModelFile:
    """A model file that restores light. Raises WeightsError where it cannot be read, or is one that colours."""
    model_file = read_model(path)
    if model_file.info.target != "light":
        raise WeightsError(f"{path}: a model that colours, not one that restores; --model takes it")
    return model_file


@lru_cache(maxsize=2)
def open_restorer(path: Path = OWN, threads: int | None = None) -> Restorer:
    """A network that restores, the one that comes with tintype unless told, loaded when it is first asked for."""
    return Restorer(path, threads)


def restore_auto(photo: Photo, threads: int | None = None, path: Path | None = None) -> Restoration:
    """The picture without its damage, by the network that comes with tintype or that of a model file; as it was where
    it has none. Raises WeightsError for a model that does not restore."""
    restorer = open_restorer(path or OWN, threads)
    damage = restorer.damage(photo)
    if damage < DAMAGED:
        return Restoration(photo, damage)
    file = restorer.model_file
    return Restoration(restorer.restore(photo), damage, f"{file.info.name} {file.info.version} {file.sha256[:16]}")


def restored_map(before: Photo, after: Photo) -> Plane8:
    """What restoring changed, (H, W) uint8: 128 where nothing, lighter and darker by as much as the light became so."""
    difference = after.luma.astype(np.int16) - before.luma
    return np.asarray((128 + difference).clip(0, 255), np.uint8)


Place = tuple[slice, slice]


def _tiles(shape: tuple[int, ...]) -> Iterator[tuple[Place, Place, Place]]:
    """Tiles that cover (H, W): what the network sees, which part of that is kept, and where it lies."""
    ways = []
    for length in shape[:2]:
        way = []
        for start in range(0, length, TILE):
            end = min(length, start + TILE)
            first, last = max(0, start - MARGIN), min(length, end + MARGIN)
            way.append((slice(first, last), slice(start - first, end - first), slice(start, end)))
        ways.append(way)
    for rows in ways[0]:
        for columns in ways[1]:
            seen, inner, place = zip(rows, columns, strict=True)
            yield seen, inner, place


def _places(shape: tuple[int, ...]) -> Iterator[Place]:
    """Squares spread over (H, W), the rim left out."""
    starts = [
        [round((length - _PLACE) * (i + 1) / (_ACROSS + 1)) if length > _PLACE else 0 for i in range(_ACROSS)]
        for length in shape[:2]
    ]
    for top in starts[0]:
        for left in starts[1]:
            yield slice(top, top + _PLACE), slice(left, left + _PLACE)
