"""Uploads that go on where they stopped, by the protocol tus 1.0.0."""

import base64
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from server.serving import Site, Visitor, serving, until
from tintype.server.services import Services
from tintype.server.storage import Storage
from tintype.server.tables import OpenUpload, now
from tintype.server.uploads import forget_uploads

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}


def begin(visitor: Visitor, length: int, **known: str) -> Any:
    told = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in known.items())
    return visitor.post("/api/uploads", headers=TUS | {"Upload-Length": str(length), "Upload-Metadata": told})


def send(visitor: Visitor, address: str, offset: int, data: bytes) -> Any:
    return visitor.patch(address, content=data, headers=PIECE | {"Upload-Offset": str(offset)})


def come(visitor: Visitor, address: str) -> int:
    return int(visitor.head(address, headers=TUS).headers["upload-offset"])


def test_a_photo_in_pieces_is_the_photo(site: Site, visitor: Visitor, stranger: Visitor, photo: Path) -> None:
    data = photo.read_bytes()
    begun = begin(visitor, len(data), filename="Großmutter.jpg")
    assert begun.status_code == 201, begun.text
    assert begun.headers["tus-resumable"] == "1.0.0"
    address = begun.headers["location"]
    assert visitor.head(address, headers=TUS).headers["upload-length"] == str(len(data))
    half = len(data) // 2
    first = send(visitor, address, 0, data[:half])
    assert first.status_code == 204
    assert first.headers["upload-offset"] == str(half)
    assert "upload-expires" in first.headers
    assert send(visitor, address, 0, data[:half]).status_code == 409, "it has come already"
    early = visitor.post(f"{address}/picture")
    assert early.status_code == 409
    assert f"{half:,} of {len(data):,} bytes" in early.json()["detail"]
    assert stranger.head(address, headers=TUS).status_code == 404
    assert send(stranger, address, half, data[half:]).status_code == 404
    assert send(visitor, address, half, data[half:]).status_code == 204
    made = visitor.post(f"{address}/picture")
    assert made.status_code == 201, made.text
    assert made.json()["name"] == "Großmutter.jpg"
    assert made.json()["bytes"] == len(data)
    assert visitor.get(made.json()["file_url"]).content == data
    assert visitor.post(f"{address}/picture").json()["id"] == made.json()["id"], "a lost answer can be asked for again"
    assert not [key for key in site.stored() if key.startswith("uploads/")]


def test_a_connection_that_breaks_off_keeps_what_has_come(site: Site, visitor: Visitor, photo: Path) -> None:
    data = photo.read_bytes()
    address = begin(visitor, len(data), filename="cut.jpg").headers["location"]
    host, port = site.url.removeprefix("http://").split(":")
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    head = f"PATCH {address} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\nContent-Length: {len(data)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in (PIECE | {"Upload-Offset": "0"}).items()) + "\r\n"
    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(head.encode() + data[:5000])
        time.sleep(1)  # what the server has not read when the connection breaks is lost
    there = until(lambda: come(visitor, address), 20)
    assert 0 < there <= 5000
    assert send(visitor, address, there, data[there:]).status_code == 204
    made = visitor.post(f"{address}/picture")
    assert made.status_code == 201
    assert visitor.get(made.json()["file_url"]).content == data


def test_it_says_what_it_speaks_and_refuses_the_rest(visitor: Visitor, photo: Path) -> None:
    told = visitor.options("/api/uploads").headers
    assert told["tus-version"] == "1.0.0"
    assert "termination" in told["tus-extension"]
    length = {"Upload-Length": "10"}
    assert visitor.post("/api/uploads", headers=length | {"Tus-Resumable": "0.2.2"}).status_code == 412
    assert begin(visitor, 0).status_code == 415
    assert begin(visitor, int(told["tus-max-size"]) + 1, kind="film").status_code == 413
    large = begin(visitor, 60_000_000, filename="large.tif")
    assert large.status_code == 413
    assert "limit is 50.0 MB" in large.json()["detail"]
    assert begin(visitor, 10, kind="song").status_code == 400
    bad = visitor.post("/api/uploads", headers=TUS | length | {"Upload-Metadata": "filename ###"})
    assert bad.status_code == 400
    assert "Base64" in bad.json()["detail"]
    address = begin(visitor, 10).headers["location"]
    wrong = visitor.patch(address, content=b"x", headers=TUS | {"Upload-Offset": "0", "Content-Type": "text/plain"})
    assert wrong.status_code == 415
    assert send(visitor, address, 0, b"more than ten bytes").status_code == 413
    assert come(visitor, address) == 0
    assert visitor.delete(address, headers=TUS).status_code == 204
    assert visitor.head(address, headers=TUS).status_code == 404


