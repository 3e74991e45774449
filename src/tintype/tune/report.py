"""The report of a study: plots and a table of its trials in one HTML file that needs no network."""

import warnings
from collections.abc import Iterator
from html import escape
from pathlib import Path

import optuna
import plotly.graph_objects as go
from optuna import visualization
from optuna.trial import FrozenTrial, TrialState

from tintype.files.atomic import write_bytes

from .score import VIVIDNESS_WEIGHT, TrialScore

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; font-size: 13px; width: 100% }
td, th { border-bottom: 1px solid #ddd; padding: .3em .6em; text-align: right; vertical-align: top }
td.words, th.words { text-align: left } tr.best { background: #e8f4e8; font-weight: 600 } .table { overflow-x: auto }
"""
LEAST_FOR_IMPORTANCE = 4
HEADINGS = ("score", "CIEDE2000", "of grey's", "colourfulness", "relative distance", "images")


def write_report(study: optuna.Study, path: Path) -> None:
    """Write the report of `study`, however many trials it has; the file is replaced in one go."""
    trials = study.get_trials(deepcopy=False)
    counts = ", ".join(f"{n} {s.name.lower()}" for s in TrialState if (n := sum(t.state == s for t in trials)))
    pieces = [
        f"<h1>Search {escape(study.study_name)}</h1><p>{len(trials)} trials: {counts or 'none yet'}.</p>",
        "<p>The score is CIEDE2000 on the validation pictures as a part of a grey answer's, plus "
        f"{VIVIDNESS_WEIGHT} × the relative distance of the colourfulness from the photographs': 0 is the truth, "
        f"{1 + VIVIDNESS_WEIGHT} is grey. The training loss has no part in it.</p>",
    ]
    library: bool = True  # plotly's script goes into the page once, before the first plot
    for title, figure in _figures(study):
        figure.update_layout(title=None, margin={"t": 30})
        pieces.append(f"<h2>{title}</h2>{figure.to_html(full_html=False, include_plotlyjs=library)}")
        library = False
    pieces.append(f"<h2>Trials</h2><div class=table>{_table(study)}</div>")
    head = f"<meta charset=utf-8><title>{escape(study.study_name)}</title><style>{STYLE}</style>"
    page = f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(pieces)}</body></html>"
    write_bytes(path, page.encode())


def _score(trial: FrozenTrial) -> float:
    return TrialScore(**trial.user_attrs["judgement"]).score


def _figures(study: optuna.Study) -> Iterator[tuple[str, go.Figure]]:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return
    several = len(study.directions) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a target given for a single objective
        if several:
            yield "Score by trial", visualization.plot_optimization_history(study, target=_score, target_name="score")
            names = ["CIEDE2000 as a part of grey's", "relative distance of colourfulness"]
            yield "Pareto front", visualization.plot_pareto_front(study, target_names=names)
        else:  # without a target it draws the best score so far, too
            yield "Score by trial", visualization.plot_optimization_history(study, target_name="score")
            on_the_way = visualization.plot_intermediate_values(study)
            on_the_way.update_layout(xaxis_title="images / images between validations", yaxis_title="score")
            yield "Score on the way", on_the_way
        if len(complete) >= LEAST_FOR_IMPORTANCE and len({_score(trial) for trial in complete}) > 1:
            importances = visualization.plot_param_importances(study, target=_score, target_name="score")
            yield "Importance (PED-ANOVA)", importances
        together = visualization.plot_parallel_coordinate(study, target=_score, target_name="score")
        yield "Values together", together
        yield "Values one by one", visualization.plot_slice(study, target=_score, target_name="score")


def _table(study: optuna.Study) -> str:
    trials = study.get_trials(deepcopy=False)
    names = sorted({name for trial in trials for name in trial.params})
    best = {t.number for t in study.best_trials} if any(t.state == TrialState.COMPLETE for t in trials) else set()
    head = "".join(f"<th>{escape(name)}</th>" for name in ("trial", "state", *names, *HEADINGS))
    mark = "best" if len(study.directions) == 1 else "front"
    rows = "".join(_row(trial, names, mark if trial.number in best else "") for trial in trials)
    return f"<table><tr>{head}<th class=words>remark</th></tr>{rows}</table>"


def _row(trial: FrozenTrial, names: list[str], mark: str) -> str:
    cells = [str(trial.number), trial.state.name.lower()]
    cells += [_short(trial.params.get(name, "")) for name in names]
    if "judgement" in trial.user_attrs:
        j = TrialScore(**trial.user_attrs["judgement"])
        cells += [f"{j.score:.4f}", f"{j.ciede2000:.2f}", f"{j.colour_distance:.3f}"]
        cells += [f"{j.colorfulness:.1f}", f"{j.vividness_distance:.3f}", f"{j.images:,}"]
    else:
        cells += [""] * len(HEADINGS)
    lost = "left by its machine" if trial.state == TrialState.FAIL else mark
    remark = trial.user_attrs.get("error", lost)
    line = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr{' class=best' if mark else ''}>{line}<td class=words>{escape(remark)}</td></tr>"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
