"""Upload, colour, look, list, share, delete: over a socket, with the real model."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy.exc import IntegrityError

import tintype
from pictures import file_bytes, light, smooth
from server.serving import Site, Visitor
from tintype.photo.photo import Photo
from tintype.server.intake import check_photo
from tintype.server.library import store_photo
from tintype.server.services import Services


@pytest.mark.seed("S1-28", "S1-29", "S1-32", "S1-38")
def test_a_photo_goes_in_grey_and_comes_out_in_colour(visitor: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    assert (picture["width"], picture["height"]) == Image.open(photo).size
    result = visitor.colorize(picture)
    answer = visitor.get(result["file_url"])
    assert answer.headers["content-type"] == "image/jpeg"
    coloured = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert coloured.size == Image.open(photo).size
    assert np.ptp(np.asarray(coloured, int), axis=2).mean() > 5
    assert answer.content == tintype.Colorizer(threads=1).colorize(photo).encode()  # the library's own answer
    assert abs(light(answer.content) - light(photo.read_bytes())).mean() < 1


@pytest.mark.seed("S1-32")
def test_the_same_question_gives_the_same_result(visitor: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    first, again = visitor.colorize(picture), visitor.colorize(picture, model="tint")
    other = visitor.colorize(picture, size=128)
    assert first["id"] == again["id"] != other["id"]
    assert other["options"] == {"size": 128}
    shown = visitor.get(f"/api/pictures/{picture['id']}").json()
    assert [one["id"] for one in shown["results"]] == [first["id"], other["id"]]


def test_several_at_once_and_a_bad_one_costs_the_others_nothing(
    visitor: Visitor, photo: Path, second_photo: Path
) -> None:
    files = [("files", (name, data)) for name, data in (
        ("a.jpg", photo.read_bytes()), ("b.txt", b"no picture"), ("c.jpg", second_photo.read_bytes()),
    )]  # fmt: skip
    body = visitor.post("/api/pictures", files=files).json()
    assert [picture["name"] for picture in body["pictures"]] == ["a.jpg", "c.jpg"]
    assert [(one["name"], one["status"]) for one in body["refused"]] == [("b.txt", 415)]


def test_thumbnails_previews_and_the_grey_one(visitor: Visitor) -> None:
    green = Image.merge("RGB", [Image.fromarray(smooth(300, 400, seed)) for seed in range(3)])
    (picture,) = visitor.upload(("green.png", file_bytes(green, "PNG")))
    result = visitor.colorize(picture)
    for url in (picture["thumbnail_url"], result["thumbnail_url"]):
        assert max(Image.open(io.BytesIO(visitor.get(url).content)).size) == 320
    grey = Image.open(io.BytesIO(visitor.get(picture["preview_url"], params={"grey": True}).content)).convert("RGB")
    assert np.ptp(np.asarray(grey, int), axis=2).max() == 0
    colour = Image.open(io.BytesIO(visitor.get(picture["preview_url"]).content)).convert("RGB")
    assert np.ptp(np.asarray(colour, int), axis=2).mean() > 10


@pytest.mark.seed("S1-31")
def test_formats_that_browsers_cannot_show_have_previews_and_keep_theirs(visitor: Visitor) -> None:
    page = file_bytes(Image.fromarray(np.full((40, 60), 90, np.uint8)), "TIFF")
    (picture,) = visitor.upload(("scan.tif", page))
    assert visitor.get(picture["preview_url"]).headers["content-type"] == "image/jpeg"
    result = visitor.colorize(picture)
    saved = visitor.get(result["file_url"], params={"download": True})
    assert saved.headers["content-type"] == "image/tiff"
    assert 'attachment; filename="scan-color.tif"' in saved.headers["content-disposition"]
    png = visitor.get(result["file_url"], params={"format": "png"})
    assert Image.open(io.BytesIO(png.content)).format == "PNG"


@pytest.mark.seed("S1-31")
def test_a_gif_is_taken_as_the_report_has_it(visitor: Visitor) -> None:
    (picture,) = visitor.upload(("old.gif", file_bytes(Image.fromarray(smooth(40, 60)).convert("L"), "GIF")))
    answer = visitor.get(visitor.colorize(picture)["file_url"])
    coloured = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert coloured.size == (60, 40)


def test_predictions_keep_nothing(visitor: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    answers = [visitor.post(f"/api/pictures/{picture['id']}/predict", json={}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert "predict;dur=" in answers[0].headers["server-timing"]
    assert np.ptp(np.asarray(Image.open(io.BytesIO(answers[0].content)), int), axis=2).mean() > 5
    assert visitor.get(f"/api/pictures/{picture['id']}").json()["results"] == []


def test_pages_of_the_gallery(visitor: Visitor) -> None:
    files = [(f"{n}.png", file_bytes(Image.fromarray(np.full((9, 9), n, np.uint8)), "PNG")) for n in range(5)]
    sent = [picture["name"] for picture in visitor.upload(*files)]
    seen, cursor = [], None
    while True:
        page = visitor.get("/api/pictures", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [picture["name"] for picture in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sent[::-1]


def test_what_is_mine_is_private_until_shared(visitor: Visitor, stranger: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    result = visitor.colorize(picture)
    mine = f"/api/pictures/{picture['id']}"
    private = [mine, picture["preview_url"], picture["thumbnail_url"], picture["file_url"], result["file_url"]]
    assert [stranger.get(url).status_code for url in private] == [404] * 5
    assert stranger.patch(mine, json={"shared": True}).status_code == 404
    assert stranger.delete(mine).status_code == 404
    assert stranger.post(f"{mine}/results", json={}).status_code == 404
    assert stranger.post(f"{mine}/predict", json={}).status_code == 404
    assert stranger.post("/api/jobs", json={"kind": "colorize", "pictures": [picture["id"]]}).status_code == 404

    assert visitor.patch(mine, json={"shared": True}).json()["shared"]
    assert stranger.get(mine).json()["mine"] is False
    assert picture["id"] in [one["id"] for one in stranger.get("/api/gallery").json()["items"]]
    assert stranger.get(result["file_url"]).status_code == 200
    assert stranger.get(picture["file_url"]).status_code == 404  # the scan itself stays with its owner
    assert stranger.delete(mine).status_code == 404


def test_one_question_keeps_a_version_shows_it_and_shares_it(visitor: Visitor, stranger: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    url = f"/api/pictures/{picture['id']}/results"
    first = visitor.post(url, json={}).json()["id"]
    other = visitor.post(f"{url}?show=true", json={"saturation": 1.4}).json()["id"]
    assert visitor.get(f"/api/pictures/{picture['id']}").json()["shown"] == other
    assert stranger.get(f"/api/pictures/{picture['id']}").status_code == 404
    again = visitor.post(f"{url}?share=true", json={})
    assert (again.status_code, again.json()["id"]) == (200, first)
    assert stranger.post(f"{url}?share=true", json={}).status_code in (403, 404)
    seen = stranger.get(f"/api/pictures/{picture['id']}").json()
    assert (seen["shared"], seen["shown"]) == (True, first)


def test_strangers_get_results_without_metadata(visitor: Visitor, stranger: Visitor, photo: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    (picture,) = visitor.upload(("me.jpg", file_bytes(Image.open(photo), "JPEG", exif=exif.tobytes())))
    result = visitor.colorize(picture)
    visitor.patch(f"/api/pictures/{picture['id']}", json={"shared": True})
    assert b"taken at home" in visitor.get(result["file_url"]).content
    assert b"taken at home" not in stranger.get(result["file_url"]).content


def test_deleting(site: Site, visitor: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    first, second = visitor.colorize(picture), visitor.colorize(picture, size=128)
    assert visitor.delete(f"/api/results/{first['id']}").json() == {"pictures": 0, "results": 1, "jobs": 0}
    assert visitor.get(first["file_url"]).status_code == 404
    assert visitor.delete(f"/api/pictures/{picture['id']}").json() == {"pictures": 1, "results": 1, "jobs": 0}
    assert visitor.get(second["file_url"]).status_code == 404
    assert not [key for key in site.stored() if key.split("/")[1] in (picture["id"], first["id"], second["id"])]


def test_deleting_everything(visitor: Visitor, stranger: Visitor, photo: Path) -> None:
    visitor.upload(photo)
    (other,) = stranger.upload(photo)
    assert visitor.delete("/api/session/data").json()["pictures"] == 1
    assert visitor.get("/api/pictures").json()["items"] == []
    assert stranger.get(f"/api/pictures/{other['id']}").status_code == 200


def test_a_16_bit_result_stays_one_for_strangers(visitor: Visitor, stranger: Visitor, tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 96 * 64).reshape(64, 96).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "deep.tif")
    (picture,) = visitor.upload(tmp_path / "deep.tif")
    result = visitor.colorize(picture, size=64, model="tiny")
    assert visitor.patch(f"/api/pictures/{picture['id']}", json={"shared": True}).status_code == 200
    seen = Photo.read(stranger.get(result["file_url"]).content)
    assert seen.deep is not None
    assert np.abs(seen.deep.luma.astype(int) - ramp).max() <= 1


def test_a_row_that_cannot_be_written_leaves_no_files(site: Site, photo: Path) -> None:
    services = Services.start(site.settings)
    data, before = photo.read_bytes(), site.stored()
    try:
        with pytest.raises(IntegrityError):
            store_photo(services, data, check_photo(data, "a.jpg", 10**8), None)  # type: ignore[arg-type]
    finally:
        services.close()
    assert site.stored() == before
