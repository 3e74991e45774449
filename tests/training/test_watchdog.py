"""The watchdog on made-up courses of a run: it speaks once, about the right thing, and is silent on healthy runs."""

import csv
import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from made_runs import adversarial_lines, validation
from tintype.reports.history import CHANCE
from tintype.training.watchdog import Watchdog

Line = dict[str, Any]


def ticks(
    length: int, values: Callable[[int], Line], *, kind: str = "adversarial", tick: int = 1_600, stage: str = "one"
) -> list[Line]:
    return [
        {"images": images, "stage": stage, "kind": kind, "loss": 1.0, "lr": 1e-4} | values(images)
        for images in range(tick, length + 1, tick)
    ]


def critic_at(level: float, spread: float = 0.0) -> Callable[[int], Line]:
    noise = random.Random(0)
    return lambda _: {"loss_D": level + noise.gauss(0, spread)}


def warnings(watchdog: Watchdog, lines: Iterable[Line]) -> list[tuple[int, str]]:
    return [(line["images"], warning) for line in lines for warning in watchdog.watch(line)]


@pytest.mark.parametrize(("gan", "level"), [("vanilla", 0.693), ("lsgan", 0.25), ("hinge", 1.0)])
@pytest.mark.seed("S4-21")
def test_a_critic_that_guesses_has_given_up(gan: str, level: float) -> None:
    [(images, text)] = warnings(Watchdog(gan), ticks(120_000, critic_at(level, level / 200)))
    assert "critic has given up" in text
    assert f"{level:.2f}" in text
    assert 40_000 <= images < 45_000  # a beginning and a span of 20,000 images each


@pytest.mark.parametrize("gan", CHANCE)
def test_a_critic_that_is_always_right_has_won(gan: str) -> None:
    [(_, text)] = warnings(Watchdog(gan), ticks(120_000, critic_at(0.01 * CHANCE[gan])))
    assert "critic has won" in text


def test_a_critic_may_be_right_in_a_stage_of_its_own() -> None:
    assert warnings(Watchdog("vanilla"), ticks(120_000, critic_at(0.005), kind="critic")) == []


@pytest.mark.parametrize("level", [0.54, 0.6, 0.3, 0.1])
def test_a_critic_at_work_is_no_news(level: float) -> None:
    """0.54 is the level of seed 1's table."""
    assert warnings(Watchdog("vanilla"), ticks(200_000, critic_at(level, 0.03))) == []


def test_levels_belong_to_the_kind_of_gan() -> None:
    assert warnings(Watchdog("hinge"), ticks(120_000, critic_at(math.log(2)))) == []
    assert warnings(Watchdog(None), ticks(120_000, critic_at(math.log(2)))) == []
    with pytest.raises(ValueError, match="choose vanilla"):
        Watchdog("wgan")


def test_spans_are_images_and_not_lines() -> None:
    """Whatever a tick is, the alarm comes at the same number of images, to within a tick."""
    for tick in (200, 1_600, 6_400):
        [(images, _)] = warnings(Watchdog("vanilla"), ticks(120_000, critic_at(0.69), tick=tick))
        assert 40_000 <= images < 40_000 + 2 * tick


