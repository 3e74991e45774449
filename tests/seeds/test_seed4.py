"""Seed 4, landscapes: networks of one width, the mix of two losses, the study of complexity, its options."""

import inspect
import os
import tarfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch import Tensor, nn

from tintype.cli import train as train_command
from tintype.data.cache import PictureCache, colourful, open_cache
from tintype.data.grey import monotone
from tintype.data.pairs import PairBatch, make_pair
from tintype.imaging.tone import MOST_RESIDUAL
from tintype.models import build_generator, form_of
from tintype.models.landscape import LandscapeConfig, LandscapeCritic, LandscapeCriticConfig, LandscapeUNet
from tintype.models.task import PairForm
from tintype.reports.history import smooth
from tintype.training.adversarial import GANLoss
from tintype.training.answers import Answers
from tintype.training.networks import Training
from tintype.training.objective import Objective
from tintype.training.recipe import StageOptions, load_recipe
from tintype.training.schedule import learning_rate_factor
from tintype.training.stages import build_stage
from tintype.tune.search import parse_searches
from training_pictures import write_tiles

SHARD = Path(os.environ.get("TINTYPE_DATA", "nowhere")) / "landscape.tar"
STATED = {16: 58_064, 24: 130_104, 30: 202_950, 38: 325_166, 46: 476_054, 52: 608_036, 72: 1_164_456}


SMALL_CRITIC = LandscapeCriticConfig(complexity=2, side=32)


def weights(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def on_meta(c: int) -> LandscapeUNet:
    with torch.device("meta"):
        return LandscapeUNet(LandscapeConfig(complexity=c))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    root = tmp_path_factory.mktemp("landscape")
    return open_cache([write_tiles(root / "photos", side=64, per_picture=2)], 64, root / "cache")


@pytest.mark.seed("S4-01")
@pytest.mark.skipif(not SHARD.exists(), reason="TINTYPE_DATA has no landscape.tar")
def test_the_landscapes_hold_104_grey_pictures() -> None:
    """All pictures that are named as grey ones in our copy, and every fortieth of the others."""
    with tarfile.open(SHARD) as shard:
        members = sorted((m for m in shard if m.isfile()), key=lambda m: m.name)
        named = [m for m in members if m.name.startswith("landscape_")]
        others = [m for m in members if not m.name.startswith("landscape_")][::40]
        assert len(named) == 104

        def grey(member: tarfile.TarInfo) -> bool:
            stream = shard.extractfile(member)
            assert stream is not None
            pixels = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_COLOR)
            return monotone(np.ascontiguousarray(pixels[..., ::-1])) <= MOST_RESIDUAL

        assert all(map(grey, named))
        assert not any(map(grey, others))


@pytest.mark.seed("S4-02")
def test_grey_pictures_in_colour_files_are_found(tmp_path: Path) -> None:
    colour = np.ascontiguousarray(skimage.data.coffee()[:128, :128])
    grey = np.repeat(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert monotone(grey) <= MOST_RESIDUAL
    assert monotone(colour) > MOST_RESIDUAL
    for name, rgb in (("colour", colour), ("grey", grey)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), rgb[..., ::-1])
    opened = open_cache([tmp_path], 128, tmp_path / "cache")
    kept = colourful(opened, load_recipe("landscape").data.leave_out)
    assert [opened.names[i] for i in kept] == ["colour.png"]


@pytest.mark.seed("S4-03")
def test_rgb_can_be_tried_instead_of_lab() -> None:
    recipe = load_recipe("landscape", ["generator.outputs=3", "answer.target=rgb", "generator.complexity=4"])
    made = build_generator(recipe.system, recipe.generator)
    form = form_of(recipe.system, made, target=recipe.answer.target)
    assert (form.target, form.channels) == ("rgb", 3)
    assert made(torch.zeros(2, 1, 64, 64)).shape == (2, 3, 64, 64)


