"""What one takes home, and what one shows others: both sides, clips, albums, ZIPs, versions, links."""

import csv
import io
import zipfile
from collections.abc import Iterator

import av
import pytest
from PIL import Image

from pictures import file_bytes, smooth
from server.serving import Site, Visitor, serving
from tintype.server.job_zip import RECORD
from tintype.server.packing import free_name

PHOTO = file_bytes(Image.fromarray(smooth(121, 161)), "PNG")


@pytest.fixture(scope="module")
def small_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("takeaway"), model="tint-small") as site:
        yield site


@pytest.fixture
def person(small_site: Site) -> Iterator[Visitor]:
    with small_site.visitor() as somebody:
        yield somebody


def test_before_and_after_in_one_file(person: Visitor) -> None:
    (picture,) = person.upload(("grandmother.png", PHOTO))
    result = person.colorize(picture)
    url = f"/api/results/{result['id']}/both"
    sheet = person.get(url)
    assert "grandmother-before-after.jpg" in sheet.headers["content-disposition"]
    with Image.open(io.BytesIO(sheet.content)) as image:
        assert (image.format, image.size) == ("JPEG", (2 * 160 + 8, 120))
        assert b"estimated" in bytes(image.info["comment"])
        left, right = (image.crop(box).convert("HSV").getchannel("S") for box in ((0, 0, 160, 120), (168, 0, 328, 120)))
        assert sum(left.resize((8, 8)).tobytes()) < 0.3 * sum(right.resize((8, 8)).tobytes())
    with Image.open(io.BytesIO(person.get(url, params={"format": "webp"}).content)) as clip:
        assert (clip.format, getattr(clip, "n_frames", 1) > 20) == ("WEBP", True)
    with av.open(io.BytesIO(person.get(url, params={"format": "mp4"}).content)) as film:
        frames = sum(1 for _ in film.decode(video=0))
        assert frames == 72
        assert film.streams.video[0].codec_context.name == "h264"


def test_an_album_needs_nothing_else(person: Visitor) -> None:
    pictures = person.upload(("one.png", PHOTO), ("<b>two.png", PHOTO))
    assert person.get("/api/album", params={"pictures": [pictures[0]["id"]]}).status_code == 422
    for picture in pictures:
        person.colorize(picture)
    answer = person.get("/api/album", params={"pictures": [one["id"] for one in pictures], "title": "Family <3"})
    page = answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    assert page.count("data:image/jpeg;base64,") == 4
    assert "Family &lt;3" in page
    assert "<b>two" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert person.get("/api/album", params={"pictures": ["A" * 22]}).status_code == 404
    for no_identity in ("a\0b", "A" * 21, "é" * 22):  # databases take no zero byte in a text
        assert person.get("/api/album", params={"pictures": [pictures[0]["id"], no_identity]}).status_code == 422


