"""Searches: what is refused before the first trial, what is judged, and studies that survive being killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from PIL import Image

from study_trainer import KnownTrainer
from tintype.cli.tune import tune as tune_verb
from tintype.errors import DataError, MissingExtra, OutputError, RecipeError
from tintype.training.recipe import Recipe, load_recipe
from tintype.tune import Sharing, StudySummary, Training, tune
from tintype.tune.score import TrialScore, final_judgement
from tintype.tune.search import parse_distribution, parse_searches
from tintype.tune.work import OnLine
from training_pictures import write_tiles

LR = "stages.0.lr=log:1e-5:1e-1"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("log:1e-5:1e-2", FloatDistribution(1e-5, 1e-2, log=True)),
        ("float:-1:0.5", FloatDistribution(-1, 0.5)),
        ("int:8:64", IntDistribution(8, 64)),
        ("int:8:61:8", IntDistribution(8, 56, step=8)),
        ("choice:source,spatial,none", CategoricalDistribution(["source", "spatial", "none"])),
        ("choice:true,false", CategoricalDistribution(["true", "false"])),
        ("choice:[24, 16],[32, 32]", CategoricalDistribution(["[24, 16]", "[32, 32]"])),
    ],
)
def test_ranges(form: str, expected: BaseDistribution) -> None:
    assert parse_distribution(form, form) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr", "write it as KEY=KIND"),
        ("lr=lag:1:2", "unknown kind 'lag'; did you mean 'log:LOW:HIGH'"),
        ("lr=xyz:1:2", "unknown kind 'xyz'; known: log, float, int, choice"),
        ("lr=log:1e-2:1e-5", "LOW is 0.01 and HIGH 1e-05"),
        ("lr=log:0:1", "LOW is 0; a logarithmic range begins above 0"),
        ("lr=float:0", "write it as float:LOW:HIGH"),
        ("lr=float:a:1", "'a' is not a number"),
        ("lr=float:0:inf", "'inf' is not a finite number"),
        ("stages.0.batch=int:1.5:3", "'1.5' is not an integer"),
        ("stages.0.batch=int:8:16:9", "STEP is 9; it must be 1 to 8"),
        ("precision=choice:32-true", "two or more different values"),
        ("stages.0.lrr=log:1e-5:1e-2", "did you mean 'lr'?"),
        ("lrr=log:1e-5:1e-2", "unknown key 'stages.0.lrr'; did you mean 'lr'?"),
        ("sead=int:1:2", "unknown key 'sead'; did you mean 'seed'?"),
        ("genrator.bottom=int:8:16", "unknown key 'genrator'; did you mean 'generator'?"),
        ("generator.botom=int:8:16", "has no option 'botom'"),
        ("critic.width=int:8:16", "the recipe has no critic; set critic.kind"),
        ("stages.7.lr=log:1e-5:1e-2", "there is no such place"),
        ("batch=log:8:64", "use int:LOW:HIGH"),
        ("size=int:64:128:16", "stages.0.size = 80"),
        ("smallest_crop=float:0.5:1.5", "stages.0.smallest_crop = 1.5"),
        ("precision=choice:bf16-mixed,64-true", "precision = '64-true'"),
        ("critic_lr=log:1e-5:1e-2", "no stage of the recipe sets critic_lr"),
    ],
)
def test_bad_searches_are_refused_before_the_first_trial(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        tune("tint", [], KnownTrainer(), tmp_path / "study", [text], 1)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "study").exists()


def test_a_place_is_searched_once_and_something_is() -> None:
    with pytest.raises(RecipeError, match=r"stages\.1\.lr is searched by 'lr=log:1e-4:1e-3' already"):
        parse_searches("tint", [], ["lr=log:1e-4:1e-3", "stages.1.lr=log:1e-5:1e-3"])
    with pytest.raises(RecipeError, match="nothing to search"):
        parse_searches("tint", [], [])


def test_a_bare_key_means_every_stage_that_has_it() -> None:
    rate, weight, seed = parse_searches("tint", [], ["lr=log:1e-4:1e-3", "losses.smooth_l1=float:0:1", "seed=int:0:9"])
    assert rate.places == tuple(f"stages.{i}.lr" for i in range(4))
    assert weight.places == tuple(f"stages.{i}.losses.smooth_l1" for i in range(1, 4))
    assert seed.places == ("seed",)
    recipe = load_recipe("tint", rate.overrides(0.00025))
    assert [stage.lr for stage in recipe.stages] == [0.00025] * 4


def test_the_score_is_0_for_the_truth_and_prefers_neither_grey_nor_garish() -> None:
    def score(**figures: float) -> float:
        truth = {"ciede2000": 0.0, "ciede2000_grey": 8.0, "colorfulness": 30.0, "colorfulness_true": 30.0}
        return TrialScore.of({"images": 1, "validation": truth | figures}).score

    assert score() == 0
    assert score(ciede2000=8.0, colorfulness=0.0) == 1.25
    assert score(ciede2000=6.0, colorfulness=30.0) < score(ciede2000=6.0, colorfulness=10.0)
    assert score(ciede2000=6.0, colorfulness=30.0) < score(ciede2000=6.0, colorfulness=60.0)
    with pytest.raises(RecipeError, match="ciede2000 is nan"):
        score(ciede2000=float("nan"))


def write_stats(run: Path, *scores: tuple[int, float]) -> None:
    """A stats.jsonl with one validation for each (images, score)."""
    figures = {"ciede2000_grey": 8.0, "colorfulness": 30.0, "colorfulness_true": 30.0}
    lines = [{"images": i, "validation": figures | {"ciede2000": 8 * score, "score": score}} for i, score in scores]
    (run / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [{"images": 0}, *lines]))


def test_a_run_is_judged_by_the_weights_that_it_ends_with(tmp_path: Path) -> None:
    stages = [f"stages.0.{key}" for key in ("images=100", "batch=64")]
    write_stats(tmp_path, (64, 0.1), (128, 0.3), (192, 0.5), (256, 0.4), (320, 0.6))
    assert final_judgement(tmp_path, load_recipe("tint", stages)).images == 320
    nogan = load_recipe("nogan", [*stages, "stages.*.images=100", "stages.*.batch=64"])
    last = nogan.schedule[-1]
    assert last.back_to_best
    begun = 128 * (len(nogan.schedule) - 1)
    write_stats(tmp_path, (64, 0.1), (begun, 0.3), (begun + 64, 0.5), (begun + 96, 0.4), (begun + 128, 0.6))
    assert final_judgement(tmp_path, nogan).images == begun + 96


def test_a_run_that_was_never_validated_is_not_judged(tmp_path: Path) -> None:
    write_stats(tmp_path)
    with pytest.raises(RecipeError, match="never validated"):
        final_judgement(tmp_path, load_recipe("tint"))


def known(folder: Path, trials: int, *searches: str, **options: Any) -> StudySummary:
    trainer = options.pop("trainer", KnownTrainer())
    sharing = Sharing(options.pop("storage", None), options.pop("study_name", None))
    return tune("tint", ["log.samples=100"], trainer, folder, searches or [LR], trials, sharing=sharing, **options)


def trials_of(folder: Path) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=folder.name, storage=f"sqlite:///{folder}/study.db").trials


def states_of(folder: Path) -> list[str]:
    return [trial.state.name for trial in trials_of(folder)]


@pytest.mark.seed("S4-36")
def test_a_study_finds_the_best_value_and_writes_what_it_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = known(tmp_path / "study", 18, LR, "losses.distribution=log:0.01:100")
    assert 3e-4 < summary.params["stages.0.lr"] < 3e-3
    best = load_recipe(summary.best_recipe)
    assert best.stages[0].lr == summary.params["stages.0.lr"]
    assert best.stages[0].losses["distribution"] == summary.params["losses.distribution"]
    assert summary.values == (summary.judgement.score,)
    assert summary.counts["complete"] + summary.counts["pruned"] == 18
    assert summary.counts["pruned"] > 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 18
    assert f"trial {summary.best}: {summary.judgement}" in "\n".join(lines)
    page = summary.report.read_text()
    for title in ("Score by trial", "Importance", "Values together", "Values one by one"):
        assert f"<h2>{title}" in page
    assert page.count("<tr") == 19
    assert page.count("plotly.js v") == 1  # the library is in the page, once
    assert 'src="http' not in page


def test_the_loss_has_no_say(tmp_path: Path) -> None:
    """The trainer gives a loss that is the weight itself: a search by loss would end at the lowest weight."""
    summary = known(tmp_path, 12, "stages.0.losses.l1=log:1:200")
    scores = {trial.value for trial in trials_of(tmp_path)}
    assert len(scores) == 1
    assert summary.best == 0


def test_a_failed_trial_is_recorded_and_the_study_goes_on(tmp_path: Path) -> None:
    summary = known(tmp_path, 8, "stages.0.lr=log:1e-3:100")
    failed = [trial for trial in trials_of(tmp_path) if trial.state.name == "FAIL"]
    assert 0 < len(failed) < 8
    assert all(trial.params["stages.0.lr"] >= 0.5 for trial in failed)
    assert all(trial.user_attrs["error"].startswith("ciede2000 is nan after 100 images") for trial in failed)
    assert summary.counts["fail"] == len(failed)
    assert "ciede2000 is nan" in summary.report.read_text()


def test_a_study_in_which_all_trials_fail_says_why(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="none of 2 trials finished, 2 failed; the last: ciede2000 is nan"):
        known(tmp_path, 2, "stages.0.lr=float:1:2")


def test_several_recipes_are_searched_among_on_equal_terms(tmp_path: Path) -> None:
    """The recipe is a value like others; each trial sees the same images, its stages in their proportions."""
    trainer = KnownTrainer(best="landscape")
    names = "pix2pix,landscape,tint"
    found = tune(names, [], trainer, tmp_path, ["lr=log:1e-5:1e-3"], 12, images=6_400)
    assert found.params["recipe"] == "landscape"
    best = load_recipe(found.best_recipe)
    assert best.system == "landscape"
    assert best.stages[0].lr == found.params["lr"]
    study = optuna.load_study(study_name=tmp_path.name, storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert {trial.params["recipe"] for trial in study.trials} == {"pix2pix", "landscape", "tint"}
    for name in names.split(","):
        recipe = load_recipe(tmp_path / f"recipe-{name}.toml")
        assert abs(recipe.images - 6_400) <= sum(stage.batch for stage in recipe.schedule)
        assert (recipe.log.samples, recipe.log.candidate) == (800, 800)
    tint = load_recipe(tmp_path / "recipe-tint.toml").stages
    usual = load_recipe("tint").stages
    assert tint[0].images / tint[1].images == pytest.approx(usual[0].images / usual[1].images, rel=0.01)


@pytest.mark.parametrize(
    ("recipes", "searches", "images", "words"),
    [
        ("pix2pix,uvu", [LR], None, "several recipes need --images"),
        ("uvu,uvu", [LR], 640, "'uvu' stands twice"),
        ("uvu,uvu-sketch", [LR], 640, "some colour photographs, some drawings"),
        ("pix2pix,uvvu", [LR], 640, "unknown recipe 'uvvu'; did you mean 'uvu'?"),
        ("pix2pix,tint", ["stages.0.critic_lr=log:1e-5:1e-2", "generator.depth=int:5:7"], 640, "tint: "),
        ("tint", [], 640, "nothing to search"),
    ],
)
def test_recipes_that_cannot_be_searched_among(
    recipes: str, searches: list[str], images: int | None, words: str, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError) as caught:
        tune(recipes, [], KnownTrainer(), tmp_path / "study", searches, 1, images=images)
    assert words in str(caught.value)
    assert not (tmp_path / "study").exists()


def test_two_objectives_give_a_front(tmp_path: Path) -> None:
    summary = known(tmp_path, 6, objective="pareto")
    assert summary.best in summary.front
    assert summary.values == (summary.judgement.colour_distance, summary.judgement.vividness_distance)
    assert "<h2>Pareto front" in summary.report.read_text()


def test_a_continued_study_proposes_what_an_unbroken_one_does(tmp_path: Path) -> None:
    known(tmp_path / "unbroken", 14)
    for trials in (3, 12, 14, 14):
        known(tmp_path / "broken", trials)
    unbroken, broken = (trials_of(tmp_path / name) for name in ("unbroken", "broken"))
    assert [(t.params, t.state, t.value) for t in unbroken] == [(t.params, t.state, t.value) for t in broken]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"objective": "pareto"}, "another objective"),
        ({"searches": ["stages.0.lr=log:1e-5:1e-2"]}, "another search"),
        ({"overrides": ["seed=5"]}, "another recipe"),
    ],
)
def test_a_study_with_other_settings_is_not_continued(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    known(tmp_path / "study", 1)
    options = {"overrides": ["log.samples=100"], "searches": [LR], "trainer": KnownTrainer()} | change
    with pytest.raises(RecipeError, match=words):
        tune("tint", folder=tmp_path / "study", trials=2, **options)


COMMAND = """
import json, sys
from study_trainer import KnownTrainer
from tintype.tune import tune
if __name__ == "__main__":
    folder, trials, options, trainer = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4])
    lr = "stages.0.lr=log:1e-5:1e-1"
    tune("tint", ["log.samples=100"], KnownTrainer(**trainer), folder, [lr], trials, **options)
