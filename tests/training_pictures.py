"""A few freely licensed colour photographs to train on in tests, cut into small tiles."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

# In scikit-image's wheel: astronaut (NASA, public domain), coffee, chelsea, rocket (CC0).
NAMES = ("astronaut", "coffee", "chelsea", "rocket")


def write_tiles(folder: Path, *, side: int = 96, per_picture: int = 4) -> Path:
    """PNG tiles of `side` pixels from each picture, named SOURCE_NUMBER.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        picture = getattr(skimage.data, name)()
        height, width = picture.shape[:2]
        for number, x in enumerate(np.linspace(0, width - side, per_picture, dtype=int)):
            top = (height - side) // 2
            Image.fromarray(picture[top : top + side, x : x + side]).save(folder / f"{name}_{number}.png")
    return folder


@contextmanager
def files_up_to(most: int) -> Iterator[None]:
    """Let the kernel refuse to make any file longer than `most` bytes: the nearest thing to a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
