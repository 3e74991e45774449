"""`--dry-run`: a line for each picture and film, and what all of them come to."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

from tintype.batch.forecast import Forecast, forecast, free_disk, measured_pace, summary
from tintype.batch.job import Job
from tintype.colorizer.colorizer import Colorizer
from tintype.console import status
from tintype.doctor.folders import human
from tintype.photo.photo import Photo

from .colorize_plan import Plan


def foretell(plan: Plan) -> int:
    """Print what a plan would do, and hand back the status that it would end with."""
    request, options = plan.request, plan.options
    colorizer = None
    status.say("tintype: looking at sizes, and timing one picture ...")
    if plan.jobs:
        colorizer = Colorizer(
            request.model, device=request.device, precision=request.precision, threads=request.threads
        )

    def colour(photo: Photo) -> Photo:
        assert colorizer is not None
        return colorizer.colorize(photo, size=options.size, taste=options.taste)

    return tell(plan.jobs, plan.films, None if colorizer is None else colour, 1, request.as_json)


def tell(
    jobs: list[Job], films: list[Job], colour: Callable[[Photo], Photo] | None, workers: int, as_json: bool
) -> int:
    """Print what would be done, and hand back the status that it would end with: 0, 1 or 3. Nothing is written."""
    wanted = any(job.error is None and not job.skipped for job in jobs)
    pace = measured_pace(colour, workers) if wanted and colour is not None else None
    found = forecast(jobs, pace)
    reels = [_film(job) for job in films]
    facts = summary([*found, *reels], free_disk(job.target for job in (*jobs, *films)))
    if as_json:
        print(json.dumps({**facts, "results": [one.as_dict() for one in (*found, *reels)]}, indent=2))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        for one in (*found, *reels):
            print(line(one, width))
        print(_whole(facts, bool(reels)))
    if facts["would_fail"]:
        return 1
    return 0 if facts["would_colour"] else 3


def _film(job: Job) -> Forecast:
    if job.error is not None:
        return Forecast(job.source, None, "fail", job.error)
    size = os.path.getsize(job.source) if os.path.isfile(job.source) else None
    return Forecast(job.source, job.target, "skip" if job.skipped else "colour", None, None, None, size, size)


def line(one: Forecast, width: int) -> str:
    """One line; names are cut in the middle where a terminal of ``width`` columns is too narrow (0: it is none)."""
    if one.what == "fail":
        return f"would fail: {one.error}"
    if one.what == "skip":
        return f"would skip: {one.source} (done by an earlier run)"
    facts = []
    if one.width is not None:
        facts.append(f"{one.width} x {one.height}")
    if one.bytes_out is not None:
        facts.append(f"about {human(one.bytes_out)}")
    if one.seconds is not None:
        facts.append(f"{one.seconds:.1f} s")
    behind = f"   {', '.join(facts)}" if facts else ""
    source, target = one.source, str(one.target)
    room = width - len(behind) - len(" -> ")
    if width and len(source + target) > room and os.path.basename(source) == os.path.basename(target):
        target = f"{os.path.dirname(target)}{os.sep}"  # under the same name
    if width and len(source + target) > room:
        target = _cut(target, max(8, room // 2))
        source = _cut(source, max(8, room - len(target)))
    return f"{source} -> {target}{behind}"


def _cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    head = (room - 3) // 3
    return f"{text[:head]}...{text[len(text) - (room - 3 - head) :]}"


def _whole(facts: dict[str, Any], has_films: bool) -> str:
    parts = [f"would colour {facts['would_colour']}"]
    parts += [f"skip {facts['would_skip']}"] * bool(facts["would_skip"])
    parts += [f"fail on {facts['would_fail']}"] * bool(facts["would_fail"])
    text = ", ".join(parts)
    seconds = facts["seconds"]
    if seconds:
        minutes = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s" if seconds >= 1 else "a second"
        text += f"; about {minutes}{' and the films' if has_films else ''}"
    if facts["bytes"]:
        text += f", {human(facts['bytes'])} of disk"
        if facts["free_bytes"] is not None:
            text += f" ({human(facts['free_bytes'])} free{'' if facts['fits'] else ': TOO LITTLE'})"
    return f"{text}. Nothing was written."