@pytest.mark.seed("S4-06")
def test_pictures_stay_on_the_disk_until_they_are_needed(cache: PictureCache) -> None:
    assert isinstance(cache.pixels, np.memmap)
    assert isinstance(cache[0].base, np.memmap)  # a view of the file, nothing is copied


@pytest.mark.seed("S4-08")
def test_planes_become_a_picture_file_and_back(tmp_path: Path) -> None:
    """What the report's helpers do: arrays of lightness and colour to a file, the lightness alone to another."""
    rgb = np.ascontiguousarray(skimage.data.coffee()[:64, :64])
    form = PairForm(target="ab", scale=127.0, stride=1)
    condition, target = (torch.from_numpy(part)[None] for part in make_pair(rgb, form))
    answers = Answers(form)
    for name, planes in (("colour", target), ("grey", 0 * target)):
        picture = (answers.rgb(condition, planes)[0].clamp(0, 1) * 255 + 0.5).byte().permute(1, 2, 0).numpy()
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    colour, grey = (np.asarray(Image.open(tmp_path / f"{name}.png"), int) for name in ("colour", "grey"))
    assert np.abs(colour - rgb).mean() < 4
    assert np.ptp(grey, axis=2).max() <= 1
    assert np.abs(grey[..., 0] - cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)).max() <= 2


@pytest.mark.seed("S4-07")
def test_impossible_colours_do_not_wrap() -> None:
    torch.manual_seed(0)
    answers = Answers(PairForm(target="ab", scale=127.0, stride=1))
    rgb = answers.rgb(2 * torch.rand(1, 1, 16, 16) - 1, 2 * torch.rand(1, 2, 16, 16) - 1)
    assert rgb.min() == pytest.approx(0, abs=1e-6)
    assert rgb.max() == pytest.approx(1, abs=1e-6)
    red = answers.rgb(torch.zeros(1, 1, 1, 1), torch.tensor([[[[1.0]], [[0.5]]]]))[0, :, 0, 0]
    assert red[:2].tolist() == pytest.approx([1, 0], abs=1e-6)  # L* 50, a* 127: beyond red, not suddenly green


@pytest.mark.seed("S4-09")
@pytest.mark.parametrize("size", [64, 128])
def test_another_size_is_one_change(cache: PictureCache, size: int) -> None:
    recipe = load_recipe(
        "landscape", [f"stages.0.size={size}", "generator.complexity=2", "critic.complexity=2", "precision=32-true"]
    )
    training = Training(recipe, cache, np.arange(len(cache)), Fabric(accelerator="cpu", devices=1))
    made = training.networks["critic"]
    assert isinstance(made, LandscapeCritic)
    assert made.config.side == size  # its linear layer fixes the size
    assert weights(made) == 128 * 4 + 37 * 2 + 2 * size**2 + 1


