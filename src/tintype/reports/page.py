"""The HTML of a report: cards, tables and facts, put into one page that needs nothing from elsewhere."""

from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from tintype.files.atomic import write_whole

from .pictures import Shown

MISSING = "–"


def card(title: str, note: str, chart: Any) -> str:
    """A chart (a plotly figure) under its title and a sentence about it."""
    data = chart.to_json().replace("<", "\\u003c")  # so that no text in it can end the script element
    return (
        f'<figure class="card"><figcaption><h3>{escape(title)}</h3><p>{escape(note)}</p></figcaption>'
        f'<div class="chart"><script type="application/json">{data}</script></div></figure>'
    )


def section(title: str, note: str, *parts: str) -> str:
    """A part of the page; nothing when it has no parts."""
    body = "".join(parts)
    note = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{note}{body}</section>" if body else ""


def grid(cards: Sequence[str]) -> str:
    """Cards side by side where the screen is wide enough."""
    return f'<div class="grid">{"".join(cards)}</div>' if cards else ""


def facts(pairs: Sequence[tuple[str, str, str]]) -> str:
    """Short facts: name, value, and a remark that may be empty."""
    items = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(remark)}</small></dd></div>"
        for name, value, remark in pairs
    )
    return f'<dl class="facts">{"".join(items)}</dl>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names its rows; nothing without rows."""
    if not rows:
        return ""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def picture(shown: Shown, text: str) -> str:
    """A picture with its alternative text."""
    return f'<img src="{shown.uri}" width="{shown.width}" height="{shown.height}" alt="{escape(text)}">'


def columns(heads: Sequence[str], shown: Shown, text: str) -> str:
    """A picture made of columns of one width, a name above each."""
    names = "".join(f"<span>{escape(head)}</span>" for head in heads)
    top = f'<div class="times" style="grid-template-columns:repeat({len(heads)},1fr)">{names}</div>'
    return f'<div style="max-width:{shown.width}px">{top}{picture(shown, text)}</div>'


def framed(title: str, note: str, body: str) -> str:
    """Pictures (HTML) under their title and a sentence about them."""
    head = f"<figcaption><h3>{escape(title)}</h3><p>{escape(note)}</p></figcaption>"
    return f'<figure class="card">{head}{body}</figure>'


def alarms(lines: Sequence[tuple[int, str]]) -> str:
    """Warnings, each with the images seen when it came; nothing without any."""
    items = "".join(f"<li><b>{images:,} images</b> {escape(text)}</li>" for images, text in lines)
    return f'<section class="alarms"><h2>Warnings</h2><ul>{items}</ul></section>' if items else ""


def number(value: float | None, digits: int = 4) -> str:
    """A number for people: so many significant digits, no needless zeros."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def write_page(path: Path, title: str, body: str) -> Path:
    """Write the page, plotly.js in it, complete or not at all. Raises OutputError when it cannot be written."""
    from plotly.offline import get_plotlyjs

    template = (resources.files("tintype.reports") / "report.html").read_text(encoding="utf-8")
    text = Template(template).substitute(title=escape(title), body=body, plotly=get_plotlyjs())
    write_whole(path, text.encode, overwrite=True)
    return path
