"""Contact sheets of what a scan found, and of the kinds of pictures in a set: people would rather look than read."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from tintype.errors import OutputError

from .kinds import Kinds
from .manifest import Entry, read_entries
from .scan import FLAWS, Finding, ScanReport
from .sources import source_of

_COLUMNS, _CELL, _CAPTION, _TITLE = 10, 120, 26, 28
_INK, _PAPER, _FAINT = (30, 30, 30), (255, 255, 255), (110, 110, 110)

Row = tuple[str, list[tuple[Entry, str]]]


def draw_sheet(report: ScanReport, limit: int = 60) -> Image.Image | None:
    """RGB sheet: up to `limit` pictures of each flaw, and groups of near-duplicates side by side; None if all is good.

    The most colourful of the grey ones come first, because they are the ones to doubt.
    """
    sections = [row for row in (_section(report, limit, flaw) for flaw in FLAWS[:4]) if row[1]]
    if report.twins:
        sections.append(_twins(report, limit))
    return _drawn(sections) if sections else None


def draw_kinds(kinds: Kinds, shown: int = _COLUMNS) -> Image.Image:
    """RGB sheet: a row for each kind with the pictures that are most typical of it, the most frequent kind first."""
    colours = [float(kinds.colourfulness[kinds.kind == kind].mean()) for kind in range(int(kinds.kind.max()) + 1)]
    sections: list[Row] = []
    for kind, colour in enumerate(colours):
        members = kinds.members(kind)
        title = f"kind {kind}: {len(members):,} pictures, colourfulness {colour:.0f}"
        sections.append((title, [(entry, source_of(entry.name)) for entry in members[:shown]]))
    return _drawn(sections)


def _drawn(sections: Sequence[Row]) -> Image.Image:
    heights = [_TITLE + -(-len(cells) // _COLUMNS) * (_CELL + _CAPTION) for _, cells in sections]
    sheet = Image.new("RGB", (_COLUMNS * _CELL, sum(heights)), _PAPER)
    top = 0
    for (title, cells), height in zip(sections, heights, strict=True):
        _draw_section(sheet, top, title, cells)
        top += height
    return sheet


def save_sheet(sheet: Image.Image, file: Path) -> None:
    """Write the sheet in the format of the suffix; raises OutputError when that cannot be done."""
    try:
        sheet.save(file, quality=88)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{file}: cannot be written ({error}); name a .jpg or .png in a folder that exists"
        ) from error


def _section(report: ScanReport, limit: int, flaw: str) -> Row:
    found = [finding for finding in report.findings if finding.verdict == flaw]
    found.sort(key=lambda finding: -finding.residual)
    return _title(flaw, len(found), limit), [(finding.entry, _caption(finding)) for finding in found[:limit]]


def _twins(report: ScanReport, limit: int) -> Row:
    cells: list[tuple[Entry, str]] = []
    for number, group in enumerate(report.twins, 1):
        if len(cells) + min(len(group), 4) > limit:
            break
        cells += [(report.findings[i].entry, f"group {number}\nset {report.findings[i].set + 1}") for i in group[:4]]
    return f"near-duplicates: {len(report.twins)} groups", cells


def _title(flaw: str, count: int, limit: int) -> str:
    return f"{flaw}: {count}" + (f", {limit} shown" if count > limit else "")


def _caption(finding: Finding) -> str:
    detail = f"residual {finding.residual:.2f}" if finding.verdict in ("grey", "tinted") else finding.why
    return f"{Path(finding.entry.name).name}\n{detail}"


def _draw_section(sheet: Image.Image, top: int, title: str, cells: Sequence[tuple[Entry, str]]) -> None:
    pen = ImageDraw.Draw(sheet)
    pen.text((4, top + 6), title, fill=_INK, font_size=15)
    for number, ((_, data), (_, caption)) in enumerate(zip(read_entries(e for e, _ in cells), cells, strict=True)):
        x, y = number % _COLUMNS * _CELL, top + _TITLE + number // _COLUMNS * (_CELL + _CAPTION)
        picture = _small(data)
        if picture is None:
            pen.rectangle((x + 2, y + 2, x + _CELL - 4, y + _CELL - 4), outline=_FAINT)
        else:
            sheet.paste(picture, (x + 2, y + 2))
        for line, text in enumerate(caption.split("\n")):
            pen.text((x + 2, y + _CELL + 12 * line), _fitting(text), fill=_FAINT, font_size=10)


def _small(data: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            picture = image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((_CELL - 4, _CELL - 4))
    return picture


def _fitting(text: str, most: int = 20) -> str:
    return text if len(text) <= most else "…" + text[1 - most :]
