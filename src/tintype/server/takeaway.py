"""What people take home beside the picture: both sides in one, a clip that wipes from grey to colour, an album."""

import base64
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .large import scratch

SIDE = 1600  # long side of a picture in an album and of each half
CLIP_SIDE = 960
RATE = 20
_SECONDS = (0.8, 1.6, 1.2)  # in grey, wiping, in colour
_GAP = 8

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """A photo in grey and in colour, of one size, and what is said of it."""

    name: str
    note: str
    before: Image.Image
    after: Image.Image

    def fitted(self, side: int) -> "Pair":
        """Both at most ``side`` pixels long, their sides even, as films want them."""
        scale = min(1.0, side / max(self.after.size))
        size = tuple(max(2, round(length * scale) // 2 * 2) for length in self.after.size)
        before, after = (
            one.convert("RGB").resize((size[0], size[1]), Image.Resampling.LANCZOS) for one in (self.before, self.after)
        )
        return Pair(self.name, self.note, before, after)


def side_by_side(pair: Pair) -> bytes:
    """Grey left, colour right, as one JPEG that says in its comment that the colours are estimated."""
    pair = pair.fitted(SIDE)
    width, height = pair.after.size
    sheet = Image.new("RGB", (2 * width + _GAP, height), "white")
    sheet.paste(pair.before, (0, 0))
    sheet.paste(pair.after, (width + _GAP, 0))
    target = io.BytesIO()
    sheet.save(target, "JPEG", quality=90, comment=pair.note.encode())
    return target.getvalue()


def frames(pair: Pair) -> Iterator[Frame]:
    """Grey, a line that wipes from left to right, colour: (H, W, 3) uint8."""
    pair = pair.fitted(CLIP_SIDE)
    grey, colour = np.asarray(pair.before), np.asarray(pair.after)
    still, wiping, end = (round(seconds * RATE) for seconds in _SECONDS)
    for _ in range(still):
        yield grey
    for number in range(wiping):
        share = (1 - np.cos(np.pi * (number + 1) / wiping)) / 2
        at = round(share * grey.shape[1])
        frame = np.concatenate([colour[:, :at], grey[:, at:]], axis=1)
        if 1 < at < grey.shape[1] - 1:
            frame[:, at - 1 : at + 1] = 255
        yield frame
    for _ in range(end):
        yield colour


def animated_webp(pair: Pair) -> bytes:
    """The clip as a WebP that plays again and again."""
    first, *rest = (Image.fromarray(frame) for frame in frames(pair))
    target = io.BytesIO()
    first.save(
        target, "WEBP", save_all=True, append_images=rest, duration=round(1000 / RATE), loop=0, quality=75, method=2
    )
    return target.getvalue()


def mp4(pair: Pair) -> bytes:
    """The clip as an H.264 film in MP4; needs the extra `video`."""
    import av

    with scratch(".mp4") as path:  # to put its index first, FFmpeg opens it a second time by its name
        _encode(av, pair, str(path))
        return path.read_bytes()


def _encode(av: Any, pair: Pair, path: str) -> None:
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        container.metadata["comment"] = pair.note
        stream = None
        for number, frame in enumerate(frames(pair)):
            if stream is None:
                stream = container.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "veryfast"})
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.time_base = Fraction(1, RATE)
            shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            shown.pts = number
            for packet in stream.encode(shown):
                container.mux(packet)
        if stream is not None:
            for packet in stream.encode():
                container.mux(packet)


def album(pairs: Iterable[Pair], title: str) -> Iterator[bytes]:
    """One HTML file with every photo in it, each with a slider between grey and colour; it needs no network."""
    yield _HEAD.replace("TITLE", escape(title)).encode()
    for pair in pairs:
        fitted = pair.fitted(SIDE)
        width, height = fitted.after.size
        yield (
            f'<figure><div class="pair" style="aspect-ratio:{width}/{height}">'
            f'<img src="{_data(fitted.before)}" alt="{escape(pair.name)} in grey">'
            f'<img class="after" src="{_data(fitted.after)}" alt="{escape(pair.name)} in estimated colours"></div>'
            f'<input type="range" min="0" max="100" value="50" aria-label="Between grey and colour">'
            f"<figcaption>{escape(pair.name)}<small>{escape(pair.note)}</small></figcaption></figure>\n"
        ).encode()
    yield _TAIL.encode()


def _data(image: Image.Image) -> str:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(target.getvalue()).decode()


_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>TITLE</title><style>
:root{color-scheme:light dark}body{font:17px/1.5 Georgia,serif;margin:0 auto;max-width:62rem;padding:1.5rem;
background:light-dark(#faf8f5,#171614);color:light-dark(#23201d,#ece7e0)}figure{margin:2.5rem 0}
.pair{position:relative;background:#8884}.pair img{position:absolute;inset:0;width:100%;height:100%}
.after{clip-path:inset(0 0 0 50%)}input{width:100%;height:2.75rem;margin:0}small{display:block;opacity:.75}
</style></head><body><h1>TITLE</h1>
"""
_TAIL = """<script>
for (const range of document.querySelectorAll("input"))
  range.addEventListener("input", () => {
    range.previousElementSibling.querySelector(".after").style.clipPath = `inset(0 0 0 ${range.value}%)`;
  });
</script></body></html>
"""
