"""What a model can do is said truly: the list, the answers, and 501 with the part's name for what it cannot."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny_model
from server.serving import Site, Visitor, serving

HINT = {"x": 0.5, "y": 0.5, "color": "#c02020", "radius": 0.1}
ASKED = {
    "hints": {"hints": [HINT]},
    "saturation": {"saturation": 1.5},
    "temperature": {"temperature": 0.5},
    "strength": {"strength": 0.3},
    "alternatives": {"alternative": 1},
}
ADJUSTMENTS = {"saturation", "temperature", "strength"}
ALL = {*ADJUSTMENTS, "hints", "suggestions", "alternatives", "confidence", "films"}
CAN = {
    "tint": ALL,
    "hinted": ALL,
    "tiny": ADJUSTMENTS | {"suggestions", "films"},  # neither trained with hints nor calibrated
    "sketch": ADJUSTMENTS,
}


@pytest.mark.parametrize("model", CAN)
def test_a_model_is_listed_with_what_it_can_do(visitor: Visitor, model: str) -> None:
    pytest.importorskip("av")
    features = visitor.get("/api/capabilities", params={"model": model}).json()["features"]
    assert set(features) == ALL
    assert {name for name, feature in features.items() if feature["available"]} == CAN[model]
    assert all(feature["available"] or model in feature["why"] for feature in features.values())


@pytest.mark.parametrize("model", CAN)
@pytest.mark.parametrize("part", ASKED)
def test_each_part_works_or_is_refused_everywhere(visitor: Visitor, photo: Path, part: str, model: str) -> None:
    (picture,) = visitor.upload(photo)
    asked = ASKED[part] | {"model": model}
    answer = visitor.post(f"/api/pictures/{picture['id']}/predict", json={"size": 128} | asked)
    if part not in CAN[model]:
        assert (answer.status_code, answer.json()["missing"]) == (501, part)
        for url in ("results", "predict"):
            assert visitor.post(f"/api/pictures/{picture['id']}/{url}", json=asked).status_code == 501
        job = {"kind": "colorize", "pictures": [picture["id"]], "options": asked}
        assert visitor.post("/api/jobs", json=job).status_code == 501
        return
    if part == "alternatives" and answer.status_code == 422:  # the model sees no second choice in this picture
        assert "alternatives" in answer.json()["detail"]
        return
    assert answer.status_code == 200, answer.text
    plain = visitor.post(f"/api/pictures/{picture['id']}/predict", json={"size": 128, "model": model})
    seen = [np.asarray(Image.open(io.BytesIO(one.content)), int) for one in (plain, answer)]
    assert np.abs(seen[0] - seen[1]).mean() > 0.2
    kept = visitor.colorize(picture, size=128, **asked)
    assert visitor.get(kept["file_url"]).status_code == 200


@pytest.mark.parametrize("model", CAN)
def test_the_map_of_confidence(visitor: Visitor, photo: Path, model: str) -> None:
    (picture,) = visitor.upload(photo)
    answer = visitor.get(f"/api/pictures/{picture['id']}/confidence", params={"model": model})
    if "confidence" in CAN[model]:
        assert np.ptp(np.asarray(Image.open(io.BytesIO(answer.content)))) > 0
    else:
        assert (answer.status_code, answer.json()["missing"]) == (501, "confidence")


def test_colours_for_a_place_are_suggested(visitor: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    url = f"/api/pictures/{picture['id']}/suggestions"
    for x, y in ((0, 0), (1, 1), (0.5, 0.4)):
        found = visitor.get(url, params={"x": x, "y": y, "count": 3}).json()
        assert 1 <= len(found) <= 3
        assert all(re.fullmatch("#[0-9a-f]{6}", one["color"]) for one in found)
        assert [one["probability"] for one in found] == sorted((one["probability"] for one in found), reverse=True)
    assert visitor.get(url, params={"x": 2, "y": 0}).status_code == 422
    refused = visitor.get(url, params={"x": 0.5, "y": 0.5, "model": "sketch"})
    assert (refused.status_code, refused.json()["missing"]) == (501, "suggestions")


@pytest.mark.parametrize("model", CAN)
def test_moods_are_listed(visitor: Visitor, photo: Path, model: str) -> None:
    (picture,) = visitor.upload(photo)
    answer = visitor.get(f"/api/pictures/{picture['id']}/alternatives", params={"count": 3, "model": model})
    if "alternatives" in CAN[model]:
        items = answer.json()["items"]
        assert [one["number"] for one in items] == list(range(len(items)))
        assert len({visitor.get(one["preview_url"]).content for one in items}) == len(items)
    else:
        assert (answer.status_code, answer.json()["missing"]) == (501, "alternatives")


def test_models_and_limits(visitor: Visitor) -> None:
    told = visitor.get("/api/capabilities").json()
    assert told["default_model"] == "tint"
    (tint,) = (one for one in told["models"] if one["default"])
    assert (tint["name"], tint["condition"]) == ("tint", "lightness")
    assert tint["features"] == told["features"]
    assert told["limits"]["max_files"] == 20
    (hinted,) = (one for one in told["models"] if one["name"] == "hinted")
    assert hinted["features"] == told["features"]
    assert visitor.get("/api/capabilities", params={"model": "nobody"}).status_code == 422


def test_open_pictures_are_found_again(site: Site, visitor: Visitor, photo: Path) -> None:
    if site.settings.storage.startswith("s3://"):
        pytest.skip("each of several servers has pictures open for itself, and counts for itself")

    def count(name: str) -> float:
        lines = visitor.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(name + " ")).split()[1])

    (picture,) = visitor.upload(photo)
    before = count("tintype_open_hits"), count("tintype_open_misses")
    for size in (64, 96, 128):
        visitor.post(f"/api/pictures/{picture['id']}/predict", json={"size": size})
    assert (count("tintype_open_hits") - before[0], count("tintype_open_misses") - before[1]) == (2, 1)


def test_every_model_on_offer_answers_to_its_name(tmp_path: Path, photo: Path) -> None:
    """Models given by paths, two of them with the same file name and one without an ending."""
    for folder in ("old", "new", "other"):
        (tmp_path / folder).mkdir()
        tiny_model.build(tmp_path / folder / "mine.onnx", name=folder)
    (tmp_path / "other" / "mine.onnx").rename(tmp_path / "bare")
    old, new, bare = (str(tmp_path / path) for path in ("old/mine.onnx", "new/mine.onnx", "bare"))
    given = {"model": bare, "offered_models": f"{old},{new},tint"}
    with serving(tmp_path / "site", workers=0, **given) as site, site.visitor() as visitor:
        told = visitor.get("/api/capabilities").json()
        names = [one["name"] for one in told["models"]]
        assert names[0] == told["default_model"] == "bare"
        assert len(set(names)) == 4
        assert names[1] == "mine"
        assert re.fullmatch(r"mine-[0-9a-f]{8}", names[2])
        assert str(tmp_path) not in str(told)
        (picture,) = visitor.upload(photo)
        for name in names:
            assert visitor.get("/api/capabilities", params={"model": name}).status_code == 200
            asked = {"model": name, "size": 64}
            assert visitor.post(f"/api/pictures/{picture['id']}/predict", json=asked).status_code == 200
            assert visitor.colorize(picture, **asked)["model"] == name
