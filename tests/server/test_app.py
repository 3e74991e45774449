"""The rest of the server: the page, its command, other stores and queues, health, and what an import costs."""

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from alembic import command
from fastapi import FastAPI
from starlette.testclient import TestClient

from server.serving import Site, Visitor, postgres, serving, stopping
from server.test_jobs import frames
from tintype.errors import MissingExtra, TintypeError
from tintype.server import page
from tintype.server.database import Database, alembic_config
from tintype.server.gate import ConcurrencyLimiter
from tintype.server.model_registry import ModelRegistry
from tintype.server.problems import ProblemError, public_text
from tintype.server.run import listen
from tintype.server.settings import Settings, load_settings
from tintype.server.storage import Storage


def test_until_the_page_is_built_a_small_one_says_so(tmp_path: Path) -> None:
    app = FastAPI(docs_url=None)
    page.install(app, tmp_path)
    client = TestClient(app)
    assert "was not built" in client.get("/").text
    assert 'href="docs"' in client.get("/").text  # from here, so that it holds below a path, too


def test_the_built_page_is_served_and_nothing_beside_it(tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>the page")
    (static / "assets" / "index-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    app = FastAPI(docs_url=None)
    page.install(app, static)
    client = TestClient(app, raise_server_exceptions=False)
    for address in ("/", "/gallery", "/compare/abc"):  # addresses inside the page
        assert client.get(address).text == "<!doctype html>the page"
    script = client.get("/assets/index-1a2b.js")
    assert "immutable" in script.headers["cache-control"]
    assert "javascript" in script.headers["content-type"]
    for address in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/nothing.js"):
        assert "secret" not in client.get(address).text
    assert client.get("/nothing.js").status_code >= 400


def test_health_readiness_and_metrics(visitor: Visitor) -> None:
    assert visitor.get("/health").json()["status"] == "alive"
    checks = visitor.get("/ready").json()["checks"]
    assert checks == {"model": "ok", "database": "ok", "storage": "ok"}
    text = visitor.get("/metrics").text
    assert re.search(r'tintype_requests_total\{method="GET",route="/ready",status="200"\} [1-9]', text)


@pytest.mark.seed("S1-30")
def test_a_model_is_loaded_once_whoever_asks(tmp_path: Path) -> None:
    registry = ModelRegistry(Settings(folder=tmp_path))
    registry.warm()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(registry.get, [None, "tint"] * 4))
    assert all(colorizer is found[0] for colorizer in found)


def test_addresses_that_are_not_there_are_problems(visitor: Visitor) -> None:
    for method, url, status in (
        ("GET", "/api/nothing", 404),
        ("PUT", "/api/pictures", 405),
        ("GET", "/nothing.js", 404),
    ):
        answer = visitor.request(method, url)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), url


def test_the_command_serves_and_stops(tmp_path: Path) -> None:
    environment = os.environ | {"TINTYPE_FOLDER": str(tmp_path), "TINTYPE_LOG_FORMAT": "json", "TINTYPE_THREADS": "1"}
    start = [sys.executable, "-m", "tintype", "serve", "--port", "0"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with stopping(subprocess.Popen(start, env=environment, **pipes)) as process:
        assert process.stdout is not None
        found = re.search(r"http://localhost:(\d+)/", process.stdout.readline())
        assert found is not None
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=8), timeout=60) as client:
            assert client.get(f"http://127.0.0.1:{found[1]}/ready").status_code == 200
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    assert '"event": "ready"' in log


def test_settings_are_checked_and_a_taken_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINTYPE_PORT", "many")
    with pytest.raises(TintypeError, match=r"^TINTYPE_PORT: .* docs/settings.md"):
        load_settings()
    monkeypatch.setenv("TINTYPE_PORT", "")
    assert load_settings(host=None).port == 8000
    sock = listen("127.0.0.1", 0)
    sock.listen()
    with pytest.raises(TintypeError, match="cannot listen"):
        listen("127.0.0.1", sock.getsockname()[1])
    sock.close()


