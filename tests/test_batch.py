"""Many pictures: what inputs stand for, where results go, and that one bad file costs only itself."""

import itertools
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from tintype import Colorizer, InputError, OutputError, Photo
from tintype.batch.run import Job, Report, Result, plan, run, run_each
from tintype.colorizer.options import ColorizeOptions, OutputOptions


@pytest.fixture(scope="module")
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, threads=1)


@pytest.fixture
def album(tmp_path: Path, examples: list[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """album/{a.jpg,b.JPG,sub/a.jpg,.hidden.jpg,notes.txt,old-color.jpg} inside the working folder."""
    folder = tmp_path / "album"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.jpg", "b.JPG", "sub/a.jpg", ".hidden.jpg", "old-color.jpg"):
        shutil.copy(examples[0], folder / name)
    (folder / "notes.txt").write_text("not a picture")
    monkeypatch.chdir(tmp_path)
    return folder


def pairs(jobs: list[Job]) -> list[tuple[str, str | None]]:
    assert not [job.error for job in jobs if job.error]
    return [(job.source, job.target) for job in jobs]


def test_a_file(album: Path) -> None:
    assert pairs(plan(["album/a.jpg"])) == [("album/a.jpg", "album/a-color.jpg")]
    assert pairs(plan(["album/a.jpg"], "new.png")) == [("album/a.jpg", "new.png")]
    assert pairs(plan(["album/a.jpg"], "new/deep.jpg")) == [("album/a.jpg", "new/deep.jpg")]
    assert pairs(plan(["album/a.jpg"], "new")) == [("album/a.jpg", "new/a.jpg")]
    assert pairs(plan(["album/a.jpg"], "new.folder/")) == [("album/a.jpg", "new.folder/a.jpg")]
    assert pairs(plan(["album/a.jpg"], "-")) == [("album/a.jpg", "-")]


def test_a_folder_keeps_its_structure_and_leaves_results_and_hidden_files_out(album: Path) -> None:
    assert pairs(plan(["album"])) == [
        ("album/a.jpg", "album/a-color.jpg"),
        ("album/b.JPG", "album/b-color.JPG"),
        ("album/sub/a.jpg", "album/sub/a-color.jpg"),
    ]
    assert [job.target for job in plan(["album"], "out")] == ["out/a.jpg", "out/b.JPG", "out/sub/a.jpg"]


def test_output_inside_the_input_is_not_coloured_again(album: Path) -> None:
    shutil.copytree(album / "sub", album / "out")
    assert [job.source for job in plan(["album"], "album/out", overwrite=True)] == [
        "album/a.jpg",
        "album/b.JPG",
        "album/sub/a.jpg",
    ]


def test_a_source_is_never_its_own_target(album: Path) -> None:
    assert [job.target for job in plan(["album"], "album", overwrite=True)] == [
        "album/a-color.jpg",
        "album/b-color.JPG",
        "album/sub/a-color.jpg",
    ]


def test_patterns_and_each_file_once(album: Path) -> None:
    assert [job.source for job in plan(["album/*.jpg"])] == ["album/a.jpg", "album/old-color.jpg"]
    assert [job.source for job in plan(["album/**/a.jpg", "album/a.jpg", "album"])] == [
        "album/a.jpg",
        "album/sub/a.jpg",
        "album/b.JPG",
    ]
    (album / "odd[1].jpg").write_bytes((album / "a.jpg").read_bytes())
    assert [job.source for job in plan(["album/odd[1].jpg"])] == ["album/odd[1].jpg"]
    [nothing] = plan(["album/*.gif"])
    assert nothing.error == "album/*.gif: no file matches this pattern"


def test_what_cannot_be_written_in_colour_becomes_png(album: Path) -> None:
    for name in ("c.gif", "nameless"):
        (album / name).write_bytes(b"")
    assert [job.target for job in plan(["album/c.gif", "album/nameless"])] == [
        "album/c-color.png",
        "album/nameless-color.png",
    ]


def test_two_results_of_one_name(album: Path) -> None:
    first, second = plan(["album/a.jpg", "album/sub/a.jpg"], "out")
    assert first.target == "out/a.jpg"
    assert second.target is None
    assert second.error is not None
    assert "as that of album/a.jpg" in second.error


def test_existing_targets_and_formats_are_checked_first(album: Path) -> None:
    (album / "a-color.jpg").write_bytes(b"keep me")
    [job] = plan(["album/a.jpg"])
    assert job.error == "album/a-color.jpg: exists already; add --overwrite to replace it"
    [job] = plan(["album/a.jpg"], overwrite=True)
    assert job.target == "album/a-color.jpg"
    [job] = plan(["album/a.jpg"], "a.gif")
    assert job.error is not None
    assert "is not a format to write" in job.error


def test_impossible_requests(album: Path) -> None:
    with pytest.raises(InputError, match="no input"):
        plan([])
    with pytest.raises(InputError, match="only input"):
        plan(["-", "album/a.jpg"])
    with pytest.raises(OutputError, match="one file for 3 pictures"):
        plan(["album"], "all.jpg")
    with pytest.raises(OutputError, match="one file for 3 pictures"):
        plan(["album"], "-")
    (album / "empty").mkdir()
    [job] = plan(["album/empty"])
    assert job.error is not None
    assert job.error.startswith("album/empty: no pictures in this folder")


def test_one_bad_file_costs_only_itself(album: Path, colorizer: Colorizer) -> None:
    (album / "b.JPG").write_text("not a picture")
    told: list[Result] = []
    report = run(plan(["album", "missing.jpg"], "out"), colorizer, done=told.append)
    assert (report.coloured, report.failed) == (2, 2)
    assert told == report.results
    assert [result.ok for result in report.results] == [True, False, True, False]
    assert sorted(str(path) for path in Path("out").rglob("*.*")) == ["out/a.jpg", "out/sub/a.jpg"]
    for result in report.results:
        if not result.ok:
            assert result.error is not None
            assert result.source in result.error
            assert "\n" not in result.error
    assert report.as_dict()["failed"] == 2
    assert report.as_dict()["results"][0]["width"] == report.results[0].width


def test_a_fault_of_the_program_is_reported_too(album: Path, colorizer: Colorizer) -> None:
    report = run([Job("album/a.jpg", "out/x.jpg")], colorizer, ColorizeOptions(size="large"))  # type: ignore[arg-type]
    [result] = report.results
    assert result.error is not None
    assert result.error.startswith("album/a.jpg: unexpected TypeError")
    assert not Path("out").exists()


@pytest.mark.parametrize("target", ["album/notes.txt/x.jpg", "/proc/tintype/x.jpg"])
def test_unwritable_output(album: Path, colorizer: Colorizer, target: str) -> None:
    if target.startswith("/proc") and not os.path.isdir("/proc"):
        pytest.skip("no /proc here")
    report: Report = run(plan(["album/a.jpg"], target), colorizer)
    assert report.failed == 1
    assert report.results[0].error is not None
    assert target in report.results[0].error


def test_a_target_that_appears_meanwhile_is_kept(album: Path, colorizer: Colorizer) -> None:
    jobs = plan(["album/a.jpg"])
    (album / "a-color.jpg").write_bytes(b"keep me")
    assert run(jobs, colorizer).failed == 1
    assert (album / "a-color.jpg").read_bytes() == b"keep me"
    assert run(jobs, colorizer, output=OutputOptions(overwrite=True)).failed == 0
    assert (album / "a-color.jpg").read_bytes() != b"keep me"


def test_what_was_in_flight_at_ctrl_c_is_finished_and_told_of(album: Path, examples: list[Path]) -> None:
    """An interrupt comes while several pictures are worked on: they are written, and `done` hears of each."""
    sources = [str(examples[number % len(examples)]) for number in range(12)]
    jobs = [Job(source, str(album / f"out-{number}.png")) for number, source in enumerate(sources)]
    calls = itertools.count()
    told: list[Result] = []

    def make(source: object) -> Photo:
        if next(calls):  # the first is told of when others are in flight
            time.sleep(0.3)
        return Photo.read(np.full((8, 8), 99, np.uint8))

    def done(result: Result) -> None:
        told.append(result)
        if len(told) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_each(jobs, make, workers=4, done=done)
    written = sorted(path.name for path in album.glob("out-*.png"))
    assert sorted(Path(str(result.target)).name for result in told) == written
    assert 4 <= len(written) < len(jobs)
