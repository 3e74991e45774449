"""The picture of the house is the one that the import contract gives, and the contract names every package."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_picture_is_made_from_the_contract() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import architecture
    finally:
        sys.path.pop(0)
    assert architecture.TARGET.read_text(encoding="utf-8") == architecture.drawing(architecture.floors())
    rooms = {name for floor in architecture.floors() for name in floor}
    home = ROOT / "src" / "tintype"
    there = {path.stem for path in home.glob("*.py")} | {path.parent.name for path in home.glob("*/__init__.py")}
    assert there - {"__init__"} == rooms