def test_another_store_than_a_folder(tmp_path: Path, photo: Path) -> None:
    with (
        serving(tmp_path, model="tiny", workers=0, storage_url="memory://tintype-test") as site,
        site.visitor() as visitor,
    ):
        (picture,) = visitor.upload(photo)
        result = visitor.colorize(picture)
        whole = photo.read_bytes()
        assert visitor.get(picture["file_url"]).content == whole
        for asked, wanted in (("0-99", whole[:100]), ("-7", whole[-7:]), (f"{len(whole) - 5}-", whole[-5:])):
            part = visitor.get(picture["file_url"], headers={"range": f"bytes={asked}"})
            assert (part.status_code, part.content) == (206, wanted)
            assert part.headers["content-range"].endswith(f"/{len(whole)}")
        beyond = visitor.get(picture["file_url"], headers={"range": f"bytes={len(whole)}-"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
        for odd in ("bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=-"):
            assert visitor.get(picture["file_url"], headers={"range": odd}).content == whole
        assert len(visitor.get(result["file_url"]).content) == result["bytes"]
        assert visitor.delete(f"/api/pictures/{picture['id']}").status_code == 200
        assert visitor.get(picture["file_url"]).status_code == 404
    assert not (tmp_path / "pictures").exists()


def test_keys_cannot_leave_their_place(tmp_path: Path) -> None:
    storage = Storage(f"file://{tmp_path}/store")
    for key in ("../x", "a/../../x", "/etc/passwd", "a//b", "", "a/./b", "a\\..\\b"):
        with pytest.raises(ValueError, match="not a key"):
            storage.write(key, b"x")


def test_jobs_over_postgres_alone(tmp_path: Path) -> None:
    """The queue of a server with PostgreSQL and no Redis: messages lie in the same database."""
    with (
        postgres(tmp_path) as address,
        serving(tmp_path, model="tiny", database_url=address) as site,
        site.visitor() as visitor,
    ):
        pictures = visitor.upload(*frames(2))
        job = visitor.job(kind="colorize", pictures=[one["id"] for one in pictures], options={"size": 64})
        assert visitor.ended(job)["state"] == "done"
        assert not (tmp_path / "queue.db").exists()
        assert not (tmp_path / "tintype.db").exists()


def test_migrations_make_the_tables_that_the_code_has(site: Site) -> None:
    database = Database(site.settings.database)
    with database.engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)
    database.close()


def test_an_extra_is_named_where_it_is_missing_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TintypeError) as wrong:
        Storage("nowhere://bucket")
    assert "pip install" not in str(wrong.value)
    with pytest.raises(TintypeError) as wrong:
        Database("nonsense://user@host/x")
    assert "pip install" not in str(wrong.value)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"TINTYPE_DATABASE_URL .* pip install 'tintype\[postgres\]'"):
        Database("postgresql+psycopg://user@host/x")
    monkeypatch.setitem(sys.modules, "gcsfs", None)  # fsspec keeps a kind that it has once opened, as s3 may be
    with pytest.raises(MissingExtra, match=r"TINTYPE_STORAGE_URL: .* pip install 'tintype\[urls,gcs\]'"):
        Storage("gs://bucket/prefix")


def test_wrong_addresses_are_said_without_their_passwords(tmp_path: Path) -> None:
    from tintype.server.jobs.queue import JobQueue

    with pytest.raises(TintypeError, match="TINTYPE_DATABASE_URL") as wrong:
        Database("nonsense://user:hunter2@host/x")
    assert "hunter2" not in str(wrong.value)
    with pytest.raises(TintypeError, match="TINTYPE_QUEUE_URL") as wrong:
        JobQueue("redis://:hunter2@127.0.0.1:1/0")
    assert "hunter2" not in str(wrong.value)
    with pytest.raises(TintypeError, match="TINTYPE_STORAGE_URL"):
        Storage("nowhere://bucket")
    with pytest.raises(TintypeError, match="known are postgresql and sqlite") as wrong:
        Database("mssql+pymssql://user:hunter2@host/x")
    assert "hunter2" not in str(wrong.value)
    assert "hunter2" not in repr(Settings(database_url="postgresql://u:hunter2@h/d", folder=tmp_path))  # type: ignore[arg-type]


def test_a_gate_lets_so_many_in() -> None:
    gate = ConcurrencyLimiter(slots=1, waiting=0, seconds=0.05)
    with gate.pass_through(), pytest.raises(ProblemError) as refused, gate.pass_through():
        pass
    assert refused.value.status == 429
    with gate.pass_through():
        assert gate.inside == 1
    assert gate.inside == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/srv/data/models/tint.onnx: corrupt", "tint.onnx: corrupt"),
        ("cannot open /home/ann/photos/x.jpg now", "cannot open x.jpg now"),
        (r"C:\Users\Ann\x.onnx is missing", "x.onnx is missing"),
        ("a/b is 3/4", "a/b is 3/4"),
    ],
)
def test_messages_lose_their_paths(text: str, wanted: str) -> None:
    assert public_text(text) == wanted


def test_the_server_needs_no_torch_and_help_needs_no_server() -> None:
    report = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    def loaded(code: str) -> set[str]:
        run: Any = subprocess.run(
            [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
        )
        return set(run.stdout.split())

    assert not loaded("import tintype.server.run, tintype.server.app") & {"torch", "cv2", "onnx", "scipy"}
    assert not loaded("import tintype.cli.serve, tintype.cli.worker, tintype.cli.arena") & {"fastapi", "sqlalchemy"}
