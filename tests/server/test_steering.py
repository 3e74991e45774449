"""Steering: strokes and areas, what stays and turns grey, how far a colour would reach, reference, palette, mending."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from pictures import file_bytes, smooth
from server.serving import Site, Visitor, serving, until
from tintype.imaging.color import srgb_to_lab
from tintype.server.app import create_app
from tintype.server.schemas.common import Stroke
from tintype.server.services import Services
from tintype.server.settings import Settings
from tintype.server.strokes import MOST, places
from tintype.server.tables import Picture

AT = (0.62, 0.62)  # her blouse
BLUE = "#2456b8"
SQUARE = [(0.58, 0.58), (0.66, 0.58), (0.66, 0.66), (0.58, 0.66)]


@pytest.fixture(scope="module")
def steered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("steering"), workers=0) as site:
        yield site


@pytest.fixture
def person(steered: Site) -> Iterator[Visitor]:
    with steered.visitor() as somebody:
        yield somebody


def ab(person: Visitor, picture: dict[str, Any], **options: Any) -> Any:
    """The picture's a and b, (H, W, 2), as it is predicted with these options."""
    answer = person.post(f"/api/pictures/{picture['id']}/predict", json=options)
    assert answer.status_code == 200, answer.text
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    return srgb_to_lab(pixels.astype(np.float32) / 255)[..., 1:]


def near(plane: Any, x: float, y: float) -> Any:
    height, width = plane.shape[:2]
    row, column = int(y * height), int(x * width)
    return plane[row - 8 : row + 8, column - 8 : column + 8].mean((0, 1))


def test_strokes_and_areas_colour_keep_and_grey(person: Visitor, photo: Path) -> None:
    (picture,) = person.upload(photo)
    plain = ab(person, picture)
    before = near(plain, *AT)
    for area in (False, True):
        stroke = {"points": SQUARE, "color": BLUE, "width": 0.03, "area": area}
        painted = near(ab(person, picture, strokes=[stroke]), *AT)
        assert painted[1] < before[1] - 8, (area, before, painted)
    grey = near(ab(person, picture, strokes=[{"points": SQUARE, "kind": "grey", "area": True}]), *AT)
    assert np.hypot(*grey) < 0.6 * np.hypot(*before)
    hint = {"x": AT[0], "y": AT[1], "color": BLUE, "radius": 0.08}
    whole = ab(person, picture, hints=[hint])
    kept = ab(
        person, picture, hints=[hint], strokes=[{"points": [(0.7, 0.7), (0.75, 0.75)], "kind": "keep", "width": 0.05}]
    )
    away = [float(np.hypot(*(near(one, 0.72, 0.72) - near(plain, 0.72, 0.72)))) for one in (whole, kept)]
    assert away[1] <= away[0] + 0.5


def test_a_stroke_is_few_hints() -> None:
    line = Stroke(points=[(0.0, 0.5), (1.0, 0.5)], width=0.001)
    assert len(places(line, 4000, 100)) == MOST
    assert len(places(Stroke(points=[(0.5, 0.5)]), 100, 100)) == 1
    area = places(Stroke(points=[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)], area=True, width=0.1), 200, 100)
    assert 4 < len(area) <= MOST
    assert ((area > 0.15) & (area < 0.85)).all()
    assert len(places(Stroke(points=[(0.5, 0.5), (0.5, 0.5), (0.5, 0.5)], area=True), 50, 50)) >= 1


def test_an_extent_is_told_before_anything_is_coloured(person: Visitor, photo: Path) -> None:
    (picture,) = person.upload(photo)
    url = f"/api/pictures/{picture['id']}/extent"
    answer = person.post(url, json={"points": [{"x": AT[0], "y": AT[1]}]})
    assert answer.status_code == 200, answer.text
    mask = np.asarray(Image.open(io.BytesIO(answer.content)).getchannel("A"))
    height, width = mask.shape
    assert mask[int(AT[1] * height), int(AT[0] * width)] > 150
    assert mask[int(0.1 * height), int(0.1 * width)] < 60
    minus = person.post(url, json={"points": [{"x": AT[0], "y": AT[1]}, {"x": 0.35, "y": 0.7, "plus": False}]})
    less = np.asarray(Image.open(io.BytesIO(minus.content)).getchannel("A"))
    assert less[int(0.7 * height), int(0.35 * width)] <= mask[int(0.7 * height), int(0.35 * width)] + 20
    assert person.post(url, json={"points": []}).status_code == 422
    assert not person.get(f"/api/pictures/{picture['id']}").json()["results"]


