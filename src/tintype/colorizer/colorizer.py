"""A model, ready to colour pictures: the way in for everybody, from one line to a picture opened for many tries."""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from tintype.errors import TintypeError
from tintype.hints.hint import Hint
from tintype.imaging.types import Plane
from tintype.network.engine import Device, Precision
from tintype.network.ensemble import open_network
from tintype.network.model_file import ModelFile
from tintype.network.network import Network
from tintype.photo.metadata import Metadata
from tintype.photo.photo import Photo

from .many import Result, results
from .open_photo import PAINTED, OpenPhoto
from .provenance import recorded
from .streaming import colour_file
from .taste import Taste

Picture: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | npt.NDArray[np.uint8] | Photo
_log = logging.getLogger("tintype")


class Colorizer:
    """Colours pictures with one model.

    Args:
        model: the name of a model (`tintype models`) or the path of an .onnx file; several, divided by commas, answer
            together with the mean of their colours (`tintype.network.ensemble`); or a network that is there already,
            maybe on another machine.
        device: "cpu", "cuda" or "auto".
        precision: "f32", "bf16" or "auto".
        threads: CPU threads for the network; all cores when None.
        streams: how many threads will colour at the same time.

    Raises:
        WeightsError: no such model, or it is corrupt.
        TintypeError: the device or precision is not to be had here.

    One colorizer may be used by several threads, and gives the same bytes as in one; more than ``streams`` of them wait
    for each other. It is a context manager: at its end the network is let go, and its memory.

    Examples:
        >>> with Colorizer("tint-small") as colorizer:
        ...     photo = colorizer.colorize(np.linspace(0, 1, 96 * 64).reshape(64, 96))
        >>> photo.width, photo.height
        (96, 64)
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Network = "tint",
        *,
        device: Device = "auto",
        precision: Precision = "auto",
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        if not isinstance(model, Network):
            model = open_network(model, device, precision, threads, streams)
        self._network: Network | None = model
        _log.info(
            "model %s %s, %s, %s, %s",
            self.model.info.name,
            self.model.info.version,
            self.network.engine,
            self.network.device,
            self.network.precision,
        )

    @property
    def model(self) -> ModelFile:
        """The model in use."""
        return self.network.model_file

    def open(self, picture: Picture, *, find_borders: bool = True) -> OpenPhoto:
        """Decode a picture, for one or many predictions.

        Args:
            picture: whatever can be read.
            find_borders: whether the borders of a print or a scan are looked for and left out of what the network sees.

        Raises:
            InputError: the picture cannot be read.
        """
        return OpenPhoto(self.network, Photo.read(picture), find_borders=find_borders)

    def colorize(
        self,
        picture: Picture,
        *,
        size: int | None = None,
        hints: Sequence[Hint] = (),
        reference: Picture | None = None,
        taste: Taste | None = None,
    ) -> Photo:
        """Colour one picture: `open` and `OpenPhoto.predict` in one.

        Raises:
            InputError: the picture cannot be read.
            WeightsError: the network fails, or takes no hints.
            TintypeError: the size or a hint is impossible.
        """
        opened = None if reference is None else self.open(reference)
        return self.open(picture).predict(size=size, hints=hints, reference=opened, taste=taste)

    def colorize_many(
        self,
        pictures: Iterable[Picture],
        *,
        workers: int = 1,
        size: int | None = None,
        reference: Picture | None = None,
        taste: Taste | None = None,
    ) -> Iterator[Result]:
        """Colour pictures of any iterable, endless ones too, as results are asked for; results come in its order.

        At most 2 x ``workers`` pictures are begun and not handed out, so that memory does not grow with their number. A
        picture that fails is a result with an error, and the others go on. For as many workers give the colorizer as
        many streams.

        Raises:
            InputError: the reference cannot be read.
            TintypeError: ``workers`` is below 1.

        Examples:
            >>> colorizer = Colorizer("tint-small")
            >>> grey = np.full((64, 96), 128, np.uint8)
            >>> [result.ok for result in colorizer.colorize_many([grey, "missing.jpg"])]
            [True, False]
        """
        opened = None if reference is None else self.open(reference)

        def colour(picture: Picture) -> Photo:
            return self.open(picture).predict(size=size, reference=opened, taste=taste)

        return results(pictures, colour, workers)

    async def colorize_async(
        self,
        picture: Picture,
        *,
        size: int | None = None,
        hints: Sequence[Hint] = (),
        reference: Picture | None = None,
        taste: Taste | None = None,
    ) -> Photo:
        """`colorize` for asyncio: the work goes to a thread, and the loop goes on. Errors are the same."""
        import asyncio  # 30 ms that a command line never needs

        return await asyncio.to_thread(self.colorize, picture, size=size, hints=hints, reference=reference, taste=taste)

    def close(self) -> None:
        """Let the network and its memory go. A colorizer that is closed colours nothing more."""
        self._network = None

    def __enter__(self) -> "Colorizer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def network(self) -> Network:
        """The network in use.

        Raises:
            TintypeError: the colorizer is closed.
        """
        if self._network is None:
            raise TintypeError("this colorizer is closed; make another, or colour inside its `with`")
        return self._network

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


def colorize(
    picture: Picture,
    *,
    model: str | os.PathLike[str] = "tint",
    size: int | None = None,
    hints: Sequence[Hint] = (),
    reference: Picture | None = None,
    taste: Taste | None = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
) -> Photo:
    """Colour one picture; the model is loaded at the first call and kept.

    Args and errors are those of `Colorizer` and `Colorizer.colorize`.

    Examples:
        >>> photo = colorize(np.full((64, 96), 128, np.uint8), model="tint-small")
        >>> photo.rgb().shape
        (64, 96, 3)
    """
    return _colorizer(os.fspath(model), device, precision, threads).colorize(
        picture, size=size, hints=hints, reference=reference, taste=taste
    )


@lru_cache(maxsize=2)
def _colorizer(model: str, device: Device, precision: Precision, threads: int | None) -> Colorizer:
    return Colorizer(model, device=device, precision=precision, threads=threads)
