"""Stars, blind comparisons, rankings, exports, and the command that prepares a study."""

import csv
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, smooth
from server.serving import Site, Visitor
from tintype.server.evaluations.outcome import as_csv
from tintype.server.evaluations.ranking import bradley_terry, design_effect, mean_interval, wilson

SIZES = ({"size": 64}, {"size": 128})


def colourful(seed: int) -> tuple[str, bytes]:
    bands = [Image.fromarray(smooth(60, 80, seed + band)) for band in range(3)]
    return f"{seed}.png", file_bytes(Image.merge("RGB", bands), "PNG")


@pytest.mark.seed("S1-33")
def test_stars_and_a_comment(visitor: Visitor, stranger: Visitor) -> None:
    (picture,) = visitor.upload(colourful(1))
    url = f"/api/results/{visitor.colorize(picture, size=64)['id']}/rating"
    before = sum(one["ratings"] for one in visitor.get("/api/stars").json())
    assert visitor.get(url).status_code == 404
    assert visitor.put(url, json={"stars": 2, "comment": "=too\x00 green"}).json()["comment"] == "=too green"
    assert visitor.put(url, json={"stars": 4, "comment": "=better"}).json()["stars"] == 4
    assert visitor.get(url).json()["stars"] == 4
    for wrong in ({"stars": 0}, {"stars": 6}, {"stars": 3, "comment": "x" * 3000}, {"star": 3}):
        assert visitor.put(url, json=wrong).status_code == 422
    assert stranger.put(url, json={"stars": 1}).status_code == 404  # not shared, so not to be rated
    (tint,) = (one for one in visitor.get("/api/stars").json() if one["model"] == "tint")
    assert tint["ratings"] == before + 1
    assert tint["low"] <= tint["mean"] <= tint["high"]
    table = list(csv.DictReader(io.StringIO(visitor.get("/api/ratings", params={"format": "csv"}).text)))
    assert table[-1]["comment"] == "'=better"  # no formula for a spreadsheet
    assert stranger.get("/api/ratings").json()["rows"][-1]["comment"] == ""  # words are for the server's owner
    visitor.delete(f"/api/pictures/{picture['id']}")
    assert sum(one["ratings"] for one in visitor.get("/api/stars").json()) == before + 1  # the opinion stays


def make_study(
    visitor: Visitor, kind: str, contestants: list[dict[str, Any]], photos: int = 3, **more: Any
) -> dict[str, Any]:
    pictures = [one["id"] for one in visitor.upload(*(colourful(10 * n) for n in range(photos)))]
    answer = visitor.post("/api/studies", json={"kind": kind, "contestants": contestants, "pictures": pictures} | more)
    assert answer.status_code == 202, answer.text
    study = answer.json()
    assert visitor.ended({"id": study["job_id"]})["state"] == "done"
    return dict(visitor.get(f"/api/studies/{study['id']}").json())


@pytest.mark.seed("S4-39")
def test_a_blind_comparison(site: Site, visitor: Visitor) -> None:
    contestants = [{"label": f"size {one['size']}", "options": one} for one in SIZES]
    study = make_study(visitor, "arena", contestants, photos=4)
    assert study["state"] == "open"
    sides = []
    for _ in range(4):
        with site.visitor() as voter:
            left = 4
            while True:
                question = voter.post(f"/api/studies/{study['id']}/ballots").json()
                assert question["left"] == left
                ballot = question["ballot"]
                if ballot is None:
                    break
                assert "size" not in json.dumps(ballot)  # blind
                if not sides:
                    again = voter.post(f"/api/studies/{study['id']}/ballots").json()["ballot"]
                    assert again == ballot  # until it is answered
                    shown = [voter.get(ballot[side]) for side in ("left_url", "right_url", "photo_url")]
                    assert [one.status_code for one in shown] == [200] * 3
                    assert len({one.content for one in shown}) == 3
                    assert not {"etag", "last-modified"} & set(shown[0].headers)
                    assert visitor.get(ballot["left_url"]).status_code == 404  # the voter's alone
                told = voter.post(f"/api/ballots/{ballot['id']}/vote", json={"choice": "left"}).json()
                assert {told["left_label"], told["right_label"]} == {"size 64", "size 128"}
                assert voter.post(f"/api/ballots/{ballot['id']}/vote", json={"choice": "tie"}).status_code == 409
                sides.append(told["left_label"])
                left -= 1
            assert left == 0
    assert len(set(sides)) == 2  # by lot: the chance of 16 alike is 1 in 32768
    outcome = visitor.get(f"/api/studies/{study['id']}/outcome").json()["ranking"]
    assert (outcome["votes"], outcome["voters"]) == (16, 4)
    assert {one["label"]: one["wins"] for one in outcome["contestants"]} == {
        label: sides.count(label) for label in ("size 64", "size 128")
    }
    rows = list(csv.DictReader(io.StringIO(visitor.get(f"/api/studies/{study['id']}/votes?format=csv").text)))
    assert [row["left"] for row in rows] == sides
    assert visitor.get(f"/api/studies/{study['id']}/votes").json()["rows"][0]["voter"] == 1
    assert visitor.patch(f"/api/studies/{study['id']}", json={"state": "closed"}).json()["state"] == "closed"
    with site.visitor() as late:
        assert late.post(f"/api/studies/{study['id']}/ballots").status_code == 409
        assert late.delete(f"/api/studies/{study['id']}").status_code == 404
    assert visitor.delete(f"/api/studies/{study['id']}").status_code == 204
    assert visitor.get(f"/api/studies/{study['id']}").status_code == 404


