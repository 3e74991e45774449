"""Several models as one: the weighted mean of their colours.

Where models are sure they agree, and where they guess they guess differently: the mean is nearer to the truth than
each, and paler where they differ. Each sees the picture at its own size. `a*0.7,b*0.3` weighs them; where one knows how
sure it is and another does not, its weight falls with its confidence.
"""

import hashlib
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tintype.errors import WeightsError
from tintype.files.locations import is_url
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Planes

from .confidence import confidence, entropy, faded
from .engine import Device, Precision
from .model_file import ModelFile, find_model
from .network import Network
from .preprocess import fitted_size, pad_to, rounded

DISTRIBUTION = "distribution"
FEATURES = ("features_16", "features_32")
_SHARE = re.compile(r"(.*\S)\s*\*\s*(\d+\.?\d*|\.\d+)")


def find_models(model: str | os.PathLike[str]) -> list[ModelFile]:
    """The model of a name or path, or, of several that commas divide, each; `NAME*0.7` gives one its share.

    Raises:
        WeightsError: one is missing or corrupt, or a share is 0.
    """
    text = os.fspath(model)
    if is_url(text):
        raise WeightsError(f"{text}: a model is fetched when it is asked for; `tintype models pull {text}` does it")
    if not text.strip(", "):
        raise WeightsError(f"no model is named in {text!r}; `tintype models` lists what there is")
    if "," not in text or Path(text).is_file():
        return [find_model(model)]
    return [_with_share(part.strip()) for part in text.split(",") if part.strip()]


def _with_share(text: str) -> ModelFile:
    found = _SHARE.fullmatch(text)
    if found is None:
        return find_model(text)
    share = float(found[2])
    if not share > 0:
        raise WeightsError(f"{text}: a share of {share:g}; leave the model out, or give it more than 0")
    return replace(find_model(found[1]), share=share)


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
        size=max(info.size for info in infos),
        size_multiple=math.lcm(*(info.size_multiple for info in infos)),
        hints=_hints_of([info.hints for info in infos]),
        bins=(),
        calibration=(),
        target="ab",
        metrics={},
    )
    told = "".join(file.sha256 + ("" if file.share == 1 else f"*{file.share:g}") for file in files)
    return ModelFile(files[0].path, info, hashlib.sha256(told.encode()).hexdigest())


def _hints_of(each: Sequence[str]) -> str:
    """Told to those that know of hints, and spread over the answer of those made to be used so."""
    if not set(each) <= {"trained", "spread"}:
        return "untrained"
    return "trained" if "trained" in each else "spread"


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
    as_one(files)  # what cannot be combined is refused before anything is loaded
    return combined([Network(each, device, precision, threads, streams) for each in files])


def combined(networks: Sequence[Network]) -> Network:
    """Networks that are open already as one, each with its file's share. Raises WeightsError as `as_one`."""
    file = as_one([network.model_file for network in networks])
    if len(networks) == 1:
        return networks[0]
    return Network(file, threads=networks[0].threads, engine=Ensemble(file, networks))