@pytest.mark.seed("S4-10", "S4-12")
def test_layers_of_the_generator() -> None:
    network = LandscapeUNet(LandscapeConfig(complexity=8))
    body = network.body
    assert [[type(layer) for layer in down] for down in body.downs] == 5 * [[nn.Conv2d, nn.LeakyReLU, nn.BatchNorm2d]]
    names = [[type(layer).__name__ for layer in up] for up in body.ups]
    assert names == [*4 * [["ReLU", "ConvTranspose2d", "BatchNorm2d", "Dropout"]], ["ReLU", "ConvTranspose2d", "Tanh"]]
    convs = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert all(conv.bias is None for conv in convs)
    assert {conv.out_channels for conv in convs[:-1]} == {8}
    assert {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == 4 * [0.5]
    assert (body.inc.kernel_size, network.outc.kernel_size) == ((3, 3), (3, 3))
    assert isinstance(body.inc_activation, nn.LeakyReLU)
    assert network.eval()(10 * torch.randn(1, 1, 32, 32)).abs().max() <= 1


@pytest.mark.seed("S4-10", "S4-13")
@pytest.mark.parametrize("network", [LandscapeUNet(LandscapeConfig(complexity=3)), LandscapeCritic(SMALL_CRITIC)])
def test_the_first_convolution_is_followed_by_a_leaky_rectifier(network: LandscapeUNet | LandscapeCritic) -> None:
    """What the encoder is given is 0.2 of the convolution's answer where that is negative, in both networks."""
    seen: dict[str, Tensor] = {}
    network.body.inc.register_forward_hook(lambda m, args, output: seen.update(answer=output.clone()))
    network.body.downs[0].register_forward_pre_hook(lambda m, args: seen.update(given=args[0]))
    channels = network.body.inc.in_channels
    with torch.inference_mode():
        network.eval()(torch.randn(1, channels, 32, 32))
    assert (seen["answer"] < 0).any()
    torch.testing.assert_close(seen["given"], torch.where(seen["answer"] < 0, 0.2 * seen["answer"], seen["answer"]))


@pytest.mark.seed("S4-21")
def test_the_recipe_keeps_true_and_false_apart() -> None:
    assert load_recipe("landscape").stages[0].critic_update == "separate"
    assert load_recipe("landscape", ["stages.0.critic_update=joint"]).stages[0].critic_update == "joint"
    assert load_recipe("pix2pix").stages[0].critic_update == "joint"  # which adds both and takes the average


@pytest.mark.seed("S4-10", "S4-11")
@pytest.mark.parametrize(("c", "count"), [*STATED.items(), (42, 397_026), (1, 269)])
def test_weights_of_the_generator(c: int, count: int) -> None:
    assert weights(on_meta(c)) == count == 224 * c * c + 45 * c


@pytest.mark.seed("S4-13", "S4-14")
@pytest.mark.parametrize(
    ("c", "side", "count"), [(4, 256, 264_341), (16, 256, 1_081_937), (4, 128, 67_733), (16, 128, 295_505)]
)
def test_weights_of_the_critic(c: int, side: int, count: int) -> None:
    with torch.device("meta"):
        made = LandscapeCritic(LandscapeCriticConfig(complexity=c, side=side))
    assert weights(made) == count == 128 * c * c + 37 * c + c * side**2 + 1


@pytest.mark.seed("S4-13", "S4-15", "S4-16")
def test_the_critic_ends_in_a_line_over_all_positions_divided_by_its_width() -> None:
    made = LandscapeCritic(LandscapeCriticConfig(complexity=4)).eval()
    seen: dict[str, Tensor] = {}
    made.body.downs[-1].register_forward_hook(lambda m, args, output: seen.update(bottom=output))
    made.linear.register_forward_hook(lambda m, args, output: seen.update(linear=output))
    with torch.inference_mode():
        verdict = made(torch.randn(2, 3, 256, 256))
    assert seen["bottom"].shape == (2, 4, 32, 32)
    torch.testing.assert_close(verdict, seen["linear"] / 4)
    assert not any(isinstance(module, nn.BatchNorm1d) for module in made.modules())


@pytest.mark.seed("S4-17", "S4-18")
@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.5, 0.9])
def test_the_generator_minimises_the_mix_with_minus_log_p(alpha: float) -> None:
    torch.manual_seed(0)
    recipe = load_recipe("landscape", [f"stages.0.alpha={alpha}"])
    answers = Answers(PairForm(target="ab", scale=127.0, stride=1))
    networks: dict[str, nn.Module] = {
        "generator": LandscapeUNet(LandscapeConfig(complexity=2)).eval(),
        "critic": LandscapeCritic(LandscapeCriticConfig(complexity=2, side=32)).eval(),
    }
    batch = PairBatch(torch.rand(2, 1, 32, 32) - 0.5, torch.rand(2, 2, 32, 32) - 0.5)
    stage = build_stage(recipe.stages[0], answers, Objective(recipe.stages[0], answers), GANLoss())
    *_, turn = stage.optimizer_steps(networks, batch, 1)
    planes = networks["generator"](batch.condition)
    p = networks["critic"](torch.cat([batch.condition, planes], 1)).sigmoid()
    expected = (1 - alpha) * (planes - batch.target).abs().mean() + alpha * -p.log().mean()
    torch.testing.assert_close(turn.loss, expected)


