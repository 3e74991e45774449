"""A killed batch goes on where it was; workers, watching and the contact sheet tell of the same pictures."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from conftest import RunCli
from pictures import smooth
from tintype.batch.contact_sheet import write_sheet
from tintype.batch.journal import NAME, Journal, folder_for
from tintype.batch.run import Job, Report, Result, plan, run
from tintype.batch.watch import watch
from tintype.colorizer.colorizer import Colorizer


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    for number in range(12):
        path = folder / f"{number % 3}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(smooth(120, 160, seed=number)).save(path)
    return folder


def test_what_is_done_is_skipped_and_what_changed_is_not(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    source, target = os.fspath(album / "0" / "0.jpg"), os.fspath(out / "0" / "0.jpg")
    journal = Journal(out / NAME, {"size": 64})
    assert not journal.is_done(Job(source, target))
    journal.note(source, target, "started")
    Path(target).parent.mkdir(parents=True)
    shutil.copy(source, target)
    journal.note(source, target, "done")
    assert Journal(out / NAME, {"size": 64}).is_done(Job(source, target))
    assert Journal(out / NAME, {"size": 64}).is_done(Job(source, target), overwrite=True)
    assert not Journal(out / NAME, {"size": 128}).is_done(Job(source, target))
    journal.finish()
    assert not Journal(out / NAME, {"size": 64}).is_done(Job(source, target), overwrite=True)
    os.utime(source, (1, 1))
    assert not Journal(out / NAME, {"size": 64}).is_done(Job(source, target))


def test_a_torn_line_and_partial_files_of_a_crash(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    journal = Journal(out / NAME, {})
    source, target = os.fspath(album / "0" / "0.jpg"), out / "0.jpg"
    journal.note(source, os.fspath(target), "started")
    partial = out / ".0.jpg.12345678.part"
    partial.write_bytes(b"half")
    other = out / ".1.jpg.12345678.part"
    other.write_bytes(b"not ours")
    with (out / NAME).open("a") as lines:
        lines.write('{"target": "/x", "key"')
    again = Journal(out / NAME, {})
    assert not partial.exists()
    assert other.exists()
    assert not again.is_done(Job(source, os.fspath(target)))
    shutil.copy(source, target)
    assert again.is_done(Job(source, os.fspath(target)))
    again.note(source, os.fspath(target), "done")
    assert [json.loads(line)["state"] for line in (out / NAME).read_text().splitlines() if line.endswith("}")][
        -1
    ] == "done"


def test_where_the_journal_lies(tmp_path: Path) -> None:
    assert folder_for(["x.jpg"], None) is None
    assert folder_for(["x.jpg"], "y.jpg") is None
    assert folder_for([os.fspath(tmp_path)], None) == os.fspath(tmp_path)
    assert folder_for([os.fspath(tmp_path)], "out") == "out"


def test_workers_make_what_one_makes(album: Path, tmp_path: Path, model_path: Path) -> None:
    results = []
    for workers in (1, 3):
        colorizer = Colorizer(model_path, device="cpu", precision="f32", threads=1, streams=workers)
        out = tmp_path / f"out{workers}"
        (album / "bad.jpg").write_bytes(b"no picture")
        jobs = plan([os.fspath(album)], os.fspath(out))
        report = run(jobs, colorizer, workers=workers)
        assert (report.coloured, report.failed) == (12, 1)
        assert [result.source for result in report.results] == [job.source for job in jobs]
        results.append([path.read_bytes() for path in sorted(out.rglob("*.jpg"))])
    assert results[0] == results[1]


def test_killed_and_started_again(album: Path, tmp_path: Path, model_path: Path, cli: RunCli) -> None:
    for number in range(12, 200):
        shutil.copy(album / "0" / "0.jpg", album / f"{number}.jpg")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tintype", "colorize", "album", "-o", "out", "--model", "tiny", "--threads", "1"]
    environment = os.environ | {"TINTYPE_MODELS": os.fspath(model_path.parent)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(out.rglob("*.jpg"))) < 8 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")}
    assert first
    for path in first:
        Image.open(path).load()
    done = cli("colorize", "album", "-o", "out", "--model", "tiny", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["coloured"] + report["skipped"] == 200
    assert report["skipped"] == len(first)
    assert len(list(out.rglob("*.jpg"))) == 200
    assert {path: path.stat().st_mtime_ns for path in first} == first
    assert not list(out.rglob("*.part"))
    states = [json.loads(line) for line in (out / NAME).read_text().splitlines()]
    finished = [entry["target"] for entry in states if entry["state"] == "done"]
    assert len(finished) == len(set(finished))


def test_watching_takes_what_has_settled(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"1")
    rounds = iter(range(10))
    worked: list[list[str]] = []

    def work(jobs: list[Job]) -> Report:
        worked.append([job.source for job in jobs])
        return Report([Result(job.source, job.target) for job in jobs])

    def stop() -> bool:
        turn = next(rounds)
        if turn == 0:
            source.write_bytes(b"still growing")
        return turn == 5

    def plan_again() -> list[Job]:
        return [
            Job(os.fspath(source), "b.jpg"),
            Job(os.fspath(source), None, "exists already"),
            Job("gone.jpg", "c.jpg"),
        ]

    report = watch(plan_again, work, pause=0, stop=stop)
    assert worked == [[os.fspath(source)]]
    assert report.coloured == 1


def test_the_contact_sheet(album: Path, tmp_path: Path, cli: RunCli) -> None:
    (album / "bad.jpg").write_bytes(b"<no> picture")
    ran = cli("colorize", "album", "-o", "out", "--model", "tiny", "--sheet", "sheet.html")
    assert ran.returncode == 1
    page = (tmp_path / "sheet.html").read_text()
    assert page.count('type="range"') == 12
    assert page.count("data:image/jpeg;base64,") == 24
    assert "12 coloured, 1 failed" in page
    assert "bad.jpg is not a picture" in page
    assert "http://" not in page
    write_sheet(Report([Result("x.jpg", "gone.jpg", None, 1, 1)]), tmp_path / "other.html")
    assert "x.jpg" in (tmp_path / "other.html").read_text()
