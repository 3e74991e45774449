"""Open a picture once, colour it many times.

The predictor follows Segment Anything (Kirillov et al., 2023): what depends on the picture alone is made
once, so that every further prediction costs one run of the network.
"""

import math
import os
from functools import lru_cache
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from .color import lightness_from_luma
from .compose import compose
from .errors import TintypeError
from .photo import Photo
from .runtime import Device, Network, Precision
from .weights import ModelFile, find_model

Picture: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | npt.NDArray[np.uint8] | Photo
Plane = npt.NDArray[np.float32]

# How many times the working size the long side may be; a longer panorama is made smaller instead.
LONGEST = 4
# The network answers at a quarter of its input's size: sides that are multiples of 4 lose nothing at the
# edges.
STRIDE = 4


class Colorizer:
    """Colours pictures with one model.

    Args:
        model: the name of a model (`tintype models`) or the path of an .onnx file.
        device: "cpu", "cuda" or "auto".
        precision: "f32", "bf16" or "auto".
        threads: CPU threads for the network; all cores when None.

    Raises:
        WeightsError: no such model, or it is corrupt.
        TintypeError: the device or precision is not to be had here.

    Example:
        >>> colorizer = Colorizer()
        >>> colorizer.colorize("grandmother.jpg").save("grandmother-color.jpg")
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "tint",
        *,
        device: Device = "auto",
        precision: Precision = "auto",
        threads: int | None = None,
    ) -> None:
        self.network = Network(find_model(model), device=device, precision=precision, threads=threads)

    @property
    def model(self) -> ModelFile:
        """The model in use."""
        return self.network.model_file

    def open(self, picture: Picture) -> "OpenPhoto":
        """Decode a picture, for one or many predictions.

        Raises:
            InputError: the picture cannot be read.
        """
        return OpenPhoto(self.network, Photo.read(picture))

    def colorize(self, picture: Picture, *, size: int | None = None) -> Photo:
        """Colour one picture: `open` and `OpenPhoto.predict` in one.

        Raises:
            InputError: the picture cannot be read.
            WeightsError: the network fails.
        """
        return self.open(picture).predict(size=size)


class OpenPhoto:
    """A decoded picture and the network to colour it with; made by `Colorizer.open`."""

    def __init__(self, network: Network, photo: Photo) -> None:
        self.photo = photo
        self._network = network
        self._prepared: dict[int, Plane] = {}

    def predict(self, *, size: int | None = None) -> Photo:
        """The picture in colour, its brightness untouched.

        Args:
            size: short side, in pixels, of what the network sees; the model's own when None. Larger finds
                smaller things and takes longer, smaller gives broader, calmer colour.

        Raises:
            WeightsError: the network fails.
            TintypeError: the size is not positive, or far beyond any use.
        """
        return compose(self.photo, self.predict_ab(size=size))

    def predict_ab(self, *, size: int | None = None) -> Plane:
        """The predicted colour alone: (h, w, 2) float32, a and b in CIE units, covering the whole picture."""
        info = self._network.model_file.info
        plane = self._lightness(info.size if size is None else size)
        height, width = plane.shape
        padded = _pad(plane, info.size_multiple)
        ab = self._network.run(padded[None, None])["ab"][0]
        rows = math.ceil(height * ab.shape[1] / padded.shape[0])
        columns = math.ceil(width * ab.shape[2] / padded.shape[1])
        return np.ascontiguousarray(ab[:, :rows, :columns].transpose(1, 2, 0))

    def _lightness(self, size: int) -> Plane:
        """The picture's lightness in [-1, 1] at the working size, kept for the next prediction."""
        plane = self._prepared.get(size)
        if plane is None:
            height, width = working_size(self.photo.height, self.photo.width, size)
            small = Image.fromarray(self.photo.luma).resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
            luma = np.asarray(small, np.float32) / 255
            plane = self._prepared[size] = (lightness_from_luma(luma) / 50 - 1).astype(np.float32)
        return plane


def working_size(height: int, width: int, size: int) -> tuple[int, int]:
    """Height and width of what the network sees of a picture, in pixels, before padding.

    The short side becomes ``size``, unless the long side would then exceed four times that; the aspect ratio
    is kept to within the rounding of both sides to multiples of 4.

    Raises:
        TintypeError: ``size`` is outside 16 to 4096.
    """
    if not 16 <= size <= 4096:
        raise TintypeError(f"size is {size} pixels, 16 to 4096 are possible; the model's own size is best left alone")
    scale = min(size / min(height, width), LONGEST * size / max(height, width))
    return _round(height * scale), _round(width * scale)


def colorize(
    picture: Picture,
    *,
    model: str | os.PathLike[str] = "tint",
    size: int | None = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
) -> Photo:
    """Colour one picture; the model is loaded at the first call and kept.

    Args and errors are those of `Colorizer` and `Colorizer.colorize`.

    Example:
        >>> tintype.colorize("grandmother.jpg").save("grandmother-color.jpg")
    """
    return _colorizer(os.fspath(model), device, precision, threads).colorize(picture, size=size)


@lru_cache(maxsize=2)
def _colorizer(model: str, device: Device, precision: Precision, threads: int | None) -> Colorizer:
    return Colorizer(model, device=device, precision=precision, threads=threads)


def _round(side: float) -> int:
    return max(STRIDE, round(side / STRIDE) * STRIDE)


def _pad(plane: Plane, multiple: int) -> Plane:
    """Continue the picture by its mirror image, right and below, up to whole multiples."""
    height, width = plane.shape
    return np.pad(plane, ((0, -height % multiple), (0, -width % multiple)), mode="symmetric")