@pytest.mark.seed("S4-20")
def test_the_critic_can_be_switched_off() -> None:
    recipe = load_recipe("landscape", ["stages.0.critic_every=0", "stages.0.alpha=0"])
    networks: dict[str, nn.Module] = {"generator": nn.Conv2d(1, 2, 1), "critic": nn.Conv2d(3, 1, 1)}
    answers = Answers(PairForm(target="ab", scale=127.0, stride=1))
    stage = build_stage(recipe.stages[0], answers, Objective(recipe.stages[0], answers), GANLoss())
    batch = PairBatch(torch.rand(2, 1, 4, 4), torch.rand(2, 2, 4, 4))
    [turn] = stage.optimizer_steps(networks, batch, 0)
    torch.testing.assert_close(turn.loss.detach(), turn.parts["l1"])


# The study of complexity: what the seed changed for it.
STUDY = ["stages.0.batch=16", "stages.0.alpha=0.1", "stages.0.lr=7e-6", "critic.complexity=4"]


@pytest.mark.seed("S4-22", "S4-36")
def test_the_study_of_complexity_is_one_search() -> None:
    [search] = parse_searches("landscape", STUDY, ["generator.complexity=choice:16,24,30,38,46,52"])
    recipes = [load_recipe("landscape", [*STUDY, *search.overrides(c)]) for c in search.distribution.choices]  # type: ignore[attr-defined]
    assert [weights(on_meta(r.generator["complexity"])) for r in recipes] == [
        STATED[c] for c in (16, 24, 30, 38, 46, 52)
    ]
    assert {(r.stages[0].lr, r.stages[0].alpha, r.critic["complexity"]) for r in recipes} == {(7e-6, 0.1, 4)}


@pytest.mark.seed("S4-24")
def test_ratio_of_the_two_networks() -> None:
    def critic(c: int) -> int:
        with torch.device("meta"):
            return weights(LandscapeCritic(LandscapeCriticConfig(complexity=c)))

    assert critic(4) / weights(on_meta(38)) == pytest.approx(0.813, abs=5e-4)
    assert critic(16) / weights(on_meta(72)) == pytest.approx(0.929, abs=5e-4)  # of the pair that it then selects


@pytest.mark.seed("S4-25")
def test_what_a_reconstruction_loss_means_for_the_eye() -> None:
    answers = Answers(PairForm(target="ab", scale=127.0, stride=1))
    assert float(answers.ab(torch.full((1, 2, 1, 1), 0.1)).mean()) == pytest.approx(12.7)


def devices() -> list[str]:
    found = ["cpu"]
    found += ["cuda"] if torch.cuda.is_available() else []
    return found + (["mps"] if torch.backends.mps.is_available() else [])


@pytest.mark.seed("S2-17", "S4-32")
@pytest.mark.parametrize("device", devices())
def test_a_step_of_both_networks_on_every_device_that_is_there(cache: PictureCache, device: str) -> None:
    changes = ["generator.complexity=4", "critic.complexity=2", "stages.0.size=32", "precision=32-true"]
    recipe = load_recipe("landscape", changes)
    fabric = Fabric(accelerator=device, devices=1, precision="32-true")
    training = Training(recipe, cache, np.arange(len(cache)), fabric)
    stage = training.build_stage(recipe.stages[0])
    given = next(iter(training.loader(recipe.stages[0], 0)))
    batch = PairBatch(*map(fabric.to_device, (given.condition, given.target)))
    for turn in stage.optimizer_steps(training.networks, batch, 0):
        turn.loss.backward()
        parameters = list(training.networks[turn.network].parameters())
        assert {p.device.type for p in parameters} == {device}
        assert all(p.grad is not None and p.grad.isfinite().all() for p in parameters)


