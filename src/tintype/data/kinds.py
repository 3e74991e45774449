"""What kinds of things a data set shows: its pictures clustered by what an image classifier's encoder finds in them.

Gathered photographs are unbalanced: dogs by the ten thousand, candles by the dozen, and many of them grey-brown. With
the kinds known, a run can draw rare kinds and colourful pictures more often (sampling.py). Nothing is labelled: a kind
is a cluster of k-means (Lloyd 1957; Arthur and Vassilvitskii 2007 for its start) on standardised features.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import DataError
from tintype.files.atomic import write_bytes
from tintype.imaging.color import colorfulness, lightness_from_luma
from tintype.network.network import Network

from .cache import decode_rgb
from .manifest import Entry, refuse_existing
from .sources import Picture, iter_pictures

Floats = NDArray[np.float32]
Progress = Callable[[int], None]  # called with the number of pictures looked at so far

SIDE = 96  # pixels: whole pictures are squeezed to such a square, enough to tell a dog from a dish
BATCH = 32
FITTED = 20_000  # pictures that the clusters are fitted on; all are then assigned
ROUNDS, STARTS = 40, 2  # of k-means


@dataclass(frozen=True)
class Kinds:
    """`kind` (n,) of each of the `entries`, 0 the most frequent; its `colourfulness` (Hasler and Süsstrunk), and its
    `distance` from the kind's centre, in standardised features. `broken` are the names that could not be decoded."""

    entries: list[Entry]
    kind: NDArray[np.int64]
    colourfulness: Floats
    distance: Floats
    broken: list[str]

    def members(self, kind: int) -> list[Entry]:
        """The pictures of a kind, the most typical one first."""
        found = np.flatnonzero(self.kind == kind)
        return [self.entries[i] for i in found[np.argsort(self.distance[found], kind="stable")]]

    def write(self, file: Path, *, overwrite: bool = False) -> None:
        """Write a JSON line for each picture: `name`, `kind`, `colourfulness`. Raises OutputError if that cannot be."""
        refuse_existing(file, overwrite)
        rows = zip(self.entries, self.kind.tolist(), self.colourfulness.tolist(), strict=True)
        lines = (
            json.dumps({"name": entry.name, "kind": kind, "colourfulness": round(colour, 1)}, ensure_ascii=False)
            for entry, kind, colour in rows
        )
        write_bytes(file, ("\n".join(lines) + "\n").encode())


def find_kinds(
    paths: Sequence[str | Path], network: Network, count: int = 64, *, seed: int = 0, progress: Progress | None = None
) -> Kinds:
    """Cluster the pictures of folders, shards and manifests into `count` kinds by the features of `network`.

    Args:
        paths: folders, `.tar` shards or manifests.
        network: a model whose encoder can be asked alone, such as the embedded `tint`.
        count: kinds, 2 or more.
        seed: of the start of k-means.
        progress: called with the number of pictures looked at.

    Raises:
        DataError: there are fewer pictures than kinds, or the network tells no features.
    """
    if not any(name.startswith("features_") for name in network.features):
        raise DataError(f"the model {network.model_file.info.name!r} tells no features; take tint or tint-small")
    entries: list[Entry] = []
    features: list[NDArray[np.float16]] = []
    colours: list[float] = []
    broken: list[str] = []
    for batch in _batches(paths, broken):
        features.append(_features(network, [small for _, small in batch]).astype(np.float16))
        entries += [picture.entry for picture, _ in batch]
        colours += [colorfulness(small) for _, small in batch]
        if progress:
            progress(len(entries) + len(broken))
    if len(entries) < max(2, count):
        raise DataError(f"{len(entries)} pictures cannot be divided into {count} kinds; ask for fewer with --kinds")
    kind, distance = _clustered(np.concatenate(features), count, seed)
    return Kinds(entries, kind, np.array(colours, np.float32), distance, broken)


def read_kinds(file: str | Path) -> dict[str, tuple[int, float]]:
    """(kind, colourfulness) by the picture's name, of a file that `Kinds.write` wrote. Raises DataError if none."""
    try:
        rows = map(json.loads, Path(file).read_text(encoding="utf-8").splitlines())
        return {str(row["name"]): (int(row["kind"]), float(row["colourfulness"])) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file}: no list of kinds ({error}); make one with `tintype data kinds`") from error


def _batches(paths: Sequence[str | Path], broken: list[str]) -> Iterator[list[tuple[Picture, NDArray[np.uint8]]]]:
    def decoded() -> Iterator[tuple[Picture, NDArray[np.uint8]]]:
        for path in paths:
            for picture in iter_pictures(path):
                try:
                    rgb = decode_rgb(picture.data, 2 * SIDE)
                except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                    broken.append(picture.name)
                    continue
                yield picture, np.asarray(cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)

    pictures = decoded()
    while batch := list(islice(pictures, BATCH)):
        yield batch


def _features(network: Network, pictures: Sequence[NDArray[np.uint8]]) -> Floats:
    """Of RGB pictures: the mean of each of the deepest features, (N, C)."""
    luma = np.stack([cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in pictures])[:, None]
    found = network.encode((lightness_from_luma(luma.astype(np.float32) / 255) / 50 - 1).astype(np.float32))
    deepest = max(found.keys() - {"lightness"}, key=lambda name: int(name.removeprefix("features_")))  # the stride
    return np.asarray(found[deepest].mean((2, 3)), np.float32)


def _clustered(features: NDArray[np.float16], count: int, seed: int) -> tuple[NDArray[np.int64], Floats]:
    """The cluster of each row, 0 the largest, and its distance from the centre."""
    rows = np.random.default_rng(seed).permutation(len(features))[:FITTED]
    fitted = features[np.sort(rows)].astype(np.float32)
    mean, spread = fitted.mean(0), fitted.std(0) + 1e-3
    cv2.setRNGSeed(seed)
    until = cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, ROUNDS, 1e-3
    labels = np.empty(0, np.int32)  # where k-means would begin; it does not, by its flag
    standard = _standard(fitted, mean, spread)
    _, _, found = cv2.kmeans(standard, count, labels, until, STARTS, cv2.KMEANS_PP_CENTERS)
    centres = np.asarray(found, np.float32)
    kind, distance = np.empty(len(features), np.int64), np.empty(len(features), np.float32)
    for start in range(0, len(features), 4096):
        part = slice(start, start + 4096)
        rest = _standard(features[part].astype(np.float32), mean, spread)
        squares = (rest**2).sum(1)[:, None] - 2 * rest @ centres.T + (centres**2).sum(1)
        kind[part] = squares.argmin(1)
        distance[part] = np.sqrt(np.maximum(squares.min(1), 0))
    order = np.argsort(-np.bincount(kind, minlength=count), kind="stable")
    return np.argsort(order)[kind], distance


def _standard(features: Floats, mean: Floats, spread: Floats) -> Floats:
    """Standardised features of length 1: how strongly a picture answers says little about what it shows."""
    whitened = (features - mean) / spread
    return np.asarray(whitened / (np.linalg.norm(whitened, axis=1, keepdims=True) + 1e-6), np.float32)
