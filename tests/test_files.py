"""Files at addresses: how they are named, planned, fetched, put in place, and coloured on one machine."""

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pyarrow", reason="the extra urls is not installed")
import fsspec
from fsspec.implementations.local import LocalFileSystem

from conftest import RunCli
from tintype import Colorizer, InputError, OutputError, TintypeError
from tintype.batch.contact_sheet import write_sheet
from tintype.batch.manifest import FOLDER, MERGED, Manifest, read_manifest, record_for
from tintype.batch.run import Job, plan, run
from tintype.files import locations, stores
from tintype.files.atomic import replacing, sweep


@pytest.fixture(scope="module")
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, device="cpu", precision="f32", threads=1)


@pytest.fixture
def store() -> Iterator[fsspec.AbstractFileSystem]:
    """memory://, empty."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()


@pytest.fixture
def scans(store: fsspec.AbstractFileSystem, examples: list[Path]) -> str:
    """memory://scans/ with a.jpg, sub/b.jpg and what is to be left out."""
    data = examples[0].read_bytes()
    for name in ("a.jpg", "sub/b.jpg", "sub/old-color.jpg", ".hidden/c.jpg", "notes.txt"):
        store.pipe_file(f"/scans/{name}", data)
    return "memory://scans/"


def pairs(jobs: list[Job]) -> list[tuple[str, str | None]]:
    assert not [job.error for job in jobs if job.error]
    return [(job.source, job.target) for job in jobs]


def test_what_is_an_address(tmp_path: Path) -> None:
    assert locations.is_url("s3://scans/a.jpg")
    assert not any(map(locations.is_url, ("scans/a.jpg", "C:/x.jpg", "a:b.jpg", "-")))
    assert locations.plain("file:///my%20box/a.jpg") == "/my box/a.jpg"
    assert locations.plain((tmp_path / "a b").as_uri() + "/") == f"{tmp_path / 'a b'}/"
    assert str(locations.name_of("https://x.org/p/a%20b.jpg?size=3#here")) == "a b.jpg"
    assert str(locations.name_of("s3://bucket/what?.jpg")) == "what?.jpg"
    assert locations.name_of("s3://bucket.of.mine").suffix == ""


def test_a_folder_keeps_its_structure(scans: str) -> None:
    targets = ["memory://colour/a.jpg", "memory://colour/sub/b.jpg"]
    sources = ["memory://scans/a.jpg", "memory://scans/sub/b.jpg"]
    for output in ("memory://colour", "memory://colour/"):
        assert pairs(plan([scans], output)) == list(zip(sources, targets, strict=True))
    assert [job.target for job in plan([scans.rstrip("/")], "out")] == ["out/a.jpg", "out/sub/b.jpg"]
    assert [job.target for job in plan([scans])] == ["memory://scans/a-color.jpg", "memory://scans/sub/b-color.jpg"]
    assert [job.target for job in plan([scans], scans)] == [job.target for job in plan([scans])]
    assert [job.source for job in plan(["memory://scans/**/*.jpg"], "out")][-1] == "memory://scans/sub/old-color.jpg"
    assert pairs(plan(["memory://scans/a.jpg"], "memory://x/y.png")) == [("memory://scans/a.jpg", "memory://x/y.png")]
    [none] = plan(["memory://nothing/"], "out")
    assert "no pictures in this folder" in str(none.error)


def test_results_below_the_input_are_not_inputs(store: fsspec.AbstractFileSystem, scans: str) -> None:
    store.pipe_file("/scans/colour/a.jpg", b"earlier")
    assert [job.source for job in plan([scans], f"{scans}colour", overwrite=True)] == [
        "memory://scans/a.jpg",
        "memory://scans/sub/b.jpg",
    ]
    exists = plan([scans], f"{scans}colour")[0]
    assert exists.error == "memory://scans/colour/a.jpg: exists already; add --overwrite to replace it"


