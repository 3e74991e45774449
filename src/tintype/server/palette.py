"""The colours that a picture is made of."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 200  # pixels of the long side that colours are counted on
_MORE = 4  # times as many clusters as are asked for: greys are left out, and likes are put together
_GREY = 14  # between the largest and the smallest of red, green and blue
_NEAR = 40.0  # Euclidean distance in RGB within which two colours count as one


def colours_of(rgb: NDArray[np.uint8], count: int) -> list[str]:
    """Up to ``count`` colours of a picture (H, W, 3) as #rrggbb, the largest part first, none of them grey or near to
    another: clusters of k-means after median cut (Heckbert 1982)."""
    image = Image.fromarray(rgb)
    image.thumbnail((_SIDE, _SIDE))
    clusters = image.quantize(min(256, _MORE * count + 8), Image.Quantize.MEDIANCUT, kmeans=3)
    table = np.asarray(clusters.getpalette(), np.int64).reshape(-1, 3)
    parts = sorted(clusters.getcolors() or [], reverse=True)
    found: list[NDArray[np.int64]] = []
    for _, index in parts:
        colour = table[cast("int", index)]
        if np.ptp(colour) >= _GREY and all(np.linalg.norm(colour - other) > _NEAR for other in found):
            found.append(colour)
    return ["#{:02x}{:02x}{:02x}".format(*(int(value) for value in colour)) for colour in found[:count]]