def test_palette_sepia_mending_and_mark(person: Visitor, photo: Path) -> None:
    (picture,) = person.upload(photo)
    for options in (
        {"palette": ["#2d3a5e", "#e6d9bd"]},
        {"restore": ["dust", "fade"]},
        {"restore": ["auto"]},
        {"keep_sepia": True},
        {"mark": True},
        {"strength": "auto"},
    ):
        result = person.colorize(picture, **options)
        assert result["options"] == options
        assert person.get(result["file_url"]).status_code == 200
    assert person.post(f"/api/pictures/{picture['id']}/predict", json={"restore": ["magic"]}).status_code == 422
    assert person.post(f"/api/pictures/{picture['id']}/predict", json={"palette": ["red"]}).status_code == 422


def test_a_mending_step_is_shown_before_after_and_as_a_map(person: Visitor, tmp_path: Path) -> None:
    speckled = smooth(300, 400)
    rng = np.random.default_rng(0)
    for top, left in zip(rng.integers(10, 280, 60), rng.integers(10, 380, 60), strict=True):
        speckled[top : top + 2, left : left + 2] = 255
    file = tmp_path / "speckled.png"
    Image.fromarray(speckled).save(file)
    (picture,) = person.upload(file)

    def shown(wish: str) -> np.ndarray:
        answer = person.get(f"/api/pictures/{picture['id']}/mended?step=dust&{wish}")
        assert answer.status_code == 200, answer.text
        return np.asarray(Image.open(io.BytesIO(answer.content)), np.float32)

    before, after, changes = shown("applied=false"), shown("applied=true"), shown("changes=true")
    assert changes.shape == before.shape
    wanted = np.clip(128 + 4 * (after - before), 0, 255)
    assert (before - after).max() > 60  # specks are gone
    assert np.abs(changes - wanted).mean() < 4  # JPEG is not exact
    assert np.abs(changes - 128).max() > 60


def test_a_reference_lends_its_colours_and_only_to_its_owner(person: Visitor, steered: Site, photo: Path) -> None:
    (picture,) = person.upload(photo)
    bands = [Image.fromarray(smooth(200, 200, seed)) for seed in (1, 2, 3)]
    reference, grey = person.upload(
        ("colour.png", file_bytes(Image.merge("RGB", bands), "PNG")), ("grey.png", file_bytes(bands[0], "PNG"))
    )
    plain, lent = ab(person, picture), ab(person, picture, reference=reference["id"])
    assert np.abs(plain - lent).mean() > 0.2
    assert person.post(f"/api/pictures/{picture['id']}/predict", json={"reference": grey["id"]}).status_code == 422
    with steered.visitor() as stranger:
        (own,) = stranger.upload(photo)
        for address in (f"/api/pictures/{own['id']}/predict", f"/api/pictures/{own['id']}/results"):
            assert stranger.post(address, json={"reference": reference["id"]}).status_code == 404


def test_a_coarse_answer_and_a_draft_have_the_colours_of_the_whole_one(person: Visitor, photo: Path) -> None:
    (picture,) = person.upload(photo)
    url = f"/api/pictures/{picture['id']}/predict"
    stroke = {"points": SQUARE, "color": BLUE, "width": 0.03}
    images = []
    for query in ("?pixels=160&draft=true", "?pixels=160", ""):
        answer = person.post(url + query, json={"strokes": [stroke]})
        assert answer.status_code == 200, answer.text
        images.append(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    draft, small, whole = images
    assert max(draft.size) == max(small.size) == 160 < max(whole.size)
    planes = [
        srgb_to_lab(np.asarray(one.resize(small.size, Image.Resampling.BOX), np.float32) / 255)[..., 1:]
        for one in images
    ]
    plain = near(ab(person, picture), *AT)[1]
    for coarse, most in ((planes[0], 6), (planes[1], 3)):
        assert np.abs(coarse - planes[2]).mean() < most
        assert near(coarse, *AT)[1] < plain - 8


def test_what_hints_need_is_ready_before_the_first(tmp_path: Path, photo: Path) -> None:
    settings = Settings(folder=tmp_path, threads=1, requests_per_minute=0, retention_hours=1, workers=0)
    app = create_app(settings)
    with TestClient(app, base_url="http://localhost") as client:
        (picture,) = client.post("/api/pictures", files=[("files", ("old.jpg", photo.read_bytes()))]).json()["pictures"]
        services: Services = app.state.services
        with services.database.session() as session:
            row = session.get(Picture, picture["id"])
        assert row is not None
        for query in ("", "?steer=true"):
            answer = client.post(f"/api/pictures/{picture['id']}/predict{query}", json={})
            assert answer.status_code == 200, answer.text
            assert not services.opened.get(row, None).is_prepared()  # nobody's answer waits for it
        until(lambda: services.opened.get(row, None).is_prepared())


def test_only_the_newest_question_is_answered_where_that_is_asked(person: Visitor, photo: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    (picture,) = person.upload(photo)
    url = f"/api/pictures/{picture['id']}/predict?newest=true"
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(person.post, url, json={"saturation": 1 + number / 100}) for number in range(8)]
        statuses = [one.result().status_code for one in asked]
    assert set(statuses) <= {200, 409, 429}
    assert 200 in statuses
