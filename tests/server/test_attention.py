"""Checks of attention in studies, and results with pictures."""

import io
from typing import Any

import pytest
from PIL import Image

from server.serving import Site, Visitor
from server.test_evaluations import make_study
from tintype.server.evaluations.attention import CHECK, is_due
from tintype.server.tables import Ballot


def side(visitor: Visitor, ballot: dict[str, Any], name: str) -> Image.Image:
    return Image.open(io.BytesIO(visitor.get(ballot[f"{name}_url"]).content))


def is_grey(picture: Image.Image) -> bool:
    return all(low == high for low, high in picture.convert("YCbCr").getextrema()[1:])


def answer(visitor: Visitor, study: str, prefers_grey: bool) -> list[bool]:
    """Vote until nothing is left: left, but at a check as told; returns which questions were checks."""
    checks = []
    while True:
        question = visitor.post(f"/api/studies/{study}/ballots").json()
        ballot = question["ballot"]
        if ballot is None:
            return checks
        assert ballot["kind"] == "arena", "a check looks like any other question"
        grey = {name: is_grey(side(visitor, ballot, name)) for name in ("left", "right")}
        checks.append(any(grey.values()))
        choice = "left"
        if checks[-1]:
            choice = next(name for name in grey if grey[name] == prefers_grey)
        told = visitor.post(f"/api/ballots/{ballot['id']}/vote", json={"choice": choice}).json()
        assert told["is_check"] == checks[-1]
        assert ("the grey photo" in (told["left_label"], told["right_label"])) == checks[-1]


@pytest.mark.parametrize("site", ["embedded"], indirect=True)
def test_who_prefers_grey_is_left_out_and_this_is_said(site: Site, visitor: Visitor, stranger: Visitor) -> None:
    contestants = [{"label": f"size {size}", "options": {"size": size, "saturation": 1.5}} for size in (64, 128)]
    study = make_study(visitor, "arena", contestants, photos=3, checks=1)["id"]
    assert visitor.post(f"/api/studies/{study}/ballots").json()["left"] == 4
    assert answer(visitor, study, prefers_grey=False).count(True) == 1
    seen = visitor.get(f"/api/studies/{study}/outcome").json()
    assert (seen["ranking"]["votes"], seen["ranking"]["left_out"]) == (3, 0)
    assert answer(stranger, study, prefers_grey=True).count(True) == 1
    after = visitor.get(f"/api/studies/{study}/outcome").json()
    assert after["ranking"] == seen["ranking"] | {"left_out": 1}
    assert after["pictures"] == seen["pictures"]
    rows = visitor.get(f"/api/studies/{study}/votes").json()["rows"]
    assert [row["counts"] for row in rows] == [row["voter"] == rows[0]["voter"] for row in rows]
    assert sum(row["kind"] == CHECK for row in rows) == 2
    assert len(after["pictures"]) == 3
    for one in after["pictures"]:
        assert sum(each["shown"] for each in one["sides"]) == 2
        assert sum(each["chosen"] for each in one["sides"]) == 1
        assert is_grey(Image.open(io.BytesIO(stranger.get(one["photo_url"]).content)))
        for each in one["sides"]:
            assert not is_grey(Image.open(io.BytesIO(stranger.get(each["thumbnail_url"]).content)))
    other = after["pictures"][0]["sides"][0]["thumbnail_url"].rpartition("/")[2]
    base = after["pictures"][1]["photo_url"].rpartition("/")[0]
    assert stranger.get(f"{base}/{other}").status_code == 404, "a result of another photo"
    assert stranger.get(f"{base}/original").status_code == 404, "an arena shows no original colours"


@pytest.mark.parametrize("site", ["embedded"], indirect=True)
def test_only_arenas_have_checks(site: Site, visitor: Visitor) -> None:
    body = {"kind": "turing", "contestants": [{}], "pictures": ["A" * 22], "checks": 1}
    assert visitor.post("/api/studies", json=body).status_code in (404, 422)


def test_checks_are_spread_over_the_questions() -> None:
    cast: list[Ballot] = []
    for _ in range(11):
        done = sum(one.kind != CHECK for one in cast)
        cast.append(Ballot(kind=CHECK if is_due(2, cast, 9 - done) else "arena"))
    assert [at for at, one in enumerate(cast) if one.kind == CHECK] == [3, 7]
    assert is_due(1, [], 0), "with no other question left it comes at the end"
