"""Torch tensors in and out, without importing torch: whoever has a tensor has imported it."""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from tintype.errors import InputError, MissingExtra


def is_tensor(source: object) -> bool:
    """Whether it is a tensor of torch's; false as long as nobody has imported torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.Tensor)


def from_tensor(tensor: Any) -> npt.NDArray[np.generic]:
    """A picture as an array, (H, W) or (H, W, C): of a tensor (H, W), (1, H, W), (3, H, W) or (4, H, W), of uint8 or of
    floats from 0 to 1, on any device.

    Raises:
        InputError: another shape, or a batch.
    """
    shape = tuple(tensor.shape)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[0] not in (1, 3, 4)):
        hint = "; take the pictures of a batch one by one" if len(shape) == 4 else ""
        raise InputError(f"a tensor of shape {shape} is not a picture: give (H, W), (1, H, W) or (3, H, W){hint}")
    array = tensor.detach().cpu()
    array = (array if str(array.dtype) == "torch.uint8" else array.float()).numpy()
    return np.ascontiguousarray(np.moveaxis(array, 0, -1) if array.ndim == 3 else array)


def to_tensor(rgb: npt.NDArray[np.uint8]) -> Any:
    """(3, H, W) floats from 0 to 1 of (H, W, 3) uint8.

    Raises:
        MissingExtra: torch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtra("tensors need torch: pip install 'tintype[train]'") from None
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(rgb, -1, 0))).float() / 255