def test_a_list_keeps_whole_paths(tmp_path: Path, scans: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text(
        "# plates\nhttps://a.org/x/1.jpg\n\nhttps://a.org/get?id=7&as=jpg\nmemory://scans/a.jpg\n../up/b.tif\n"
    )
    assert pairs(plan(["@list.txt"], "out")) == [
        ("https://a.org/x/1.jpg", "out/a.org/x/1.jpg"),
        ("https://a.org/get?id=7&as=jpg", "out/a.org/get-id=7&as=jpg.png"),
        ("memory://scans/a.jpg", "out/scans/a.jpg"),
        ("../up/b.tif", "out/up/b.tif"),
    ]
    Path("empty.txt").write_text("# nothing\n")
    [empty] = plan(["@empty.txt"], "out")
    assert empty.error == "empty.txt: the list is empty"
    with pytest.raises(InputError, match="no such file"):
        plan(["@missing.txt"], "out")


def test_the_web_is_only_read(scans: str) -> None:
    assert "name a place with --output" in str(plan(["https://a.org/1.jpg"])[0].error)
    with pytest.raises(OutputError, match="nothing can be written to a web address"):
        plan([scans], "https://a.org/colour/")


def test_an_unknown_kind_of_address() -> None:
    with pytest.raises(TintypeError, match="no address of this kind"):
        plan(["nonsense://x/"], "out")


def test_written_whole_and_once(store: fsspec.AbstractFileSystem) -> None:
    stores.write("memory://x/a.bin", b"one", overwrite=False)
    with pytest.raises(OutputError, match="exists"):
        stores.write("memory://x/a.bin", b"two", overwrite=False)
    assert stores.read("memory://x/a.bin") == b"one"
    stores.write("memory://x/a.bin", b"three", overwrite=True)
    assert stores.size_of("memory://x/a.bin") == 5
    assert stores.size_of("memory://x/b.bin") is None


class Remote(LocalFileSystem):  # type: ignore[misc]
    """Stands for stores where a file is seen while it is being written, such as SFTP."""

    protocol = "remote"
    seen: list[str] = []  # noqa: RUF012

    def put_file(self, lpath: str, rpath: str, **options: object) -> None:
        self.seen.append(Path(rpath).name)
        shutil.copy(lpath, rpath)


def test_where_a_file_is_seen_while_written_it_is_renamed(tmp_path: Path) -> None:
    fsspec.register_implementation("remote", Remote, clobber=True)
    Remote.seen.clear()
    stores.write(f"remote://{tmp_path}/new/a.bin", b"one", overwrite=False)
    assert [name.startswith(".a.bin.") and name.endswith(".part") for name in Remote.seen] == [True]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.bin"]
    with pytest.raises(OutputError, match="exists"):
        stores.write(f"remote://{tmp_path}/new/a.bin", b"two", overwrite=False)


def test_the_same_bytes_as_from_a_file(
    store: fsspec.AbstractFileSystem, scans: str, examples: list[Path], colorizer: Colorizer, tmp_path: Path
) -> None:
    report = run(plan([scans], "memory://colour/"), colorizer)
    assert (report.coloured, report.failed) == (2, 0)
    expected = colorizer.colorize(examples[0]).encode()
    assert store.cat_file("/colour/a.jpg") == store.cat_file("/colour/sub/b.jpg") == expected
    assert report.results[0].bytes == len(expected)
    write_sheet(report, tmp_path / "sheet.html")
    assert (tmp_path / "sheet.html").read_text().count("data:image/jpeg") == 4


def test_errors_name_the_address(store: fsspec.AbstractFileSystem, scans: str, colorizer: Colorizer) -> None:
    store.pipe_file("/scans/bad.jpg", b"no picture")
    report = run(plan(["memory://scans/bad.jpg", "memory://scans/gone.jpg"], "memory://colour/"), colorizer)
    errors = [str(result.error) for result in report.results]
    assert errors[0].startswith("memory://scans/bad.jpg is not a picture")
    assert errors[1] == "memory://scans/gone.jpg: no such file"
    assert not store.exists("/colour/bad.jpg")


def test_a_large_tiff_is_streamed_through(
    store: fsspec.AbstractFileSystem, tmp_path: Path, colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype.colorizer.streaming.STREAMED_PIXELS", 10_000)
    Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (200, 1))).save(tmp_path / "large.tif")
    store.pipe_file("/scans/large.tif", (tmp_path / "large.tif").read_bytes())
    [result] = run(plan(["memory://scans/large.tif"], "memory://colour/"), colorizer).results
    assert (result.error, result.width, result.height) == (None, 200, 200)
    assert store.size("/colour/large.tif") == result.bytes


