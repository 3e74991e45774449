"""Draw docs/images/architecture.svg from the floors of the import contract: `python scripts/architecture.py`."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "images" / "architecture.svg"
WIDTH, FLOOR, GAP, LEFT = 860, 54, 8, 44
# Learning needs torch; colouring does not.
LEARNING = {"models", "data", "perceptual", "training", "tune", "evaluation", "reports", "compare"}


def floors() -> list[list[str]]:
    """The packages of each floor, from the top down, without the package's own name."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract for contract in contracts if contract["id"] == "floors")["layers"]
    return [[name.strip().removeprefix("tintype.") for name in layer.split("|")] for layer in layers]


def drawing(rooms: list[list[str]]) -> str:
    """The house as SVG: a row of boxes for each floor, numbered from the ground."""
    height = len(rooms) * (FLOOR + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif">',
        "<title>The packages of tintype: each imports only from lower floors</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#faf8f5"/>',
    ]
    for row, names in enumerate(rooms):
        top = GAP + row * (FLOOR + GAP)
        width = (WIDTH - LEFT - GAP * len(names)) / len(names)
        parts.append(f'<text x="16" y="{top + FLOOR / 2 + 5}" font-size="15" fill="#7a6f64">{len(rooms) - row}</text>')
        for column, name in enumerate(names):
            left = LEFT + column * (width + GAP)
            fill = "#dbe7f1" if name in LEARNING else "#f3dcc6"
            parts.append(f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{FLOOR}" rx="6" fill="{fill}"/>')
            middle = f'x="{left + width / 2:.1f}" y="{top + FLOOR / 2 + 5}"'
            parts.append(f'<text {middle} font-size="15" text-anchor="middle" fill="#23201d">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    TARGET.write_text(drawing(floors()), encoding="utf-8")
