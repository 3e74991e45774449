"""Models that are fetched: whole, cut off, wrong, by two at once; imported and deleted."""

import hashlib
import json
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import foreign_graphs
from tintype import OutputError, WeightsError
from tintype.cli import app
from tintype.network import trial
from tintype.network.catalogue import catalogue
from tintype.network.fetch import alone
from tintype.network.model_file import find_model, list_models
from tintype.network.network import Network
from tintype.network.openvino import OpenVino
from tintype.network.places import compiled_folder
from tintype.network.store import import_file, origin_of, pull, remove, wanted

PAD = 300_000  # bytes of a weight that nothing uses, so that a download has a middle


class Server(ThreadingHTTPServer):
    """Serves one file at /model.onnx, and remembers what it was asked for."""

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.ranges = data, []
        self.cut: list[int] = []  # bytes after which the next answers break off
        self.knows_ranges = True
        self.declared: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model.onnx"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path != "/model.onnx":
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        data = self.server.data[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(self.server.data) - 1}/{len(self.server.data)}")
        self.send_header("Content-Length", str(self.server.declared or len(data)))
        self.end_headers()
        self.wfile.write(data[: self.server.cut.pop(0)] if self.server.cut else data)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = foreign_graphs.ddcolor(tmp_path_factory.mktemp("made") / "made.onnx", padding=PAD)
    return path.read_bytes()


