"""Comparisons: equal terms, an honest ranking, and one whole comparison with its page."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tintype.compare.measure import Measured
from tintype.compare.page import ranking_chart
from tintype.compare.plan import Entrant, check_entrants, fitting, images_within
from tintype.compare.ranking import rank, verdict
from tintype.compare.study import compare
from tintype.errors import RecipeError
from tintype.training.recipe import load_recipe, recipe_names
from training_pictures import write_tiles

PHOTOGRAPHS = [name for name in recipe_names() if load_recipe(name).answer.condition == "lightness"]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_every_recipe_is_made_to_fit(name: str) -> None:
    """The same size everywhere, as many images but for a batch a stage, and a learning rate that comes up."""
    recipe = fitting(Entrant(name, name), 128, seed=2, images=4_000)
    assert {stage.size for stage in recipe.schedule} == {128}
    most = sum(stage.batch for stage in recipe.schedule)
    assert abs(recipe.images - 4_000) <= most
    assert recipe.seed == 2
    assert all(stage.warm_images <= stage.images / 4 for stage in recipe.schedule)
    usual = load_recipe(name)
    assert [(s.batch, s.lr, s.losses) for s in recipe.stages] == [(s.batch, s.lr, s.losses) for s in usual.stages]
    assert not recipe.generator.get("depth") or recipe.generator["depth"] == 7


def test_who_cannot_be_so_small_says_so_before_any_run(tmp_path: Path) -> None:
    write_tiles(tmp_path / "p")
    with pytest.raises(RecipeError, match="'uvu' needs crops of multiples of 128 pixels, not 64: --size 128"):
        compare([Entrant("pix2pix", "pix2pix"), Entrant("uvu", "uvu")], [tmp_path / "p"], tmp_path / "c", size=64)
    assert not (tmp_path / "c").exists()


def test_variants_are_recipes_with_changes() -> None:
    one = Entrant.parse("plain=uvu generator.attention=none generator.inner=none")
    assert (one.name, one.recipe) == ("plain", "uvu")
    assert fitting(one, 128).generator["attention"] == "none"
    assert Entrant.parse("pix2pix") == Entrant("pix2pix", "pix2pix")
    assert Entrant.parse("mine/one.toml").name == "one"  # its run lies in the comparison's folder, not in mine/
    with pytest.raises(RecipeError, match="two recipes or more"):
        check_entrants([one])
    with pytest.raises(RecipeError, match="'uvu' stands twice"):
        check_entrants([Entrant("uvu", "uvu"), Entrant("uvu", "uvu", ("seed=1",))])
    with pytest.raises(RecipeError, match="colours drawings"):
        check_entrants([Entrant("uvu", "uvu"), Entrant("s", "uvu-sketch")])


def test_a_budget_holds_all_runs_or_is_refused_with_one_that_does() -> None:
    assert images_within(1_000, [0.1, 0.2], seeds=3) == 1_088  # 1,000 s / 0.9 s, in whole 64s
    with pytest.raises(RecipeError, match=r"--budget 7m or more"):
        images_within(60, [0.1, 0.2], seeds=3)


def measured(name: str, seed: int, ciede: np.ndarray, vivid: float = 20.0, test: str = "a") -> Measured:
    grey, true = [10.0] * len(ciede), [20.0] * len(ciede)
    flat = [vivid] * len(ciede)
    return Measured(name, seed, 64, test, "w", [20.0] * len(ciede), list(ciede), flat, grey, true, [19.0] * len(ciede))


@pytest.mark.seed("S1-34")
def test_a_real_difference_is_told_from_luck() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 2, 60)  # pictures differ much more than systems do

    def runs(name: str, mean: float, spread: float) -> list[Measured]:
        return [measured(name, s, mean + hard + rng.normal(0, 0.3, 60) + rng.normal(0, spread)) for s in range(3)]

    clear = rank({"a": runs("a", 8.0, 0.05), "b": runs("b", 7.0, 0.05)})
    assert [place.name for place in clear] == ["b", "a"]
    assert clear[1].clear
    assert clear[1].behind == pytest.approx(0.1, abs=0.02)
    assert "b is the better one" in verdict(clear)
    assert "more than luck" in verdict(clear)
    lucky = rank({"a": runs("a", 7.5, 1.5), "b": runs("b", 7.4, 1.5)})
    assert not lucky[1].clear
    assert "it may be luck" in verdict(lucky)


def test_vividness_counts_and_grey_is_said() -> None:
    pale = [measured("pale", 0, np.full(9, 9.9), vivid=0.0)]
    vivid = [measured("vivid", 0, np.full(9, 10.5))]
    places = rank({"pale": pale, "vivid": vivid})
    assert [(place.name, round(place.score, 3)) for place in places] == [("vivid", 1.05), ("pale", 1.24)]
    assert "With one seed" in verdict(places)
    assert "Nearer to the truth than grey by more than luck: pale alone." in verdict(places)
    assert [place.nearer_than_grey for place in places] == [False, True]


def test_every_row_of_the_ranking_has_its_name_and_room_for_it() -> None:
    names = [f"row {number}" for number in range(12)]
    chart = ranking_chart(rank({name: [measured(name, 0, np.full(9, 9.0 + at))] for at, name in enumerate(names)}))
    assert sorted(chart.data[0].y) == sorted(names)
    assert (chart.layout.yaxis.tickmode, chart.layout.yaxis.dtick) == ("linear", 1)
    assert chart.layout.height / len(names) > 30


def test_who_is_nearer_to_the_truth_than_grey_by_more_than_luck() -> None:
    """A network at 0.98 of grey's distance with every picture alike, one at 0.98 by luck, one farther than grey."""
    rng = np.random.default_rng(0)
    sure = [measured("sure", s, np.full(40, 9.8), vivid=2.0) for s in range(3)]
    unsure = [measured("unsure", s, 9.8 + rng.normal(0, 3, 40), vivid=3.0) for s in range(3)]
    wrong = [measured("wrong", s, np.full(40, 10.5)) for s in range(3)]
    places = rank({"sure": sure, "unsure": unsure, "wrong": wrong})
    assert {place.name for place in places if place.nearer_than_grey} == {"sure"}
    assert "None is clearly nearer to the truth than grey" in verdict(rank({"unsure": unsure, "wrong": wrong}))
    both = verdict(rank({"sure": sure, "also": [measured("also", s, np.full(40, 9.0)) for s in range(3)]}))
    assert "grey" not in both


