"""What hostile clients send, and what they get."""

import io
import re
import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, noise
from server.serving import Site, Visitor, serving
from tintype.server.guard.door import Rate
from tintype.server.intake import display_name

TINY = file_bytes(Image.fromarray(np.full((8, 8), 77, np.uint8)), "PNG")


def bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that says it is ``side`` pixels square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(9_000_000), 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def zipped() -> bytes:
    target = io.BytesIO(file_bytes(Image.fromarray(noise(8, 8)), "JPEG"))
    target.seek(0, io.SEEK_END)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("run.sh", "echo no")
    return target.getvalue()


JPEG = file_bytes(Image.fromarray(noise(16, 16)), "JPEG")
HOSTILE = {
    "a bomb": (bomb(60_000), 413),
    "a bomb of bytes": (b"\x89PNG\r\n\x1a\n" + bytes(100), 415),
    "a picture and a script": (JPEG + b"<ScRiPt>alert(1)</script>", 415),
    "a picture and PHP": (JPEG + b"<?php system($_GET[0]); ?>", 415),
    "a picture and an archive": (zipped(), 415),
    "a page that says it is a GIF": (b"GIF89a/*<html>*/=1;alert(1)", 415),
    "a document": (b"%PDF-1.7\n" + JPEG, 415),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", 415),
    "half a picture": (JPEG[: len(JPEG) // 2], 415),
    "nothing": (b"", 415),
    "a film": (b"\x00\x00\x00\x18ftypisom" + bytes(100), 415),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_picture_is_refused_by_its_content(visitor: Visitor, what: str) -> None:
    data, status = HOSTILE[what]
    answer = visitor.post("/api/pictures", files={"files": ("holiday.jpg", data, "image/jpeg")})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "holiday.jpg" in answer.json()["detail"] or what == "nothing"


NAMES = ("../../etc/passwd", "..\\..\\win.ini", "/etc/shadow", "a\x00b.png", "<script>.png", "‮gpj.exe", "." * 300, "")
FORGED = (
    "../../../../etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "A" * 22,
    "A" * 21,
    "A" * 5000,
    "%00",
    "'; drop table x",
)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_only_ever_shown(visitor: Visitor, site_folder: Path, name: str) -> None:
    shown = display_name(name)
    assert not set(shown) & set('/\\<>"\x00‮')
    assert 0 < len(shown) <= 120
    if name:
        (picture,) = visitor.upload((name, TINY))
        assert picture["name"] == shown or "\x00" in name
        (stored,) = (site_folder / "pictures" / picture["id"]).glob("file*")
        assert stored.name == "file.png"
        assert "\n" not in visitor.get(picture["file_url"]).headers["content-disposition"]


@pytest.mark.parametrize("identity", FORGED)
def test_forged_identities_lead_nowhere(visitor: Visitor, identity: str) -> None:
    for before, after in (("api/pictures/", ""), ("api/results/", "/file"), ("api/ballots/", "/left"), ("", "")):
        url = f"/{before}{identity}{after}"
        assert visitor.get(url).status_code in (404, 422), url


def test_forged_sessions_are_nobody(site: Site, visitor: Visitor) -> None:
    (picture,) = visitor.upload(("a.png", TINY))
    stolen = dict(visitor.cookies)["tintype_session"]
    for cookie in ("", "x", stolen[:-1] + ("A" if stolen[-1] != "A" else "B"), stolen + "A", "A" * 43):
        with site.visitor(headers={"cookie": f"tintype_session={cookie}"}) as forger:
            assert forger.get(f"/api/pictures/{picture['id']}").status_code == 404
    made = visitor.get("/api/pictures").headers
    assert "set-cookie" not in made  # a session is given once
    with site.visitor() as fresh:
        flags = fresh.get("/api/session").headers["set-cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Strict" in flags


def test_every_answer_has_the_strict_headers(visitor: Visitor) -> None:
    (picture,) = visitor.upload(("a.png", TINY))
    for url in ("/", "/docs", "/api/pictures", "/api/nothing", picture["file_url"], "/health"):
        headers = visitor.get(url).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert "sandbox" in visitor.get(picture["file_url"]).headers["content-security-policy"]
    for url in ("/", "/docs"):
        assert not re.search(
            r"https?://(?!HOST)|<script|style=|onclick", visitor.get(url).text
        )  # nothing from elsewhere


def test_no_answer_tells_a_path_of_the_server(visitor: Visitor, site_folder: Path) -> None:
    answers = [
        visitor.post("/api/pictures", files={"files": ("x.jpg", b"broken")}).text,
        visitor.get("/api/capabilities").text,
        visitor.get("/api/models").text,
        visitor.get("/openapi.json").text,
        visitor.get("/ready").text,
        visitor.post("/api/jobs", json={"kind": "colorize", "pictures": ["A" * 22]}).text,
        visitor.get("/api/capabilities", params={"model": "/etc/passwd"}).text,
    ]
    for text in answers:
        assert str(site_folder.parent) not in text
        assert "site-packages" not in text
        assert "/src/tintype" not in text


def test_other_sites_may_change_nothing(visitor: Visitor) -> None:
    elsewhere = ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"})
    for headers in elsewhere:
        assert visitor.post("/api/pictures", files={"files": ("a.png", TINY)}, headers=headers).status_code == 403
    own = {"origin": str(visitor.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert visitor.post("/api/pictures", files={"files": ("a.png", TINY)}, headers=own).status_code == 201
    assert visitor.get("/api/pictures", headers={"host": "evil.example"}).status_code == 403  # DNS rebinding


def raw(site: Site, data: bytes, *, wait: float = 10) -> bytes:
    """Send bytes, and return all that comes until the server closes or ``wait`` seconds pass."""
    address = site.url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((address[0], int(address[1])), timeout=wait) as sock:
        try:
            sock.sendall(data)
            while piece := sock.recv(65536):
                answer += piece
        except (ConnectionError, TimeoutError):
            pass
    return answer


def test_ten_thousand_headers(site: Site) -> None:
    many = b"".join(b"x-%d: y\r\n" % number for number in range(10_000))
    answer = raw(site, b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n" + many + b"\r\n", wait=5)
    assert b" 200 " not in answer[:20]
    assert answer[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"")
    few = b"".join(b"x-%d: y\r\n" % number for number in range(200))
    answer = raw(site, b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n" + few + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431")


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
        assert visitor.get("/api/session").json() == {"token_needed": True, "allowed": False}
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
    from concurrent.futures import ThreadPoolExecutor

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
    from server.serving import until

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
