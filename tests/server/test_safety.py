"""What hostile clients send, and what they get."""

import io
import re
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, noise
from server.serving import Site, Visitor, raw
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


@pytest.mark.seed("S1-31")
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
def test_names_are_only_ever_shown(site: Site, visitor: Visitor, name: str) -> None:
    shown = display_name(name)
    assert not set(shown) & set('/\\<>"\x00‮')
    assert 0 < len(shown) <= 120
    if name:
        (picture,) = visitor.upload((name, TINY))
        assert picture["name"] == shown or "\x00" in name
        kept = [key for key in site.stored() if key.startswith(f"pictures/{picture['id']}/file")]
        assert kept == [f"pictures/{picture['id']}/file.png"]
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
            r"https?://(?!HOST)|<script(?![^>]* src=\"/)|<style|style=|onclick", visitor.get(url).text
        )  # nothing from elsewhere, nothing inline


def test_no_answer_tells_a_path_of_the_server(site: Site, visitor: Visitor) -> None:
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
        assert str(site.settings.folder) not in text
        assert "site-packages" not in text
        assert "/src/tintype" not in text


def test_other_sites_may_change_nothing(visitor: Visitor) -> None:
    elsewhere = ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"})
    for headers in elsewhere:
        assert visitor.post("/api/pictures", files={"files": ("a.png", TINY)}, headers=headers).status_code == 403
    own = {"origin": str(visitor.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert visitor.post("/api/pictures", files={"files": ("a.png", TINY)}, headers=own).status_code == 201
    assert visitor.get("/api/pictures", headers={"host": "evil.example"}).status_code == 403  # DNS rebinding
    assert visitor.get("/ready", headers={"host": "10.0.0.7:8000"}).status_code == 200  # a health check knows no name


def test_ten_thousand_headers(site: Site) -> None:
    many = b"".join(b"x-%d: y\r\n" % number for number in range(10_000))
    answer = raw(site, b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n" + many + b"\r\n", wait=5)
    assert b" 200 " not in answer[:20]
    assert answer[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"")
    few = b"".join(b"x-%d: y\r\n" % number for number in range(200))
    answer = raw(site, b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n" + few + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431")
