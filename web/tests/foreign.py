"""Writes a small network of the interface of DDColor's published files for the page's tests. Argument: where to."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from foreign_graphs import ddcolor

ddcolor(Path(sys.argv[1]), size=(256, 256))