def test_different_test_sets_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="2 test sets"):
        rank({"a": [measured("a", 0, np.ones(4))], "b": [measured("b", 0, np.ones(4), test="other")]})


@pytest.mark.seed("S1-34")
def test_a_whole_comparison_from_pictures_to_page(tmp_path: Path) -> None:
    photos = write_tiles(tmp_path / "photos", side=48, per_picture=10)
    entrants = [
        Entrant.parse("small=landscape generator.complexity=2 critic.complexity=2"),
        Entrant.parse("slow=driving generator.width=2 stages.0.lr=1e-6"),
    ]
    said: list[str] = []
    options = {"images": 64, "seeds": 2, "size": 32, "accelerator": "cpu", "cache_dir": tmp_path / "cache"}
    outcome = compare(entrants, [photos], tmp_path / "run", say=said.append, **options)  # type: ignore[arg-type]
    lines = [json.loads(line) for line in (tmp_path / "run/comparison.jsonl").read_text().splitlines()]
    assert [(line["name"], line["seed"]) for line in lines] == [("small", 0), ("small", 1), ("slow", 0), ("slow", 1)]
    assert len({line["test"] for line in lines}) == 1
    assert len({line["weights"] for line in lines}) == 4
    assert all(0 < line["ciede2000_noisy"] != line["ciede2000"] for line in lines)
    assert {place.name for place in outcome.places} == {"small", "slow"}
    page = outcome.page.read_text(encoding="utf-8")
    assert outcome.verdict.split(":")[0] in page
    assert lines[0]["test"] in page
    assert f"{np.mean([line['ciede2000_noisy'] for line in lines[:2]]):.2f}" in page
    chart = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert chart is not None
    spec = json.loads(chart[1])
    assert spec["data"][0]["y"] == [place.name for place in reversed(outcome.places)]
    assert "font" in spec["layout"]  # which the page's script colours; without it nothing is drawn
    parts = [
        json.loads(line)["name"]
        for name in ("train", "val", "test")
        for line in (tmp_path / f"run/{name}.manifest.jsonl").read_text().splitlines()
    ]
    assert len(parts) == len(set(parts)) == 40
    # Again: nothing is trained anew, and the answer is the same.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").glob("*/checkpoints/state*")}
    again = compare(entrants, [photos], tmp_path / "run", say=said.append, **options)  # type: ignore[arg-type]
    assert again.verdict == outcome.verdict
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(RecipeError, match="holds another comparison"):
        compare(entrants, [photos], tmp_path / "run", say=said.append, **(options | {"images": 96}))  # type: ignore[arg-type]


def test_every_row_of_the_benchmark_is_a_recipe_that_can_be_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ablations change what they say and build; rows of a study differ from one another."""
    import torch

    from tintype.models import build_critic, build_generator

    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    from comparison import STUDIES  # type: ignore[import-not-found]

    for study, rows in STUDIES.items():
        recipes = [fitting(Entrant.parse(text), 128, images=20_000) for text in rows]
        assert len({recipe.model_copy(update={"name": ""}).to_toml() for recipe in recipes}) == len(rows), study
        for recipe in recipes:
            with torch.device("meta"):
                build_generator(recipe.system, recipe.generator)
                if recipe.critic:
                    options = dict(recipe.critic)
                    build_critic(options.pop("kind"), options, 3)
