"""Interlaced film: two moments in one frame, its even and its odd lines; taken apart by FFmpeg's bwdif if asked for.

Telecine shows 24 frames of film in 60 fields a second: in every five frames, two are made of fields of two frames.
That rhythm is recognised and said. What only repeats fields when it is shown (soft telecine) is no interlaced picture.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from .levels import Luma
from .need import need_av

# A line stands out from those above and below, which are alike, by more than this many of 255 levels; and the share of
# pixels of which that is true in a combed frame.
_COMB, _COMBED = 10, 0.004
_RHYTHM, LOOKED_AT = 5, 30


def combed_share(luma: Luma, depth: int = 8) -> float:
    """The share of pixels that stand out from the lines above and below, which are alike: motion between fields."""
    above, here, below = (luma[i : len(luma) - 2 + i].astype(np.int32) for i in range(3))
    to_above, to_below = here - above, here - below
    least = np.minimum(np.abs(to_above), np.abs(to_below))
    stands_out = (np.sign(to_above) == np.sign(to_below)) & (least > _COMB << (depth - 8))
    return float((stands_out & (np.abs(above - below) < least // 2)).mean())


def looks_telecined(shares: Sequence[float]) -> bool:
    """Whether combed frames come in the rhythm of 2:3 telecine: the same two neighbours of every five.

    shares: `combed_share` of frames that follow one another.
    """
    usual = float(np.median(shares)) if shares else 0.0
    combed = [share > max(_COMBED, 2 * usual) for share in shares]
    if len(combed) < 3 * _RHYTHM or sum(combed) < 4:
        return False
    for phase in range(_RHYTHM):
        wanted = [(i - phase) % _RHYTHM in (0, 1) for i in range(len(combed))]
        if sum(a == b for a, b in zip(combed, wanted, strict=True)) >= 0.9 * len(combed):
            return True
    return False


def deinterlaced(pictures: Iterable[Any], time_base: Fraction) -> Iterator[Any]:
    """Decoded pictures with those that are marked as interlaced taken apart: one for one, at their own timestamps."""
    av = need_av()
    graph: Any = None
    for picture in pictures:
        if graph is None:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=picture.width, height=picture.height, format=picture.format, time_base=time_base
            )
            bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
            sink = graph.add("buffersink")
            source.link_to(bwdif)
            bwdif.link_to(sink)
            graph.configure()
        graph.push(picture)
        yield from _pulled(graph, time_base)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph, time_base)


def _pulled(graph: Any, time_base: Fraction) -> Iterator[Any]:
    av = need_av()
    while True:
        try:
            picture = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if picture.pts is not None:
            picture.pts = round(picture.pts * picture.time_base / time_base)
        picture.duration = round(picture.duration * picture.time_base / time_base)
        picture.time_base = time_base
        yield picture
