"""What a film on a cluster leaves behind between its tasks: parts beside the result, copies on each machine."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

from little_films import make, scene
from tintype import Colorizer, InputError
from tintype.batch.job import Job
from tintype.batch.manifest import Manifest
from tintype.batch.plan import Listing, plan
from tintype.cluster.film_cache import fetched, forget, scratch
from tintype.cluster.film_parts import Division, SpanStore, divided, folder_of, gathered, keep
from tintype.files import stores
from tintype.video import FilmOptions, Progress, colorize_film
from tintype.video.codecs import Packet
from tintype.video.film import FilmRun
from tintype.video.parts import PartInfo, write_packet
from tintype.video.plan import checked, split
from tintype.video.reader import FilmReader
from tintype.video.spans import Span, find_spans

SPANS = (Span(0, ((0, 10), (1, 11), (2, 12), (3, 13))), Span(1, ((4, 14), (5, 15))))


@pytest.fixture(params=["memory", "disk"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a film is to go."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield "memory://out/reel.mp4" if request.param == "memory" else str(tmp_path / "out" / "reel.mp4")
    memory.store.clear()


def add_part(store: SpanStore, span: Span, first: int, frames: int) -> None:
    """Two frames, say, as one part, each packet telling its timestamp; with a state unless the span ends."""
    known = span.known[first : first + frames]
    with store.begin() as file:
        for pts, _ in known:
            write_packet(file, Packet(pts, pts == known[0][0], f"frame {pts}".encode()))
    part = PartInfo(len(store.parts), frames, 1, not first, known[0][0], known[-1][0], 1, known[-1][1], b"header")
    ends = first + frames == span.frames
    store.finish(part, {} if ends else {"ab": np.full((2, 2), first, np.float32)})


def test_parts_are_found_by_the_next_worker_and_joined_in_order(target: str, tmp_path: Path) -> None:
    def folder(name: str) -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name

    store = SpanStore(folder("a"), target, SPANS[0])
    add_part(store, SPANS[0], 0, 2)
    following = SpanStore(folder("b"), target, SPANS[0])
    assert (following.frames, following.state()["ab"][0, 0]) == (2, 0)
    with pytest.raises(InputError, match="have gone"):
        gathered(folder("c"), target, SPANS)
    add_part(following, SPANS[0], 2, 2)
    add_part(SpanStore(folder("d"), target, SPANS[1]), SPANS[1], 0, 2)
    whole = gathered(folder("e"), target, SPANS)
    assert [packet.data for packet in whole.packets()] == [f"frame {n}".encode() for n in range(6)]
    assert [(part.number, part.first_pts, part.new_scene) for part in whole.parts] == [
        (0, 0, True), (1, 2, False), (2, 4, True),
    ]  # fmt: skip
    other = Span(0, ((0, 10), (1, 99), (2, 12), (3, 13)))
    assert SpanStore(folder("f"), target, other).frames == 4  # it ends as known
    assert SpanStore(folder("g"), target, Span(0, ((0, 10), (1, 11), (2, 12), (3, 99)))).frames == 0


def test_a_division_holds_for_the_same_question(target: str, tmp_path: Path) -> None:
    assert divided(target, {"model": "a", "versions": ("1", "2")}, fresh=False) is None
    add_part(SpanStore(tmp_path, target, SPANS[1]), SPANS[1], 0, 2)
    identity = {"model": "a", "versions": ("1", "2")}
    assert divided(target, identity, fresh=False) is None  # cut short while it was looked through: parts stay
    assert "00001/000000.json" in stores.names_in(folder_of(target))
    keep(target, identity, Division(SPANS, ("a note",)))
    assert divided(target, identity, fresh=False) == Division(SPANS, ("a note",))
    assert divided(target, identity | {"model": "b"}, fresh=False) is None
    assert stores.names_in(folder_of(target)) == ["film.json"]
    keep(target, identity, Division(SPANS, ()))
    assert divided(target, identity, fresh=True) is None
    stores.remove_folder(folder_of(target))
    assert stores.names_in(folder_of(target)) == []
    stores.remove_folder(folder_of(target))  # nothing there: nothing done


def test_a_film_is_fetched_once_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    make(tmp_path / "reel.mp4", scene(48, 64, 3))
    address = f"local://{tmp_path}/reel.mp4"
    near = fetched(address, "stamp")
    assert near != str(tmp_path / "reel.mp4")
    assert Path(near).name == "reel.mp4"
    (tmp_path / "reel.mp4").unlink()
    assert fetched(address, "stamp") == near
    assert Path(near).parent.parent.stat().st_mode & 0o077 == 0
    with pytest.raises(InputError, match="no such file"):
        fetched(address, "another version")
    old = Path(near).parent
    os.utime(old, (0, 0))
    with scratch() as folder:  # whoever works there tidies up what was forgotten long ago
        assert not old.exists()
    assert not folder.exists()
    forget(address, "stamp")
    assert fetched("reel.mp4", "") == "reel.mp4"
    forget("reel.mp4", "")


def test_films_at_addresses_are_known_by_their_suffix() -> None:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name in ("a.mp4", "box/b.MPG", "box/c.jpg", "box/d-color.mp4", ".hidden/e.mp4", "out/f.mp4", "g.mpg", "g.mkv"):
        memory.pipe_file(f"/vault/{name}", b"x")
    jobs, rest = split(["memory://vault/"], "memory://vault/out", listing=Listing())
    assert rest == ["memory://vault/"]
    assert [(job.source, job.target) for job in jobs if job.error is None] == [
        ("memory://vault/a.mp4", "memory://vault/out/a.mp4"),
        ("memory://vault/box/b.MPG", "memory://vault/out/box/b.mkv"),
        ("memory://vault/g.mkv", "memory://vault/out/g.mkv"),
    ]
    assert [job.error for job in jobs if job.error] == [
        "memory://vault/g.mpg: its result would be memory://vault/out/g.mkv, as that of memory://vault/g.mkv"
    ]
    beside, rest = split(["memory://vault/*.mp4", "memory://vault/box/c.jpg"], None, listing=Listing())
    assert [job.target for job in beside] == ["memory://vault/a-color.mp4"]
    assert rest == ["memory://vault/box/c.jpg"]
    memory.pipe_file("/lists/both.txt", b"memory://vault/a.mp4\nmemory://vault/box/c.jpg\nmemory://vault/box/\n")
    listed, rest = split(["@memory://lists/both.txt"], "out", listing=Listing())
    assert [job.target for job in listed] == [os.path.join("out", "vault", "a.mp4"), os.path.join("out", "b.mkv")]
    jobs = plan(rest, "out", leave={job.source for job in listed})
    assert [(job.source, job.error) for job in jobs] == [("memory://vault/box/c.jpg", None)]
    assert split(["memory://vault/"], "out") == ([], ["memory://vault/"])  # this machine alone leaves addresses
    [job], _ = split(["https://example.invalid/a.png", "film.mp4"], "memory://out/", listing=None)
    assert "--engine ray" in (job.error or "")
    memory.store.clear()


def test_a_film_is_skipped_for_the_same_options(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(b"film")
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "in.mp4"
    job = Job(str(tmp_path / "in.mp4"), str(target))
    record = Manifest(str(tmp_path / "out"), {"size": None}, "weights")
    [planned] = checked([job], record=record, also="crf 20")
    record.plan([planned])
    target.write_bytes(b"coloured")
    again = Manifest(str(tmp_path / "out"), {"size": None}, "weights")
    assert [one.skipped for one in checked([job], record=again, also="crf 20")] == [True]
    [refused] = checked([job], record=again, also="crf 30")
    assert "exists already" in (refused.error or "")
    [replaced] = checked([job], record=again, also="crf 30", overwrite=True)
    assert replaced.replaces
    assert not replaced.skipped


def test_a_scene_goes_on_in_another_worker_where_the_last_part_ended(tmp_path: Path, model_path: Path) -> None:
    make(tmp_path / "in.mp4", scene(48, 64, 60, seed=1))
    colorizer = Colorizer(model_path, device="cpu", precision="f32", threads=1)
    options, source = FilmOptions(part_frames=10, every=5), str(tmp_path / "in.mp4")
    colorize_film(source, str(tmp_path / "whole.mp4"), colorizer, options)
    [span] = find_spans(FilmReader(source).frames(), FilmReader(source).info, options)
    target = str(tmp_path / "out.mp4")

    def stop(progress: Progress) -> None:
        if progress.frames >= 35:
            raise InterruptedError

    for number, tell in enumerate((stop, lambda progress: None)):
        (tmp_path / f"worker {number}").mkdir()
        store = SpanStore(tmp_path / f"worker {number}", target, span)
        assert store.frames == (0, 30)[number]
        run = FilmRun(source, Path(target), colorizer, options, store=store, progress=tell)
        with pytest.raises(InterruptedError) if tell is stop else contextlib.nullcontext():
            run.colour(run.reader.frames_known(span.known[store.frames :]))
    (tmp_path / "joining").mkdir()
    store = gathered(tmp_path / "joining", target, (span,))
    FilmRun(source, Path(target), colorizer, options, store=store).join([])
    assert Path(target).read_bytes() == (tmp_path / "whole.mp4").read_bytes()
