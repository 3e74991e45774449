"""What a run over folders leaves out because it does not know its kind: counted, so that it is not missed."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tintype.files import locations

from .plan import COLOURED, READABLE

# Companions of pictures, and what systems strew about: nobody expects them to be coloured.
_SILENT = frozenset(
    {"", ".txt", ".json", ".jsonl", ".xmp", ".xml", ".md", ".html", ".csv", ".tsv", ".ini", ".db", ".log", ".lnk",
     ".url", ".thm", ".aae", ".pp3", ".srt", ".vtt", ".md5", ".sha256", ".part", ".tmp"}
)  # fmt: skip


def passed_over(
    inputs: Sequence[str], output: str | None = None, *, known: frozenset[str] = frozenset(), mark: str = COLOURED
) -> Counter[str]:
    """How many files of each suffix the local folders among the inputs hold that are no pictures to be coloured.

    Hidden files, earlier results and the output folder do not count; ``known`` are suffixes that others take, of films.
    """
    skipped = Path(output).resolve() if output and not locations.is_url(output) else None
    found: Counter[str] = Counter()
    for text in inputs:
        if locations.is_url(text) or not Path(text).is_dir():
            continue
        for parent, folders, names in os.walk(text):
            here = Path(parent)
            folders[:] = [each for each in folders if not each.startswith(".") and (here / each).resolve() != skipped]
            for name in names:
                stem, suffix = os.path.splitext(name)
                kind = suffix.lower()
                ours = kind in READABLE or kind in known or kind in _SILENT
                if not (ours or name.startswith(".") or stem.endswith(mark)):
                    found[kind] += 1
    return found


def say(found: Counter[str]) -> str:
    """A line such as "11 files left out: 3 .ico, 8 .pdf"."""
    total = sum(found.values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
    return f"{total} file{'s' if total > 1 else ''} left out, of no kind that is read: {kinds}"
