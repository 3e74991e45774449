"""What operators ask for: a site below a path, backups, telemetry to a collector, and stopping without a loss."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.serving import Site, Visitor, free_port, postgres, serving, stopping, until
from server.test_jobs import frames
from tintype.errors import InputError
from tintype.server.archive import back_up, bring_back
from tintype.server.database import Database
from tintype.server.settings import Settings
from tintype.server.storage import Storage

ROOT = "/old/photos"


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("below"), model="tiny", root_path=ROOT + "/") as site:
        yield site


@pytest.mark.parametrize("passed_on", [ROOT, ""], ids=["the proxy passes the path on", "the proxy takes it off"])
def test_every_address_below_a_path_leads_below_it(below: Site, photo: Path, passed_on: str) -> None:
    with Visitor(base_url=below.url + passed_on, timeout=60) as visitor:
        page = visitor.get("/photo/abc").text
        addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert addresses
        assert all(address.startswith(f"{ROOT}/") for address in addresses)
        assert f'name="tintype-root" content="{ROOT}"' in page
        for address in addresses:
            assert visitor.get(below.url + passed_on + address.removeprefix(ROOT)).status_code == 200, address
        answer = visitor.get("/api/session")
        assert f"Path={ROOT}/;" in answer.headers["set-cookie"]
        assert visitor.get("/openapi.json").json()["servers"] == [{"url": ROOT}]
        assert 'href="style.css"' in visitor.get("/docs").text
    with below.visitor() as visitor:  # a browser, which sees the whole path
        visitor.base_url = below.url + ROOT
        (picture,) = visitor.upload(photo)
        result = visitor.colorize(picture)
        job = visitor.job(kind="colorize", pictures=[picture["id"]])
        told = [value for one in (picture, result, job) for name, value in one.items() if name.endswith("_url")]
        assert len(told) == 7
        for address in told:
            assert address.startswith(f"{ROOT}/api/"), address
            assert httpx2.get(below.url + address, cookies=visitor.cookies).status_code == 200, address


def test_a_path_without_its_slash_is_led_to_the_one_with_it(below: Site) -> None:
    answer = httpx2.get(below.url + ROOT)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{ROOT}/")


def stored(settings: Settings) -> dict[str, bytes]:
    storage = Storage(settings.storage)
    return {key: storage.read(key) for key in list(storage.keys())}


def test_a_backup_brings_everything_back_even_into_another_kind_of_database(tmp_path: Path, photo: Path) -> None:
    with serving(tmp_path / "old", model="tiny", retention_hours=0) as site, site.visitor() as visitor:
        (picture,) = visitor.upload(photo)
        result = visitor.colorize(picture)
        link = visitor.post(f"/api/results/{result['id']}/links", json={"hours": 5}).json()
        coloured = visitor.get(result["file_url"]).content
        cookies, before = visitor.cookies, visitor.get(f"/api/pictures/{picture['id']}").json()
        archive = tmp_path / "backup.tar"  # while it runs
        made = back_up(Database(site.settings.database), Storage(site.settings.storage), archive)
        assert made.files == len(stored(site.settings)) > 2
        assert made.missing == 0
    with postgres(tmp_path) as database:
        given: dict[str, Any] = {"database_url": database, "queue_url": f"sqlite:///{tmp_path}/queue.db"}
        settings = Settings(folder=tmp_path / "new", **given)
        target = Database(settings.database)
        back = bring_back(target, Storage(settings.storage), archive)
        assert (back.rows, back.files) == (made.rows, made.files)
        with pytest.raises(InputError, match="empty"):
            bring_back(target, Storage(settings.storage), archive)
        target.close()
        assert stored(settings) == stored(Settings(folder=tmp_path / "old"))
        given |= {"model": "tiny", "retention_hours": 0}
        with serving(tmp_path / "new", **given) as site, site.visitor(cookies=cookies) as visitor:
            assert visitor.get(f"/api/pictures/{picture['id']}").json() == before
            assert visitor.get(result["file_url"]).content == coloured
            assert visitor.get(f"/api/links/{link['id']}").json()["expires"] == link["expires"]


def test_the_commands_back_up_and_restore(tmp_path: Path, photo: Path) -> None:
    with serving(tmp_path / "old", model="tiny") as site, site.visitor() as visitor:
        visitor.upload(photo)

    def tintype(folder: str, *words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"TINTYPE_FOLDER": str(tmp_path / folder)}
        command = [sys.executable, "-m", "tintype", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    archive = str(tmp_path / "all.tar")
    assert "2 files" in tintype("old", "backup", archive).stdout
    again = tintype("old", "backup", archive)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "there already" in again.stderr
    assert "2 files are back" in tintype("new", "restore", archive).stdout
    assert "1 pictures" in tintype("new", "users").stdout
    whole = Path(archive).read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole[: len(whole) // 2])
    failed = tintype("third", "restore", str(cut))
    assert failed.returncode == 1
    assert "not a whole backup" in failed.stderr


def test_a_tar_file_that_is_no_backup_touches_nothing(tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as archive:
        archive.addfile(tarfile.TarInfo("../../outside"))
    settings = Settings(folder=tmp_path / "site")
    with pytest.raises(InputError, match="no backup"):
        bring_back(Database(settings.database), Storage(settings.storage), evil)
    assert not (tmp_path.parent / "outside").exists()


class Collector:
    """A collector for OTLP over HTTP that keeps what comes."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.measures: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.take(self.path, body, self.headers.get("content-encoding", ""))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, path: str, body: bytes, encoding: str) -> None:
        import gzip

        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = gzip.decompress(body) if encoding == "gzip" else body
        if path == "/v1/traces":
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in group.scope_spans:
                    self.spans += scope.spans
        elif path == "/v1/metrics":
            for found in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for one in found.scope_metrics:
                    self.measures |= {measure.name for measure in one.metrics}


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, daemon=True)
    thread.start()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


