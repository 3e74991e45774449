"""Open a picture once, colour it many times.

The predictor follows Segment Anything (Kirillov et al., 2023): what depends on the picture alone is made
once, so that every further prediction costs one run of the network.
"""

import math
import os
from functools import cached_property, lru_cache
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from .color import lightness_from_luma
from .compose import compose, compose_painting
from .errors import TintypeError
from .huge import colour_file
from .mark import with_mark
from .metadata import Metadata
from .photo import Photo
from .record import recorded
from .restore import restore
from .runtime import Device, Network, Precision
from .taste import Taste
from .upsample import resize_float
from .weights import ModelFile, find_model

Picture: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | npt.NDArray[np.uint8] | Photo
Plane = npt.NDArray[np.float32]

# How many times the working size the long side may be; a longer panorama is made smaller instead.
LONGEST = 4
# The output of networks that paint the whole picture, light included.
PAINTED = "painted_lightness"
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
        streams: how many threads will colour at the same time.

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
        streams: int = 1,
    ) -> None:
        self.network = Network(find_model(model), device=device, precision=precision, threads=threads, streams=streams)

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

    def colorize(self, picture: Picture, *, size: int | None = None, taste: Taste | None = None) -> Photo:
        """Colour one picture: `open` and `OpenPhoto.predict` in one.

        Raises:
            InputError: the picture cannot be read.
            WeightsError: the network fails.
        """
        return self.open(picture).predict(size=size, taste=taste)

    @property
    def paints(self) -> bool:
        """Whether the model paints light as well as colour, as those for drawings do."""
        return PAINTED in self.network.outputs

    def colorize_file(
        self,
        source: str,
        target: str,
        *,
        size: int | None = None,
        taste: Taste | None = None,
        overwrite: bool = False,
    ) -> tuple[int, int]:
        """Colour a TIFF or PNG of any size from file to file, in little memory; width and height in pixels.

        Steps that restore, and the mark, need the whole picture in memory and are refused.

        Raises:
            InputError: the picture cannot be read, or not in strips.
            OutputError: the target exists or cannot be written.
            TintypeError: something is wished for that cannot be had in strips.
        """
        taste = taste or Taste()
        if taste.restore or taste.mark or taste.keep_sepia:
            raise TintypeError(
                f"{source} is streamed: restore, mark and keep-sepia are for pictures that fit in memory"
            )

        def answer(small: Photo) -> Plane:
            opened = OpenPhoto(self.network, small)
            return taste.apply(opened.averaged_ab(size=size) if taste.tta else opened.predict_ab(size=size), small)

        def describe(meta: Metadata) -> Metadata:
            return recorded(meta, self.model, taste.as_dict() | ({} if size is None else {"size": size}))

        return colour_file(source, target, answer, describe, overwrite=overwrite)


