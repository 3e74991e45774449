"""Pictures made from seeds, files in memory, and the light of an encoded picture."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]


def noise(height: int, width: int, seed: int = 0, channels: int | None = None) -> NDArray[np.uint8]:
    shape = (height, width) if channels is None else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def page(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Pure black marks on pure white, as text has them."""
    return np.where(np.random.default_rng(seed).random((height, width)) < 0.15, 0, 255).astype(np.uint8)


def smooth(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Soft shapes with grain, from pure black to pure white."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(-40, 296, (6, 8)).astype(np.float32))
    shapes = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    return (shapes + rng.normal(0, 3, (height, width))).clip(0, 255).astype(np.uint8)


KINDS = {"noise": noise, "page": page, "smooth": smooth}


def wild_ab(height: int, width: int, seed: int = 0, reach: float = 120.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-reach, reach, (height, width, 2)).astype(np.float32)


def file_bytes(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def light(data: bytes) -> NDArray[np.int32]:
    """BT.601 luma of an encoded picture, decoded to RGB and turned grey by Pillow."""
    image = opened(data)
    bands = "RGB" if image.mode not in ("L", "LA") else "L"
    flat = Image.merge(bands, [image.getchannel(band) for band in bands]) if image.mode != bands else image
    return np.asarray(flat.convert("L"), np.int32)
