"""Little films made on the spot: a moving scene in grey, with whatever a test wants to know about."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def scene(height: int, width: int, count: int, seed: int = 0, speed: float = 1.0) -> list[Array]:
    """Frames (height, width) in [0, 1]: soft shapes with texture that drift, a window onto a larger picture."""
    rng = np.random.default_rng(seed)
    margin = int(count * speed) + 8
    coarse = rng.random((7, 9))
    y, x = np.mgrid[0 : height + margin, 0 : width + margin]
    rows, columns = y * 5.99 / (height + margin), x * 7.99 / (width + margin)
    i, j = rows.astype(int), columns.astype(int)
    u, v = rows - i, columns - j
    smooth = (1 - u) * ((1 - v) * coarse[i, j] + v * coarse[i, j + 1]) + u * (
        (1 - v) * coarse[i + 1, j] + v * coarse[i + 1, j + 1]
    )
    big = (0.15 + 0.65 * smooth + 0.08 * rng.random(y.shape)).clip(0, 1)
    return [big[int(k * speed) :, int(k * speed) :][:height, :width] for k in range(count)]


@dataclass
class Recipe:
    """How a film is made; the defaults are a plain 8-bit MP4 with sound."""

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rate: int = 25
    depth: int = 8
    full_range: bool = False
    audio: str | None = "aac"
    times: Sequence[int] | None = None  # in thousandths of a second
    rotation: int = 0
    aspect: Fraction | None = None
    options: dict[str, str] | None = None
    container_options: dict[str, str] | None = None
    start: int = 0
    timecode: str | None = None


def make(path: Path, frames: Sequence[Array], recipe: Recipe | None = None, format: str | None = None) -> list[Array]:
    """Write a film; returns the luma planes as the codec was given them."""
    recipe = recipe or Recipe()
    given = []
    with av.open(str(path), "w", format=format, container_options=recipe.container_options or {}) as output:
        stream = output.add_stream(recipe.codec, rate=recipe.rate, options=recipe.options or {})
        stream.width, stream.height = frames[0].shape[1], frames[0].shape[0]
        stream.pix_fmt = recipe.pix_fmt
        base = Fraction(1, 1000) if recipe.times is not None else Fraction(1, recipe.rate)
        stream.codec_context.time_base = base
        stream.time_base = base
        if recipe.full_range:
            stream.codec_context.color_range = 2
        if recipe.aspect:
            stream.codec_context.sample_aspect_ratio = recipe.aspect
        if recipe.timecode:
            stream.metadata["timecode"] = recipe.timecode
        if recipe.rotation:
            stream.set_display_rotation(recipe.rotation)
        rate = 48000 if recipe.audio == "pcm_s16le" else 44100  # MXF holds no other
        sound = output.add_stream(recipe.audio, rate=rate) if recipe.audio else None
        for i, frame in enumerate(frames):
            picture = av.VideoFrame(stream.width, stream.height, recipe.pix_fmt)
            given.append(_paint(picture, frame, recipe))
            picture.pts = recipe.start + (recipe.times[i] if recipe.times is not None else i)
            picture.time_base = base
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if sound is not None:
            seconds = len(frames) / recipe.rate
            wave = np.sin(np.arange(int(rate * seconds)) * 0.05).astype(np.float32)[None]
            for start in range(0, wave.shape[1] - 1023, 1024):
                piece = np.ascontiguousarray(wave[:, start : start + 1024])
                block = _sound(piece, recipe.audio)
                block.sample_rate, block.pts, block.time_base = rate, start, Fraction(1, rate)
                output.mux(sound.encode(block))
            output.mux(sound.encode(None))
    return given


def _sound(piece: Array, codec: str | None) -> Any:
    if codec == "pcm_s16le":
        return av.AudioFrame.from_ndarray((piece * 32000).astype(np.int16), format="s16", layout="mono")
    return av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")


def _paint(picture: Any, frame: Array, recipe: Recipe) -> Array:
    top = (1 << recipe.depth) - 1
    low, span = (0, top) if recipe.full_range else (16 << (recipe.depth - 8), 219 << (recipe.depth - 8))
    luma = np.round(low + frame * span).astype(np.uint8 if recipe.depth == 8 else np.uint16)
    for i, plane in enumerate(picture.planes):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        if i == 0:
            data = luma.view(np.uint8).reshape(luma.shape[0], -1)
            rows[: data.shape[0], : data.shape[1]] = data
        else:
            rows.view(luma.dtype)[:] = 1 << (recipe.depth - 1)
    return luma


@dataclass
class Read:
    """What a film holds: seconds of each frame, its planes, and for each other stream the bytes of its packets."""

    times: list[Fraction]
    planes: list[list[Array]]
    packets: dict[str, list[bytes]]
    seconds: float
    rotation: int
    pix_fmt: str
    tags: tuple[int, int]
    aspect: Fraction | None
    duration: Fraction


def read(path: Path) -> Read:
    """Decode a film whole."""
    times, planes = [], []
    packets: dict[str, list[bytes]] = {}
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rotation, pix_fmt, tags, last = 0, "", (0, 0), None
        for frame in container.decode(stream):
            times.append(frame.pts * frame.time_base)
            rotation, pix_fmt = frame.rotation, frame.format.name
            tags = (int(frame.colorspace), int(frame.color_range))
            deep = max(c.bits for c in frame.format.components) > 8
            planes.append([_rows(plane, deep) for plane in frame.planes])
            last = frame
        aspect = stream.sample_aspect_ratio
        seconds = container.duration / 1e6
        duration = Fraction(0) if last is None else times[-1] - times[0] + last.duration * last.time_base
    with av.open(str(path)) as container:
        for packet in container.demux([s for s in container.streams if s.type != "video"] or list(container.streams)):
            if packet.stream.type != "video" and packet.size:
                packets.setdefault(packet.stream.type, []).append(bytes(packet))
    return Read(times, planes, packets, seconds, rotation, pix_fmt, tags, aspect, duration)


def _rows(plane: Any, deep: bool) -> Array:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
    return np.array(rows.view("<u2")[:, : plane.width] if deep else rows[:, : plane.width])
