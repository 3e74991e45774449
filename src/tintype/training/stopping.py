"""Stop a run politely: the first Ctrl-C ends the step that is under way and saves, the second stops at once."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(KeyboardInterrupt):
    """A run was asked to stop, and has saved what it needs to go on."""


class Stopper:
    """`asked` is true once the person at the terminal has pressed Ctrl-C."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal; the next one is not for us any more."""
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nstopping after this step; Ctrl-C again stops at once, without saving", file=sys.stderr, flush=True)


@contextmanager
def listening() -> Iterator[Stopper]:
    """Meanwhile Ctrl-C is taken note of. In a thread, or where somebody else listens already, nothing changes."""
    stopper = Stopper()
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stopper
        return
    signal.signal(signal.SIGINT, stopper.ask)
    try:
        yield stopper
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