@pytest.mark.seed("S4-40")
def test_original_or_coloured(site: Site, visitor: Visitor) -> None:
    study = make_study(visitor, "turing", [{"options": SIZES[0]}], photos=4)
    assert study["labels"] == ["tint size=64"]
    truth = []
    for _ in range(4):
        with site.visitor() as voter:
            while (ballot := voter.post(f"/api/studies/{study['id']}/ballots").json()["ballot"]) is not None:
                assert ballot["right_url"] is None
                assert voter.get(ballot["left_url"]).status_code == 200
                assert voter.post(f"/api/ballots/{ballot['id']}/vote", json={"choice": "left"}).status_code == 422
                told = voter.post(f"/api/ballots/{ballot['id']}/vote", json={"choice": "original"}).json()
                truth.append(told["left_label"])
    taken = visitor.get(f"/api/studies/{study['id']}/outcome").json()["taken"]
    assert {one["label"]: one["shown"] for one in taken} == {label: truth.count(label) for label in set(truth)}
    assert all(one["rate"] == 1 and 0 < one["low"] < one["high"] for one in taken)


def test_grey_photographs_cannot_ask_what_is_real(visitor: Visitor) -> None:
    (picture,) = visitor.upload(("grey.png", file_bytes(Image.fromarray(smooth(40, 40)), "PNG")))
    body = {"kind": "turing", "contestants": [{"options": SIZES[0]}], "pictures": [picture["id"]]}
    job = visitor.ended({"id": visitor.post("/api/studies", json=body).json()["job_id"]})
    assert (job["state"], "grey" in job["error"]) == ("failed", True)


def test_a_duel_over_ones_own_photo(visitor: Visitor) -> None:
    (picture,) = visitor.upload(colourful(3))
    url = f"/api/pictures/{picture['id']}/duels"
    assert visitor.post(url, json={"first": SIZES[0], "second": SIZES[0]}).status_code == 422
    ballot = visitor.post(url, json={"first": SIZES[0], "second": SIZES[1]}).json()
    before = visitor.get("/api/ranking?of=duels").json()["votes"]
    told = visitor.post(f"/api/ballots/{ballot['id']}/vote", json={"choice": "both_bad"}).json()
    assert {told["left_label"], told["right_label"]} == {"tint size=64", "tint size=128"}
    after = visitor.get("/api/ranking?of=duels").json()
    assert after["votes"] == before + 1
    assert sum(one["both_bad"] for one in after["contestants"]) == 2


def test_strengths_are_found_again_and_the_intervals_are_honest() -> None:
    truth = {"a": 0.8, "b": 0.2, "c": -1.0}
    inside, total = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        votes = []
        for _ in range(150):
            left, right = rng.permutation(list(truth))[:2]
            chance = 1 / (1 + np.exp(truth[right] - truth[left]))
            votes.append((str(left), str(right), float(rng.random() < chance)))
        ranked = bradley_terry(votes)
        for one in ranked:
            inside += one.low <= 1000 + truth[one.name] * 400 / np.log(10) <= one.high
            total += 1
    assert 0.9 < inside / total <= 1


def test_intervals_know_that_one_persons_votes_are_alike() -> None:
    """Twenty people of strong and opposite tastes, thirty votes each: as sure as twenty votes, not as six hundred.

    Of many such studies the interval holds the truth, that both are equal, as often as it says; counted as
    independent votes it would far less often."""
    generator = np.random.default_rng(5)
    held, naive = 0, 0
    for _ in range(200):
        votes, voters = [], []
        for person in range(20):
            taste = generator.beta(0.5, 0.5)
            votes += [("a", "b", float(generator.random() < taste)) for _ in range(30)]
            voters += [str(person)] * 30
        for by, name in ((voters, "held"), (None, "naive")):
            one = next(found for found in bradley_terry(votes, by) if found.name == "a")
            if one.low <= 1000 <= one.high:
                held, naive = held + (name == "held"), naive + (name == "naive")
    assert held / 200 > 0.88
    assert naive / 200 < 0.6


