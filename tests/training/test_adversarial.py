"""Adversarial losses, against values worked out by hand."""

import math

import pytest
import torch
from torch import nn

from tintype.training.adversarial import GANLoss, alpha_mix, gradient_penalty

REAL, FAKE = torch.tensor([[2.0, 0.0]]), torch.tensor([[-1.0, 3.0]])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.seed("S1-06", "S1-17")
def test_vanilla_is_binary_cross_entropy() -> None:
    real, fake = GANLoss("vanilla").critic(REAL, FAKE)
    assert float(real) == pytest.approx((softplus(-2) + softplus(0)) / 2)
    assert float(fake) == pytest.approx((softplus(-1) + softplus(3)) / 2)
    assert float(GANLoss("vanilla").generator(FAKE)) == pytest.approx((softplus(1) + softplus(-3)) / 2)


@pytest.mark.seed("S4-21")
def test_an_undecided_critic_loses_ln_2() -> None:
    real, fake = GANLoss("vanilla").critic(torch.zeros(4), torch.zeros(4))
    assert float((real + fake) / 2) == pytest.approx(math.log(2))


@pytest.mark.seed("S1-17")
def test_least_squares() -> None:
    real, fake = GANLoss("lsgan").critic(REAL, FAKE)
    assert (float(real), float(fake)) == (pytest.approx(1.0), pytest.approx(5.0))
    assert float(GANLoss("lsgan").generator(FAKE)) == pytest.approx(4.0)


@pytest.mark.seed("S1-17", "S3-05")
def test_hinge() -> None:
    real, fake = GANLoss("hinge").critic(REAL, FAKE)
    assert (float(real), float(fake)) == (pytest.approx(0.5), pytest.approx(2.0))
    assert float(GANLoss("hinge").generator(FAKE)) == pytest.approx(-1.0)


@pytest.mark.seed("S1-17")
def test_labels_are_buffers_and_may_be_smoothed() -> None:
    loss = GANLoss("vanilla", real_label=0.9)
    assert set(dict(loss.named_buffers())) == {"real_label", "fake_label"}
    assert float(loss.critic(torch.full((3,), 50.0), FAKE)[0]) == pytest.approx(5.0)
    with pytest.raises(ValueError, match="wasserstein"):
        GANLoss("wasserstein")  # type: ignore[arg-type]


@pytest.mark.seed("S4-17")
def test_alpha_mixes_two_losses() -> None:
    adversarial, reconstruction = torch.tensor(1.3), torch.tensor(0.07)
    assert float(alpha_mix(adversarial, reconstruction, 0.0)) == pytest.approx(0.07)
    assert float(alpha_mix(adversarial, reconstruction, 0.1)) == pytest.approx(0.193)
    assert float(alpha_mix(adversarial, reconstruction, 0.9)) == pytest.approx(1.177)
    with pytest.raises(ValueError, match=r"alpha 1\.5"):
        alpha_mix(adversarial, reconstruction, 1.5)


def test_gradient_penalty_of_a_linear_critic_is_known() -> None:
    """y = w . x has the gradient w everywhere: the penalty is (|w| - 1)^2."""
    critic = nn.Sequential(nn.Flatten(), nn.Linear(12, 1, bias=False))
    nn.init.constant_(critic[1].weight, 0.5)
    real, fake = torch.randn(5, 3, 2, 2), torch.randn(5, 3, 2, 2)
    penalty = gradient_penalty(critic, real, fake)
    assert float(penalty.detach()) == pytest.approx((math.sqrt(12 * 0.25) - 1) ** 2, rel=1e-5)
    penalty.backward()
    assert critic[1].weight.grad is not None