@pytest.fixture
def web(examples: list[Path]) -> Iterator[str]:
    """A web server with the examples."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(examples[0].parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_list_of_web_addresses(web: str, cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{web}/{examples[0].name}\n{web}/none.jpg\n")
    done = cli("colorize", "@list.txt", "-o", (tmp_path / "out").as_uri(), "--model", "tiny", "--json")
    assert done.returncode == 1
    first, second = json.loads(done.stdout)["results"]
    assert Path(first["target"]).stat().st_size == first["bytes"]
    assert second["error"] == f"{web}/none.jpg: no such file"


def manifest(folder: str) -> Manifest:
    return Manifest(folder, {"size": 64}, "f00d")


def test_a_run_cut_short_is_continued(
    store: fsspec.AbstractFileSystem, scans: str, colorizer: Colorizer, examples: list[Path]
) -> None:
    first = manifest("memory://colour/")
    jobs = plan([scans], "memory://colour/", journal=first)
    first.plan(jobs)
    run(jobs[:1], colorizer, journal=first)  # and then it is killed: nothing of what was done is noted
    again = manifest("memory://colour/")
    jobs = plan([scans], "memory://colour/", journal=again)
    assert [job.skipped for job in jobs] == [True, False]
    again.plan(jobs)
    report = run(jobs, colorizer, journal=again)
    again.finish()
    assert report.summary() == "1 coloured, 1 skipped, 0 failed"
    rows = read_manifest("memory://colour/").to_pylist()
    assert [(row["input"], row["status"], row["weights"]) for row in rows] == [
        ("memory://scans/a.jpg", "done", "f00d"),
        ("memory://scans/sub/b.jpg", "done", "f00d"),
    ]
    assert all(row["bytes"] == store.size(row["output"].removeprefix("memory:/")) for row in rows)
    assert store.exists(f"/colour/{MERGED}")

    # Done is what the manifest and the result prove: not a result of another length, source, or option.
    done = manifest("memory://colour/")
    assert [job.skipped for job in plan([scans], "memory://colour/", journal=done)] == [True, True]
    assert all(job.error for job in plan([scans], "memory://colour/", journal=Manifest("memory://colour/", {}, "")))
    assert not any(job.skipped for job in plan([scans], "memory://colour/", journal=done, overwrite=True))
    store.pipe_file("/colour/a.jpg", b"cut short")
    store.pipe_file("/scans/sub/b.jpg", examples[1].read_bytes())
    assert not any(job.skipped for job in plan([scans], "memory://colour/", journal=done))


def test_a_result_that_was_there_before_proves_nothing(store: fsspec.AbstractFileSystem, scans: str) -> None:
    store.pipe_file("/colour/a.jpg", b"somebody else's")
    first = manifest("memory://colour/")
    first.plan(plan([scans], "memory://colour/", journal=first, overwrite=True))  # and is killed at once
    again = plan([scans], "memory://colour/", journal=manifest("memory://colour/"))
    assert "exists already" in str(again[0].error)
    assert again[1].error is None


def test_what_keeps_record_of_a_run(tmp_path: Path, scans: str) -> None:
    def kind(inputs: list[str], output: str | None, cluster: bool = False) -> str:
        return type(record_for(inputs, output, {}, "", cluster=cluster)).__name__

    local = str(tmp_path / "out")
    assert kind([scans], local) == "Journal"
    assert kind([scans], "memory://colour/") == kind([scans], None) == "Manifest"
    assert kind(["memory://scans/a.jpg"], "memory://x/b.jpg") == "NoneType"
    assert kind([str(tmp_path)], local, cluster=True) == "Manifest"
    (tmp_path / "out" / FOLDER).mkdir(parents=True)
    assert kind([str(tmp_path)], local) == "Manifest"


def test_a_broken_part_of_a_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "part-0.parquet").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"part-0\.parquet: no part of a manifest"):
        read_manifest(str(tmp_path))


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with replacing(path) as partial:
        partial.write_text("first")
        assert not path.exists()

    def fail() -> None:
        with replacing(path) as partial:
            partial.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [(each.name, each.read_text()) for each in path.parent.iterdir()] == [("a.txt", "first")]


def test_what_a_killed_process_left_is_known_by_the_name_it_was_to_have(tmp_path: Path) -> None:
    path, other = tmp_path / "a[1]*.txt", tmp_path / "a1.txt"
    for each in (path, other):
        with replacing(each, durable=True) as partial:
            partial.write_text("half")
            partial.with_name(f".{each.name}.01234567.part").write_text("left")
    sweep(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".a1.txt.01234567.part", "a1.txt", "a[1]*.txt"]