def test_a_few_odd_lines_are_no_alarm_and_end_none() -> None:
    def mostly(usual: float, odd: float) -> Callable[[int], Line]:
        return lambda images: {"loss_D": odd if images // 1_600 % 5 == 0 else usual}

    assert warnings(Watchdog("vanilla"), ticks(200_000, mostly(0.5, 0.7))) == []
    assert len(warnings(Watchdog("vanilla"), ticks(200_000, mostly(0.69, 0.3)))) == 1


def test_a_warning_comes_again_after_a_recovery() -> None:
    def course(images: int) -> Line:
        return {"loss_D": 0.5 if 60_000 < images < 130_000 else 0.69}

    first, second = warnings(Watchdog("vanilla"), ticks(240_000, course))
    assert first[0] < 60_000
    assert second[0] > 130_000


def test_each_stage_has_its_own_warnings() -> None:
    lines = ticks(80_000, critic_at(0.69))
    later = [line | {"images": line["images"] + 80_000, "stage": "two"} for line in lines]
    first, second = warnings(Watchdog("vanilla"), lines + later)
    assert first[0] < 80_000
    assert second[0] == 120_000


def test_short_stages_have_short_spans() -> None:
    lines = ticks(20_000, critic_at(0.69), tick=800)
    assert warnings(Watchdog("vanilla"), lines) == []
    [(images, _)] = warnings(Watchdog("vanilla", images=20_000), lines)
    assert 10_000 <= images < 12_000
    assert warnings(Watchdog("vanilla", images=2_000), ticks(2_000, critic_at(0.69), tick=100)) == []


@pytest.mark.parametrize(
    ("ratio", "word"), [(0.2, "mono-coloured"), (0.4, None), (1.0, None), (1.8, None), (2.5, "garish")]
)
@pytest.mark.parametrize("kind", ["supervised", "adversarial"])
def test_chroma_against_the_photographs(kind: str, ratio: float, word: str | None) -> None:
    falling = iter(range(10**6, 0, -1))
    lines = ticks(100_000, lambda _: {"loss": next(falling), "chroma": 13 * ratio, "chroma_true": 13.0}, kind=kind)
    found = warnings(Watchdog(), lines)
    assert [word in text for _, text in found] == ([True] if word else [])


def test_colourfulness_in_validation_says_the_same_thing_once() -> None:
    lines = ticks(200_000, lambda _: {"chroma": 2.0, "chroma_true": 13.0})
    grey = {"colorfulness": 5.0, "colorfulness_true": 33.0}
    looks = [{"images": images, "validation": grey} for images in range(10_000, 200_001, 10_000)]
    assert len(warnings(Watchdog(), sorted(lines + looks, key=lambda line: line["images"]))) == 1
    [(images, text)] = warnings(Watchdog(), sorted(looks, key=lambda line: line["images"]))
    assert "colourfulness is 0.15 of the photographs' 33.0" in text
    assert images >= 40_000


def test_colour_that_comes_late_is_waited_for() -> None:
    """A network starts grey; that is no collapse."""
    lines = ticks(100_000, lambda images: {"chroma": min(9.0, images / 3_000), "chroma_true": 13.0})
    assert warnings(Watchdog(), lines) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("key", ["loss", "loss_D", "l1", "gradient_norm"])
def test_losses_that_are_no_numbers(key: str, value: float) -> None:
    line = {"images": 1_600, "stage": "one", "kind": "adversarial", "loss": 1.0} | {key: value}
    text = Watchdog.diverged(line)
    assert text is not None
    assert f"{key} is {value}" in text
    assert "lower lr or precision=32-true" in text
    watchdog = Watchdog("vanilla")
    assert watchdog.watch(line) == [text]
    assert watchdog.watch(line | {"images": 3_200}) == []


def test_a_perfect_validation_is_no_divergence() -> None:
    assert Watchdog.diverged({"images": 5, "validation": {"psnr": math.inf}}) is None
    assert Watchdog.diverged({"images": 5, "validation": {"psnr": math.nan}}) is not None


def test_a_level_loss_is_stalled() -> None:
    noise = random.Random(1)
    [(images, text)] = warnings(
        Watchdog(), ticks(400_000, lambda _: {"loss": 3 + noise.gauss(0, 0.05)}, kind="supervised", tick=6_400)
    )
    assert "has not fallen for" in text
    assert images > 100_000


def test_a_loss_that_falls_slowly_through_noise_is_not_stalled() -> None:
    noise = random.Random(1)
    lines = ticks(
        700_000, lambda i: {"loss": 3.4 - 0.4 * i / 700_000 + noise.gauss(0, 0.04)}, kind="supervised", tick=6_400
    )
    assert warnings(Watchdog(), lines) == []


def test_a_level_loss_is_wanted_when_the_learning_rate_has_decayed() -> None:
    def course(images: int) -> Line:
        return {"loss": max(1.0, 4 - images / 50_000), "lr": 1e-3 if images < 180_000 else 5e-5}

    assert warnings(Watchdog(), ticks(500_000, course, kind="supervised", tick=6_400)) == []


def overfitting(worse_from: int, training_falls: bool) -> list[Line]:
    noise = random.Random(2)
    lines = ticks(
        300_000, lambda i: {"loss": 3 - (i / 200_000 if training_falls else 0)}, kind="supervised", tick=5_000
    )
    for images in range(10_000, 300_001, 10_000):
        worse = 1 + max(0, images - worse_from) / 400_000
        lines.insert(images // 5_000 + images // 10_000 - 1, validation(worse_from, noise, worse) | {"images": images})
    return lines


@pytest.mark.seed("S2-14")
def test_validation_that_worsens_while_training_improves_is_overfitting() -> None:
    found = warnings(Watchdog(), overfitting(100_000, training_falls=True))
    [(images, text)] = found
    assert "validation gets worse" in text
    assert 110_000 < images < 160_000


def test_validation_that_wanders_is_not_overfitting() -> None:
    assert warnings(Watchdog(), overfitting(400_000, training_falls=True)) == []
    texts = [text for _, text in warnings(Watchdog(), overfitting(100_000, training_falls=False))]
    assert not any("validation" in text for text in texts)


def test_one_figure_alone_may_worsen() -> None:
    """More colour costs PSNR and squared error, and is wanted."""
    lines = overfitting(100_000, training_falls=True)
    for line in lines:
        if "validation" in line:
            line["validation"]["ciede2000"] = 12.0
    assert warnings(Watchdog(), lines) == []


def test_a_healthy_run_of_three_stages() -> None:
    assert warnings(Watchdog("vanilla"), adversarial_lines()) == []


def test_lines_of_other_kinds_and_older_formats_are_passed_over() -> None:
    watchdog = Watchdog("vanilla")
    for line in ({}, {"images": 0, "run": {}}, {"images": 3, "warning": "words"}, {"images": 4, "validation": {}}):
        assert watchdog.watch(line) == []
    old = [{"images": i * 6_400, "stage": "s", "loss": 4 / i} for i in range(1, 60)]
    assert warnings(watchdog, old) == []


def test_no_false_alarm_on_the_training_of_the_default_model() -> None:
    """Its real losses, in the two stages of the recipe `tint`."""
    with (Path(__file__).parent / "tint_losses.csv").open(newline="") as file:
        lines: list[Line] = [
            {"images": int(row["images"]), "stage": row["stage"], "loss": float(row["loss"]), "lr": float(row["lr"])}
            for row in csv.DictReader(file)
        ]
    assert lines[-1]["images"] == 700_032
    for images in (None, 400_000, 300_000):
        assert warnings(Watchdog(None, images), lines) == []