def test_voters_of_one_vote_each_change_no_interval() -> None:
    votes = [("a", "b", 1.0), ("a", "b", 0.0), ("a", "b", 1.0)] * 40
    alone = bradley_terry(votes)
    each = bradley_terry(votes, [str(number) for number in range(len(votes))])
    assert each[0].high == pytest.approx(alone[0].high, rel=0.02)
    assert bradley_terry(votes, ["one"] * len(votes))[0].high >= alone[0].high - 1e-9


def test_the_design_effect_is_that_of_whole_clusters() -> None:
    assert design_effect([(1, 1), (0, 1)] * 500) == pytest.approx(1, abs=0.01)
    assert design_effect([(10, 10), (0, 10)] * 50) == pytest.approx(10, rel=0.02)  # ten answers that are one
    assert design_effect([(3, 3)]) == design_effect([]) == 1


def test_a_ranking_bears_everything() -> None:
    assert bradley_terry([]) == []
    always = bradley_terry([("a", "b", 1.0)] * 50)
    assert [one.name for one in always] == ["a", "b"]
    assert np.isfinite([always[0].score, always[0].high]).all()
    even = bradley_terry([("a", "b", 0.5)] * 10 + [("b", "c", 0.5)] * 10)
    assert all(first.score == pytest.approx(second.score) for first, second in pairwise(even))
    assert even[1].ties == 20 or even[0].ties == 20 or even[2].ties == 20
    more = bradley_terry([("a", "b", 1.0), ("a", "b", 0.0)] * 200)
    few = bradley_terry([("a", "b", 1.0), ("a", "b", 0.0)] * 5)
    assert more[0].high - more[0].low < few[0].high - few[0].low
    assert wilson(0, 0) == (0, 1)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)  # Wilson's own kind of example
    assert mean_interval([3]) == (3, 3, 3)


def test_tables_are_no_formulas() -> None:
    text = as_csv([{"comment": "@cmd", "stars": -1}], ["comment", "stars"])
    assert text == "comment,stars\r\n'@cmd,-1\r\n"


def test_the_command_prepares_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from tintype.cli.arena import arena
    from tintype.errors import InputError
    from tintype.server.services import Services
    from tintype.server.settings import load_settings
    from tintype.server.tables import Study

    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in (1, 2):
        name, data = colourful(seed)
        (photos / name).write_bytes(data)
    monkeypatch.setenv("TINTYPE_FOLDER", str(tmp_path / "home"))
    monkeypatch.setenv("TINTYPE_THREADS", "1")
    arena(models="tint", sizes="64,128", photos=[str(photos)], checks=1)
    said = capsys.readouterr().out.splitlines()[-1]
    title, _, place = said.partition(", to be answered at http://localhost:8000/compare/")
    assert title == "tint size=64 or tint size=128?: 2 photos"
    services = Services.start(load_settings())
    with services.database.session() as session:
        assert session.get_one(Study, place).checks == 1
    services.close()
    with pytest.raises(InputError, match="attention is checked where two colourings are compared"):
        arena(models="tint", photos=[str(photos)], turing=True, checks=1)
    arena(export="votes")
    assert capsys.readouterr().out == "study,kind,picture,left,right,choice,voter,voted,counts\r\n"
    with pytest.raises(InputError, match="at least 2 contestants"):
        arena(models="tint", photos=[str(photos)])
    with pytest.raises(InputError, match="no model is called"):
        arena(models="tint,nobody", photos=[str(photos)])


@pytest.mark.parametrize(
    "given, address",
    [
        ({"host": "0.0.0.0", "port": 8123}, "http://localhost:8123/compare/x"),
        ({"host": "10.1.2.3", "root_path": "/tintype"}, "http://10.1.2.3:8000/tintype/compare/x"),
        ({"host": "0.0.0.0", "allowed_hosts": "*.lan, photos.lan"}, "http://photos.lan:8000/compare/x"),
        (
            {"allowed_hosts": "photos.example", "trusted_proxies": "10.0.0.1", "root_path": "/t"},
            "https://photos.example/t/compare/x",
        ),
    ],
)
def test_a_studys_link_is_the_pages(given: dict[str, Any], address: str) -> None:
    from tintype.server.settings import Settings

    assert Settings(**given).page("/compare/x") == address