def test_requests_and_jobs_are_traced_to_a_collector(tmp_path: Path, photo: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with collecting() as collector:
        with serving(tmp_path, model="tiny", otlp_url=collector.url) as site, site.visitor() as visitor:
            (picture,) = visitor.upload(photo)
            address = f"/api/pictures/{picture['id']}"
            visitor.get(address, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
            visitor.ended(visitor.job(kind="colorize", pictures=[picture["id"]]))
        found = {span.name: span for span in collector.spans}
    asked = found["GET /api/pictures/{picture_id}"]
    assert asked.trace_id.hex() == trace
    told = {one.key: one.value for one in asked.attributes}
    assert told["http.response.status_code"].int_value == 200
    assert told["http.route"].string_value == "/api/pictures/{picture_id}"
    assert "job colorize" in found
    assert {"http.server.request.duration", "tintype.colour.duration", "tintype.uploads", "tintype.jobs"} <= (
        collector.measures
    )
    assert "tintype_pictures_in_work" in collector.measures
    assert picture["id"] not in str(collector.spans)  # a trace names nobody's picture


@contextlib.contextmanager
def program(folder: Path, port: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    told = {"TINTYPE_FOLDER": str(folder), "TINTYPE_THREADS": "1", "TINTYPE_LEASE_SECONDS": "600"}
    command = [sys.executable, "-m", "tintype", "serve", "--port", str(port)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=os.environ | told, stdout=out, stderr=out)
    with stopping(process):
        until(lambda: _ready(port) or process.poll() is not None, 180)
        yield process


def _ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://localhost:{port}/ready", timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


def test_a_server_that_is_told_to_stop_hands_its_jobs_on_and_ends_its_streams(tmp_path: Path) -> None:
    """The lease lasts ten minutes: a job that was not handed on would not be finished in time."""
    port, log = free_port(), tmp_path / "log"
    with program(tmp_path / "site", port, log) as process, Visitor(base_url=f"http://localhost:{port}") as visitor:
        visitor.timeout = 60
        pictures = visitor.upload(*frames(12, 200))
        job = visitor.job(kind="colorize", pictures=[one["id"] for one in pictures], options={"size": 1024})
        told = b""
        with visitor.stream("GET", job["events_url"]) as stream:
            for piece in stream.iter_bytes():
                told += piece
                if re.search(rb'"done":[1-9]', told) and process.poll() is None:
                    process.send_signal(signal.SIGTERM)
        assert b"event: done" not in told  # the stream ended, and not because the job had
        assert process.wait(timeout=60) in (0, -signal.SIGTERM), log.read_text()  # as uvicorn ends
        cookies = visitor.cookies
    with (
        program(tmp_path / "site", port, log),
        Visitor(base_url=f"http://localhost:{port}", cookies=cookies) as visitor,
    ):
        visitor.timeout = 60
        ended = visitor.ended(job)
        assert ended["state"] == "done"
        assert ended["done"] == 12
        assert ended["attempts"] == 1
        assert len({one["result_id"] for one in ended["outcomes"]}) == 12
