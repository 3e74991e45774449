"""Which steps there are, in which order they are done, and a film's frames led through those that are asked for."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace

from tintype.colorizer.negative import Roll
from tintype.errors import TintypeError
from tintype.video.motion import Motion, grid_size
from tintype.video.reader import FilmInfo, Frame

from . import deflicker, dust, grain, scratches, weave
from .negative import Negative
from .scene import Around, Shown, watched, windowed
from .warp import Warp

# In the order in which they are done: light first, so that frames can be compared; what moves pictures last.
STEPS = {
    "negative": 0,
    "deflicker": deflicker.REACH,
    "scratches": scratches.REACH,
    "dust": dust.REACH,
    "grain": grain.REACH,
    "regrain": 0,
    "stabilize": weave.REACH,
    "stabilize-crop": weave.REACH,
}


def check_steps(names: Iterable[str]) -> tuple[str, ...]:
    """The steps in the order in which they are done.

    Raises:
        TintypeError: one does not exist, or two exclude each other.
    """
    wanted = list(names)
    if unknown := [name for name in wanted if name not in STEPS]:
        raise TintypeError(f"no step that restores films is called {unknown[0]!r}; there are {', '.join(STEPS)}")
    if {"stabilize", "stabilize-crop"} <= set(wanted):
        raise TintypeError("stabilize continues the rim and stabilize-crop cuts it off: choose one")
    return tuple(name for name in STEPS if name in wanted)


def reach(names: Iterable[str]) -> int:
    """How many frames before and after one decide how it is restored; one more tells where a scene begins."""
    chosen = check_steps(names)
    return sum(STEPS[name] for name in chosen) + 1 if chosen else 0


def restored(
    frames: Iterable[Frame], info: FilmInfo, names: Iterable[str], roll: Roll | None = None
) -> Generator[Frame, None, None]:
    """The frames after the steps; each still knows the checksum of what it was.

    ``roll`` is what the step negative needs (`measure_film`).
    """
    chosen = list(check_steps(names))
    if "negative" in chosen and roll is not None:
        chosen.remove("negative")
        frames = map(Negative(info.signal, roll), frames)
    if not chosen:
        yield from frames
        return
    height, width = info.height, info.width
    motion = Motion(*grid_size(height, width))
    warp = Warp(height, width) if {"dust", "grain"} & set(chosen) else None
    shown: Iterable[Shown] = watched(frames, info, motion)
    for name in chosen:
        shown = windowed(shown, STEPS[name], _worker(name, info, motion, warp))
    for each in shown:
        if each.luma is each.frame.luma:
            yield each.frame
        else:
            yield replace(each.frame, luma=each.luma, source_checksum=each.frame.checksum)


def _worker(name: str, info: FilmInfo, motion: Motion, warp: Warp | None) -> Callable[[Around], Shown]:
    depth, full_range = info.signal.depth, info.signal.full_range
    if name == "deflicker":
        return deflicker.Deflicker(motion, depth, full_range)
    if name == "scratches":
        return scratches.Scratches(info.width, depth)
    if name == "regrain":
        return grain.Regrain(info.height, info.width, depth)
    if name.startswith("stabilize"):
        return weave.Weave(info.height, info.width, crop=name.endswith("crop"))
    assert warp is not None
    return dust.Dust(warp, depth) if name == "dust" else grain.Grain(warp, depth)
