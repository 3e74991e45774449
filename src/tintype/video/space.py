"""Room on the disk: how much a film will want, said before the work; and what to say when there is no more."""

import errno
import math
import shutil
from pathlib import Path

from tintype.errors import OutputError

from .codecs import Settings
from .need import need_av

# Bytes a pixel: bits in files of fixed quality as their makers state them, else of ordinary grainy film.
_FIXED = {"dnxhr": 0.55, "prores": 0.45}
_USUAL = {"h264": 0.1, "hevc": 0.08, "av1": 0.06, "vp9": 0.06, "ffv1": 1.2}
_PACKED = 0.8  # what deflate leaves of pictures with grain


def bytes_a_frame(settings: Settings, size: tuple[int, int]) -> tuple[float, bool]:
    """What a frame of that width and height takes on the disk, and whether that is sure enough to refuse for."""
    pixels = size[0] * size[1]
    if settings.codec in _FIXED:
        return pixels * _FIXED[settings.codec], True
    if settings.codec in _USUAL:
        return pixels * _USUAL[settings.codec] * (1 if settings.depth == 8 else 1.4), False
    raw = 12 if settings.encoder == "exr" else 4 if settings.depth == 10 else 3 * -(-settings.depth // 8)
    return pixels * raw * (1.0 if settings.encoder == "dpx" else _PACKED), settings.encoder == "dpx"


def check_space(target: Path, settings: Settings, size: tuple[int, int], frames: int | None) -> str | None:
    """Compare what the frames to come will want with what is free; a note where it may not do.

    A film's parts lie beside it until it is joined of them, so it wants its size twice.

    Raises:
        OutputError: it surely will not do.
    """
    if not frames:
        return None
    each, sure = bytes_a_frame(settings, size)
    times = 1 if "%" in target.name else 2
    wanted, free = each * frames * times, shutil.disk_usage(target.parent).free
    if wanted <= free:
        return None
    what = f"about {readable(wanted)} will be wanted in {target.parent}, {readable(free)} are free"
    if sure:
        raise OutputError(f"{target}: {what}; make room, or name another disk")
    return f"{what}: should the disk become full, finished parts are kept and the same command goes on"


class SpaceWatch:
    """Asks for room again while a film is being coloured, with what its frames really take.

    Args:
        target: where the film goes.
        frames: of the whole film; nothing is asked where that is not known.
    """

    def __init__(self, target: Path, frames: int | None) -> None:
        self._target, self._frames, self._told = target, frames, False

    def ask(self, done: int, kept: float) -> str | None:
        """A line when what is free will no longer do for the rest, the first time that it is so.

        done: frames that are finished; kept: bytes that they take.
        """
        if self._told or not self._frames or not done or not kept:
            return None
        times = 1 if "%" in self._target.name else 2  # a film is joined beside its parts
        wanted = kept / done * (times * self._frames - done)
        free = shutil.disk_usage(self._target.parent).free
        if wanted <= free:
            return None
        self._told = True
        return (
            f"about {readable(wanted)} more will be wanted in {self._target.parent}, {readable(free)} are free: make "
            "room meanwhile; should the disk become full, finished parts are kept and the same command goes on"
        )


def is_full(error: BaseException) -> bool:
    """Whether this is the error of a disk that is full, or of a quota."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def full(target: Path, kept: Path, done: int, total: int | None, each: float) -> OutputError:
    """The error to raise then: what is kept and what is wanted."""
    of = f" of {total}" if total else ""
    wanted = "" if not total else f"about {readable(each * (2 * total - done))} are wanted; "
    return OutputError(
        f"{target}: the disk is full; {done}{of} frames are finished and kept in {kept}; {wanted}"
        "make room and run the same command again"
    )


def disk_errors() -> tuple[type[BaseException], ...]:
    """What writing to a full disk raises."""
    return (OSError, need_av().error.FFmpegError)


def readable(size: float) -> str:
    """Bytes as people read them: 3.4 GB."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min(len(units) - 1, int(math.log10(max(size, 1)) // 3))
    shown = size / 1000**power
    return f"{shown:.0f} {units[power]}" if shown >= 100 or not power else f"{shown:.1f} {units[power]}"