def test_a_zip_of_a_job_keeps_order_and_dates(person: Visitor) -> None:
    pictures = person.upload(("b.png", PHOTO), ("a.png", PHOTO), ("b.png", PHOTO))
    job = person.ended(person.job(kind="colorize", pictures=[one["id"] for one in pictures]))
    assert job["pictures"] == [one["id"] for one in pictures]
    with zipfile.ZipFile(io.BytesIO(person.get(f"/api/jobs/{job['id']}/zip").content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["b-color.png", "a-color.png", "b-color-2.png", RECORD]
        assert archive.infolist()[0].date_time[0] > 2000
    assert person.get(f"/api/jobs/{job['id']}/album").text.count("<figure>") == 3


def test_a_zip_holds_each_photo_that_was_sent_those_left_as_they_were_too(person: Visitor) -> None:
    vivid = file_bytes(Image.merge("RGB", [Image.fromarray(smooth(64, 64, n)).convert("L") for n in (1, 5, 9)]), "PNG")
    sent = person.upload(("a.png", PHOTO), ("=vivid.png", vivid), ("b.png", PHOTO), ("gone.png", PHOTO))
    job = person.ended(person.job(kind="colorize", pictures=[one["id"] for one in sent], skip_colour=True))
    assert person.put(f"/api/jobs/{job['id']}/pictures/{sent[2]['id']}", json={"left": True}).status_code == 200
    person.delete(f"/api/pictures/{sent[3]['id']}")
    with zipfile.ZipFile(io.BytesIO(person.get(f"/api/jobs/{job['id']}/zip").content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a-color.png", "=vivid.png", "b.png", RECORD]
        assert (archive.read("=vivid.png"), archive.read("b.png")) == (vivid, PHOTO)
        rows = list(csv.DictReader(io.StringIO(archive.read(RECORD).decode("utf-8-sig"))))
    assert [(row["file"], row["colours"]) for row in rows] == [
        ("a-color.png", "estimated"), ("'=vivid.png", "as sent"), ("b.png", "as sent"), ("", ""),
    ]  # fmt: skip
    assert rows[0]["model"].startswith("tint-small ")
    for row, note in zip(rows, ("", "has colour already", "its owner wished", "deleted"), strict=True):
        assert note in row["note"]


def test_a_zip_of_photos_that_were_all_left_is_of_them(person: Visitor) -> None:
    (sent,) = person.upload(("a.png", PHOTO))
    job = person.ended(person.job(kind="colorize", pictures=[sent["id"]]))
    person.put(f"/api/jobs/{job['id']}/pictures/{sent['id']}", json={"left": True})
    with zipfile.ZipFile(io.BytesIO(person.get(f"/api/jobs/{job['id']}/zip").content)) as archive:
        assert archive.namelist() == ["a.png", RECORD]
    assert person.get(f"/api/jobs/{job['id']}/album").status_code == 404
    person.delete(f"/api/pictures/{sent['id']}")
    assert person.get(f"/api/jobs/{job['id']}/zip").status_code == 404


def test_names_in_a_zip_are_free() -> None:
    taken: set[str] = set()
    assert [free_name(name, taken) for name in ("a.png", "A.png", "a-2.png", "a.png")] == [
        "a.png", "A-2.png", "a-2-2.png", "a-3.png",
    ]  # fmt: skip


def test_versions_have_names_and_one_is_shown(person: Visitor, small_site: Site) -> None:
    (picture,) = person.upload(("a.png", PHOTO))
    first, second = person.colorize(picture), person.colorize(picture, saturation=1.8)
    url = f"/api/pictures/{picture['id']}"
    assert person.get(url).json()["shown"] == second["id"]
    assert person.patch(f"/api/results/{first['id']}", json={"name": "calm\x00 one"}).json()["name"] == "calm one"
    look = {"saturation": 1.8, "hints": []}
    told = person.patch(url, json={"shown": first["id"], "shared": True, "look": look}).json()
    assert (told["shown"], told["look"]) == (first["id"], look)
    assert person.patch(url, json={"shown": "A" * 22}).status_code == 404
    assert person.patch(url, json={"look": {"x": "y" * 200_000}}).status_code == 413
    with small_site.visitor() as guest:
        seen = guest.get(url).json()
        assert (seen["shown"], seen["look"]) == (first["id"], None)
        assert guest.patch(f"/api/results/{first['id']}", json={"name": "mine"}).status_code == 404


def test_links_lead_to_one_result_until_they_end(person: Visitor, small_site: Site) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    file = io.BytesIO()
    Image.fromarray(smooth(60, 80)).save(file, "JPEG", exif=exif)
    (picture,) = person.upload(("private.jpg", file.getvalue()))
    result = person.colorize(picture)
    url = f"/api/results/{result['id']}/links"
    link = person.post(url, json={"hours": 1}).json()
    with small_site.visitor() as guest:
        assert guest.post(url, json={"hours": 1}).status_code == 404
        shown = guest.get(f"/api/links/{link['id']}").json()
        for side in ("before_url", "after_url"):
            answer = guest.get(shown[side])
            assert answer.headers["content-type"] == "image/jpeg"
            assert b"SecretCamera" not in answer.content
        for other in (f"/api/pictures/{picture['id']}", f"/api/results/{result['id']}", picture["file_url"]):
            assert guest.get(other).status_code == 404
        short = person.post(url, json={"hours": 1e-9}).json()
        assert guest.get(f"/api/links/{short['id']}").status_code == 404
        assert guest.delete(f"/api/links/{link['id']}").status_code == 404
        assert len(person.get(url).json()) == 1
        assert person.delete(f"/api/links/{link['id']}").status_code == 204
        assert guest.get(shown["after_url"]).status_code == 404


def test_what_is_kept_is_told(person: Visitor) -> None:
    (picture,) = person.upload(("a.png", PHOTO))
    person.colorize(picture)
    kept = person.get("/api/session/data").json()
    assert (kept["pictures"], kept["results"]) == (1, 1)
    assert kept["bytes"] > len(PHOTO)
    assert kept["first_expires"] is not None
    person.delete("/api/session/data")
    assert person.get("/api/session/data").json()["bytes"] == 0
