"""What a real run does: the learning rates its optimizers step with, and the pictures its networks are given.

Small networks and a few steps, but the command's own loop. The optimizers are watched by torch's hook for all of them,
the pictures by its hook for all modules.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tintype.models.landscape import LandscapeCritic
from tintype.models.patchgan import PatchCritic
from tintype.models.uvu import UvUConfig, UvUNet
from tintype.training.loop import train
from tintype.training.recipe import Recipe, load_recipe
from training_pictures import write_tiles

QUIET = ["precision=32-true", "log.tick=100000", "log.first=0", "log.snapshot=100000", "log.samples=100000"]
QUIET += ["log.candidate=100000", "pretrained=none"]


@dataclass(frozen=True)
class Step:
    """One step of an optimizer: over how many weights, at which rates and with which settings."""

    weights: int
    rates: tuple[float, ...]
    decays: tuple[float, ...]
    betas: tuple[float, float]
    amsgrad: bool


@contextmanager
def steps() -> Iterator[list[Step]]:
    """Every step that any optimizer takes meanwhile."""
    taken: list[Step] = []

    def note(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        groups = optimizer.param_groups
        taken.append(
            Step(
                sum(p.numel() for group in groups for p in group["params"]),
                tuple(group["lr"] for group in groups),
                tuple(group["weight_decay"] for group in groups),
                groups[0]["betas"],
                groups[0]["amsgrad"],
            )
        )

    handle = register_optimizer_step_pre_hook(note)
    try:
        yield taken
    finally:
        handle.remove()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos", side=64, per_picture=1)


def run(recipe: Recipe, photos: Path, tmp_path: Path) -> list[Step]:
    with steps() as taken:
        train(recipe, [photos], tmp_path / "run", cache_dir=tmp_path / "cache", accelerator="cpu")
    return taken


@pytest.mark.seed("S1-20", "S0-03")
@pytest.mark.parametrize("name", ["pix2pix", "uvu"])
def test_adam_with_pix2pix_settings_for_both_networks_all_along(name: str, photos: Path, tmp_path: Path) -> None:
    small = {"pix2pix": ["generator.depth=5", "generator.width=2"], "uvu": ["generator.width=2"]}[name]
    sizes = ["stages.0.size=128" if name == "uvu" else "stages.0.size=32", "stages.0.batch=4", "stages.0.images=12"]
    taken = run(load_recipe(name, [*QUIET, *small, *sizes, "critic.width=2"]), photos, tmp_path)
    assert len(taken) == 6
    assert len({step.weights for step in taken[::2]}) == len({step.weights for step in taken[1::2]}) == 1
    for step in taken:  # critic, generator, critic ...
        assert step.rates == (2e-4,)
        assert step.betas == (0.5, 0.999)
        assert set(step.decays) == {0.0}
        assert not step.amsgrad


@pytest.mark.seed("S2-12", "S2-13")
@pytest.mark.parametrize("highest", [1e-3, 3e-4])
def test_the_rate_falls_in_a_line_to_a_twentieth_in_the_optimizer(highest: float, photos: Path, tmp_path: Path) -> None:
    """Both of the rates that the document tried, with its schedule."""
    changes = ["generator.width=2", "stages.0.size=32", "stages.0.batch=4", "stages.0.images=40"]
    taken = run(load_recipe("driving", [*QUIET, *changes, f"stages.0.lr={highest}"]), photos, tmp_path)
    line = [highest * (1 - 0.95 * number / 10) for number in range(10)]
    assert [step.rates for step in taken] == [pytest.approx((rate,)) for rate in line]
    assert {step.betas for step in taken} == {(0.9, 0.999)}
    assert {step.decays for step in taken} == {(0.0,)}


@pytest.mark.seed("S4-20", "S4-21", "S4-26", "S4-34")
def test_the_landscape_critic_steps_twice_at_every_fourth_batch_and_rates_fall_in_steps(
    photos: Path, tmp_path: Path
) -> None:
    changes = ["generator.complexity=2", "critic.complexity=2", "stages.0.size=32", "stages.0.batch=2"]
    changes += ["stages.0.images=12", "stages.0.schedule=step", "stages.0.step_images=6", "stages.0.step_factor=0.5"]
    changes += ["stages.0.critic_lr=1e-5"]
    taken = run(load_recipe("landscape", [*QUIET, *changes]), photos, tmp_path)
    critic, generator = 128 * 4 + 37 * 2 + 2 * 32**2 + 1, 224 * 4 + 45 * 2
    order = "ccgggg" + "ccgg"
    assert [step.weights for step in taken] == [{"c": critic, "g": generator}[who] for who in order]
    batches = [number for number, who in enumerate(order) if who == "g"]
    for at, step in enumerate(taken):
        batch = sum(b < at for b in batches)  # batches before this one
        rate = (1e-5 if order[at] == "c" else 7e-5) * (1 if batch < 3 else 0.5)
        assert step.rates == pytest.approx((rate,))
        assert step.betas == (0.9, 0.999)
        assert step.decays == (0.0,)


@pytest.mark.seed("S3-06", "S3-08", "S3-09", "S4-34")
def test_nogan_runs_generator_critic_both_and_again_each_at_its_rate(photos: Path, tmp_path: Path) -> None:
    changes = ["generator.encoder=efficientnet-lite0", "generator.width=4", "critic.width=2"]
    changes += ["stages.*.size=32", "stages.*.batch=4", "stages.*.images=8", "stages.*.losses={ l1 = 1 }"]
    taken = run(load_recipe("nogan", [*QUIET, *changes, "stages.4.size=64", "stages.5.size=64"]), photos, tmp_path)
    critic = min(step.weights for step in taken)
    decoder = sorted({step.weights for step in taken})[1]  # while the encoder is frozen
    order = "".join("c" if s.weights == critic else "d" if s.weights == decoder else "g" for s in taken)
    assert order == 4 * "gg" + 2 * ("cc" + "cdcd")
    assert {step.betas for step in taken} == {(0.0, 0.9)}
    assert {decay for step in taken for decay in step.decays} == {0.0}
    first = taken[0].rates  # of two batches of a stage the warm-up, a quarter of it, is over at once
    assert sorted(first) == pytest.approx([0.3e-3, 1e-3])  # the encoder learns at 0.3 of the rate
    assert [taken[2 * i].rates[-1] / 1e-3 for i in range(4)] == pytest.approx(
        [taken[0].rates[-1] / 1e-3, 0.5, 0.3, 0.1]
    )
    alone, both = taken[8:10], taken[10:14]
    assert [s.rates for s in alone] == 2 * [(2e-4,)]
    assert [s.rates for s in both] == 2 * [pytest.approx((1e-4,)), pytest.approx((2e-5,))]


@pytest.mark.seed("S0-09")
def test_the_inner_u_net_is_trained_as_a_network_of_its_own(photos: Path, tmp_path: Path) -> None:
    """All else is frozen: it learns from what the outer second level feeds it, it alone moves, and the loss falls."""
    outer = [*(f"d{n}" for n in range(1, 8)), *(f"u{n}" for n in range(1, 8)), "attention"]
    stage = 'stages=[{name="inner", kind="supervised", images=48, size=128, batch=4, lr=1e-2, warmup=0,'
    stage += f' schedule="constant", losses={{l1=1}}, freeze={json.dumps(outer)}}}]'
    recipe = load_recipe("uvu", [*QUIET, "generator.width=4", "critic.width=2", stage, "log.tick=4"])
    inner = sum(p.numel() for p in UvUNet(UvUConfig(width=4)).inner.parameters())  # type: ignore[union-attr]
    taken = run(recipe, photos, tmp_path)
    assert {step.weights for step in taken} == {inner}
    lines = [json.loads(line) for line in (tmp_path / "run/stats.jsonl").read_text().splitlines()]
    losses = [line["l1"] for line in lines if "l1" in line]
    assert np.mean(losses[-3:]) < 0.97 * np.mean(losses[:3])


# What a run trains on


@contextmanager
def given_to(kind: type[nn.Module]) -> Iterator[list[Tensor]]:
    """What modules of that class are given meanwhile, while they train."""
    seen: list[Tensor] = []

    def note(module: nn.Module, args: tuple[Any, ...]) -> None:
        if isinstance(module, kind) and module.training:
            seen.append(args[0].detach().clone())

    handle = register_module_forward_pre_hook(note)
    try:
        yield seen
    finally:
        handle.remove()


def write(folder: Path, name: str, rgb: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(folder / f"{name}.png")


LANDSCAPE = ["generator.complexity=2", "critic.complexity=2", "stages.0.size=32", "stages.0.batch=4"]


@pytest.mark.seed("S4-01", "S4-02")
def test_a_run_leaves_out_grey_pictures_and_keeps_pale_ones(tmp_path: Path) -> None:
    """The border lies at 0.7 CIE units of what lightness does not explain: below it are the grey pictures of real sets,
    above it a moon and a misty hill. Three pictures on either side."""
    light = skimage.data.camera()[:128, :128].astype(np.float32)
    for number, shift in enumerate((0.0, 0.7, 1.0, 1.5, 2.0, 30.0)):
        rgb = np.repeat(light[..., None], 3, 2) * 0.6 + 50
        rgb[:64, :, 2] += shift  # blue above, yellow below: no tint that lightness explains
        rgb[64:, :, 2] -= shift
        write(tmp_path / "photos", f"{number}", np.round(rgb))
    recipe = load_recipe("landscape", [*QUIET, *LANDSCAPE, "stages.0.images=4"])
    with given_to(LandscapeCritic) as judged:
        run(recipe, tmp_path / "photos", tmp_path)
    header = json.loads((tmp_path / "run/stats.jsonl").read_text().splitlines()[0])
    assert header["run"]["pictures"] == 3
    real = judged[0]
    assert (real[:, 1:].abs().amax((1, 2, 3)) * 127 > 0.3).all()  # every picture of the batch has colour


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Discs in flesh and red, in the middle of a busy green background."""
    folder = tmp_path_factory.mktemp("portraits")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:128, :128]
    for number in range(4):
        rgb = np.full((128, 128, 3), (20.0, 120.0, 30.0))
        rgb += rng.normal(0, 25, (16, 16, 1)).repeat(8, 0).repeat(8, 1)
        rgb[np.hypot(rows - 70, columns - 64) < 40 + number] = (220, 150, 120)
        rgb[np.hypot(rows - 70, columns - 64) < 12] = (200, 30, 30)
        write(folder, f"{number}", rgb)
    return folder


