"""How steady and how true coloured film is: the figures of `tintype evaluate --video`.

A colour film is reduced to its luma and coloured from that alone, frame by frame and as `tintype colorize` does by
default; grey and the truth stand beside. Steadiness is measured on all frames, on the grid on which motion is found,
from the 8-bit planes that would be encoded; closeness to the truth on frames spread evenly.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.colorizer.colorizer import Colorizer
from tintype.imaging.color import srgb_to_lab
from tintype.imaging.metrics import measure_all
from tintype.imaging.types import Floats

from .chroma import ChromaMaker, shrink
from .cuts import likeness
from .levels import Luma
from .motion import Motion, Step, grid_size
from .need import need_cv2
from .options import FilmOptions
from .reader import FilmInfo, FilmReader, Frame
from .stabilize import Coloured
from .way import stabilizer_of

Planes = tuple[Luma, Luma, Luma]

# Pixels count for the warp error where the motion is trusted at least this much.
TRUSTED = 0.5
# Frames apart at which colour distributions are compared, as in Liu et al. (2021).
CDC_GAPS = (1, 2, 4)
_BINS = 256
_SAMPLES = 40  # frames compared with the truth
_SIDE = 640  # the most pixels of their longer side


@dataclass(frozen=True)
class FilmFigures:
    """The figures of one colouring of one film; means over its frames.

    warp_error: distance of a and b, in CIE units, between a pixel and where it came from in the frame before.
    flicker: distance of the mean a and b between neighbouring frames. cdc: colour distribution consistency,
    Jensen-Shannon divergence of the histograms of R, G and B, in thousandths. psnr (dB) and ciede2000: against the
    truth. chroma: mean of sqrt(a^2 + b^2). predictions: runs of the network for each frame.
    """

    name: str
    warp_error: float
    flicker: float
    cdc: float
    psnr: float | None
    ciede2000: float
    chroma: float
    predictions: float


@dataclass
class FilmMeasures:
    """The figures of all colourings of a film."""

    film: str
    frames: int
    cuts: list[int]
    rows: list[FilmFigures] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Variant:
    """A way of colouring to be measured."""

    name: str
    options: FilmOptions


def variants(options: FilmOptions) -> tuple[Variant, ...]:
    """What is measured beside grey and the truth: frame by frame, and as asked for."""
    single = FilmOptions(size=options.size, stability=0, every=1)
    every = "auto" if options.every is None else options.every
    return (
        Variant("frame by frame", single),
        Variant(f"stability {options.stability:g}, every {every}", options),
    )


def measure_film(
    path: str,
    colorizer: Colorizer,
    wanted: tuple[Variant, ...],
    *,
    limit: int | None = None,
    progress: Callable[[str, int], None] = lambda name, frames: None,
) -> FilmMeasures:
    """Measure ways of colouring on one colour film, beside grey and the truth.

    Args:
        path: a film in colour.
        limit: only that many frames from its beginning.

    Raises:
        InputError: the film cannot be read.
    """
    reader = FilmReader(path, keep_pictures=True)
    info = reader.info
    steps, cuts, count = _motions(reader, limit)
    sampled = sorted({round(i) for i in np.linspace(0, count - 1, min(_SAMPLES, count))})
    truth_pictures: dict[int, NDArray[np.uint8]] = {}
    measures = FilmMeasures(path, count, cuts)
    ways: list[Variant | str] = ["truth", "grey", *wanted]
    for way in ways:
        name = way if isinstance(way, str) else way.name
        source = _coloured(reader, info, colorizer, way, limit)
        steady = _Steadiness(info, steps, cuts)
        found: dict[int, NDArray[np.uint8]] = {}
        predictions = 0
        for i, (planes, predicted) in enumerate(source):
            steady.add(planes)
            predictions += predicted
            if i in sampled:
                found[i] = _rgb(planes, info, *_sample_size(info))
            progress(name, i + 1)
        if way == "truth":
            truth_pictures = found
        pairs = [measure_all([found[i]], truth_pictures[i])[0] for i in sampled]
        measures.rows.append(
            FilmFigures(
                name=name,
                warp_error=steady.warp_error,
                flicker=steady.flicker,
                cdc=steady.cdc,
                psnr=None if way == "truth" else float(np.mean([pair.psnr for pair in pairs])),
                ciede2000=float(np.mean([pair.ciede2000 for pair in pairs])),
                chroma=float(np.mean([pair.mean_chroma for pair in pairs])),
                predictions=predictions / count,
            )
        )
    return measures


def _motions(reader: FilmReader, limit: int | None) -> tuple[list[Step], list[int], int]:
    """The motion between all frames of the film and the numbers of those that begin a scene."""
    info = reader.info
    height, width = grid_size(info.height, info.width)
    motion, earlier = Motion(height, width), None
    steps: list[Step] = []
    cuts = []
    for i, frame in enumerate(_limited(reader.frames(), limit)):
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        if earlier is not None:
            step = motion.between(earlier, light)
            if likeness(step, light).is_cut:
                cuts.append(i)
            none, sure = step.back[:0], step.trust_back > TRUSTED
            steps.append(Step(step.back.astype(np.float16), none, sure, none, none, none))  # type: ignore[arg-type]
        earlier = light
    return steps, cuts, len(steps) + 1


def _coloured(
    reader: FilmReader, info: FilmInfo, colorizer: Colorizer, way: "Variant | str", limit: int | None
) -> Iterator[tuple[Planes, bool]]:
    """The 8-bit planes of every frame, and whether the network was run for it."""
    maker = ChromaMaker(info.signal, 8)
    height, width = -(-info.height // 2), -(-info.width // 2)
    frames = _limited(reader.frames(), limit)
    if isinstance(way, Variant):
        for item in stabilizer_of(colorizer, info, way.options).run(frames):
            if isinstance(item, Coloured):
                planes = maker.planes(item.frame.luma, item.ab, width, height, item.inside)
                yield (item.frame.luma, *planes), item.predicted
        return
    for frame in frames:
        if way == "grey":
            neutral = np.full((height, width), 128, np.uint8)
            yield (frame.luma, neutral, neutral), False
            continue
        chroma = frame.picture.reformat(format="yuv444p")
        true = [
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: info.height, : info.width]
            for plane in chroma.planes
        ]
        yield (frame.luma, shrink(true[1], width, height), shrink(true[2], width, height)), False


class _Steadiness:
    """Adds up how much colours change from frame to frame."""

    def __init__(self, info: FilmInfo, steps: list[Step], cuts: list[int]) -> None:
        self._info, self._steps, self._cuts = info, steps, set(cuts)
        self._grid = grid_size(info.height, info.width)
        self._motion = Motion(*self._grid)
        self._count = 0
        self._last: Floats | None = None
        self._histograms: list[tuple[int, Floats]] = []
        self._scene = 0
        self._warps: list[float] = []
        self._flickers: list[float] = []
        self._divergences: dict[int, list[float]] = {gap: [] for gap in CDC_GAPS}

    def add(self, planes: Planes) -> None:
        height, width = self._grid
        rgb = _rgb(planes, self._info, width, height)
        ab = srgb_to_lab(rgb * np.float32(1 / 255))[..., 1:]
        if self._count in self._cuts:
            self._last, self._histograms = None, []
        if self._last is not None:
            step = self._steps[self._count - 1]
            moved = self._motion.sample(np.ascontiguousarray(self._last), step.back.astype(np.float32))
            trusted = step.trust_back.astype(bool)
            if trusted.any():
                gap = (ab - moved)[trusted]
                self._warps.append(float(np.sqrt((gap * gap).sum(axis=-1)).mean()))
            self._flickers.append(float(np.linalg.norm((ab - self._last).mean(axis=(0, 1)))))
        histogram = np.stack([np.bincount(rgb[..., i].reshape(-1), minlength=_BINS) for i in range(3)])
        self._histograms = [
            *self._histograms[-max(CDC_GAPS) :],
            (self._count, np.asarray(histogram / (height * width), np.float32)),
        ]
        for gap in CDC_GAPS:
            if len(self._histograms) > gap:
                now, before = self._histograms[-1][1], self._histograms[-1 - gap][1]
                self._divergences[gap].append(_divergence(now, before))
        self._last, self._count = ab, self._count + 1

    @property
    def warp_error(self) -> float:
        return float(np.mean(self._warps or [0.0]))

    @property
    def flicker(self) -> float:
        return float(np.mean(self._flickers or [0.0]))

    @property
    def cdc(self) -> float:
        """Mean over the gaps, in thousandths."""
        return float(np.mean([np.mean(values or [0.0]) for values in self._divergences.values()]) * 1000)


def _divergence(first: Floats, second: Floats) -> float:
    """Jensen-Shannon divergence (natural logarithm) of histograms (3, bins), mean over the channels."""
    middle = 0.5 * (first + second)

    def relative(part: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(part > 0, part * np.log(part / middle), 0)
        return np.asarray(terms.sum(axis=1), np.float32)

    return float((0.5 * relative(first) + 0.5 * relative(second)).mean())


def _sample_size(info: FilmInfo) -> tuple[int, int]:
    scale = min(1.0, _SIDE / max(info.width, info.height))
    return max(1, round(info.width * scale)), max(1, round(info.height * scale))


def _rgb(planes: Planes, info: FilmInfo, width: int, height: int) -> NDArray[np.uint8]:
    """Planes of a frame as 8-bit sRGB of another size; luma at the film's depth, chroma at 8 bits."""
    luma, cb, cr = planes
    y = info.signal.to_full8(shrink(luma, width, height)).astype(np.float32)
    span = 1.0 if info.signal.full_range else 255 / 224
    blue, red = ((shrink(plane, width, height).astype(np.float32) - 128) * np.float32(span) for plane in (cb, cr))
    kr, kb = info.signal.weights
    r, b = y + np.float32(2 * (1 - kr)) * red, y + np.float32(2 * (1 - kb)) * blue
    g = (y - np.float32(kr) * r - np.float32(kb) * b) / np.float32(1 - kr - kb)
    return np.stack([r, g, b], axis=-1).round().clip(0, 255).astype(np.uint8)