@pytest.fixture
def server(model: bytes) -> Iterator[Server]:
    with Server(model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINTYPE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*") if not path.name.endswith(".lock"))


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_whole_download_can_be_used_by_its_name(server: Server, folder: Path, model: bytes) -> None:
    found, origin = pull(wanted(server.url, hash_of(model), "mine"))
    assert found == find_model("mine")
    assert found.contract == "ddcolor"
    assert (folder / "mine.onnx").read_bytes() == model
    assert origin == origin_of("mine")
    assert origin.hash_was_known
    assert "mine" in [file.path.stem for file in list_models()]
    assert kept(folder) == ["mine.json", "mine.onnx"]
    assert remove("mine") == folder / "mine.onnx"
    assert kept(folder) == []
    with pytest.raises(WeightsError, match="not among the models"):
        remove("mine")


def test_the_second_start_reads_what_the_first_compiled(
    folder: Path, model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of models of the store; a file that lies elsewhere leaves nothing behind."""
    monkeypatch.setenv("TINTYPE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "made.onnx").write_bytes(model)
    grey = np.zeros((1, 1, 64, 64), np.float32)
    elsewhere = OpenVino(find_model(tmp_path / "made.onnx"), "f32", 1, 1)
    assert not elsewhere.from_cache
    assert not compiled_folder(hash_of(model)).exists()
    import_file(tmp_path / "made.onnx", "mine")
    first = Network(find_model("mine"), "cpu", "f32", threads=1).run(grey)["ab"]
    blobs = {path: path.stat().st_mtime_ns for path in compiled_folder(hash_of(model)).iterdir()}
    assert blobs
    engine = OpenVino(find_model("mine"), "f32", 1, 1)
    assert engine.from_cache
    assert np.array_equal(Network(find_model("mine"), "cpu", "f32", threads=1).run(grey)["ab"], first)
    assert {path: path.stat().st_mtime_ns for path in blobs} == blobs
    assert len(list(compiled_folder(hash_of(model)).iterdir())) == len(blobs)


def test_what_another_process_of_ours_has_tried_is_not_tried_again(
    folder: Path, model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster's workers take the driver's word for the very bytes that it sends."""
    monkeypatch.setenv("TINTYPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trial, "BELIEVED", {})
    monkeypatch.setattr(trial, "tried_in_process", lambda *_: pytest.fail("it was tried again"))
    (tmp_path / "made.onnx").write_bytes(model)
    trial.believe(hash_of(model), "ddcolor")
    assert find_model(tmp_path / "made.onnx").contract == "ddcolor"
    (tmp_path / "other.onnx").write_bytes(model + b"\x12\x01x")  # other bytes: another producer's name
    with pytest.raises(pytest.fail.Exception, match="tried again"):
        find_model(tmp_path / "other.onnx")


def test_one_that_is_cut_off_goes_on_where_it_was(server: Server, folder: Path, model: bytes) -> None:
    server.cut = [100_000]
    pull(wanted(server.url, name="mine"))  # by itself, while bytes come
    assert server.ranges == [None, "bytes=100000-"]
    assert (folder / "mine.onnx").read_bytes() == model


def test_one_that_was_given_up_goes_on_with_the_next_command(server: Server, folder: Path, model: bytes) -> None:
    server.cut = [100_000, 0]
    with pytest.raises(WeightsError, match="100,000 bytes are kept, the same command goes on"):
        pull(wanted(server.url, name="mine"))
    assert kept(folder) == [".mine.onnx.partial"]
    assert list_models()  # the part is no model
    pull(wanted(server.url, hash_of(model), "mine"))
    assert server.ranges[-1] == "bytes=100000-"
    assert (folder / "mine.onnx").read_bytes() == model


def test_a_server_without_ranges_is_asked_for_all_of_it(server: Server, folder: Path, model: bytes) -> None:
    server.cut, server.knows_ranges = [100_000], False
    pull(wanted(server.url, hash_of(model), "mine"))
    assert (folder / "mine.onnx").read_bytes() == model


def test_of_a_wrong_hash_nothing_is_kept(server: Server, folder: Path) -> None:
    with pytest.raises(WeightsError, match="it is not the file that was asked for, nothing is kept"):
        pull(wanted(server.url, "0" * 64, "mine"))
    assert kept(folder) == []


def test_of_a_wrong_size_nothing_is_kept(server: Server, folder: Path, model: bytes) -> None:
    from dataclasses import replace

    with pytest.raises(WeightsError, match=f"has {len(model):,} bytes, expected"):
        pull(replace(wanted(server.url, name="mine"), size=len(model) + 1))
    assert kept(folder) == []


def test_what_is_no_colouriser_is_not_kept(server: Server, folder: Path) -> None:
    server.data = b"<html>Please sign in</html>" * 100
    with pytest.raises(WeightsError, match="corrupt or not an ONNX file"):
        pull(wanted(server.url, name="mine"))
    assert kept(folder) == []


def test_an_address_with_nothing_at_it(server: Server, folder: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is nothing at this address \(HTTP 404\)"):
        pull(wanted(server.url.replace("model", "other"), name="mine"))
    assert kept(folder) == []
    server.shutdown()
    server.server_close()
    with pytest.raises(WeightsError, match="cannot be fetched"):
        pull(wanted(server.url, name="mine"))


def test_a_full_disk_is_said_and_leaves_nothing(server: Server, folder: Path) -> None:
    # A process may write files of 100,000 bytes at most: the system answers as a full disk does.
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100000, {resource.getrlimit(resource.RLIMIT_FSIZE)[1]}));"
        f"from tintype.network.store import pull, wanted; pull(wanted({server.url!r}, name='mine'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "OutputError" in done.stderr.splitlines()[-1]
    assert "cannot be written" in done.stderr.splitlines()[-1]
    assert kept(folder) == []


def test_two_at_once(server: Server, folder: Path) -> None:
    with alone(folder / "mine.onnx"), pytest.raises(OutputError, match="another process is fetching it"):
        pull(wanted(server.url, name="mine"))
    pull(wanted(server.url, name="mine"))
    assert kept(folder) == ["mine.json", "mine.onnx"]


@pytest.mark.parametrize("name", ["colorizer.pth", "pytorch_model.bin", "release.caffemodel"])
def test_a_pickle_is_never_fetched(name: str) -> None:
    with pytest.raises(WeightsError, match="never loaded here"):
        wanted(f"https://example.org/{name}")


def test_the_command_line_shows_the_licence_and_asks(server: Server, folder: Path, model: bytes) -> None:
    run = CliRunner().invoke
    done = run(app, ["models", "pull", "ddcolor-artistic"])
    assert done.exit_code == 1
    assert "the licence of ddcolor-artistic is to be agreed to; run again with --yes" in str(done.exception)
    assert "Apache-2.0" in done.output
    done = run(app, ["models", "pull", server.url, "--name", "mine", "--yes"])
    assert done.exit_code == 0, done.output
    assert f"this download has sha256 {hash_of(model)}" in done.output
    assert "is here already" in run(app, ["models", "pull", server.url, "--name", "mine"]).output
    assert run(app, ["models", "path", "mine"]).output.strip() == str(folder / "mine.onnx")
    assert run(app, ["models", "path"]).output.strip() == str(folder)
    shown = run(app, ["models"]).output
    assert "mine" in shown
    assert "ddcolor-artistic" in shown
    entries = json.loads(run(app, ["models", "--json"]).output)
    assert {"mine", "tint"} <= {entry["name"] for entry in entries if "path" in entry}
    assert run(app, ["models", "rm", "mine"]).exit_code == 0


def test_a_file_is_imported_under_a_name(tmp_path: Path, folder: Path) -> None:
    source = foreign_graphs.deoldify(tmp_path / "some file.onnx", white=255.0)
    assert import_file(source, "artistic").contract == "deoldify-255"
    assert find_model("artistic").info.hints == "spread"
    with pytest.raises(OutputError, match="there is a model of this name already"):
        import_file(source, "artistic")
    with pytest.raises(WeightsError, match="is no name for a model"):
        import_file(source, "../artistic")
    with pytest.raises(WeightsError, match="corrupt or not an ONNX file"):
        import_file(Path(__file__), "text")
    assert kept(folder) == ["artistic.json", "artistic.onnx"]


def test_the_catalogue_is_whole() -> None:
    entries = catalogue()
    assert {"ddcolor", "ddcolor-artistic", "deoldify-artistic", "zhang-siggraph17"} <= entries.keys()
    for entry in entries.values():
        assert entry.url.startswith("https://")
        assert entry.url.endswith(".onnx")
        assert entry.licence
        assert entry.authors
        assert entry.training_data
        assert entry.sha256 == "" or (len(entry.sha256) == 64 and int(entry.sha256, 16))
    hashes = [entry.sha256 for entry in entries.values() if entry.sha256]
    assert len(hashes) == len(set(hashes))
