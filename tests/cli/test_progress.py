"""Progress for people and for programs."""

import json
import logging
import sys

import pytest

from tintype.batch.job import Result
from tintype.cli.progress import Lines, Silent, shown, speak


def test_lines_for_programs() -> None:
    said: list[str] = []
    with Lines(2, said.append) as progress:
        progress.step(Result("a.jpg", "b.jpg", None, 4, 3, 0.25))
        progress.step(Result("c.jpg", None, "c.jpg: no such file"))
    start, first, second, end = map(json.loads, said)
    assert start == {"event": "start", "total": 2}
    assert (first["event"], first["index"], first["total"], first["target"], first["ok"]) == (
        "step",
        1,
        2,
        "b.jpg",
        True,
    )
    assert (second["ok"], second["error"]) == (False, "c.jpg: no such file")
    assert (end["event"], end["done"]) == ("end", 2)
    assert all("\n" not in line for line in said)


def test_a_run_that_is_stopped_says_so() -> None:
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), Lines(2, said.append):
        raise KeyboardInterrupt
    assert json.loads(said[-1])["event"] == "stopped"


def test_a_bar_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(shown("auto", 5), Silent)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert not isinstance(shown("auto", 5), Silent)
    assert isinstance(shown("auto", 1), Silent)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(shown("auto", 5), Silent)
    monkeypatch.setenv("TERM", "xterm")
    assert not isinstance(shown("auto", 5), Silent)
    assert isinstance(shown("auto", 5, quiet=True), Silent)
    assert isinstance(shown("none", 5), Silent)


def test_verbose_is_logging(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("tintype")
    before, level = list(log.handlers), log.level
    try:
        speak(0)
        assert log.handlers == before
        speak(1)
        log.info("model tint")
        log.debug("detail")
        assert capsys.readouterr().err == "tintype: model tint\n"
    finally:
        log.handlers, log.level = before, level
