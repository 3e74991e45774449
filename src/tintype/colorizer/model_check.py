"""Examine a model: does it answer as its contract says, and what does it cost on this machine?

What it answers to three photographs is compared with what the embedded model `tint` answers. Two colourisers agree
on skies and faces more than they differ; when an answer agrees clearly better once its planes are swapped, its signs
turned or the picture mirrored, the graph was exported so.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np

from tintype.errors import TintypeError
from tintype.imaging.color import lightness_from_luma
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Plane
from tintype.network.engine import Device, Precision
from tintype.network.ensemble import open_network
from tintype.network.model_file import find_model
from tintype.network.network import Network
from tintype.photo.photo import Photo

from .open_photo import OpenPhoto

Way = Callable[[Plane], Plane]

PICTURES = ("camera.jpg", "hopper.jpg", "rocket.jpg")
GRID = 32  # cells of a picture's side in which colours are compared
BETTER = 0.12  # of a cosine, by which another reading must agree better
LEAST_CHROMA, MOST_CHROMA = 1.5, 90.0  # mean over a picture, CIE units
LARGEST = 200.0  # of one value
LEAST_RATIO, MOST_RATIO = 0.15, 2.4  # of the mean chroma to that of tint
CAST = 18.0  # CIE units that every picture's mean is off by
RAMP_CHROMA = 45.0  # mean over a grey ramp
RUNS = 3


@dataclass
class Check:
    """What was found: facts by name, and what is wrong in words."""

    facts: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def check(model: str, device: Device = "auto", threads: int | None = None) -> Check:
    """Examine a model by its name or file.

    Raises:
        WeightsError: it is not recognised, or fails.
    """
    file = find_model(model)
    before = _resident()
    started = time.perf_counter()
    network = Network(file, device, "auto", threads)
    report = Check()
    report.facts |= {
        "file": str(file.path),
        "sha256": file.sha256,
        "bytes": file.path.stat().st_size,
        "contract": file.contract or f"tintype's own ({file.info.system})",
        "size": f"{file.fixed[0]} x {file.fixed[1]} alone" if file.fixed else f"{file.info.size}, any multiple of "
        f"{file.info.size_multiple}",
        "licence": file.info.licence,
        "engine": f"{network.engine}, {network.device}, {network.precision}",
    }  # fmt: skip
    _check_colours(report, network, threads)
    report.facts["load and first run, s"] = round(time.perf_counter() - started, 2)
    _measure(report, network, before)
    _compare_precisions(report, network, threads)
    return report


def _check_colours(report: Check, network: Network, threads: int | None) -> None:
    photos = [_picture(name) for name in PICTURES]
    answers = [OpenPhoto(network, photo).predict_ab() for photo in photos]
    tint = open_network("tint", network.device, "auto", threads)  # type: ignore[arg-type]
    likes = [OpenPhoto(tint, photo).predict_ab() for photo in photos]
    chroma = [float(np.hypot(ab[..., 0], ab[..., 1]).mean()) for ab in answers]
    usual = [float(np.hypot(ab[..., 0], ab[..., 1]).mean()) for ab in likes]
    largest = max(float(np.abs(ab).max()) for ab in answers)
    ramp = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    of_ramp = OpenPhoto(network, Photo(ramp)).predict_ab()
    grey = float(np.hypot(of_ramp[..., 0], of_ramp[..., 1]).mean())
    report.facts |= {
        "mean chroma": ", ".join(f"{name.partition('.')[0]} {value:.1f} (tint {other:.1f})"
                                 for name, value, other in zip(PICTURES, chroma, usual, strict=True)),
        "largest value of ab": round(largest, 1),
        "mean chroma of a grey ramp": round(grey, 1),
    }  # fmt: skip
    ratio = float(np.mean(chroma)) / float(np.mean(usual))
    if np.mean(chroma) < LEAST_CHROMA or ratio < LEAST_RATIO:
        report.faults.append(f"hardly any colour, {np.mean(chroma):.2f} CIE units: its ab may be scaled to 0..1")
    elif np.mean(chroma) > MOST_CHROMA or ratio > MOST_RATIO or largest > LARGEST:
        report.faults.append(
            f"colours {ratio:.1f} times as strong as tint's, up to {largest:.0f}: ab is scaled wrongly"
        )
    if grey > RAMP_CHROMA:
        report.faults.append(f"a grey ramp gets the chroma {grey:.0f}: ab has an offset, or the input another scale")
    small, others = [_small(ab) for ab in answers], [_small(ab) for ab in likes]
    report.facts["agreement with tint"] = round(_agreement(small, others), 2)
    casts = [ab.mean((0, 1)) - like.mean((0, 1)) for ab, like in zip(small, others, strict=True)]
    cast = np.median(casts, 0)
    if np.hypot(*cast) > CAST and np.hypot(*np.std(casts, 0)) < np.hypot(*cast) / 2:
        report.faults.append(f"every picture has the cast a {cast[0]:+.0f}, b {cast[1]:+.0f}: ab has an offset")
    report.faults += _readings(small, others)


def _readings(answers: list[Plane], likes: list[Plane]) -> list[str]:
    """In which other way answers (GRID, GRID, 2) would agree with those of tint better. Where things are is told by
    how colours differ from their mean over the picture: half of a sky agrees with its own mirror image."""
    planes: dict[str, Way] = {
        "with a and b swapped": lambda ab: ab[..., ::-1],
        "with a turned round": lambda ab: ab * np.array([-1, 1], np.float32),
        "with b turned round": lambda ab: ab * np.array([1, -1], np.float32),
        "with both turned round": lambda ab: -ab,
    }
    places: dict[str, Way] = {"mirrored": lambda ab: ab[:, ::-1], "upside down": lambda ab: ab[::-1]}
    faults = []
    for ways, is_place in ((planes, False), (places, True)):
        pairs = [[ab - ab.mean((0, 1)) if is_place else ab for ab in each] for each in (answers, likes)]
        plain = _agreement(*pairs)
        found = {name: _agreement([way(ab) for ab in pairs[0]], pairs[1]) for name, way in ways.items()}
        best = max(found, key=lambda name: found[name])
        if found[best] > plain + BETTER:
            faults.append(
                f"it agrees with tint better {best} ({found[best]:.2f}) than as it is ({plain:.2f}): look at its export"
            )
    return faults


def _agreement(answers: list[Plane], likes: list[Plane]) -> float:
    """Mean cosine of answers to those of tint: 1 for the same colours, however strong."""
    cosines = []
    for ab, like in zip(answers, likes, strict=True):
        length = float(np.linalg.norm(ab) * np.linalg.norm(like))
        cosines.append(float((ab * like).sum()) / length if length else 0.0)
    return float(np.mean(cosines))


def _small(ab: Plane) -> Plane:
    return np.stack([resize_float(np.ascontiguousarray(ab[..., i]), GRID, GRID) for i in (0, 1)], -1)


def _picture(name: str) -> Photo:
    return Photo.read((resources.files("tintype.network") / "pictures" / name).read_bytes())


def _sides(network: Network) -> list[tuple[int, int]]:
    """Heights and widths to measure at: the model's own, and 256 pixels where it takes them."""
    file = network.model_file
    if file.fixed is not None:
        return [file.fixed]
    multiple = file.info.size_multiple
    return sorted(
        {(side, side) for side in (-(-256 // multiple) * multiple, -(-file.info.size // multiple) * multiple)}
    )


def _scene(height: int, width: int) -> Plane:
    """Lightness (1, 1, height, width) of a photograph."""
    luma = _picture(PICTURES[0]).luma
    star = lightness_from_luma(luma.astype(np.float32) / np.float32(255)) / np.float32(50) - np.float32(1)
    return resize_float(star, width, height).clip(-1, 1)[None, None]


def _measure(report: Check, network: Network, before: int) -> None:
    for height, width in _sides(network):
        scene = _scene(height, width)
        network.run(scene)
        seconds = []
        for _ in range(RUNS):
            started = time.perf_counter()
            network.run(scene)
            seconds.append(time.perf_counter() - started)
        report.facts[f"ms at {height} x {width}"] = round(1000 * sorted(seconds)[RUNS // 2], 1)
    if after := _resident():
        report.facts["memory, MB"] = round((after - before) / 1e6)


def _compare_precisions(report: Check, network: Network, threads: int | None) -> None:
    if network.device != "cpu" or network.precision != "bf16":
        report.facts["bf16 against f32"] = "this device has no bf16"
        return
    scene = _scene(*_sides(network)[0])
    both: list[Precision] = ["bf16", "f32"]
    try:
        rough, exact = (Network(network.model_file, "cpu", one, threads).run(scene)["ab"] for one in both)
    except TintypeError as error:
        report.faults.append(f"bf16: {error}")
        return
    difference = np.abs(rough - exact)
    report.facts["bf16 against f32"] = f"mean {difference.mean():.2f}, largest {difference.max():.1f} CIE units"


def _resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0
