"""Difference hashes (dHash) of pictures that must stay out of training, because models are judged by them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import DataError

MOST_BITS = 6  # of 64 that may differ: the same picture in another size or coding


def difference_hashes(rgb: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64-bit difference hashes (2,) of uint8 RGB (H, W, 3) and of its mirror image.

    Is a pixel of the 9 x 8 thumbnail darker than its right neighbour? Rows from the top, the most significant bit first
    (Krawetz 2013, "Kind of Like That").
    """
    small = np.asarray(Image.fromarray(rgb).convert("L").resize((9, 8), Image.Resampling.LANCZOS), np.int16)
    both = np.stack([small, small[:, ::-1]])
    return np.packbits(both[:, :, 1:] > both[:, :, :-1]).view(">u8").astype(np.uint64)


def read_hashes(file: Path) -> NDArray[np.uint64]:
    """Hashes of a text file, 16 hexadecimal digits a line; lines that begin with # are comments.

    Raises DataError naming the line that is none.
    """
    hashes = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not a readable list of hashes ({error})") from error
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            hashes.append(int(text, 16))
            if len(text) != 16:
                raise ValueError
        except ValueError:
            raise DataError(
                f"{file}, line {number}: {text[:20]!r} is no hash; each has 16 hexadecimal digits"
            ) from None
    return np.array(hashes, np.uint64)


def is_near(hashes: NDArray[np.uint64], held_out: NDArray[np.uint64], most_bits: int = MOST_BITS) -> bool:
    """True when one of `held_out` differs from one of `hashes` in at most `most_bits` bits."""
    return bool((np.bitwise_count(held_out ^ hashes[:, None]) <= most_bits).any())
