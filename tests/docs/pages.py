"""Code blocks of the documents, for tests that run them."""

import re
import textwrap
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_FENCE = re.compile(r"^( *)```([a-z]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str = "") -> list[str]:
    """The page's code blocks of that language, in their order; those without one are commands."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [textwrap.dedent(body) for _, found, body in _FENCE.findall(text) if found == language]


def commands(block: str) -> list[str]:
    """The lines of a block that are commands, continued lines joined, remarks left out."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line.partition(" #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]
