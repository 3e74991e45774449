"""What the numbers of a luma plane mean: depth, range, matrix; and their reduction to 8 bits of full range."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.imaging.types import Plane8

from .need import need_cv2

Luma = NDArray[Any]  # uint8, or uint16 for more than 8 bits

# AVColorSpace (ITU-T H.273 matrix coefficients): Kr, Kb.
_MATRICES = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
BT709, BT601 = 1, 6
UNSPECIFIED = 2
LIMITED, FULL = 1, 2


@dataclass(frozen=True)
class Signal:
    """How light and colour are written: bits a sample, full or limited range, and the H.273 codes of the colour.

    ``primaries`` and ``transfer`` are carried as they are; ``matrix`` is always one whose weights are known.
    """

    depth: int
    full_range: bool
    matrix: int
    primaries: int
    transfer: int

    @property
    def weights(self) -> tuple[float, float]:
        """Kr and Kb of the matrix."""
        return _MATRICES[self.matrix]

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer is that of HDR: perceptual quantiser or hybrid log-gamma."""
        return self.transfer in (16, 18)

    def to_full8(self, plane: Luma) -> Plane8:
        """Luma of this signal as 8 bits of full range, 0 black and 255 white; any shape."""
        if self.depth == 8 and self.full_range:
            return np.asarray(plane, np.uint8)
        table = _table(self.depth, self.full_range)
        return np.asarray(need_cv2().LUT(plane, table)) if self.depth == 8 else table[plane]


def known_matrix(code: int, height: int) -> int:
    """The code itself where its weights are known, else what players assume: BT.709 for HD, BT.601 below."""
    return code if code in _MATRICES else BT709 if height >= 720 else BT601


def known(code: int) -> int:
    """Primaries or transfer of a file that does not say, or says 0: those of BT.709, near to sRGB."""
    return code if code not in (0, UNSPECIFIED) else BT709


_tables: dict[tuple[int, bool], Plane8] = {}


def _table(depth: int, full_range: bool) -> Plane8:
    table = _tables.get((depth, full_range))
    if table is None:
        values = np.arange(1 << depth, dtype=np.float64)
        unit = values / values[-1] if full_range else (values / (1 << (depth - 8)) - 16) / 219
        table = _tables[depth, full_range] = np.round(unit.clip(0, 1) * 255).astype(np.uint8)
    return table
