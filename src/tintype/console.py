"""Before and beside the commands: a line on a terminal says what is under way, and Ctrl-C ends with one line.

Only the standard library's smallest modules are imported here: the commands take their time on a loaded machine, and
whoever has pressed Enter should see something before that.
"""

import contextlib
import os
import signal
import sys

TYPE_CHECKING = False  # not typing's, which would be imported

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, NoReturn, TextIO

STOPPED = 130

# Commands that load a network or a long list of packages before they have anything to show.
_SLOW = {"arena", "bench", "calibrate", "colorize", "compare", "evaluate", "export", "serve", "sketch", "train", "tune"}
_SLOW |= {"color", "colorise", "colour", "colourise", "colourize"}
_HUSHED = {"-h", "--help", "-q", "--quiet", "--no-progress", "--progress=json", "--progress=none", "json", "none"}


class _Clearing:
    """A stream that takes the status line away before it is first written to."""

    def __init__(self, stream: "TextIO", status: "Status") -> None:
        self._stream, self._status = stream, status

    def write(self, text: str) -> int:
        """Write through."""
        self._status.clear()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._stream, name)


class Status:
    """One line on a terminal's standard error that says what is under way; gone as soon as anything else is written."""

    def __init__(self) -> None:
        self._able = self._shown = False
        self._under: dict[str, TextIO] = {}
        self._clearing: list[_Clearing] = []  # for good: `print` goes on with a stream that it took and does not hold

    def begin(self, words: list[str]) -> None:
        """Allow the line, where a terminal can draw it and the words of the command do not ask for silence."""
        capable = os.environ.get("TERM", "" if os.name != "nt" else "windows") not in ("", "dumb", "unknown")
        slow = bool(words) and words[0] in _SLOW and not _HUSHED.intersection(words)
        self._able = slow and capable and sys.stderr is not None and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Show a text in place of the last one."""
        if not self._able:
            return
        self.clear()
        self._shown = True
        sys.stderr.write(_cut(text, _columns() - 1))
        sys.stderr.flush()
        for name in ("stdout", "stderr"):
            under = getattr(sys, name)
            if under is not None and under.isatty():
                self._under[name] = under
                self._clearing.append(_Clearing(under, self))
                setattr(sys, name, self._clearing[-1])

    def clear(self) -> None:
        """Take the line away."""
        if not self._shown:
            return
        self._shown = False
        for name, under in self._under.items():
            if getattr(sys, name) in self._clearing:
                setattr(sys, name, under)
        self._under["stderr"].write(_blank())
        self._under["stderr"].flush()

    def blank(self) -> str:
        """What takes the line away, if it is shown."""
        return _blank() if self._shown else ""

    def end(self) -> None:
        """Take the line away, and let there be none from here on."""
        self.clear()
        self._able = False


status = Status()
_told = False


def _columns() -> int:
    try:
        return max(20, os.get_terminal_size(sys.stderr.fileno()).columns or 80)
    except (OSError, ValueError):
        return 80


def _blank() -> str:
    return f"\r{' ' * (_columns() - 1)}\r"


def _cut(text: str, room: int) -> str:
    """As much of a text as fits into so many columns, without signs that would move the cursor."""
    import unicodedata

    kept, used = "", 0
    for sign in text:
        sign = sign if sign.isprintable() else "?"
        used += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if used > room:
            return kept[: max(0, room - 3)].rstrip() + "..." if kept.isascii() else kept
        kept += sign
    return kept


def tell_stopped(text: str = "stopped") -> None:
    """Say once on standard error that the user stopped the command."""
    global _told
    if not _told:
        _told = True
        status.end()
        print(f"tintype: {text}", file=sys.stderr, flush=True)


def told_stopped() -> None:
    """Remember that a command has said in its own words that it was stopped."""
    global _told
    _told = True


def _at_once(number: int, frame: "FrameType | None") -> "NoReturn":
    """Ctrl-C while nothing is begun or all is done: there is nothing to put away."""
    line = '{"event": "stopped", "done": 0, "total": 0, "elapsed": 0.0}'
    if not {"json", "--progress=json"}.intersection(sys.argv):
        line = f"{status.blank()}tintype: stopped"
    with contextlib.suppress(OSError, ValueError):
        if not _told:  # past Python's own buffer, which the signal may have found busy
            os.write(sys.stderr.fileno(), f"{line}\n".encode())
    os._exit(STOPPED)


def answer_at_once() -> None:
    """Let Ctrl-C end the process with its line, instead of a trace of whatever is being imported."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a shell has had it ignored
        signal.signal(signal.SIGINT, _at_once)


def answer_tidily() -> None:
    """Let Ctrl-C be a KeyboardInterrupt from here on: there is something to put away."""
    if signal.getsignal(signal.SIGINT) is _at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
