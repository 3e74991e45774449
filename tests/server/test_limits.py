"""Limits of size, number, time and rate, and the token: each beside a server that has tight ones."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, noise
from server.serving import Site, Visitor, raw, serving, until
from tintype.server.guard.rate import Rate

TINY = file_bytes(Image.fromarray(np.full((8, 8), 77, np.uint8)), "PNG")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with tight limits and a token."""
    with serving(
        tmp_path_factory.mktemp("strict"), model="tiny", workers=0, token="sesame,other", max_bytes=20_000, max_files=2,
        max_pixels=10_000, idle_seconds=1, upload_seconds=3, quota_bytes=1_000, max_size=128,
    ) as site:  # fmt: skip
        yield site


@pytest.fixture
def trusted(strict: Site) -> Iterator[Visitor]:
    with strict.visitor(headers={"authorization": "Bearer sesame"}) as somebody:
        yield somebody


def test_without_the_token_nothing_works_but_asking_for_it(strict: Site) -> None:
    with strict.visitor() as visitor:
        for url in ("/api/pictures", "/api/capabilities", "/metrics", "/openapi.json", "/docs"):
            answer = visitor.get(url)
            assert answer.status_code == 401, url
            assert answer.headers["www-authenticate"] == "Bearer"
        session = visitor.get("/api/session").json()
        assert session["token_needed"]
        assert not session["allowed"]
        assert not session["admin"]
        assert session["user"] is None
        assert visitor.get("/health").status_code == 200
        assert visitor.post("/api/session", json={"token": "wrong"}).status_code == 401
        assert visitor.get("/api/pictures", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert visitor.post("/api/session", json={"token": "other"}).json()["allowed"]
        assert visitor.get("/api/pictures").status_code == 200  # the session remembers
        passed = dict(visitor.cookies)["tintype_token"]
    with strict.visitor() as thief:
        thief.get("/api/session")
        thief.cookies.set("tintype_token", passed)
        assert thief.get("/api/pictures").status_code == 401  # of no use with another session


def test_limits_of_size(trusted: Visitor) -> None:
    def send(*sizes: tuple[int, int], files: int = 1) -> int:
        data = [file_bytes(Image.fromarray(noise(h, w)), "PNG") for h, w in sizes]
        return trusted.post("/api/pictures", files=[("files", ("a.png", one)) for one in data * files]).status_code

    assert send((10, 10)) == 201
    assert send((150, 150)) == 413  # bytes
    assert send((4, 4), files=3) == 413  # files
    flat = file_bytes(Image.fromarray(np.zeros((101, 100), np.uint8)), "PNG")
    assert trusted.post("/api/pictures", files={"files": ("a.png", flat)}).status_code == 413  # pixels
    assert trusted.post("/api/session", content=b" " * 1_100_000).status_code == 413
    assert send((30, 30)) == 413  # the quota


def test_a_length_that_is_too_large_is_refused_before_anything_comes(strict: Site) -> None:
    head = b"POST /api/pictures HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sesame\r\n"
    assert raw(strict, head + b"content-length: 9000000000\r\n\r\n", wait=2).startswith(b"HTTP/1.1 413")


def test_the_working_size_is_limited(trusted: Visitor) -> None:
    answer = trusted.post(f"/api/pictures/{'A' * 22}/predict", json={"size": 256})
    assert answer.status_code == 422
    assert "128" in answer.json()["detail"]


def test_slow_senders_are_cut_off(strict: Site) -> None:
    started = time.monotonic()
    assert raw(strict, b"GET / HT") == b""  # no whole head
    head = b"POST /api/pictures HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sesame\r\n"
    body = b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 500\r\n\r\n--x\r\n"
    assert raw(strict, head + body, wait=4).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started < 20


def test_a_dripping_sender_is_cut_off_too(strict: Site) -> None:
    host, port = strict.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=15) as sock:
        sock.sendall(b"POST /api/pictures HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sesame\r\n")
        sock.sendall(b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 5000\r\n\r\n--x\r\n")
        answer = b""
        for _ in range(40):  # a byte now and then, never silent for a whole second
            try:
                sock.sendall(b"y")
                sock.settimeout(0.25)
                answer = sock.recv(4096)
                break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert answer.startswith(b"HTTP/1.1 408")


def test_the_rate_of_each_client_is_limited(tmp_path: Path) -> None:
    with serving(tmp_path, model="tiny", workers=0, requests_per_minute=60, burst=5) as site, site.visitor() as visitor:
        statuses = [visitor.get("/api/session").status_code for _ in range(12)]
        assert statuses[:5] == [200] * 5
        assert 429 in statuses
        answer = visitor.get("/api/session")
        while answer.status_code != 429:
            answer = visitor.get("/api/session")
        assert int(answer.headers["retry-after"]) >= 1
        assert visitor.get("/health").status_code == 200


def test_a_bucket_fills_again() -> None:
    rate = Rate(per_minute=60, burst=2, clients=2)
    assert [rate.wait("a", 0.0), rate.wait("a", 0.0)] == [0, 0]
    assert rate.wait("a", 0.0) == pytest.approx(1)
    assert rate.wait("a", 1.0) == 0
    for number in range(100):
        rate.wait(f"client {number}", 1.0)
    assert len(rate._buckets) == 2


def test_too_many_at_once_are_told_to_come_back(tmp_path: Path) -> None:
    big = file_bytes(Image.fromarray(noise(1500, 1500)), "PNG")
    with serving(tmp_path, model="tiny", workers=0, slots=1, waiting=1) as site:

        def send(_: int) -> tuple[int, str | None]:
            with site.visitor() as visitor:
                answer = visitor.post("/api/pictures", files={"files": ("a.png", big)})
            return answer.status_code, answer.headers.get("retry-after")

        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(send, range(12)))
        assert {status for status, _ in answers} == {201, 429}
        assert all(wait is not None for status, wait in answers if status == 429)
        with site.visitor() as visitor:  # and it is well afterwards
            assert visitor.upload(("a.png", TINY))
            assert visitor.get("/ready").status_code == 200


def test_what_is_too_old_is_deleted(tmp_path: Path) -> None:
    with (
        serving(tmp_path, model="tiny", workers=0, retention_hours=0.0005, cleanup_seconds=0.3) as site,
        site.visitor() as visitor,
    ):
        (picture,) = visitor.upload(("a.png", TINY))
        assert picture["expires"] is not None
        folder = tmp_path / "pictures" / "pictures" / picture["id"]
        assert folder.is_dir()
        until(lambda: not folder.exists())
        assert visitor.get(f"/api/pictures/{picture['id']}").status_code == 404
