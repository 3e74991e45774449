"""Refusals that people read: no names of a validator's, the value, the limit."""

from typing import Any

import pytest

from server.serving import Visitor, serving
from tintype.server.guard.rate import Rate
from tintype.server.misfits import in_words

JARGON = ("should", "Input", "body.", "validation", "_", "valid ")
PICTURE = "A" * 22


@pytest.mark.parametrize(
    "path, body, said",
    [
        (f"/api/pictures/{PICTURE}/predict", {"hints": [{"x": 0.5, "y": 0.5, "color": "#ff0000"}] * 201},
         "hints may have 200 entries at most; these are 201"),
        (f"/api/pictures/{PICTURE}/predict", {"hints": [{"x": 0.5, "y": 0.5, "color": "#ff0000"}, {"x": 7}]},
         "x of hints 2 is 7; it may be"),
        (f"/api/pictures/{PICTURE}/predict", {"saturation": "much"}, "saturation must be a number"),
        (f"/api/pictures/{PICTURE}/predict", {"colour": 1}, "colour is not known here"),
        ("/api/jobs", {"kind": "dance"}, "choose 'colorize', 'film', 'scenes'"),
        ("/api/jobs", {"kind": "film"}, "picture of film is missing"),
        (f"/api/results/{PICTURE}/rating", {"stars": 9}, ""),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_words(visitor: Visitor, path: str, body: dict[str, Any], said: str) -> None:
    answer = visitor.put(path, json=body) if path.endswith("rating") else visitor.post(path, json=body)
    assert answer.status_code == 422
    told = answer.json()["detail"]
    assert said in told
    assert not [word for word in JARGON if word in told], told


def test_what_is_not_known_keeps_the_validators_own_words() -> None:
    assert in_words({"type": "strange", "loc": ("body", "a"), "msg": "Odd"}) == "a: Odd"
    assert (
        in_words({"type": "greater_than", "loc": (), "msg": "Odd", "input": 1}) == "the request: Odd"
    )  # no limit told


def test_a_larger_size_costs_a_client_more_of_its_rate(tmp_path: Any, photo: Any) -> None:
    given: dict[str, Any] = {"requests_per_minute": 60, "burst": 20}
    with serving(tmp_path, model="tiny", **given) as site, site.visitor() as visitor, site.visitor() as other:
        (picture,) = visitor.upload(photo)
        address = f"/api/pictures/{picture['id']}/predict"
        own = visitor.get("/api/models").json()[0]["size"]
        assert visitor.post(address, json={"size": 3 * own}).status_code == 200  # 9 of the 20 that there are
        refused = visitor.post(address, json={"size": 4 * own})
        assert refused.status_code == 429
        assert "16 requests" in refused.json()["detail"]
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert visitor.post(address, json={}).status_code == 200  # a plain one goes on
        assert other.get("/api/session").status_code == 200


def test_a_price_beyond_the_burst_is_the_burst() -> None:
    rate = Rate(60, 10)
    assert rate.wait("a", 0, 100) == 0
    assert rate.wait("a", 0, 1) == 1
    assert rate.wait("a", 9, 100) == 1
