"""What a stage does with a batch: who steps on what, in seed 1's order, by seed 1's and seed 4's formulas."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.data.pairs import PairBatch
from tintype.models.task import PairForm
from tintype.training.adversarial import GANLoss
from tintype.training.answers import Answers
from tintype.training.objective import Objective
from tintype.training.recipe import StageOptions
from tintype.training.stages import OptimizerStep, build_stage

FORM = PairForm(target="ab", scale=110.0, stride=1)


class Counted(nn.Conv2d):
    """A convolution that remembers what it was given."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        return super().forward(x)


@pytest.fixture
def batch() -> PairBatch:
    torch.manual_seed(0)
    return PairBatch(torch.rand(4, 1, 16, 16) * 2 - 1, torch.rand(4, 2, 16, 16) - 0.5)


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(1)
    return {"generator": Counted(1, 2), "critic": Counted(3, 1)}


def take(networks: dict[str, nn.Module], batch: PairBatch, number: int = 0, **changes: object) -> list[OptimizerStep]:
    """All turns of a stage for one batch; each network really steps, so that later turns see it."""
    values = {"name": "s", "kind": "adversarial", "images": 100, "lr": 0.1, "losses": {"l1": 100.0}} | changes
    options = StageOptions.model_validate(values)
    answers = Answers(FORM)
    stage = build_stage(options, answers, Objective(options, answers), GANLoss(options.gan))
    turns = []
    for turn in stage.optimizer_steps(networks, batch, number):
        turns.append(turn)
        network = networks[turn.network]
        gradients = torch.autograd.grad(turn.loss, list(network.parameters()), retain_graph=True)
        with torch.no_grad():
            for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                parameter -= 0.1 * gradient
    return turns


@pytest.mark.seed("S0-03", "S0-04", "S1-05", "S1-19", "S3-07", "S4-21")
def test_the_critic_steps_first_on_a_detached_fake_then_the_generator_against_the_new_critic(
    networks: dict[str, nn.Module], batch: PairBatch
) -> None:
    generator, critic = networks["generator"], networks["critic"]
    assert isinstance(generator, Counted)
    assert isinstance(critic, Counted)
    before = critic.weight.detach().clone()
    turns = take(networks, batch)
    assert [turn.network for turn in turns] == ["critic", "generator"]
    assert len(generator.seen) == 1  # one forward pass serves both
    real, fake, again = critic.seen
    assert not fake.requires_grad
    assert again.requires_grad
    torch.testing.assert_close(real, torch.cat([batch.condition, batch.target], 1))  # the condition is judged, too
    torch.testing.assert_close(fake[:, :1], batch.condition)
    assert not torch.equal(critic.weight, before)
    # The generator's turn was judged by the critic as it is after its own step.
    verdict = F.conv2d(again, critic.weight, critic.bias, padding=1)
    expected = F.binary_cross_entropy_with_logits(verdict, torch.ones_like(verdict))
    torch.testing.assert_close(turns[1].parts["loss_G_GAN"], expected.detach())
    assert critic.weight.requires_grad


@pytest.mark.seed("S1-08")
def test_seed_1_losses_add_up(networks: dict[str, nn.Module], batch: PairBatch) -> None:
    generator = networks["generator"]
    with torch.no_grad():
        l1 = F.l1_loss(generator(batch.condition), batch.target)
    first, second = take(networks, batch)
    six = first.parts | second.parts
    torch.testing.assert_close(six["loss_D"], (six["loss_D_fake"] + six["loss_D_real"]) / 2)
    torch.testing.assert_close(six["loss_G_L1"], 100 * l1)
    torch.testing.assert_close(six["loss_G"], six["loss_G_GAN"] + six["loss_G_L1"])


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.9])
@pytest.mark.seed("S4-17")
def test_seed_4_mixes_by_alpha(networks: dict[str, nn.Module], batch: PairBatch, alpha: float) -> None:
    turn = take(networks, batch, alpha=alpha, losses={"l1": 1.0})[-1]
    mixed = (1 - alpha) * turn.parts["l1"] + alpha * turn.parts["loss_G_GAN"]
    torch.testing.assert_close(turn.parts["loss_G"], mixed)


@pytest.mark.seed("S4-20")
def test_the_critic_rests_between_its_turns(networks: dict[str, nn.Module], batch: PairBatch) -> None:
    took = [len(take(networks, batch, number, critic_every=4)) for number in range(9)]
    assert took == [2, 1, 1, 1, 2, 1, 1, 1, 2]
    assert len(take(networks, batch, 0, critic_every=0)) == 1