def test_what_is_no_picture_is_refused_at_its_end_and_deleted(site: Site, visitor: Visitor) -> None:
    address = begin(visitor, 8, filename="letter.jpg").headers["location"]
    send(visitor, address, 0, b"Dear Sir")
    refused = visitor.post(f"{address}/picture")
    assert refused.status_code == 415
    assert "letter.jpg" in refused.json()["detail"]
    assert visitor.head(address, headers=TUS).status_code == 404
    assert not [key for key in site.stored() if key.startswith("uploads/")]


def test_two_who_finish_at_once_get_one_picture(visitor: Visitor, photo: Path) -> None:
    data = photo.read_bytes()
    address = begin(visitor, len(data), filename="twice.jpg").headers["location"]
    send(visitor, address, 0, data)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(visitor.post(f"{address}/picture"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status_code for one in answers} == {201}, [one.text for one in answers]
    assert len({one.json()["id"] for one in answers}) == 1
    named = [one for one in visitor.get("/api/pictures?limit=50").json()["items"] if one["name"] == "twice.jpg"]
    assert len(named) == 1


@pytest.mark.parametrize("looks", ["names", "chunks"])
def test_who_is_overtaken_while_the_parts_are_looked_at_gets_the_others_picture(
    looks: str, tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other request ends, and the parts are deleted, just before this one lists them, or reads them."""
    others: list[Any] = []
    look = getattr(Storage, looks)

    def overtaken(storage: Storage, key: str, *rest: Any) -> Any:
        if key.startswith("uploads/") and not others:
            others.append(None)
            others[0] = visitor.post(f"{address}/picture")
        return look(storage, key, *rest)

    with serving(tmp_path, workers=0) as site, site.visitor() as visitor:
        data = photo.read_bytes()
        address = begin(visitor, len(data)).headers["location"]
        send(visitor, address, 0, data)
        monkeypatch.setattr(Storage, looks, overtaken)
        answer = visitor.post(f"{address}/picture")
    assert others[0].status_code == answer.status_code == 201, answer.text
    assert answer.json()["id"] == others[0].json()["id"]


def test_room_is_kept_for_what_is_coming_and_deleted_with_everything(tmp_path: Path, photo: Path) -> None:
    with serving(tmp_path, workers=0, quota_bytes=1_000_000, open_uploads=3) as site, site.visitor() as visitor:
        assert begin(visitor, 700_000).status_code == 201
        over = begin(visitor, 400_000)
        assert over.status_code == 413
        assert "may keep 1.0 MB" in over.json()["detail"]
        assert visitor.get("/api/session/data").json()["bytes"] == 700_000
        address = begin(visitor, 1000).headers["location"]
        assert begin(visitor, 1000).status_code == 201
        many = begin(visitor, 1000)
        assert many.status_code == 429
        assert "limit is 3" in many.json()["detail"]
        send(visitor, address, 0, b"x" * 500)
        assert [key for key in site.stored() if key.startswith("uploads/")]
        visitor.delete("/api/session/data")
        assert visitor.get("/api/session/data").json()["bytes"] == 0
        assert site.stored() == []


def test_an_upload_that_nobody_goes_on_with_expires(tmp_path: Path) -> None:
    with serving(tmp_path, workers=0) as site, site.visitor() as visitor:
        kept, old = (begin(visitor, 100).headers["location"] for _ in range(2))
        for address in (kept, old):
            send(visitor, address, 0, b"x" * 50)
        services = Services.start(site.settings)
        try:
            with services.database.session() as session:
                row = session.get(OpenUpload, old.rpartition("/")[2])
                assert row is not None
                row.expires = now()
            assert visitor.head(old, headers=TUS).status_code == 404
            assert forget_uploads(services) == 1
            assert come(visitor, kept) == 50
            assert [key for key in site.stored() if old.rpartition("/")[2] in key] == []
        finally:
            services.close()