SKETCH = ["generator.width=2", "critic.width=2", "stages.0.size=128", "stages.0.batch=4", "stages.0.images=8"]


def sketch_run(portraits: Path, tmp_path: Path, *more: str) -> tuple[Tensor, Tensor]:
    """What generator and critic of a real run are given: drawings, and drawings beside photographs."""
    recipe = load_recipe("uvu-sketch", [*QUIET, *SKETCH, "data.flip=false", *more])
    with given_to(UvUNet) as drawn, given_to(PatchCritic) as judged:
        train(recipe, [portraits], tmp_path / "run", validation=portraits, cache_dir=tmp_path / "cache")
    return drawn[0], judged[0]


@pytest.mark.seed("S0-01", "S0-04", "S0-16", "S0-17", "S0-19")
def test_a_run_on_drawings_is_given_lines_on_paper_and_no_background(portraits: Path, tmp_path: Path) -> None:
    drawn, judged = sketch_run(portraits, tmp_path)
    assert drawn.shape[1] == 1
    paper, ink = (drawn > 0.99).float().mean(), (drawn < -0.99).float().mean()
    assert paper > 0.8
    assert 0.002 < ink < 0.15
    assert paper + ink > 0.999
    condition, light, colour = judged[:, :1], judged[:, 1:2], judged[:, 2:]
    assert torch.equal(condition, drawn)  # the critic sees the drawing beside the painting
    corner = (..., slice(0, 16), slice(0, 16))
    assert light[corner].mean() > 0.98  # white paper where green grass was
    assert colour[corner].abs().mean() * 110 < 1
    assert light.min() < 0.8
    assert colour.abs().max() * 110 > 15  # the subject is there
    sheet = Image.open(tmp_path / "run/samples/000000008.jpg")
    given, true = (np.asarray(sheet.crop((x, 0, x + 120, 120))).astype(int) for x in (4, 2 * 128 + 4))
    assert np.ptp(given, axis=2).max() < 40  # drawn, answered, true: the first has no colour, the last has
    assert (given.mean(2) > 225).mean() > 0.7
    assert np.ptp(true, axis=2).max() > 80


