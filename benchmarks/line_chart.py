"""Small line charts as one SVG file, drawn without any plotting library: panels on a grid, lines with labels at
their ends, so that nobody needs to tell them apart by colour alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

# Eight steps of viridis (van der Walt & Smith 2015) without the yellow, which is too light for paper: an order that
# survives every kind of colour blindness, and grey print.
ORDERED = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39")
GREY, INK, RULE = "#777777", "#222222", "#dddddd"
LABEL_STEP = 11.0  # pixels between two labels at least
CHARACTER = 5.6  # width of one at the labels' size


@dataclass(frozen=True)
class Line:
    """Points (x, y) with a label at the right end; `spread` is the half-length of each point's error bar."""

    points: Sequence[tuple[float, float]]
    label: str = ""
    colour: str = INK
    dashed: bool = False
    marked: bool = False
    spread: Sequence[float] = ()


@dataclass(frozen=True)
class Panel:
    """A chart at (left, top) of (width, height) pixels, its title and tick labels included. With `decades` the points
    are logarithms to base ten, and the ticks powers of ten."""

    title: str
    x_title: str
    lines: Sequence[Line]
    left: float
    top: float
    width: float
    height: float
    decades: bool = False


def draw_svg(panels: Sequence[Panel], width: float, height: float) -> str:
    """The whole picture, on white, as the text of an SVG file."""
    body = "\n".join(_panel(panel) for panel in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="Helvetica, Arial, sans-serif" font-size="10">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _panel(panel: Panel) -> str:
    lines = [line for line in panel.lines if line.points]
    longest = max((len(line.label) for line in lines), default=0)
    x0, x1 = panel.left + 44, panel.left + panel.width - 8 - CHARACTER * longest
    y0, y1 = panel.top + panel.height - 34, panel.top + 24  # of the bottom and the top: SVG's y grows downwards
    xs = [x for line in lines for x, _ in line.points]
    lows = [y - s for line in lines for (_, y), s in zip(line.points, _spreads(line), strict=True)]
    highs = [y + s for line in lines for (_, y), s in zip(line.points, _spreads(line), strict=True)]
    ticks_between = _powers if panel.decades else nice_ticks
    number = _power if panel.decades else _number
    x_ticks, y_ticks = ticks_between(min(xs), max(xs)), ticks_between(min(lows), max(highs))
    x_low, x_high = min(xs), max(max(xs), min(xs) + 1e-9)
    y_low, y_high = y_ticks[0], y_ticks[-1]

    def place(x: float, y: float) -> tuple[float, float]:
        return x0 + (x - x_low) / (x_high - x_low) * (x1 - x0), y0 + (y - y_low) / (y_high - y_low) * (y1 - y0)

    parts = [text_at(panel.left, panel.top + 12, panel.title, size=12, weight="bold")]
    for tick in y_ticks:
        y = place(x_low, tick)[1]
        parts += [rule(x0, y, x1, y, RULE), text_at(x0 - 5, y + 3, number(tick, y_ticks), anchor="end")]
    for tick in x_ticks:
        if x_low <= tick <= x_high:
            x = place(tick, y_low)[0]
            parts += [rule(x, y0, x, y0 + 4, GREY), text_at(x, y0 + 15, number(tick, x_ticks), anchor="middle")]
    parts.append(text_at((x0 + x1) / 2, y0 + 29, panel.x_title, anchor="middle", colour=GREY))
    for line in lines:
        parts += _curve(line, [place(*point) for point in line.points], (y1 - y0) / (y_high - y_low))
    ends = [place(*line.points[-1])[1] for line in lines]
    for line, y in zip(lines, spread_labels(ends), strict=True):
        parts.append(text_at(x1 + 4, y + 3, line.label, colour=line.colour))
    return "\n".join(parts)


def _spreads(line: Line) -> Sequence[float]:
    return line.spread or [0.0] * len(line.points)


def _curve(line: Line, places: list[tuple[float, float]], unit: float) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    parts = [f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="1.6"{dash}/>']
    for (x, y), spread in zip(places, _spreads(line), strict=True):
        if line.marked:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>')
        if spread:
            parts.append(rule(x, y - spread * unit, x, y + spread * unit, line.colour))
    return parts


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers from one at or below `low` to one at or above `high`."""
    high = high if high > low else low + max(abs(low), 1e-6) * 0.1
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]


def _powers(low: float, high: float) -> list[float]:
    """The powers of ten from one at or below to one at or above, by their exponents."""
    return [float(tick) for tick in range(math.floor(low + 1e-9), math.ceil(high - 1e-9) + 1)]


def _power(value: float, ticks: Sequence[float]) -> str:
    return f"{10**value:,.0f}" if value >= 0 else f"{10**value:g}"


def spread_labels(heights: Sequence[float]) -> list[float]:
    """Move labels up or down so that none covers another; their order stays."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = [heights[i] for i in order]
    for _ in range(100):  # push each overlapping pair apart by equal shares until nothing overlaps
        overlaps = [(a, LABEL_STEP - (placed[b] - placed[a])) for a, b in pairwise(range(len(placed)))]
        overlaps = [(a, overlap) for a, overlap in overlaps if overlap > 0.01]
        for a, overlap in overlaps:
            placed[a] -= overlap / 2
            placed[a + 1] += overlap / 2
        if not overlaps:
            break
    result = [0.0] * len(placed)
    for i, y in zip(order, placed, strict=True):
        result[i] = y
    return result


def _number(value: float, ticks: Sequence[float]) -> str:
    step = ticks[1] - ticks[0]
    if step >= 1000:
        return f"{value / 1000:g}k"
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9) + (0 if _is_round(step) else 1))}f}"


def _is_round(step: float) -> bool:
    """Whether a step has one digit: 0.02 has, 0.025 has two."""
    scaled = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return abs(scaled - round(scaled)) < 1e-6


def rule(x0: float, y0: float, x1: float, y1: float, colour: str) -> str:
    """A straight line, as SVG."""
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}"/>'


def text_at(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK, size: float = 10, weight: str = "normal"
) -> str:
    """A text with its baseline at (x, y), as SVG."""
    style = f'text-anchor="{anchor}" fill="{colour}" font-size="{size:g}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
