"""The fused loss against the plain one; class weights; the prior."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tintype.data.cache import open_cache
from tintype.data.pairs import PairBatch
from tintype.imaging.ab_bins import ab_bins
from tintype.models import SYSTEMS
from tintype.training.answers import Answers
from tintype.training.losses import bin_prior, class_weights, distillation_loss, distribution_loss, encode_ab
from tintype.training.objective import Objective
from tintype.training.reading import Reading
from tintype.training.recipe import StageOptions
from training_pictures import write_tiles

BINS = torch.tensor(ab_bins())


def plain_loss(logits: torch.Tensor, ab: torch.Tensor, weight: torch.Tensor, l1_weight: float) -> torch.Tensor:
    """The definition, written with autograd's own parts."""
    rows, truth = logits.permute(0, 2, 3, 1).reshape(-1, len(BINS)), ab.permute(0, 2, 3, 1).reshape(-1, 2)
    indices, soft = encode_ab(ab)
    entropy = -(rows.log_softmax(1).gather(1, indices) * soft).sum(1) * weight[indices[:, 0]]
    mean = rows.softmax(1) @ BINS
    return entropy.mean() + l1_weight * F.smooth_l1_loss(mean / 10, truth / 10)


@pytest.mark.parametrize("l1_weight", [0.0, 1.0, 2.5])
def test_fused_loss_and_gradient_are_the_plain_ones(l1_weight: float) -> None:
    torch.manual_seed(0)
    ab = torch.randn(3, 2, 31, 29).mul(20).round()
    weight = torch.rand(len(BINS)) + 0.5
    logits = torch.randn(3, len(BINS), 31, 29).mul(2).requires_grad_()
    expected = plain_loss(logits, ab, weight, l1_weight)
    (expected_gradient,) = torch.autograd.grad(expected * 3, logits)
    loss, distance = distribution_loss(logits, ab, BINS, weight, l1_weight)
    (gradient,) = torch.autograd.grad(loss * 3, logits)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-3, atol=1e-8)
    assert not distance.requires_grad


def test_certain_and_right_costs_least() -> None:
    ab = torch.zeros(1, 2, 2, 2)
    centre = int((BINS == 0).all(1).nonzero())
    sure = torch.full((1, len(BINS), 2, 2), -10.0)
    sure[:, centre] = 10
    wrong = sure.roll(5, 1)
    weight = torch.ones(len(BINS))
    assert distribution_loss(sure, ab, BINS, weight, 1)[0] < distribution_loss(wrong, ab, BINS, weight, 1)[0]


def test_distillation_is_the_plain_divergence_and_nothing_where_both_agree() -> None:
    torch.manual_seed(0)
    wanted = torch.randn(2, len(BINS), 33, 31).mul(2)
    logits = torch.randn_like(wanted).requires_grad_()
    rows, models = (each.permute(0, 2, 3, 1).reshape(-1, len(BINS)) for each in (logits, wanted))
    expected = F.kl_div(rows.log_softmax(1), models.log_softmax(1), reduction="batchmean", log_target=True)
    (expected_gradient,) = torch.autograd.grad(expected * 3, logits)
    loss = distillation_loss(logits, wanted)
    (gradient,) = torch.autograd.grad(loss * 3, logits)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-3, atol=1e-8)
    assert distillation_loss(wanted, wanted).abs() < 1e-6


def test_the_feature_loss_sees_a_distribution_as_it_will_be_read() -> None:
    answers = Answers(SYSTEMS["tint"].form, BINS)
    stage = StageOptions(name="end", kind="supervised", images=8, size=32, batch=2, lr=1e-4, losses={"feature": 1.0})
    reading = Reading(temperature=0.5, chroma_gain=1.5, warm_gain=1.2)
    seen = []

    class Remembering(nn.Module):
        def forward(self, answer: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
            seen.append(answer)
            return (answer - truth).square().mean()

    output = torch.randn(2, len(ab_bins()), 8, 8, requires_grad=True)
    batch = PairBatch(torch.zeros(2, 1, 32, 32), torch.zeros(2, 2, 8, 8))
    loss, _ = Objective(stage, answers, None, Remembering(), None, reading)(output, answers.planes(output), batch)
    loss.backward()
    assert output.grad is not None
    assert output.grad.abs().max() > 0
    colours = answers.planes(output, 0.5)
    torch.testing.assert_close(seen[0], answers.rgb(batch.condition, colours * reading.gain(colours)))
    assert not torch.allclose(seen[0], answers.rgb(batch.condition, answers.planes(output)), atol=1e-3)


def test_class_weights_have_mean_one_under_the_prior_and_favour_the_rare() -> None:
    prior = np.array([0.7, 0.2, 0.1])
    for mix in (0.0, 0.5, 1.0):
        weights = class_weights(prior, mix).numpy()
        assert (prior * weights).sum() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(class_weights(prior, 1.0).numpy(), 1, rtol=1e-5)
    half = class_weights(prior, 0.5).numpy()
    np.testing.assert_allclose(half[2] / half[0], (0.7 + 1 / 3) / (0.1 + 1 / 3), rtol=1e-5)


def test_prior_counts_what_is_there(tmp_path: Path) -> None:
    cache = open_cache([write_tiles(tmp_path / "photos")], 96, tmp_path / "cache")
    prior = bin_prior(cache, np.arange(len(cache)))
    assert prior.sum() == pytest.approx(1)
    assert (prior > 0).all()
    mean = prior @ ab_bins()
    assert mean[1] > 0  # skin, coffee and fur are warm
