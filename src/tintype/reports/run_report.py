"""report.html: a run on one page that can be mailed, looked at offline, and read while the run is going."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from . import charts
from .history import SMOOTHING, History, Line, Series, read_history
from .page import MISSING, alarms, card, columns, facts, framed, grid, number, picture, section, table, write_page
from .pictures import Sheet, collection, evenly, over_time, read_sheets, whole

# The pix2pix system's table, in its order; by its rows loss_D = (fake + real) / 2 and loss_G = GAN + L1.
SIX_LOSSES = ("loss_D_fake", "loss_D_real", "loss_D", "loss_G_GAN", "loss_G_L1", "loss_G")
MOST_ROWS = 12

# Validation figures: title, unit, and which way is better (0: as near to the photographs' as can be).
FIGURES = {
    "psnr": ("PSNR", "dB", 1),
    "ciede2000": ("CIEDE2000", "", -1),
    "ab_mse": ("Mean squared error of ab", "CIE units²", -1),
    "ab_rmse": ("Root mean squared error of ab", "CIE units", -1),
    "ab_error": ("Distance in the ab plane", "CIE units", -1),
    "feature_distance": ("Distance of features", "", -1),
    "score": ("Score that checkpoints are chosen by", "", -1),
    "colorfulness": ("Colourfulness", "", 0),
    "chroma": ("Mean chroma", "CIE units", 0),
}


def write_report(run_dir: str | Path, output: Path | None = None) -> Path:
    """Write a run's page, to report.html in its directory unless `output` is given, and return its path.

    Made of recipe.toml, stats.jsonl and samples/ alone, at any moment of the run; the same files give the same page.
    The page is one file with plotly.js and all pictures in it. Raises InputError when the folder is no run or has no
    lines yet, OutputError when the page cannot be written.
    """
    history = read_history(run_dir)
    sheets = read_sheets(history.folder)
    body = "\n".join(
        (
            _header(history),
            alarms([(line["images"], line["warning"]) for line in history.warnings]),
            _losses(history),
            _pictures(history, sheets),
            _validation(history),
            _course(history),
            _six_losses(history),
        )
    )
    return write_page(
        output or history.folder / "report.html", f"{history.system}: {history.folder.resolve().name}", body
    )


def figure_title(name: str) -> str:
    """A validation figure's title with its unit and its better direction."""
    title, unit, better = FIGURES.get(name, (name.replace("_", " "), "", None))
    arrow = {1: "\u00a0↑", -1: "\u00a0↓", 0: ""}.get(better, "") if better is not None else ""
    return f"{title}{', ' + unit if unit else ''}{arrow}"


def best_value(history: History, name: str) -> tuple[float | None, float | None]:
    """The best value of a validation figure, and the images seen then; (None, None) for an unknown figure."""
    series, better = history.figure(name), FIGURES.get(name, ("", "", None))[2]
    values = [(value, images) for value, images in zip(series.values, series.images, strict=True) if value is not None]
    if better is None or not values:
        return None, None
    aims = dict(zip(history.figure(f"{name}_true").images, history.figure(f"{name}_true").values, strict=True))
    if better == 0 and not aims:
        return None, None

    def badness(pair: tuple[float, float]) -> float:
        aim = aims.get(pair[1])
        return -better * pair[0] if better else abs(pair[0] - aim) if aim is not None else float("inf")

    return min(values, key=badness)


def parameter_facts(header: Line) -> list[tuple[str, str, str]]:
    """The sizes of both networks and their ratio."""
    generator, critic = header.get("generator_parameters"), header.get("critic_parameters")
    pairs = [("Generator", number(generator, 3) if generator else MISSING, "parameters")]
    if critic:
        pairs.append(("Critic", number(critic, 3), "parameters"))
        if generator:
            pairs.append(("Critic ÷ generator", f"{critic / generator:.2f}", "rule of thumb: 0.8"))
    return pairs


def _header(history: History) -> str:
    seen, planned = history.images, history.planned
    newest: Line = history.ticks[-1] if history.ticks else {}
    stage = f"stage {newest.get('stage')}" if newest else "no losses yet"
    done = "finished" if planned and seen >= planned else stage
    pictures, seconds = history.header.get("pictures"), newest.get("seconds")
    share = f"of {planned:,} planned ({min(seen / planned, 1):.0%})" if planned else ""
    pairs = [
        *parameter_facts(history.header),
        ("Pictures", f"{pictures:,}" if pictures else MISSING, "to train on"),
        ("Images seen", f"{seen:,}", share),
        ("Images a second", number(_speed(history), 3), "median of the ticks"),
        ("Time", _duration(seconds) if seconds else MISSING, "of training"),
    ]
    name = escape(str(history.folder.resolve().name))
    lead = f'<p class="lead">Run {name}, {escape(done)}</p>'
    return f"<header><h1>{escape(history.system)}</h1>{lead}{facts(pairs)}</header>"


