"""Seed 1, pix2pix on L*a*b*: the colour space, the conditional GAN, its losses, its figures."""

import json
import math
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from torch import Tensor, nn

from tintype.data.manifest import read_manifest
from tintype.data.pairs import PairBatch, crop_square, make_pair
from tintype.data.split import split
from tintype.imaging.ab_bins import ab_bins
from tintype.imaging.color import lightness_from_luma, luma, srgb_to_lab
from tintype.models import build_generator
from tintype.models.nogan import NoGANUNet
from tintype.models.patchgan import PatchCritic, PatchCriticConfig
from tintype.models.pix2pix import Pix2PixConfig, Pix2PixUNet
from tintype.models.task import PairForm
from tintype.training.adversarial import GANLoss
from tintype.training.answers import Answers
from tintype.training.color import rgb_to_lab
from tintype.training.objective import DISTANCES, Objective
from tintype.training.recipe import StageOptions, load_recipe
from tintype.training.stages import build_stage

ROOT = Path(__file__).parents[2]
FORM = PairForm(target="ab", scale=110.0, stride=1)
COFFEE = np.ascontiguousarray(skimage.data.coffee()[100:228, 200:328])

# The report's table: loss_D_fake, loss_D, loss_D_real, loss_G_GAN, loss_G_L1, loss_G at epochs 5, 10, ... 40.
TABLE = """
0.52271 0.55515 0.58760 1.24612 10.92885 12.17497
0.51748 0.54679 0.57610 1.26481 10.57909 11.84390
0.50693 0.53339 0.55985 1.26905  9.99937 11.26843
0.50832 0.52814 0.54796 1.30233  9.38216 10.68449
0.52603 0.54133 0.55662 1.30400  8.75683 10.06083
0.52737 0.53602 0.54468 1.29681  8.17807  9.47488
0.55535 0.55738 0.55940 1.31022  7.70705  9.01727
0.53682 0.54192 0.54703 1.31163  7.39645  8.70808
"""


def options(**changes: object) -> StageOptions:
    values = {"name": "s", "kind": "adversarial", "images": 100, "lr": 0.1, "losses": {"l1": 100.0}} | changes
    return StageOptions.model_validate(values)


@pytest.mark.seed("S1-01")
def test_the_lightness_that_is_given_is_the_lightness_of_the_answer() -> None:
    torch.manual_seed(0)
    answers = Answers(FORM)
    condition, planes = 0.8 * torch.rand(2, 1, 8, 8) - 0.4, 0.2 * torch.rand(2, 2, 8, 8) - 0.1
    lightness, ab = rgb_to_lab(answers.rgb(condition, planes))
    torch.testing.assert_close(lightness, condition, atol=1e-3, rtol=0)
    torch.testing.assert_close(ab, planes * 110, atol=0.05, rtol=0)


@pytest.mark.seed("S1-03", "S4-05")
def test_the_figure_takes_a_photograph_apart() -> None:
    panels = runpy.run_path(str(ROOT / "benchmarks" / "lab_figure.py"))["panels"](COFFEE)
    assert np.array_equal(panels["all three: the photograph"], COFFEE)
    assert np.array_equal(panels["red"][..., 0], COFFEE[..., 0])
    assert not panels["red"][..., 1:].any()
    lab = {name: srgb_to_lab(panel / np.float32(255)) for name, panel in panels.items()}
    whole = lab["all three: the photograph"]
    for name in ("L*", "L* and a*", "L* and b*"):
        assert np.abs(lab[name][..., 0] - whole[..., 0]).max() < 1.5
    assert np.abs(lab["L*"][..., 1:]).max() < 1
    assert np.abs(lab["a* alone"][..., 0] - 65).max() < 1
    for alone, other in (("a* alone", 2), ("b* alone", 1)):
        assert np.abs(lab[alone][..., other]).max() < 1.5
        assert np.ptp(lab[alone][..., 3 - other]) > 10
    assert (ROOT / "docs/images/lab.jpg").stat().st_size > 50_000