# What the seed's program can be told -> what a recipe is told. The rest is in OPTIONS below.
ARGUMENTS: dict[str, tuple[str, Any]] = {
    "batch": ("stages.0.batch", 8),
    "epochs": ("stages.0.images", 4_215),
    "lr": ("stages.0.lr", 1e-5),
    "lr-disc": ("stages.0.critic_lr", 2e-5),
    "adv factor": ("stages.0.alpha", 0.9),
    "disc-hold-out": ("stages.0.critic_every", 2),
    "no-disc": ("stages.0.critic_every", 0),
    "img-scale": ("stages.0.smallest_crop", 0.5),
    "itr": ("stages.0.images", 16_000),
    "store-net": ("log.snapshot", 1_000),
    "complexity": ("generator.complexity", 16),
    "disc-complexity": ("critic.complexity", 4),
    "step-decay": ("stages.0.schedule", "step"),
    "step-decay every": ("stages.0.step_images", 5_000),
    "step-decay-factor": ("stages.0.step_factor", 0.1),
    "dim": ("stages.0.size", 128),
    "filter-gray": ("data.leave_out", "none"),
    "model-gen": ("pretrained", "runs/earlier"),
}
OPTIONS = {"images": "data", "device": "accelerator", "losses-file": "run", "model-disc": "run"}


@pytest.mark.seed("S4-33")
@pytest.mark.parametrize("argument", ARGUMENTS)
def test_every_argument_of_the_seeds_program_has_a_key(argument: str) -> None:
    key, value = ARGUMENTS[argument]
    text = f'"{value}"' if isinstance(value, str) else value
    changed, usual = (load_recipe("landscape", more).model_dump() for more in ([f"{key}={text}"], []))
    for step in key.split("."):
        changed, usual = (place[int(step) if step.isdigit() else step] for place in (changed, usual))
    assert changed == value != usual


@pytest.mark.seed("S4-33")
def test_the_other_arguments_are_options_of_the_command() -> None:
    assert set(OPTIONS.values()) <= set(inspect.signature(train_command.train).parameters)
    page = (Path(__file__).parents[2] / "docs/systems/landscape.md").read_text(encoding="utf-8")
    for argument, (key, _) in ARGUMENTS.items():  # the page names the same places
        assert f"`{key.removeprefix('stages.0.')}" in page or key in page, (argument, key)
    assert smooth([1.0, 0.0, 0.0], 0.98)  # loss-mov-avg: of the report, where a slider changes it


@pytest.mark.seed("S4-34")
def test_the_learning_rate_falls_in_steps() -> None:
    values = {"name": "s", "kind": "supervised", "images": 1_000, "lr": 1e-4, "losses": {"l1": 1}, "warmup": 0}
    options = StageOptions.model_validate(values | {"schedule": "step", "step_images": 300, "step_factor": 0.5})
    factors = [learning_rate_factor(images, options) for images in (0, 299, 300, 599, 600, 999)]
    assert factors == [1, 1, 0.5, 0.5, 0.25, 0.125]


@pytest.mark.seed("S4-38")
def test_the_selected_generator_is_small() -> None:
    """Multiplications for one picture of 256 px, counted layer by layer."""
    network, counted = on_meta(72).eval(), []

    def count(module: nn.Module, args: tuple[Tensor], output: Tensor) -> None:
        assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
        positions = args[0] if isinstance(module, nn.ConvTranspose2d) else output
        counted.append(positions.shape[2] * positions.shape[3] * module.weight.numel())

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(count)
    network(torch.empty(1, 1, 256, 256, device="meta"))
    assert weights(network) == 1_164_456
    assert sum(counted) / 1e9 == pytest.approx(5.55, abs=0.005)