def _speed(history: History) -> float | None:
    speeds = sorted(line["images_per_second"] for line in history.ticks if line.get("images_per_second"))
    return speeds[len(speeds) // 2] if speeds else None


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{seconds / 60:.1f} min"


def _losses(history: History) -> str:
    if not history.ticks:
        return ""
    cards = [
        card(
            "Reconstruction loss",
            "Between answer and photograph, weighted, as it is minimised.",
            charts.loss_chart(history, [("reconstruction", history.series("reconstruction"))]),
        )
    ]
    if history.has_critic:
        note = "Near the dashed level it guesses; near 0 it has won. Neither teaches a generator."
        cards.append(card("Critic loss", note, charts.critic_chart(history)))
        if any(value is not None for value in history.series("critic_accuracy").values):
            note = "The share of verdicts that are right, on photographs and answers alike; 0.5 is guessing."
            cards.append(card("Critic accuracy", note, charts.accuracy_chart(history)))
        note = "The generator against the critic: how far its answers are from being taken for photographs."
        chart = charts.loss_chart(history, [("adversarial", history.series("loss_G_GAN"))])
        cards.append(card("Adversarial loss", note, chart))
    cards += _parts(history)
    control = (
        '<div class="control"><label for="smoothing">Smoothing</label>'
        f'<input id="smoothing" type="range" min="0" max="0.99" step="0.01" value="{SMOOTHING}">'
        f"<output>{SMOOTHING}</output></div>"
    )
    note = (
        f"Faint: each line of the log. Strong: their exponential moving average, weight {SMOOTHING} a line, corrected "
        "for its start, begun anew with each stage. Grey bands are stages, triangles are warnings."
    )
    return section("Losses", note, control, grid(cards))


def _parts(history: History) -> list[str]:
    """The losses before weighting: only where there are several, or the weighted one hides them."""
    parts = {name: history.series(name) for name in charts.PARTS}
    shown = [(charts.PARTS[name], series) for name, series in parts.items() if series]
    if len(shown) < 2 and not history.has_critic:
        return []
    note = "Before weighting, in the units of the network's output."
    return [card(f"{name[0].upper()}{name[1:]}", note, charts.loss_chart(history, [(name, s)])) for name, s in shown]


def _pictures(history: History, sheets: Sequence[Sheet]) -> str:
    nine = collection(history.folder, sheets)
    parts = []
    if nine is not None:
        text = "Left: given. Right: answered, at the same places."
        parts.append(framed("Nine pictures", text, picture(nine, "nine grey pictures, and the nine coloured answers")))
    course = over_time(sheets)
    if course is not None:
        times, shown = course
        heads = ["given", *(f"{images:,}" for images in times), "true"]
        body = columns(heads, shown, "the same pictures answered at different times of the run")
        parts.append(framed("The same pictures as the run went on", "Above each column: images seen.", body))
    if sheets:
        shots = "".join(picture(whole(sheet), f"{sheet.images:,} images") for sheet in sheets)
        last = len(sheets) - 1
        control = (
            '<div class="control"><label for="time">Time</label>'
            f'<input id="time" type="range" min="0" max="{last}" value="{last}"><output></output></div>'
        )
        parts.append(framed("Sample sheets", "Given, answered, true.", f'{control}<div class="sheets">{shots}</div>'))
    return section("Pictures", "Of the validation set, never trained on.", _group(parts))


def _group(parts: Sequence[str]) -> str:
    return f'<div class="pictures">{"".join(parts)}</div>' if parts else ""


def _validation(history: History) -> str:
    names = history.figure_names()
    cards, rows = [], []
    for name in names:
        newest, grey, true = (history.figure(f"{name}{end}").newest() for end in ("", "_grey", "_true"))
        best, best_at = best_value(history, name)
        when = f" at {best_at:,.0f}" if best_at is not None else ""
        rows.append((figure_title(name), number(newest), f"{number(best)}{when}", _baseline(name, grey), number(true)))
        beside = [f"grey {_baseline(name, grey)}"] + ([f"photographs {number(true)}"] if true is not None else [])
        cards.append(
            card(
                figure_title(name),
                f"Newest {number(newest)}; {', '.join(beside)}.",
                charts.figure_chart(history, name),
            )
        )
    note = (
        "Beside each figure stands what a grey answer would get, dashed in the charts: a model below that has learnt "
        "less than nothing. Dotted is what the photographs themselves have."
    )
    head = ("figure", "newest", "best", "grey answer", "photographs")
    return section("Validation", note, table(head, rows), grid(cards))


def _baseline(name: str, grey: float | None) -> str:
    """A grey answer's figure; of colour itself it has none."""
    if grey is None and FIGURES.get(name, ("", "", None))[2] == 0:
        return "0"
    return number(grey) if grey is not None else "not measured"


def _course(history: History) -> str:
    if not history.ticks:
        return ""
    cards = []
    if history.series("chroma"):
        note = "Mean chroma C*ab of the answers in training, against the photographs'."
        cards.append(card("Chroma, CIE units", note, charts.colour_chart(history)))
    cards.append(card("Learning rates", "Of each network.", charts.rate_chart(history)))
    norms: list[tuple[str, Series]] = [
        ("generator", history.series("gradient_norm")),
        ("critic", history.series("critic_gradient_norm")),
    ]
    if any(series for _, series in norms):
        note = "Before clipping: spikes tell of a learning rate that is too high."
        cards.append(card("Gradient norms", note, charts.loss_chart(history, norms)))
    speed = [("images a second", history.series("images_per_second"))]
    cards.append(card("Speed", "Images a second, of each tick.", charts.loss_chart(history, speed)))
    return section("Course", "", grid(cards))


def _six_losses(history: History) -> str:
    lines = evenly([line for line in history.ticks if all(name in line for name in SIX_LOSSES)], MOST_ROWS)
    rows = [(f"{line['images']:,}", *(f"{_plain(line[name]):.5f}" for name in SIX_LOSSES)) for line in lines]
    note = "loss_D is the mean of fake and real. loss_G_L1 is the reconstruction loss as it is weighted."
    return section("Losses of the adversarial stages", note, table(("images seen", *SIX_LOSSES), rows))


def _plain(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