"""


def start(folder: Path, trials: int, options: dict[str, Any], **trainer: Any) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    command = [sys.executable, "-c", COMMAND, str(folder), str(trials), json.dumps(options), json.dumps(trainer)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)


def test_a_killed_study_continues_its_trial(tmp_path: Path) -> None:
    killed, unbroken = tmp_path / "killed", tmp_path / "unbroken"
    process = start(killed, 4, {}, die_in="trial-00001")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert states_of(killed) == ["COMPLETE", "RUNNING"]
    known(killed, 4)
    known(unbroken, 4)
    assert states_of(killed) == ["COMPLETE"] * 4
    assert [t.params for t in trials_of(killed)] == [t.params for t in trials_of(unbroken)]
    stats = [(folder / "trial-00001" / "stats.jsonl").read_text() for folder in (killed, unbroken)]
    assert stats[0] == stats[1]  # continued in its run directory, not begun again


def test_a_trial_that_killed_its_process_three_times_is_given_up(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    process = start(folder, 2, {}, die_in="trial-00000")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    [trial] = trials_of(folder)
    assert trial.user_attrs["starts"] == 1
    optuna.load_study(study_name="study", storage=f"sqlite:///{folder}/study.db")._storage.set_trial_user_attr(
        trial._trial_id, "starts", 3
    )
    summary = known(folder, 2)
    assert states_of(folder) == ["FAIL", "COMPLETE"]
    assert "killed 3 times" in summary.report.read_text()


def test_a_folder_is_used_by_one_command_at_a_time(tmp_path: Path) -> None:
    from filelock import FileLock

    with FileLock(tmp_path / ".lock"), pytest.raises(OutputError, match="another `tintype tune` is at work"):
        known(tmp_path, 1)


def test_machines_share_a_database_url(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    known(tmp_path / "one", 2, storage=url, study_name="ours")
    summary = known(tmp_path / "two", 5, storage=url, study_name="ours")
    assert summary.counts["complete"] == 5
    assert sorted(path.name for path in tmp_path.glob("*/trial-*")) == [f"trial-0000{n}" for n in range(5)]
    assert not (tmp_path / "two" / "study.db").exists()


def test_a_trial_that_another_machine_took_over_is_left_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"

    class AsleepInTheFirst(KnownTrainer):
        def __call__(self, recipe: Recipe, run: Path, on_line: OnLine) -> None:
            if run.name == "trial-00000":
                optuna.load_study(study_name="ours", storage=url).tell(0, state=optuna.trial.TrialState.FAIL)
            super().__call__(recipe, run, on_line)

    summary = known(tmp_path / "one", 2, storage=url, study_name="ours", trainer=AsleepInTheFirst())
    assert (summary.counts["fail"], summary.counts["complete"]) == (1, 2)
    assert "trial 0: begun again by another machine" in capsys.readouterr().err
    assert "left by its machine" in summary.report.read_text()


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("my.db", RecipeError, "not a database URL"),
        ("dbase://host/name", RecipeError, "not a database URL"),
        ("sqlite:////no/such/folder/study.db", OutputError, "cannot use this database"),
    ],
)
def test_a_database_that_cannot_be_used(tmp_path: Path, url: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        known(tmp_path, 1, storage=url)
    assert "\n" not in str(caught.value)


def test_a_database_without_its_driver_names_the_package(tmp_path: Path) -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtra, match="psycopg"):
            known(tmp_path, 1, storage="postgresql://me:secret@localhost/tintype")
    else:
        with pytest.raises(OutputError) as caught:
            known(tmp_path, 1, storage="postgresql://me:secret@localhost:1/tintype")
        assert "secret" not in str(caught.value)


SMALL = [
    "generator.encoder=efficientnet-lite0",
    "generator.bottom=32",
    "generator.widths=[24, 16, 16]",
    "precision=32-true",
    "ema_images=20",
    "log.tick=8",
    "log.samples=32",
    "log.save_seconds=0",
    "stages.*.images=32",
    "stages.*.size=64",
    "stages.*.warmup=8",
    "stages.*.batch=8",
]
SEARCHES = ["lr=log:1e-4:1e-2", "stages.0.batch=int:4:8:4"]


@pytest.mark.slow
def test_a_real_study_is_killed_and_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINTYPE_CACHE", str(tmp_path / "cache"))
    photos, folder = write_tiles(tmp_path / "photos", per_picture=2), tmp_path / "study"
    command = ["tune", "--data", photos, "--validation", photos, "--run", folder, "--trials", "3"]
    command += [*(f"--search={text}" for text in SEARCHES), *(f"--set={text}" for text in SMALL)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tintype", *map(str, command)],
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    log = folder / "trial-00001" / "stats.jsonl"
    while process.poll() is None and not (log.exists() and '"images": 32' in log.read_text()):
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert states_of(folder) == ["COMPLETE", "RUNNING"]

    tune_verb([photos], photos, SEARCHES, run=folder, overrides=SMALL, trials=3)
    printed = capsys.readouterr()
    assert states_of(folder) == ["COMPLETE"] * 3
    assert [line.partition("  trial")[0].strip() for line in printed.err.splitlines()] == ["2 of 3", "3 of 3"]
    assert printed.out.splitlines()[-1] == str(folder / "best.toml")
    values = {t.number: t.params for t in trials_of(folder)}
    for number in range(3):
        run = folder / f"trial-{number:05d}"
        recipe = load_recipe(run / "recipe.toml")
        assert [stage.lr for stage in recipe.stages] == [values[number]["lr"]] * 4
        assert recipe.stages[0].batch == values[number]["stages.0.batch"]
        lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
        assert [line["images"] for line in lines if "validation" in line] == [32, 64, 96, 128]
        assert final_judgement(run, recipe).score == trials_of(folder)[number].value
        assert not (run / "checkpoints" / "state.safetensors").exists()


@pytest.mark.slow
def test_two_processes_train(tmp_path: Path) -> None:
    photos, folder = write_tiles(tmp_path / "photos", per_picture=2), tmp_path / "study"
    trainer = Training((photos,), photos, tmp_path / "cache")
    summary = tune("tint", SMALL, trainer, folder, SEARCHES, 3, processes=2)
    assert summary.counts["complete"] == 3
    assert set(states_of(folder)) == {"COMPLETE"}
    assert load_recipe(summary.best_recipe).stages[1].lr == summary.params["lr"]


def test_grey_pictures_are_refused_before_the_first_trial(tmp_path: Path) -> None:
    Image.new("L", (80, 80), 99).save(tmp_path / "grey.png")
    photos = write_tiles(tmp_path / "photos", per_picture=1)
    with pytest.raises(DataError, match=r"grey\.png: all 1 pictures are grey"):
        tune("tint", [], Training((photos,), tmp_path / "grey.png", tmp_path), tmp_path / "study", [LR], 1)
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_two_processes_share_the_trials(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    process = start(folder, 7, {"processes": 2}, seconds=0.2)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    assert len(trials_of(folder)) == 7
    assert set(states_of(folder)) <= {"COMPLETE", "PRUNED"}
    times = [(trial.datetime_start, trial.datetime_complete) for trial in trials_of(folder)]
    assert any(a[0] < b[0] < a[1] for a in times for b in times)  # some of them at the same time
    assert load_recipe(folder / "best.toml").stages[0].lr > 0


@pytest.mark.slow
def test_workers_die_with_their_parent_and_are_continued(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    process = start(folder, 4, {"processes": 2}, seconds=0.5)
    deadline = time.monotonic() + 60
    while len(list(folder.glob("trial-*/stats.jsonl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    known(folder, 4)
    assert len(trials_of(folder)) == 4
    assert "RUNNING" not in states_of(folder)
    for run in folder.glob("trial-*"):
        assert len((run / "stats.jsonl").read_text().splitlines()) == 4  # by one process at a time