@pytest.mark.seed("S1-04")
@pytest.mark.parametrize("losses", [{"distribution": 1.0}, {"distribution": 1.0, "smooth_l1": 1.0}, {"l2": 1.0}])
def test_colour_is_learned_as_classes_or_as_numbers(losses: dict[str, float]) -> None:
    torch.manual_seed(0)
    bins = torch.tensor(ab_bins())
    answers = Answers(PairForm(), bins)
    objective = Objective(options(kind="supervised", losses=losses), answers, torch.full((len(bins),), 1 / len(bins)))
    logits = torch.randn(2, len(bins), 4, 4, requires_grad=True)
    batch = PairBatch(torch.zeros(2, 1, 16, 16), 30 * torch.randn(2, 2, 4, 4))
    loss, parts = objective(logits, answers.planes(logits), batch)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.abs().sum() > 0
    assert ("cross_entropy" in parts) == ("distribution" in losses)


@pytest.mark.seed("S1-06")
def test_the_loss_of_the_paper_in_probabilities() -> None:
    """max E[log D(x, y)] + E[log(1 - D(x, G(x)))], with D's probability as the sigmoid of our critics' logits."""
    torch.manual_seed(0)
    real, fake = torch.randn(4, 1, 30, 30), torch.randn(4, 1, 30, 30)
    on_real, on_fake = GANLoss("vanilla").critic(real, fake)
    torch.testing.assert_close(on_real + on_fake, -(real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean()))
    torch.testing.assert_close(GANLoss("vanilla").generator(fake), -fake.sigmoid().log().mean())


def best_guess(name: str, colours: Tensor, guesses: Tensor) -> Tensor:
    """The single guess that minimises the mean distance to all colours."""
    means = [sum(DISTANCES[name](guess, colour) for colour in colours) for guess in guesses]
    return guesses[int(torch.stack([torch.as_tensor(mean) for mean in means]).argmin())]


@pytest.mark.seed("S1-09")
def test_why_distances_give_grey_and_squares_more_so() -> None:
    """Three balloons in five are red, two are green: the mean is nearly grey, the median is red. When all hues are
    equally likely, both are grey."""
    balloons = torch.tensor([[40.0, 0.0]] * 3 + [[-40.0, 0.0]] * 2)
    guesses = torch.tensor([[float(a), 0.0] for a in range(-40, 41, 4)])
    assert best_guess("l2", balloons, guesses).tolist() == [8, 0]
    assert best_guess("l1", balloons, guesses).tolist() == [40, 0]
    hues = torch.tensor([[40 * math.cos(t), 40 * math.sin(t)] for t in torch.arange(12) * math.pi / 6])
    grid = torch.tensor([[float(a), float(b)] for a in range(-40, 41, 8) for b in range(-40, 41, 8)])
    assert best_guess("l2", hues, grid).tolist() == [0, 0]
    assert best_guess("l1", hues, grid).norm() <= 12


@pytest.mark.seed("S1-10", "S1-11")
def test_eight_thousand_and_two_thousand_pictures_by_a_seed(tmp_path: Path) -> None:
    listed = tmp_path / "sample.manifest.jsonl"
    listed.write_text("".join(json.dumps({"path": "coco", "name": f"{i:012d}.jpg"}) + "\n" for i in range(21_837)))
    divided = split([listed], {"train": 8_000, "val": 2_000}, seed=123)
    assert {name: len(part) for name, part in divided.parts.items()} == {"train": 8_000, "val": 2_000}
    assert len({entry.name for part in divided.parts.values() for entry in part}) == 10_000
    assert divided == split([listed], {"train": 8_000, "val": 2_000}, seed=123)
    assert divided.parts["train"] != split([listed], {"train": 8_000, "val": 2_000}, seed=124).parts["train"]
    files = divided.write(tmp_path / "parts")
    assert [len(read_manifest(file)) for file in files] == [8_000, 2_000]


