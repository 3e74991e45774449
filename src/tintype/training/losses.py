"""Losses: class-rebalanced cross-entropy over ab bins, smooth L1 on the colour, distance from a teacher's answer."""

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tintype.data.cache import Pictures
from tintype.data.pairs import crop_square, split_pair
from tintype.imaging.ab_bins import ab_bins, soft_encode

L1_UNIT = 10.0  # CIE units; the quadratic part of the smooth L1 loss ends here
PSNR_FLOOR = 5e-4  # squared error, of planes in [-1, 1]; 39 dB
COLOURLESS = 1e-8  # a root has no gradient at 0
PIECE = 2048  # rows of logits worked on at a time


@cache
def _encoding_tables() -> tuple[Tensor, Tensor]:
    """Soft encodings of all integer colours: indices and weights (256 * 256, 5), row 256*(a+128) + b+128."""
    axis = np.arange(-128, 128, dtype=np.float32)
    indices, weights = [], []
    for a in axis:
        i, w = soft_encode(np.stack([np.full(256, a, np.float32), axis], -1), ab_bins())
        indices.append(i)
        weights.append(w)
    return torch.from_numpy(np.concatenate(indices)), torch.from_numpy(np.concatenate(weights))


def encode_ab(ab: Tensor) -> tuple[Tensor, Tensor]:
    """Soft encoding of `ab` (N, 2, h, w), CIE units rounded to one: indices and weights (N*h*w, 5)."""
    indices, weights = _encoding_tables()
    whole = (ab.round().long() + 128).clamp(0, 255)
    rows = (whole[:, 0] * 256 + whole[:, 1]).reshape(-1)
    return indices.to(ab.device)[rows], weights.to(ab.device)[rows]


def bin_prior(
    cache: Pictures, indices: NDArray[np.int64], *, pictures: int = 4000, stride: int = 4
) -> NDArray[np.float64]:
    """How often each bin occurs, (Q,), over an even sample of the pictures; never quite zero, sums to one."""
    chosen = indices[np.linspace(0, len(indices) - 1, min(pictures, len(indices)), dtype=np.int64)]
    counts = np.zeros(len(ab_bins()))
    table, weights = (t.numpy() for t in _encoding_tables())
    for picture in chosen:
        _, ab = split_pair(crop_square(cache[picture], 128, 1.0, 0.5, 0.5, False), stride)
        whole = np.clip(np.rint(ab).astype(np.int64) + 128, 0, 255)
        rows = (whole[0] * 256 + whole[1]).ravel()
        counts += np.bincount(table[rows].ravel(), weights[rows].ravel(), len(counts))
    counts += counts.sum() * 1e-6
    return np.asarray(counts / counts.sum(), np.float64)


def log_l2_loss(made: Tensor, truth: Tensor) -> Tensor:
    """The mean over samples (N, C, h, w) of log(1 + MSE / floor): their mean PSNR, turned over (Chen 2021, HINet).

    Each sample pushes by its relative error, so that one with grain all over does not drown one with a hair on it, and
    one without damage is held to what it is.
    """
    squared = (made.float() - truth).square().mean((1, 2, 3))
    return torch.log1p(squared / PSNR_FLOOR).mean()


def class_weights(prior: NDArray[np.float64], rebalance_lambda: float) -> Tensor:
    """Weight of each bin (Q,): 1 / ((1 - lambda) * prior + lambda / Q), with mean one under the prior.

    Zhang 2016, eq. 4. Lambda is 0.5 there; 0 would be plain inverse frequency, 1 weighs all bins alike.
    """
    weights = 1 / ((1 - rebalance_lambda) * prior + rebalance_lambda / len(prior))
    return torch.from_numpy((weights / (prior * weights).sum()).astype(np.float32))