class Ensemble:
    """An engine of networks that answer together, with colours alone: "ab", the weighted mean of theirs, on the finest
    grid among them. What the encoder of network number 1 finds is its feature "1/features_16" and the like."""

    def __init__(self, model_file: ModelFile, networks: Sequence[Network]) -> None:
        self._info = model_file.info
        self._networks = tuple(networks)
        self.name, self.device, self.precision = networks[0].engine, networks[0].device, networks[0].precision
        sure = [bool(network.model_file.info.calibration) for network in networks]
        self._by_confidence = any(sure) and not all(sure)
        # What tells things apart, for hints and references, is what the first finds that shows it.
        self._showing = next((i for i, network in enumerate(networks) if set(FEATURES) <= set(network.outputs)), None)
        self.inputs: Sequence[str] = ("lightness", "hints") if self._info.hints == "trained" else ("lightness",)
        self.outputs: Sequence[str] = ("ab",) if self._showing is None else ("ab", *FEATURES)
        self.features = tuple(
            f"{index}/{name}" for index, network in enumerate(networks) for name in ("lightness", *network.features)
        )

    def run(self, feed: Mapping[str, Planes], outputs: tuple[str, ...]) -> list[Planes]:
        lightness = feed["lightness"]
        found: dict[str, Planes] = {}
        if set(outputs) <= set(self.features):
            for index, network in enumerate(self._networks):
                encoded = network.encode(self._seen_by(network, lightness))
                found |= {f"{index}/{name}": planes for name, planes in encoded.items()}
            return [found[name] for name in outputs]
        if shown := tuple(name for name in outputs if name != "ab"):
            assert self._showing is not None
            found |= self._ask(self._showing, feed, None, shown)
        if "ab" in outputs:
            answers, weights = [], []
            for index, network in enumerate(self._networks):
                file = network.model_file
                by_confidence = self._by_confidence and bool(file.info.calibration)
                told = _told(feed.get("hints"), self._size(network, lightness)) if _obeys(file) else None
                answer = self._ask(index, feed, told, ("ab", DISTRIBUTION) if by_confidence else ("ab",))
                answers.append(answer["ab"])
                weights.append(_weights(answer, file) if by_confidence else np.float32(file.share))
            found["ab"] = _mean(answers, weights)
        return [found[name] for name in outputs]

    def _ask(
        self, index: int, encoded: Mapping[str, Planes], hints: Planes | None, outputs: tuple[str, ...]
    ) -> dict[str, Planes]:
        """What one of the networks answers, without what lies in its own padding."""
        network, start = self._networks[index], f"{index}/"
        own = {name.removeprefix(start): planes for name, planes in encoded.items() if name.startswith(start)}
        own = own or {"lightness": self._seen_by(network, encoded["lightness"])}
        size, padded = self._size(network, encoded["lightness"]), own["lightness"].shape[2:]
        if hints is not None:
            hints = np.pad(hints, ((0, 0), (0, 0), (0, padded[0] - size[0]), (0, padded[1] - size[1])))
        answer = network.decode(own, hints, outputs=outputs)

        def cropped(planes: Planes) -> Planes:
            rows, columns = (math.ceil(s * n / p) for s, n, p in zip(size, planes.shape[2:], padded, strict=True))
            return planes[..., :rows, :columns]

        return {name: cropped(planes) for name, planes in answer.items()}

    def _size(self, network: Network, lightness: Planes) -> tuple[int, int]:
        """Height and width at which a network sees planes (N, 1, H, W), before it pads them."""
        height, width = lightness.shape[2:]
        file = network.model_file
        if file.fixed is not None:
            return fitted_size(height, width, file.fixed)
        scale = file.info.size / self._info.size
        return (height, width) if scale == 1 else (rounded(height * scale), rounded(width * scale))

    def _seen_by(self, network: Network, lightness: Planes) -> Planes:
        size, multiple = self._size(network, lightness), network.model_file.info.size_multiple
        room = network.model_file.fixed or (size[0] + -size[0] % multiple, size[1] + -size[1] % multiple)
        if size == room == lightness.shape[2:]:
            return lightness
        return np.stack([pad_to(resize_float(plane, size[1], size[0]), room)[None] for plane in lightness[:, 0]])


def _obeys(file: ModelFile) -> bool:
    return file.info.hints == "trained"


def _told(hints: Planes | None, size: tuple[int, int]) -> Planes | None:
    """Hints (N, 3, H, W) on a grid of another size, at most as fine: every one keeps a cell, however small it gets."""
    if hints is None or hints.shape[2:] == size:
        return hints
    told = np.zeros((len(hints), 3, *size), np.float32)
    number, rows, columns = np.nonzero(hints[:, 2])
    cells = number, rows * size[0] // hints.shape[2], columns * size[1] // hints.shape[3]
    for channel in range(3):
        np.add.at(told[:, channel], cells, hints[:, channel][number, rows, columns])
    told[:, :2] /= np.maximum(told[:, 2:], 1)
    told[:, 2] = told[:, 2] > 0
    return told


def _weights(answer: Mapping[str, Planes], file: ModelFile) -> Planes:
    """Weights (N, h, w) of a network that knows how sure it is."""
    entropies = entropy(answer[DISTRIBUTION].transpose(0, 2, 3, 1))
    return np.float32(file.share) * faded(confidence(entropies, file.info.calibration))


def _mean(answers: Sequence[Planes], weights: Sequence[Planes | np.float32]) -> Planes:
    """The weighted mean of planes (N, 2, h, w), on the finest of their grids; a weight is (N, h, w) or a number."""
    height, width = max(answer.shape[2:] for answer in answers)
    total = np.zeros((*answers[0].shape[:2], height, width), np.float32)
    whole = np.zeros((len(total), 1, height, width), np.float32)
    for answer, weight in zip(answers, weights, strict=True):
        for number, planes in enumerate(answer):
            own = weight if isinstance(weight, np.float32) else resize_float(weight[number], width, height)
            whole[number, 0] += own
            for channel, plane in enumerate(planes):
                total[number, channel] += own * resize_float(plane, width, height)
    return np.asarray(total / whole, np.float32)
