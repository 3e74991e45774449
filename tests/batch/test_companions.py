"""Originals kept beside results in their place, times, side-cars."""

import os
from pathlib import Path

import pytest

from tintype.batch.companions import copy_sidecars, keep_time, sidecars
from tintype.batch.in_place import Keeping, backup_of, keep_original, put_in_place
from tintype.batch.job import Job, Result
from tintype.errors import OutputError


def test_jobs_go_over_their_sources_once(tmp_path: Path) -> None:
    new, old, cut = (tmp_path / name for name in ("new.jpg", "old.jpg", "cut.jpg"))
    for path in (new, old, cut):
        path.write_bytes(b"colour")
    backup_of(str(old)).write_bytes(b"grey")
    backup_of(str(cut)).write_bytes(b"colour")  # killed before it was replaced
    jobs = [Job(str(path), "elsewhere") for path in (new, old, cut)]
    first, second, again, third = put_in_place([*jobs, Job("bad.jpg", None, "bad.jpg: no such file")])
    assert (first.target, first.skipped, first.replaces) == (str(new), False, True)
    assert (second.target, second.skipped) == (str(old), True)
    assert (again.target, again.skipped) == (str(cut), False)
    assert third.error is not None


@pytest.mark.parametrize("source", ["-", "s3://bucket/a.jpg", "https://example.org/a.jpg"])
def test_in_place_is_for_files_of_this_machine(source: str) -> None:
    with pytest.raises(OutputError, match="--in-place is for files of this machine"):
        put_in_place([Job(source, "a.jpg")])


def test_an_original_is_kept_whole_with_its_time_and_never_replaced(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"grey")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    kept = keep_original(str(source))
    assert kept == tmp_path / "a.jpg.orig"
    assert kept.read_bytes() == b"grey"
    assert kept.stat().st_mtime == 1_000_000_000
    source.write_bytes(b"colour")
    with pytest.raises(OutputError, match="kept there already"):
        keep_original(str(source))
    assert kept.read_bytes() == b"grey"


def test_an_original_is_given_up_when_its_picture_fails(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"grey")
    job, record = Job(str(source), str(source)), Keeping()
    record.begin(job)
    assert backup_of(str(source)).read_bytes() == b"grey"
    record.end(job, Result(str(source), None, "it is broken"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
    record.begin(job)
    record.end(job, Result(str(source), str(source)))
    assert backup_of(str(source)).exists()


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is as it was"):
        keep_original(str(tmp_path / "missing.jpg"))
    assert not list(tmp_path.iterdir())


def test_the_time_of_the_source(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    for path in (source, target):
        path.write_bytes(b"x")
    os.utime(source, ns=(123_456_789_000_000_000, 987_654_321_000_000_000))
    keep_time(str(source), str(target))
    assert target.stat().st_mtime_ns == 987_654_321_000_000_000
    keep_time("-", str(target))
    keep_time("s3://bucket/a.jpg", "s3://bucket/b.jpg")
    with pytest.raises(OutputError, match="its time cannot be set"):
        keep_time(str(source), str(tmp_path / "missing.jpg"))


def test_sidecars_of_both_customs(tmp_path: Path) -> None:
    source, target = tmp_path / "scan.tif", tmp_path / "out" / "scan-color.tif"
    target.parent.mkdir()
    (tmp_path / "scan.tif.xmp").write_text("longer")
    (tmp_path / "scan.xmp").write_text("shorter")
    (tmp_path / "other.xmp").write_text("of another")
    assert {copy.name for _, copy in sidecars(str(source), str(target))} == {"scan-color.tif.xmp", "scan-color.xmp"}
    assert len(copy_sidecars(str(source), str(target))) == 2
    assert (target.parent / "scan-color.xmp").read_text() == "shorter"
    (target.parent / "scan-color.xmp").write_text("edited")
    assert copy_sidecars(str(source), str(target)) == []
    assert (target.parent / "scan-color.xmp").read_text() == "edited"
    assert len(copy_sidecars(str(source), str(target), overwrite=True)) == 2
    assert (target.parent / "scan-color.xmp").read_text() == "shorter"
    assert not [path for path in target.parent.iterdir() if path.name.startswith(".")]


def test_nothing_is_beside_a_stream_or_an_address(tmp_path: Path) -> None:
    assert list(sidecars("-", str(tmp_path / "a.jpg"))) == []
    assert list(sidecars("s3://bucket/a.jpg", "s3://bucket/b.jpg")) == []