def _limited(frames: Iterator[Frame], limit: int | None) -> Iterator[Frame]:
    for i, frame in enumerate(frames):
        if limit is not None and i >= limit:
            return
        yield frame


def table(all_measures: list[FilmMeasures]) -> str:
    """The figures as Markdown: one table for each film."""
    lines = []
    for measures in all_measures:
        cuts = f"{len(measures.cuts)} cuts" if measures.cuts else "no cut"
        lines += [f"**{measures.film}**, {measures.frames} frames, {cuts}", ""]
        lines += ["| | warp error | flicker | CDC | PSNR | CIEDE2000 | chroma | runs/frame |", "|---|" + "---|" * 7]
        for row in measures.rows:
            psnr = "–" if row.psnr is None else f"{row.psnr:.2f}"
            lines.append(
                f"| {row.name} | {row.warp_error:.3f} | {row.flicker:.3f} | {row.cdc:.2f} | {psnr} "
                f"| {row.ciede2000:.2f} | {row.chroma:.1f} | {row.predictions:.2f} |"
            )
        lines.append("")
    return "\n".join(lines)


def evaluate_films(
    paths: list[str],
    colorizer: Colorizer,
    options: FilmOptions,
    *,
    limit: int | None = None,
    progress: Callable[[str, int], None] = lambda name, frames: None,
) -> list[FilmMeasures]:
    """`measure_film` for several films, frame by frame beside what ``options`` ask for."""
    need_cv2()
    return [measure_film(path, colorizer, variants(options), limit=limit, progress=progress) for path in paths]


def to_json(all_measures: list[FilmMeasures]) -> str:
    """The figures as JSON."""
    return json.dumps([measures.as_dict() for measures in all_measures], indent=2) + "\n"