@pytest.mark.seed("S0-17")
def test_the_background_stays_when_it_is_kept(portraits: Path, tmp_path: Path) -> None:
    _, judged = sketch_run(portraits, tmp_path, "data.background=keep")
    assert judged[:, 2:, :16, :16].abs().max() * 110 > 15


@pytest.mark.seed("S1-01", "S1-05", "S2-01")
def test_a_run_on_photographs_is_given_light_and_judged_with_colour(photos: Path, tmp_path: Path) -> None:
    recipe = load_recipe(
        "pix2pix",
        [*QUIET, "generator.depth=5", "generator.width=2", "critic.width=2", "stages.0.size=64", "stages.0.images=16"],
    )
    with given_to(PatchCritic) as judged:
        run(recipe, photos, tmp_path)
    real, fake = judged[:2]
    assert torch.equal(real[:, :1], fake[:, :1])  # one condition for both
    assert not torch.equal(real[:, 1:], fake[:, 1:])
    assert real[:, :1].std() > 0.2
    assert (real[:, 1:].abs().amax((1, 2, 3)) * 110 > 5).all()


@pytest.mark.seed("S1-26")
def test_a_resnet_18_is_trained_on_distances_and_then_against_a_critic(photos: Path, tmp_path: Path) -> None:
    """The way out that the report names: its encoder, L1 alone at 1e-4, then the GAN with a hundred times L1."""
    text = (
        'system = "nogan"\nprecision = "32-true"\npretrained = "none"\n[generator]\nencoder = "resnet18"\nwidth = 4\n'
    )
    text += '[critic]\nkind = "patch"\nwidth = 4\n'
    common = 'images = 8\nsize = 32\nbatch = 4\nwarmup = 0\nschedule = "constant"\n'
    text += f'[[stages]]\nname = "l1"\nkind = "supervised"\nlr = 1e-4\nlosses = {{ l1 = 1 }}\n{common}'
    text += f'[[stages]]\nname = "gan"\nkind = "adversarial"\nlr = 2e-4\nlosses = {{ l1 = 100 }}\n{common}'
    (tmp_path / "pretrained.toml").write_text(text)
    taken = run(load_recipe(tmp_path / "pretrained.toml"), photos, tmp_path)
    assert [set(step.rates) for step in taken] == [{1e-4}, {1e-4}, *4 * [{2e-4}]]
    assert taken[0].weights > 11_176_512  # the encoder learns, too
    assert {step.weights for step in taken[2::2]} != {step.weights for step in taken[3::2]}


@pytest.mark.seed("S1-23", "S4-37")
def test_images_a_second_are_those_that_were_seen(photos: Path, tmp_path: Path) -> None:
    small = ["generator.width=2", "stages.0.size=32", "stages.0.images=96", "log.tick=48"]
    recipe = load_recipe("driving", [*small, *(text for text in QUIET if not text.startswith("log.tick"))])
    run(recipe, photos, tmp_path)
    with (tmp_path / "run/losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "run/stats.jsonl").read_text().splitlines()]
    first = next(line for line in lines if "seconds" in line)
    assert first["images_per_second"] == pytest.approx(48 / first["seconds"], rel=0.02)
    assert float(rows[0]["images_per_second"]) == first["images_per_second"]