@pytest.mark.seed("S4-21")
def test_true_and_false_pictures_are_kept_apart_in_two_steps_of_the_critic(
    networks: dict[str, nn.Module], batch: PairBatch
) -> None:
    """Each step goes down one loss alone, and the second judges with the critic that the first left."""
    critic = networks["critic"]
    assert isinstance(critic, Counted)
    before = [p.detach().clone() for p in critic.parameters()]
    turns = take(networks, batch, critic_update="separate")
    assert [turn.network for turn in turns] == ["critic", "critic", "generator"]
    real, fake, _ = critic.seen
    assert not fake.requires_grad

    def stepped(weights: list[Tensor], picture: Tensor, label: float) -> tuple[Tensor, list[Tensor]]:
        w, b = (p.detach().clone().requires_grad_() for p in weights)
        verdicts = F.conv2d(picture.detach(), w, b, padding=1)
        loss = F.binary_cross_entropy_with_logits(verdicts, torch.full_like(verdicts, label))
        gradients = torch.autograd.grad(loss, (w, b))
        return loss.detach(), [p.detach() - 0.1 * g for p, g in zip((w, b), gradients, strict=True)]

    loss_real, after_real = stepped(before, real, 1.0)
    loss_fake, after_both = stepped(after_real, fake, 0.0)
    torch.testing.assert_close(turns[0].loss.detach(), loss_real)
    torch.testing.assert_close(turns[1].loss.detach(), loss_fake)
    torch.testing.assert_close(list(critic.parameters()), after_both, check_dtype=False)
    parts = turns[0].parts | turns[1].parts
    torch.testing.assert_close(parts["loss_D"], (loss_real + loss_fake) / 2)


@pytest.mark.seed("S3-24")
@pytest.mark.parametrize("update", ["joint", "separate"])
def test_the_share_of_right_verdicts_is_logged(networks: dict[str, nn.Module], batch: PairBatch, update: str) -> None:
    """Of verdicts on true and on false pictures, those on the right side of the border."""
    critic = networks["critic"]
    assert isinstance(critic, Counted)
    with torch.no_grad():  # says "real" wherever there is light, whatever the picture
        critic.weight.zero_()
        critic.weight[:, 0, 1, 1] = 1
        critic.bias.zero_()  # type: ignore[union-attr]
    turns = take(networks, batch, kind="critic", losses={}, critic_update=update)
    assert turns[-1].parts["critic_accuracy"].item() == pytest.approx(0.5, abs=0.1)
    gan = GANLoss("vanilla")
    assert float(gan.accuracy(torch.ones(3), -torch.ones(1))) == 1
    assert float(gan.accuracy(torch.ones(3), torch.ones(1))) == 0.75  # the false picture was taken for a true one
    assert float(gan.accuracy(torch.tensor([1.0, -1.0]), torch.tensor([1.0, -1.0]))) == 0.5
    assert float(GANLoss("lsgan").accuracy(torch.tensor([0.6]), torch.tensor([0.4]))) == 1


def test_a_critic_stage_of_separate_steps_logs_both_losses(networks: dict[str, nn.Module], batch: PairBatch) -> None:
    first, second = take(networks, batch, kind="critic", losses={}, critic_update="separate")
    assert "loss" not in first.parts
    assert second.parts["loss"] == second.parts["loss_D"]


@pytest.mark.seed("S3-08")
def test_a_critic_stage_leaves_the_generator_alone(networks: dict[str, nn.Module], batch: PairBatch) -> None:
    generator = networks["generator"]
    assert isinstance(generator, Counted)
    before = generator.weight.detach().clone()
    (turn,) = take(networks, batch, kind="critic", gan="hinge", losses={})
    assert turn.network == "critic"
    assert torch.equal(generator.weight, before)
    assert not generator.training  # its pictures are those a user would get


@pytest.mark.seed("S1-04")
def test_supervised_losses_are_weighted_and_logged_unweighted(networks: dict[str, nn.Module], batch: PairBatch) -> None:
    (turn,) = take(networks, batch, kind="supervised", losses={"l1": 2.0, "l2": 3.0, "smooth_l1": 0.5})
    parts = turn.parts
    torch.testing.assert_close(parts["loss"], 2 * parts["l1"] + 3 * parts["l2"] + 0.5 * parts["smooth_l1"])
    assert parts["chroma_true"].item() == pytest.approx(float((batch.target * 110).norm(dim=1).mean()), rel=1e-5)


def test_gradient_penalty_is_part_of_the_critics_loss(networks: dict[str, nn.Module], batch: PairBatch) -> None:
    turn = take(networks, batch, gradient_penalty=10.0)[0]
    expected = turn.parts["loss_D"] + 10 * turn.parts["gradient_penalty"]
    assert turn.loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert math.isfinite(turn.parts["gradient_penalty"].item())


@pytest.mark.parametrize(
    ("target", "outputs"), [("ab", 2), ("lab", 3), ("rgb", 3)], ids=["ab", "whole picture in Lab", "in RGB"]
)
@pytest.mark.seed("S4-03")
def test_answers_mean_the_same_colour_in_every_form(target: str, outputs: int) -> None:
    """A picture written in each form reads back as the same RGB."""
    import numpy as np
    import skimage.data

    from tintype.data.pairs import make_pair

    rgb = np.ascontiguousarray(skimage.data.coffee()[100:228, 200:328])
    form = PairForm(target=target, scale=110.0, stride=1)  # type: ignore[arg-type]
    condition, planes = (torch.from_numpy(part)[None] for part in make_pair(rgb, form))
    assert planes.shape[1] == form.channels == outputs
    answers = Answers(form)
    read = answers.rgb(condition, planes)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(read - rgb).mean() < 8  # luma's lightness is not quite L*
    exact = torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None] / 255
    from tintype.training.color import rgb_to_lab

    assert (answers.ab(planes) - rgb_to_lab(exact)[1]).abs().mean() < 0.6
    assert answers.judged(condition, planes).shape[1] == answers.judged_planes
