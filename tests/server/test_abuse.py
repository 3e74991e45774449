"""What one stranger alone, with cookies for nothing, can take from everybody else: as little as may be."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, noise, smooth
from server.serving import Site, Visitor, serving, until
from tintype.server.intake import HEAD, film_format
from tintype.server.run import listen, make_server
from tintype.server.settings import Settings

TINY = file_bytes(Image.fromarray(np.full((8, 8), 77, np.uint8)), "PNG")
PHOTO = file_bytes(Image.fromarray(smooth(120, 160)), "PNG")


@pytest.fixture(scope="module")
def open_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(
        tmp_path_factory.mktemp("open"), model="tiny", client_streams=2, client_connections=20, cleanup_seconds=3600
    ) as site:
        yield site


def test_streams_are_counted_for_each_person(open_site: Site) -> None:
    with open_site.visitor() as greedy, open_site.visitor() as other:
        jobs = [
            visitor.job(kind="colorize", pictures=[one["id"] for one in visitor.upload(*[("a.png", PHOTO)] * 20)])
            for visitor in (greedy, other)
        ]
        with contextlib.ExitStack() as open_streams:
            statuses = [
                open_streams.enter_context(greedy.stream("GET", jobs[0]["events_url"])).status_code for _ in range(4)
            ]
            assert statuses == [200, 200, 429, 429]
            with other.stream("GET", jobs[1]["events_url"]) as stream:
                assert stream.status_code == 200
        until(lambda: _opens(greedy, jobs[0]), 10)  # those that left are not counted any more
        for visitor, job in zip((greedy, other), jobs, strict=True):
            visitor.ended(job)


def _opens(visitor: Visitor, job: dict[str, Any]) -> bool:
    with visitor.stream("GET", job["events_url"]) as stream:
        return stream.status_code == 200


def test_connections_of_one_address_are_counted(open_site: Site) -> None:
    host, port = open_site.url.removeprefix("http://").split(":")
    sockets = [socket.create_connection((host, int(port)), timeout=5) for _ in range(30)]
    try:
        closed = 0
        for one in sockets[20:]:
            one.settimeout(5)
            with contextlib.suppress(ConnectionError):
                closed += one.recv(1) == b""
        assert closed >= 9
        neighbour = socket.create_connection((host, int(port)), timeout=5, source_address=("127.0.0.2", 0))
        neighbour.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        assert neighbour.recv(100).startswith(b"HTTP/1.1 200")
        neighbour.close()
    finally:
        for one in sockets:
            one.close()
    until(lambda: open_site.visitor().get("/health").status_code == 200, 10)


def test_everything_that_is_kept_counts(tmp_path: Path) -> None:
    with serving(tmp_path, model="tiny", quota_bytes=150_000) as site, site.visitor() as visitor:
        (picture,) = visitor.upload(("a.png", file_bytes(Image.fromarray(noise(120, 160)), "PNG")))
        url = f"/api/pictures/{picture['id']}/results"
        taken = [visitor.post(url, json={"saturation": n / 20}).status_code for n in range(20)]
        assert 413 in taken, "results are for nothing"
        assert taken.count(201) < 6
        with site.visitor() as other:  # a new cookie is no new day
            sent = 0
            for _ in range(30):
                data = file_bytes(Image.fromarray(noise(120, 160)), "PNG")
                answer = other.post("/api/pictures", files={"files": ("a.png", data)})
                sent += answer.status_code == 201
                other.delete("/api/session/data")
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 60
            assert sent < 20


def test_the_whole_store_has_a_limit(tmp_path: Path) -> None:
    with serving(tmp_path, model="tiny", store_bytes=1000) as site, site.visitor() as visitor:
        answer = visitor.post(
            "/api/pictures", files={"files": ("a.png", file_bytes(Image.fromarray(noise(60, 60)), "PNG"))}
        )
        assert answer.status_code == 507


def make_study(visitor: Visitor, label: str, **more: Any) -> dict[str, Any]:
    (picture,) = visitor.upload((f"{label}.png", file_bytes(Image.fromarray(smooth(60, 80, len(label))), "PNG")))
    contestants = [{"label": label, "options": {"size": 64}}, {"label": "tint", "options": {"saturation": 0}}]
    body = {"kind": "arena", "contestants": contestants, "pictures": [picture["id"]], "name": label} | more
    study = visitor.post("/api/studies", json=body).json()
    assert visitor.ended({"id": study["job_id"]})["state"] == "done"
    return dict(study) | {"picture": picture["id"]}


def test_a_strangers_study_ranks_nothing_and_shows_nobody_its_words(open_site: Site) -> None:
    with open_site.visitor() as stranger, open_site.visitor() as visitor:
        study = make_study(stranger, "BUY CHEAP PILLS", listed=True)
        ballot = stranger.post(f"/api/studies/{study['id']}/ballots").json()["ballot"]
        stranger.post(f"/api/ballots/{ballot['id']}/vote", json={"choice": "left"})
        for of in ("studies", "duels"):
            assert "PILLS" not in visitor.get("/api/ranking", params={"of": of}).text
        assert "PILLS" not in visitor.get("/api/studies").text
        assert visitor.get(f"/api/studies/{study['id']}").status_code == 200  # by its address
        assert "PILLS" in visitor.get(f"/api/studies/{study['id']}/outcome").text


def test_delete_everything_deletes_everything(open_site: Site) -> None:
    with open_site.visitor() as visitor, open_site.visitor() as voter:
        study = make_study(visitor, "mine")
        kept = make_study(visitor, "of one photo")
        visitor.delete(f"/api/pictures/{kept['picture']}")  # one photo alone takes its copies with it
        assert voter.post(f"/api/studies/{kept['id']}/ballots").json()["ballot"] is None
        before = open_site.stored()
        ballot = voter.post(f"/api/studies/{study['id']}/ballots").json()["ballot"]
        assert voter.get(ballot["left_url"]).status_code == 200
        told = visitor.delete("/api/session/data").json()
        assert told["pictures"] >= 1
        assert voter.post(f"/api/studies/{study['id']}/ballots").status_code == 404
        assert voter.get(ballot["left_url"]).status_code == 404
        gone = set(before) - set(open_site.stored())
        assert len([key for key in gone if key.startswith("pictures/")]) >= 4
        assert not [key for key in open_site.stored() if study["picture"] in key]


def test_copies_carry_no_metadata_and_expire(open_site: Site) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    path = Path(open_site.settings.folder) / "spy.jpg"
    Image.fromarray(smooth(60, 80)).save(path, "JPEG", exif=exif)
    with open_site.visitor() as visitor:
        (picture,) = visitor.upload(path)
        path.unlink()
        contestants = [{"options": {"size": size}} for size in (64, 96)]
        body = {"kind": "arena", "contestants": contestants, "pictures": [picture["id"]]}
        study = visitor.post("/api/studies", json=body).json()
        visitor.ended({"id": study["job_id"]})
        files = [Path(open_site.settings.folder) / "pictures" / key for key in open_site.stored()]
        told = [str(file) for file in files if b"SecretCamera" in file.read_bytes()]
        assert all(picture["id"] in one or "results" in one for one in told)
        assert len([one for one in told if "pictures/pictures" in one]) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"<!--ftypjp2 --><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>",
        b"v=0\nftyp\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#EXTM3U\n#EXT-X-VERSION:3\n/etc/passwd\n",
    ],
)
def test_texts_that_name_other_files_are_no_films(open_site: Site, head: bytes) -> None:
    assert film_format(head[:HEAD]) is None
    with open_site.visitor() as visitor:
        answer = visitor.post("/api/films", files={"file": ("a.mp4", head + bytes(2000))})
        assert answer.status_code == 415, answer.text


def test_a_film_is_read_as_what_it_begins_like(tmp_path: Path) -> None:
    """FFmpeg probes: a manifest behind a true first box would be opened, and what it names with it."""
    from tintype.errors import InputError
    from tintype.video.container import open_container

    path = tmp_path / "a.mp4"
    path.write_bytes(
        b"\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jp2 \nv=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
    )
    with pytest.raises(InputError) as refusal:
        open_container(path)
    assert "rtp" not in str(refusal.value)


FAULTS = {
    "a folder that is a file": (lambda folder: (folder / "site").write_text("x"), "cannot write to"),
    "a database that is none": (lambda folder: _database(folder, b"no database" * 1000), "is damaged"),
    "a database of a newer tintype": (lambda folder: _newer(folder), "newer tintype (its tables are at 9999)"),
}


def _database(folder: Path, data: bytes) -> None:
    (folder / "site").mkdir()
    (folder / "site" / "tintype.db").write_bytes(data)


def _newer(folder: Path) -> None:
    import sqlite3

    (folder / "site").mkdir()
    with contextlib.closing(sqlite3.connect(folder / "site" / "tintype.db")) as database, database:
        database.execute("create table alembic_version (version_num varchar(32) not null)")
        database.execute("insert into alembic_version values ('9999')")


@pytest.mark.parametrize("what", FAULTS)
def test_a_start_that_fails_says_why_in_one_line(tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    from tintype.errors import TintypeError
    from tintype.server.run import serve

    spoil, words = FAULTS[what]
    spoil(tmp_path)
    sock = listen("127.0.0.1", 0)
    with pytest.raises(TintypeError) as refusal:
        serve(Settings(folder=tmp_path / "site", model="tiny"), sock, started=lambda: pytest.fail("it did not start"))
    sock.close()
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "TINTYPE_DATABASE_URL" not in str(refusal.value)
    assert "Traceback" not in capsys.readouterr().err


def test_photos_do_not_wait_behind_films(tmp_path: Path) -> None:
    """Two lanes: a job of films that takes for ever holds no photo up."""
    from tintype.server.jobs.job_store import create
    from tintype.server.services import Services

    with serving(tmp_path, model="tiny") as site, site.visitor() as visitor, site.visitor() as other:
        services = Services.start(site.settings)
        film = create(services, "film", {"picture": "A" * 22, "options": {}}, 0, "somebody")
        (picture,) = visitor.upload(("a.png", PHOTO))
        job = visitor.job(kind="colorize", pictures=[picture["id"]])
        assert visitor.ended(job)["state"] == "done"
        assert film.kind == "film"
        services.close()
        many = visitor.job(kind="colorize", pictures=[one["id"] for one in visitor.upload(*[("a.png", PHOTO)] * 20)])
        (mine,) = other.upload(("b.png", PHOTO))
        little = other.job(kind="colorize", pictures=[mine["id"]])
        assert little["ahead"] is None or little["ahead"] >= 0
        assert other.ended(little)["state"] == "done"
        assert visitor.ended(many)["done"] == 20


def test_owners_take_turns(tmp_path: Path) -> None:
    """Of two owners with jobs in line the one goes next who was served longest ago."""
    from tintype.server.jobs.job_store import ahead, claim_next, create
    from tintype.server.services import Services

    services = Services.start(Settings(folder=tmp_path, model="tiny"))
    first = [create(services, "colorize", {}, 1, "greedy") for _ in range(3)]
    second = create(services, "colorize", {}, 1, "calm")
    film = create(services, "film", {}, 0, "calm")
    assert ahead(services, second) == 3
    order = [claim_next(services, "photos", "me") for _ in range(4)]
    assert [one.id for one in order if one] == [first[0].id, second.id, first[1].id, first[2].id]
    assert claim_next(services, "photos", "me") is None
    claimed = claim_next(services, "films", "me")
    assert claimed is not None
    assert claimed.id == film.id
    services.close()


def test_machines_questions_cost_the_store_nothing(open_site: Site) -> None:
    with open_site.visitor() as visitor:
        visitor.get("/ready")
        started = time.perf_counter()
        for _ in range(30):
            assert visitor.get("/ready").status_code == 200
        assert time.perf_counter() - started < 20


def test_make_server_can_be_given_services(tmp_path: Path) -> None:
    assert make_server(Settings(folder=tmp_path, model="tiny")).config.limit_concurrency == 400


def test_a_start_can_be_tried(tmp_path: Path) -> None:
    from tintype.server.run import check_start

    told = check_start(Settings(folder=tmp_path, model="tiny", slots=3))
    assert told[0].startswith("models") and "tiny" in told[0]  # noqa: PT018
    assert "3 at once" in told[-1]
