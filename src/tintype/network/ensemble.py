"""Several models as one: the mean of their colours.

Where models are sure they agree, and where they guess they guess differently: the mean is nearer to the truth than
each, and paler where they differ.
"""

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tintype.errors import WeightsError
from tintype.imaging.resize import resize_float

from .engine import Device, Planes, Precision
from .model_file import ModelFile, find_model
from .network import Network


def find_models(model: str | os.PathLike[str]) -> list[ModelFile]:
    """The model of a name or path, or, of several that commas divide, each.

    Raises:
        WeightsError: one is missing or corrupt.
    """
    text = os.fspath(model)
    if "," not in text or Path(text).is_file():
        return [find_model(model)]
    return [find_model(part.strip()) for part in text.split(",") if part.strip()]


def as_one(files: Sequence[ModelFile]) -> ModelFile:
    """What several models are together; one stays what it is.

    Raises:
        WeightsError: one of several colours drawings or paints whole pictures.
    """
    if len(files) == 1:
        return files[0]
    for file in files:
        if file.info.condition != "lightness" or file.info.target in ("lab", "rgb"):
            raise WeightsError(f"{file.path}: only models that colour photographs can be combined; name it by itself")
    infos = [file.info for file in files]
    info = replace(
        infos[0],
        name="+".join(info.name for info in infos),
        version="+".join(info.version for info in infos),
        size_multiple=math.lcm(*(info.size_multiple for info in infos)),
        hints="trained" if all(info.hints == "trained" for info in infos) else "untrained",
        bins=(),
        calibration=(),
        target="ab",
        metrics={},
    )
    joined = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
    return ModelFile(files[0].path, info, joined)


def open_network(
    model: str | os.PathLike[str],
    device: Device = "auto",
    precision: Precision = "auto",
    threads: int | None = None,
    streams: int = 1,
) -> Network:
    """The network of a model, or of several that commas divide; arguments and errors are those of `Network`."""
    files = find_models(model)
    if not files:
        raise WeightsError(f"no model is named in {os.fspath(model)!r}")
    file = as_one(files)
    networks = [Network(each, device, precision, threads, streams) for each in files]
    return networks[0] if len(networks) == 1 else Ensemble(file, networks)


class Ensemble(Network):
    """Networks that answer together, with colours alone: "ab", the mean of theirs, on the finest grid among them."""

    def __init__(self, model_file: ModelFile, networks: Sequence[Network]) -> None:
        # No engine of its own: everything that Network asks one for is overridden.
        self.model_file = model_file
        self._networks = tuple(networks)

    @property
    def engine(self) -> str:
        return self._networks[0].engine

    @property
    def device(self) -> str:
        return self._networks[0].device

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("ab",)

    @property
    def precision(self) -> str:
        return self._networks[0].precision

    def encode(self, lightness: Planes) -> dict[str, Planes]:
        encoded = {"lightness": self._checked(lightness)}
        for index, network in enumerate(self._networks):
            found = network.encode(lightness)
            encoded |= {f"{index}/{name}": planes for name, planes in found.items()}
        return encoded

    def decode(
        self, encoded: Mapping[str, Planes], hints: Planes | None = None, *, outputs: Sequence[str] = ("ab",)
    ) -> dict[str, Planes]:
        if tuple(outputs) != ("ab",):
            other = next((name for name in outputs if name != "ab"), "nothing")
            raise WeightsError(f"{self.model_file.info.name}: models together answer with colours alone, not {other!r}")
        answers = []
        for index, network in enumerate(self._networks):
            start = f"{index}/"
            own = {name.removeprefix(start): planes for name, planes in encoded.items() if name.startswith(start)}
            answers.append(network.decode(own or {"lightness": encoded["lightness"]}, hints)["ab"])
        return {"ab": _mean(answers)}


def _mean(answers: Sequence[Planes]) -> Planes:
    """The mean of planes (N, 2, h, w), on the finest of their grids."""
    height, width = max(answer.shape[2:] for answer in answers)
    total = np.zeros((*answers[0].shape[:2], height, width), np.float32)
    for answer in answers:
        for total_planes, planes in zip(total, answer, strict=True):
            for whole, plane in zip(total_planes, planes, strict=True):
                whole += resize_float(plane, width, height)
    return np.asarray(total / np.float32(len(answers)), np.float32)