@pytest.mark.seed("S1-12", "S4-04")
@pytest.mark.parametrize("scale", [110.0, 127.0])
def test_units_of_condition_and_target(scale: float) -> None:
    condition, target = make_pair(COFFEE, PairForm(target="ab", scale=scale, stride=1))
    lab = srgb_to_lab(COFFEE / np.float32(255))
    grey = lightness_from_luma(luma(COFFEE / np.float32(255)))
    assert np.abs(50 * (condition[0] + 1) - grey).max() < 0.6
    assert np.abs(target * scale - lab[..., 1:].transpose(2, 0, 1)).max() < 2  # the 8-bit rounding of OpenCV
    assert np.abs(condition).max() <= 1
    assert np.abs(target).max() <= 1
    back = Answers(PairForm(target="ab", scale=scale, stride=1)).ab(torch.from_numpy(target)[None])
    np.testing.assert_allclose(back[0].numpy(), target * scale, rtol=1e-6)
    mirrored = crop_square(COFFEE, 128, 1.0, 0.5, 0.5, True)
    np.testing.assert_array_equal(mirrored, COFFEE[:, ::-1])


@pytest.mark.seed("S1-13", "S3-19")
def test_nothing_needs_fastai() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[^\w.-]", text)[0].lower() for text in needed}
    assert {"torch", "numpy"} <= names
    assert not names & {"fastai", "fastcore", "fastprogress", "torchvision"}
    imports = re.compile(r"^\s*(from|import)\s+(fastai|torchvision)\b", re.MULTILINE)
    assert not [path for path in (ROOT / "src").rglob("*.py") if imports.search(path.read_text())]


@pytest.mark.seed("S1-14")
def test_eight_halvings_reach_one_position() -> None:
    sides: list[int] = []
    network = Pix2PixUNet(Pix2PixConfig(width=2)).eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda m, args, output: sides.append(output.shape[2]))
    with torch.inference_mode():
        network(torch.zeros(1, 1, 256, 256))
    assert sides == [128, 64, 32, 16, 8, 4, 2, 1]


@pytest.mark.seed("S1-15", "S1-16")
def test_layers_of_the_patch_critic() -> None:
    critic = PatchCritic()
    convs = [layer for layer in critic.layers if isinstance(layer, nn.Conv2d)]
    shapes = [(c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0]) for c in convs]
    assert shapes == [(3, 64, 4, 2), (64, 128, 4, 2), (128, 256, 4, 2), (256, 512, 4, 1), (512, 1, 4, 1)]
    kinds = "".join(
        {"Conv2d": "c", "BatchNorm2d": "n", "LeakyReLU": "a"}[type(layer).__name__] for layer in critic.layers
    )
    assert kinds == "ca" + 3 * "cna" + "c"  # no norm first and last, no activation at the end
    assert {layer.negative_slope for layer in critic.layers if isinstance(layer, nn.LeakyReLU)} == {0.2}
    field = 1
    for conv in reversed(convs):
        field = field * conv.stride[0] + conv.kernel_size[0] - conv.stride[0]
    assert field == 70
    with torch.inference_mode():
        assert critic.eval()(torch.zeros(1, 3, 256, 256)).numel() == 900


@pytest.mark.seed("S1-39")
def test_one_verdict_for_the_whole_image_can_be_tried_instead_of_one_for_each_patch() -> None:
    torch.manual_seed(0)
    picture = torch.randn(2, 3, 64, 64)
    patches, whole = (PatchCritic(PatchCriticConfig(width=4, whole=one)).eval() for one in (False, True))
    whole.load_state_dict(patches.state_dict())  # the same weights: only what is asked of them differs
    with torch.inference_mode():
        many, one = patches(picture), whole(picture)
    assert many.shape == (2, 1, 6, 6)
    assert one.shape == (2, 1, 1, 1)
    torch.testing.assert_close(one, many.mean((2, 3), keepdim=True))
    assert load_recipe("pix2pix", ["critic.whole=true"]).critic["whole"] is True