class _DistributionLoss(torch.autograd.Function):
    """Both losses and their gradient in one pass over the logits, a cache-sized piece at a time.

    The plain way keeps half a dozen fp32 copies of the logits (62 MB each for 64 crops of 128 px); at four bytes of
    traffic for every exponential it is memory that decides the speed.
    """

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, ab: Tensor, bins: Tensor, class_weight: Tensor, l1_weight: float
    ) -> tuple[Tensor, Tensor]:
        rows = logits.permute(0, 2, 3, 1).reshape(-1, logits.shape[1])
        indices, soft = encode_ab(ab)
        truth = ab.permute(0, 2, 3, 1).reshape(-1, 2)
        weight = class_weight[indices[:, 0]]
        count = len(rows)
        gradient = torch.empty_like(rows)
        entropy, distance = rows.new_zeros((), dtype=torch.float32), rows.new_zeros((), dtype=torch.float32)
        for start in range(0, count, PIECE):
            piece = slice(start, start + PIECE)
            log_p = rows[piece].float().log_softmax(1)
            i, w = indices[piece], soft[piece] * weight[piece, None]
            entropy -= (log_p.gather(1, i) * w).sum()
            p = log_p.exp_()
            mean = p @ bins
            error = (mean - truth[piece]) / L1_UNIT
            distance += F.smooth_l1_loss(error, torch.zeros_like(error), reduction="sum")
            pull = error.clamp(-1, 1) * (l1_weight / (2 * L1_UNIT))
            factor = torch.addmm(weight[piece, None] - (pull * mean).sum(1, keepdim=True), pull, bins.t())
            gradient[piece] = p.mul_(factor).scatter_add_(1, i, -w).div_(count)
        n, _, h, w_ = logits.shape
        ctx.save_for_backward(gradient.view(n, h, w_, -1).permute(0, 3, 1, 2))
        entropy, distance = entropy / count, distance / (2 * count)
        ctx.mark_non_differentiable(distance)
        return entropy + l1_weight * distance, distance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor, None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(grad), None, None, None, None  # ours alone, so it may be scaled in place


def distribution_loss(
    logits: Tensor, ab: Tensor, bins: Tensor, class_weight: Tensor, l1_weight: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Class-rebalanced cross-entropy of logits (N, Q, h, w) against soft-encoded ab (N, 2, h, w) in CIE units, plus
    `l1_weight` times the smooth L1 distance of the mean colour. `bins` (Q, 2), `class_weight` (Q,).

    Returns the sum to minimise, and the L1 part (in units of ten CIE units, the distance of two bins) to look at.
    Each position is weighted by its nearest bin (Zhang 2016, eq. 2-3).
    """
    total, distance = _DistributionLoss.apply(logits, ab, bins, class_weight, l1_weight)  # type: ignore[no-untyped-call]
    return total, distance


class _DistillationLoss(torch.autograd.Function):
    """The divergence and its gradient in one pass over both logits, as above."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, wanted: Tensor) -> Tensor:
        rows, models = (each.permute(0, 2, 3, 1).reshape(-1, each.shape[1]) for each in (logits, wanted))
        count = len(rows)
        gradient = torch.empty_like(rows)
        divergence = rows.new_zeros((), dtype=torch.float32)
        for start in range(0, count, PIECE):
            piece = slice(start, start + PIECE)
            log_p, log_q = rows[piece].float().log_softmax(1), models[piece].float().log_softmax(1)
            q = log_q.exp()
            divergence += (q * log_q.sub_(log_p)).sum()
            gradient[piece] = log_p.exp_().sub_(q).div_(count)
        n, _, h, w = logits.shape
        ctx.save_for_backward(gradient.view(n, h, w, -1).permute(0, 3, 1, 2))
        return divergence / count

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(grad), None  # ours alone, so it may be scaled in place


def distillation_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the distributions of `logits` (N, Q, h, w) from those of a teacher's, `wanted`, a
    mean over positions; 0 where they agree (Hinton, Vinyals and Dean 2015, at temperature 1)."""
    divergence: Tensor = _DistillationLoss.apply(logits, wanted)  # type: ignore[no-untyped-call]
    return divergence


def colourfulness_loss(rgb: Tensor) -> Tensor:
    """1 minus the colourfulness of sRGB pictures (N, 3, H, W) in [0, 1], a mean over them (Kang et al. 2023, DDColor):
    the deviations of the two opponent channels, and 0.3 of their means (Hasler and Süsstrunk 2003)."""
    red, green, blue = rgb.float().unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue], 1).flatten(2)
    spread = (opponents.var(2).sum(1) + COLOURLESS).sqrt()
    centre = (opponents.mean(2).square().sum(1) + COLOURLESS).sqrt()
    return (1 - spread - 0.3 * centre).mean()
