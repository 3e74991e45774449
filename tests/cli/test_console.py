"""The first moments in a terminal: something is said at once, and Ctrl-C ends with one line and status 130."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tintype import console
from tintype.cli.words import ALIASES

pty = pytest.importorskip("pty")

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def screen(written: str) -> list[str]:
    """The lines that stay on a terminal: what comes after a carriage return stands over what was there."""
    lines = []
    for line in _CONTROL.sub("", written.replace("\r\n", "\n")).split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return [line for line in lines if line and line != "^C"]


class Terminal:
    """A process in a terminal of 80 columns."""

    def __init__(self, words: list[str], folder: Path, **environment: str) -> None:
        self.written = ""
        pid, self._file = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.chdir(folder)
            os.environ.update({"TERM": "xterm-256color", "COLUMNS": "80", "TINTYPE_CONFIG": "none"} | environment)
            os.execv(sys.executable, [sys.executable, "-m", "tintype", *words])
        self._pid = pid

    def until(self, ready: Callable[[str], bool], patience: float = 120) -> None:
        """Read on until what is written is as wanted, or until the end."""
        end = time.monotonic() + patience
        while not ready(self.written) and time.monotonic() < end:
            try:
                more = os.read(self._file, 4096)
            except OSError:  # Linux's way to say that the other side has gone
                return
            if not more:
                return
            self.written += more.decode(errors="replace")

    def press_ctrl_c(self) -> None:
        os.write(self._file, b"\x03")

    def status(self) -> int:
        self.until(lambda written: False)
        os.close(self._file)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


@pytest.fixture
def folder(tmp_path: Path, examples: list[Path]) -> Path:
    (tmp_path / "scans").mkdir()
    for number in range(6):
        shutil.copy(examples[0], tmp_path / "scans" / f"{number}.jpg")
    shutil.copy(examples[0], tmp_path / "photo.jpg")
    return tmp_path


def test_it_says_at_once_that_it_starts_and_leaves_only_the_result(folder: Path) -> None:
    terminal = Terminal(["colorize", "photo.jpg", "--model", "tint"], folder)
    terminal.until(lambda written: bool(written))
    assert terminal.written.startswith("tintype: starting ...")
    assert terminal.status() == 0
    assert "tintype: loading tint ..." in terminal.written
    assert "tintype: colouring photo.jpg ..." in terminal.written
    assert screen(terminal.written) == ["photo.jpg -> photo-color.jpg"]


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("colorize scans -o out", "starting"),
        ("colorize scans -o out", "looking at"),
        ("colorize scans -o out", "loading"),
        ("evaluate", "starting"),
        ("train --recipe tiny", "starting"),
    ],
)
def test_ctrl_c_before_the_first_picture_is_one_line(words: str, moment: str, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    terminal = Terminal(words.split(), folder)
    terminal.until(lambda written: f"tintype: {moment}" in written)
    terminal.press_ctrl_c()
    assert terminal.status() == console.STOPPED, terminal.written
    assert screen(terminal.written)[-1].startswith("tintype: stopped")
    assert len(screen(terminal.written)) == 1, terminal.written
    assert moment == "loading" or sorted(folder.rglob("*")) == before


def test_ctrl_c_at_the_bar_says_how_far_it_came(folder: Path) -> None:
    for number in range(6, 60):
        shutil.copy(folder / "photo.jpg", folder / "scans" / f"{number}.jpg")
    terminal = Terminal(["colorize", "scans", "-o", "out", "--jobs", "1"], folder)
    terminal.until(lambda written: "/60" in written)
    terminal.press_ctrl_c()
    assert terminal.status() == console.STOPPED, terminal.written
    said = _CONTROL.sub("", terminal.written)
    assert re.search(r"tintype: stopped: \d+ of 60 done; the same command goes on", said), terminal.written[-400:]
    assert terminal.written.count("tintype: stopped") == 1


def test_an_error_stands_alone(folder: Path) -> None:
    terminal = Terminal(["colorize", "missing.jpg"], folder)
    assert terminal.status() == 1
    assert screen(terminal.written) == ["tintype: error: missing.jpg: no such file"]


def test_a_program_is_told_in_json_that_it_was_stopped_at_the_start() -> None:
    program = (
        "import os, signal, tintype.console as c; signal.signal(2, signal.default_int_handler); "
        "c.answer_at_once(); os.kill(os.getpid(), 2)"
    )
    words = [sys.executable, "-c", program, "colorize", "--progress", "json"]
    ended = subprocess.run(words, capture_output=True, text=True)
    assert ended.returncode == console.STOPPED
    assert json.loads(ended.stderr)["event"] == "stopped"


def test_a_shell_that_has_ctrl_c_ignored_is_heeded() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        console.answer_at_once()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.signal(signal.SIGINT, signal.default_int_handler)
        console.answer_at_once()
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        console.answer_tidily()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_goes_before_anything_else_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _Screen()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("TERM", "xterm")
    status = console.Status()
    status.say("not yet")
    assert shown.getvalue() == ""
    status.begin(["colorize", "a.jpg"])
    status.say("one")
    status.say("a text that is far too long for a line of eighty columns " * 3)
    assert max(map(len, shown.getvalue().split("\r"))) == 79
    with contextlib.redirect_stderr(sys.stderr):
        print("result")
    assert sys.stdout is shown
    assert screen(shown.getvalue()) == ["result"]
    status.end()
    status.say("no more")
    assert screen(shown.getvalue()) == ["result"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("colorize photo.jpg", "dumb"),
        ("colorize photo.jpg -q", "xterm"),
        ("colorize photo.jpg --no-progress", "xterm"),
        ("colorize photo.jpg --progress json", "xterm"),
        ("colorize photo.jpg --progress=json", "xterm"),
        ("colorize --help", "xterm"),
        ("models", "xterm"),
        ("", "xterm"),
    ],
)
def test_where_nothing_is_to_be_drawn_nothing_is(words: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _Screen()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", kind)
    status = console.Status()
    status.begin(words.split())
    status.say("starting")
    status.end()
    assert shown.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("short", 20, "short"),
        ("colouring a-long-name.jpg", 12, "colouring..."),
        ("two\nlines\x1b[2J", 40, "two?lines?[2J"),
        ("写真写真写真", 7, "写真写"),
    ],
)
def test_a_line_stays_one_line(text: str, room: int, shown: str) -> None:
    assert console._cut(text, room) == shown


def test_every_spelling_of_the_command_is_known() -> None:
    spellings = {"colorize"} | {word for word, verb in ALIASES.items() if verb == "colorize"}
    assert spellings <= console._SLOW
