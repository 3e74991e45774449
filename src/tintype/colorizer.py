"""Open a picture once, colour it many times.

The predictor follows Segment Anything (Kirillov et al., 2023): what depends on the picture alone is made
once, so that every further prediction, with other colour hints, costs a part of one run of the network.
"""

import math
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from .color import lightness_from_luma
from .compose import compose, compose_painting
from .confidence import confidence, entropy
from .errors import TintypeError, WeightsError
from .hints import Hint, hint_planes
from .photo import Photo
from .runtime import Device, Network, Precision
from .weights import ModelFile, ModelInfo, find_model

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

    def colorize(self, picture: Picture, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Photo:
        """Colour one picture: `open` and `OpenPhoto.predict` in one.

        Raises:
            InputError: the picture cannot be read.
            WeightsError: the network fails, or takes no hints.
            TintypeError: the size or a hint is impossible.
        """
        return self.open(picture).predict(size=size, hints=hints)


class OpenPhoto:
    """A decoded picture and the network to colour it with; made by `Colorizer.open`."""

    def __init__(self, network: Network, photo: Photo) -> None:
        self._is_drawing = network.model_file.info.condition == "sketch"
        self.photo = photo.over_white() if self._is_drawing else photo
        self._network = network
        self._prepared: dict[int, Plane] = {}
        self._encoded: dict[int, dict[str, Plane]] = {}

    def predict(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Photo:
        """The picture in colour, its brightness untouched.

        A model that paints whole pictures, as those for drawings do, replaces the brightness too.

        Args:
            size: short side, in pixels, of what the network sees; the model's own when None. Larger finds
                smaller things and takes longer, smaller gives broader, calmer colour.
            hints: colours that a person asks for at points of the picture.

        Raises:
            WeightsError: the network fails, or was not trained with hints.
            TintypeError: the size is not positive, or far beyond any use; a hint lies outside the picture.
        """
        if PAINTED not in self._network.outputs:
            return compose(self.photo, self.predict_ab(size=size, hints=hints))
        ab, lightness = self._answer(("ab", PAINTED), size, hints)
        return compose_painting(self.photo, lightness[..., 0], ab)

    def predict_ab(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """The predicted colour alone: (h, w, 2) float32, a and b in CIE units, covering the whole picture."""
        return self._answer(("ab",), size, hints)[0]

    def entropy(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """How undecided the network is: (h, w) float32, 0 for one certain colour to 1 for all colours alike.

        Raises:
            WeightsError: the model answers with colours alone; and as for `predict`.
        """
        if "distribution" not in self._network.outputs:
            raise WeightsError(f"the model {self._info.name!r} answers with colours alone, not with how sure it is")
        return entropy(self._answer(("distribution",), size, hints)[0])

    def confidence(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """How far the colours can be believed: (h, w) float32, covering the whole picture. 1 is certain; each 10 CIE
        units of error that are to be expected halve it (`tintype.confidence`).

        Raises:
            WeightsError: the model was not calibrated, or answers with colours alone; and as for `predict`.
        """
        if not self._info.calibration:
            raise WeightsError(
                f"the model {self._info.name!r} does not know how sure it is; `tintype calibrate` measures and adds it"
            )
        return confidence(self.entropy(size=size, hints=hints), self._info.calibration)

    @property
    def _info(self) -> ModelInfo:
        return self._network.model_file.info

    def _answer(self, outputs: tuple[str, ...], size: int | None, hints: Sequence[Hint]) -> list[Plane]:
        """Outputs of the network, each (h, w, channels), without what lies in the padding."""
        size = self._info.size if size is None else size
        plane = self._lightness(size)
        padded = _pad(plane, self._info.size_multiple, self._is_drawing)
        if hints:
            self._check_hints()
            planes = hint_planes(hints, self.photo.luma.shape, plane.shape, padded.shape)
            if size not in self._encoded:
                self._encoded[size] = self._network.encode(padded[None, None])
            answer = self._network.decode(self._encoded[size], planes[None], outputs=outputs)
        else:
            answer = self._network.run(padded[None, None], outputs=outputs)

        def cropped(planes: Plane) -> Plane:
            rows = math.ceil(plane.shape[0] * planes.shape[1] / padded.shape[0])
            columns = math.ceil(plane.shape[1] * planes.shape[2] / padded.shape[1])
            return np.ascontiguousarray(planes[:, :rows, :columns].transpose(1, 2, 0))

        return [cropped(answer[name][0]) for name in outputs]

    def _check_hints(self) -> None:
        if self._info.hints != "trained":
            raise WeightsError(
                f"the model {self._info.name!r} was not trained with hints; `tintype info MODEL` says which was"
            )

    def _lightness(self, size: int) -> Plane:
        """The picture's lightness in [-1, 1] at the working size, kept for the next prediction."""
        plane = self._prepared.get(size)
        if plane is None:
            height, width = working_size(self.photo.height, self.photo.width, size)
            whole = _darkest(self.photo.luma, height, width) if self._is_drawing else self.photo.luma
            small = Image.fromarray(whole).resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
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