@pytest.mark.seed("S1-18")
def test_the_critic_starts_from_a_small_normal() -> None:
    torch.manual_seed(0)
    critic = PatchCritic(PatchCriticConfig(width=32))
    kernels = torch.cat([p.flatten() for p in critic.parameters() if p.ndim == 4]).detach()
    assert abs(float(kernels.mean())) < 1e-4
    assert float(kernels.std()) == pytest.approx(0.02, rel=0.01)
    norms = torch.cat([m.weight for m in critic.modules() if isinstance(m, nn.BatchNorm2d)]).detach()
    assert float(norms.mean()) == pytest.approx(1, abs=0.005)
    assert float(norms.std()) == pytest.approx(0.02, rel=0.2)


@pytest.mark.seed("S1-20")
def test_the_critic_is_not_trained_while_the_generator_is() -> None:
    networks = {"generator": nn.Conv2d(1, 2, 3, padding=1), "critic": nn.Conv2d(3, 1, 3)}
    critic, answers = networks["critic"], Answers(FORM)
    stage = build_stage(options(), answers, Objective(options(), answers), GANLoss())
    turns = stage.optimizer_steps(networks, PairBatch(torch.zeros(2, 1, 8, 8), torch.zeros(2, 2, 8, 8)), 0)
    assert next(turns).network == "critic"
    assert all(p.requires_grad for p in critic.parameters())
    turn = next(turns)
    assert not any(p.requires_grad for p in critic.parameters())
    turn.loss.backward()
    assert all(p.grad is None for p in critic.parameters())
    assert all(p.grad is not None for p in networks["generator"].parameters())
    assert next(turns, None) is None
    assert all(p.requires_grad for p in critic.parameters())


@pytest.mark.seed("S1-21", "S1-22")
def test_the_published_figures_fit_our_formulas_and_units() -> None:
    rows = torch.tensor([[float(cell) for cell in line.split()] for line in TABLE.split("\n") if line])
    assert rows.shape == (8, 6)
    fake, critic, real, gan, l1, generator = rows.T
    torch.testing.assert_close((fake + real) / 2, critic, atol=1.1e-5, rtol=0)
    torch.testing.assert_close(gan + l1, generator, atol=1.1e-5, rtol=0)
    assert (l1.diff() < 0).all()
    assert (critic < math.log(2)).all()  # the critic never gives up
    # What the last L1 means for the eye: it is 100 times the distance in ab/110.
    last = torch.full((1, 2, 1, 1), float(l1[-1]) / 100)
    assert float(Answers(FORM).ab(last).mean()) == pytest.approx(8.136, abs=1e-3)


@pytest.mark.seed("S1-26")
def test_a_pretrained_encoder_then_distances_then_the_gan(tmp_path: Path) -> None:
    """The way out that the report only names: ResNet-18, L1 alone at 1e-4, then adversarial."""
    stage = (
        '[[stages]]\nname = "{}"\nkind = "{}"\nimages = {}\nsize = 256\nbatch = 16\nlr = {}\nlosses = {{ l1 = {} }}\n'
    )
    text = 'system = "nogan"\n[generator]\nencoder = "resnet18"\nwidth = 8\n[critic]\nkind = "patch"\n'
    text += stage.format("l1", "supervised", 160_000, 1e-4, 1) + stage.format("gan", "adversarial", 80_000, 2e-4, 100)
    (tmp_path / "pretrained.toml").write_text(text)
    recipe = load_recipe(tmp_path / "pretrained.toml")
    assert [(s.kind, s.lr) for s in recipe.schedule] == [("supervised", 1e-4), ("adversarial", 2e-4)]
    assert recipe.pretrained == "imagenet"
    generator = build_generator(recipe.system, recipe.generator)
    assert isinstance(generator, NoGANUNet)
    assert sum(p.numel() for p in generator.encoder.parameters()) == 11_176_512


@pytest.mark.seed("S1-35")
def test_no_secret_is_needed(model_path: Path, examples: list[Path]) -> None:
    """Colouring works in a process without a single environment variable."""
    code = "import sys, tintype; print(tintype.Colorizer(sys.argv[1], threads=1).colorize(sys.argv[2]).rgb().std() > 1)"
    command = [sys.executable, "-c", code, str(model_path), str(examples[0])]
    done = subprocess.run(command, env={}, capture_output=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, b"True"), done.stderr.decode()