class OpenPhoto:
    """A decoded picture and the network to colour it with; made by `Colorizer.open`."""

    def __init__(self, network: Network, photo: Photo) -> None:
        self._is_drawing = network.model_file.info.condition == "sketch"
        self.photo = photo.over_white() if self._is_drawing else photo
        self._network = network
        self._prepared: dict[int, Plane] = {}

    def predict(self, *, size: int | None = None, taste: Taste | None = None) -> Photo:
        """The picture in colour, its brightness untouched.

        A model that paints whole pictures, as those for drawings do, replaces the brightness too.

        Args:
            size: short side, in pixels, of what the network sees; the model's own when None. Larger finds
                smaller things and takes longer, smaller gives broader, calmer colour.
            taste: how strong, vivid and warm the colours should be, and what else is wanted; see `Taste`.

        Raises:
            WeightsError: the network fails.
            TintypeError: the size is not positive, or far beyond any use.
        """
        taste = taste or Taste()
        opened = OpenPhoto(self._network, restore(self.photo, taste.restore)) if taste.restore else self
        photo = opened._predict(size, taste)
        options = taste.as_dict() | ({} if size is None else {"size": size})
        photo = photo.with_meta(recorded(photo.meta, self._network.model_file, options))
        return with_mark(photo) if taste.mark else photo

    def _predict(self, size: int | None, taste: Taste) -> Photo:
        if PAINTED not in self._network.outputs:
            ab = self.averaged_ab(size=size) if taste.tta else self.predict_ab(size=size)
            return compose(self.photo, taste.apply(ab, self.photo))
        ab, lightness = self._answer(("ab", PAINTED), size)
        return compose_painting(self.photo, lightness[..., 0], taste.apply(ab, self.photo))

    def predict_ab(self, *, size: int | None = None) -> Plane:
        """The predicted colour alone: (h, w, 2) float32, a and b in CIE units, covering the whole picture."""
        return self._answer(("ab",), size)[0]

    def averaged_ab(self, *, size: int | None = None) -> Plane:
        """As `predict_ab`, averaged over the picture and its mirror image, at two sizes; takes six times as long."""
        size = self._network.model_file.info.size if size is None else size
        answers: list[Plane] = []
        for side in (size, min(4096, size * 3 // 2)):
            answers.append(self.predict_ab(size=side))
            answers.append(OpenPhoto(self._network, self._mirrored).predict_ab(size=side)[:, ::-1])
        height, width = answers[-1].shape[:2]
        planes = [np.mean([resize_float(answer[..., i], width, height) for answer in answers], axis=0) for i in (0, 1)]
        return np.stack(planes, axis=-1).astype(np.float32)

    @cached_property
    def _mirrored(self) -> Photo:
        return Photo(np.ascontiguousarray(self.photo.luma[:, ::-1]))

    def _answer(self, outputs: tuple[str, ...], size: int | None) -> list[Plane]:
        """Outputs of the network, each (h, w, channels), without what lies in the padding."""
        info = self._network.model_file.info
        plane = self._lightness(info.size if size is None else size)
        height, width = plane.shape
        padded = _pad(plane, info.size_multiple, self._is_drawing)
        answer = self._network.run(padded[None, None], outputs=outputs)

        def cropped(planes: Plane) -> Plane:
            rows = math.ceil(height * planes.shape[1] / padded.shape[0])
            columns = math.ceil(width * planes.shape[2] / padded.shape[1])
            return np.ascontiguousarray(planes[:, :rows, :columns].transpose(1, 2, 0))

        return [cropped(answer[name][0]) for name in outputs]

    def _lightness(self, size: int) -> Plane:
        """The picture's lightness in [-1, 1] at the working size, kept for the next prediction."""
        plane = self._prepared.get(size)
        if plane is None:
            height, width = working_size(self.photo.height, self.photo.width, size)
            photo = Photo(_darkest(self.photo.luma, height, width)) if self._is_drawing else self.photo
            luma = photo.small_luma(width, height, Image.Resampling.BICUBIC)
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
    taste: Taste | None = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
) -> Photo:
    """Colour one picture; the model is loaded at the first call and kept.

    Args and errors are those of `Colorizer` and `Colorizer.colorize`.

    Example:
        >>> tintype.colorize("grandmother.jpg").save("grandmother-color.jpg")
    """
    return _colorizer(os.fspath(model), device, precision, threads).colorize(picture, size=size, taste=taste)


@lru_cache(maxsize=2)
def _colorizer(model: str, device: Device, precision: Precision, threads: int | None) -> Colorizer:
    return Colorizer(model, device=device, precision=precision, threads=threads)


def _round(side: float) -> int:
    return max(STRIDE, round(side / STRIDE) * STRIDE)


def _pad(plane: Plane, multiple: int, is_drawing: bool) -> Plane:
    """Continue the picture, right and below, up to whole multiples: a photo by its mirror image, a drawing by
    empty paper, since half a second face would be painted along with the first."""
    height, width = plane.shape
    margins = ((0, -height % multiple), (0, -width % multiple))
    if is_drawing:
        return np.pad(plane, margins, constant_values=1)
    return np.pad(plane, margins, mode="symmetric")


def _darkest(luma: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """The darkest pixel of each block, of a side that brings the drawing near to ``height`` x ``width``.

    Lines then stay about a pixel wide and black, as the network knows them; averaging would fade them to paper.
    """
    side = round(min(luma.shape[0] / height, luma.shape[1] / width))
    if side < 2:
        return luma
    rows, columns = (-(-length // side) for length in luma.shape)
    margins = ((0, rows * side - luma.shape[0]), (0, columns * side - luma.shape[1]))
    blocks = np.pad(luma, margins, mode="edge").reshape(rows, side, columns, side)
    return np.asarray(blocks.min(axis=1).min(axis=2))
