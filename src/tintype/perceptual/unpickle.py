"""Arrays out of pickles that nobody should have to trust: whatever is not an array is refused by name.

Two kinds of file are read: a plain pickle of nested dicts of numpy arrays, and a TorchScript archive, of which only the
tensors are taken, by their names; the code in it is neither read nor run.
"""

import io
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.errors import WeightsError


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
    tree = _load(_Arrays(io.BytesIO(data)))
    if not isinstance(tree, dict):
        raise WeightsError(f"a {type(tree).__name__} where a dict of arrays was expected; fetch it again")
    return tree


class _Module:
    """Stands for any module class of a TorchScript archive: its attributes and nothing more."""


class _Script(pickle.Unpickler):
    """Reads the modules of a TorchScript archive as bare attributes, their tensors as numpy arrays."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self.archive, self.root = archive, root

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "__torch__":
            return _Module
        known: dict[tuple[str, str], Any] = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch.jit._pickle", "build_intlist"): list,
            ("torch", "FloatStorage"): None,  # only ever part of a storage's reference: nothing to call
            ("collections", "OrderedDict"): OrderedDict,
        }
        if (module, name) not in known:
            raise WeightsError(f"{module}.{name} in a TorchScript archive: only float tensors are read; fetch it again")
        return known[module, name]

    def persistent_load(self, pid: Any) -> NDArray[np.float32]:
        kind, _, key, _, length = pid
        if kind != "storage" or re.fullmatch(r"\d+", key) is None:
            raise WeightsError(f"a reference {pid!r} in a TorchScript archive; fetch it again")
        values = np.frombuffer(self.archive.read(f"{self.root}/data/{key}"), "<f4")
        if len(values) != length:
            raise WeightsError(f"storage {key} of a TorchScript archive is {len(values)} long, not {length}")
        return values


def _tensor(
    storage: NDArray[np.float32], offset: int, shape: Sequence[int], stride: Sequence[int], *_: Any
) -> NDArray[np.float32]:
    size = int(np.prod(shape))
    contiguous = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    if list(stride) != contiguous or not 0 <= offset <= len(storage) - size:
        raise WeightsError(f"a tensor of strides {tuple(stride)} in a TorchScript archive: only whole ones are read")
    return storage[offset : offset + size].reshape(shape).copy()


def read_script(data: bytes) -> dict[str, NDArray[np.float32]]:
    """The tensors of a TorchScript archive, named as `state_dict` of the module would name them.

    All must be float32 and contiguous. Raises WeightsError, naming what is not.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise WeightsError(f"not a readable TorchScript archive ({error}); fetch it again") from error
    with archive:
        found = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(found) != 1:
            raise WeightsError("not a TorchScript archive: no data.pkl in it; fetch it again")
        return _tensors(_load(_Script(archive, found[0].removesuffix("/data.pkl"))))


def _tensors(node: Any, prefix: str = "") -> dict[str, NDArray[np.float32]]:
    found: dict[str, NDArray[np.float32]] = {}
    for name, value in vars(node).items() if isinstance(node, _Module) else ():
        if isinstance(value, np.ndarray):
            found[prefix + name] = value
        else:
            found |= _tensors(value, f"{prefix}{name}.")
    return found


def _load(unpickler: pickle.Unpickler) -> Any:
    try:
        return unpickler.load()
    except WeightsError:
        raise
    except Exception as error:  # a broken pickle can fail in any way
        raise WeightsError(
            f"not a readable file of weights ({type(error).__name__}: {error}); fetch it again"
        ) from error
