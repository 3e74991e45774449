"""Frechet inception distance (Heusel 2017) between two sets of pictures, from the features of each picture.

Torchmetrics takes the statistics and the distance. The features come from `models.inception`, once for each picture,
and are kept (8 kB each), because every source, and each half of the truth, is a set of its own.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from tintype.perceptual.inception import Inception
from tintype.perceptual.published_weights import load_inception

from .bootstrap import SEED, Estimate, normal

Features = NDArray[np.float32]

# Pictures below which no distance is given: the covariance would say nothing.
LEAST = 20
# A resample costs a matrix as large as its pictures: there are fewer than of a mean, each of so many at most.
RESAMPLES = 100
MOST_RESAMPLED = 400


def load_fid_network() -> Inception:
    """The network with the published weights. Raises WeightsError when they are not here and cannot be fetched."""
    network = Inception()
    network.load_state_dict({name: torch.from_numpy(values) for name, values in load_inception().items()})
    return network


def frechet_distance(answers: Features, truth: Features) -> float:
    """FID of two sets of features, (N, D) and (M, D), two pictures at least in each.

    Where there are fewer pictures than features, all of them lie in a small subspace; turning the axes into it changes
    no distance and leaves the covariances small.
    """
    both = torch.from_numpy(np.concatenate([answers, truth])).double()
    both = both - both.mean(0)
    if len(both) < both.shape[1]:
        axes = torch.linalg.qr(both.T).Q
        both = both @ axes
    metric = FrechetInceptionDistance(feature=_Given(both.shape[1]))
    metric.update(both[: len(answers)], real=False)
    metric.update(both[len(answers) :], real=True)
    return max(0.0, float(metric.compute()))


def paired_distance(answers: Features, truth: Features) -> Estimate:
    """FID of colourings and the truths of the same pictures in the same order, both (N, D), with its interval.

    A picture that is drawn twice counts twice but adds no dimension, so distances of resamples lie above that of the
    set, and their quantiles would miss it. Their spread is right: the interval is symmetric, by their standard
    deviation. Of more than `MOST_RESAMPLED` pictures that many are drawn, and the deviation is reduced accordingly.
    """
    value = frechet_distance(answers, truth)
    drawn = min(len(truth), MOST_RESAMPLED)
    generator = np.random.default_rng(SEED)
    distances = []
    for _ in range(RESAMPLES):
        counts = np.bincount(generator.integers(0, len(truth), drawn), minlength=len(truth))
        distances.append(_weighted_distance(answers, truth, counts))
    return normal(value, float(np.std(distances)) * (drawn / len(truth)) ** 0.5)


def _weighted_distance(answers: Features, truth: Features, counts: NDArray[np.int64]) -> float:
    """FID where picture i counts `counts[i]` times.

    The trace of the root of the product of two covariances is the sum of the singular values of the product of the
    centred features, which is only as large as the pictures are many.
    """
    used = counts > 0
    share = (counts[used] / counts.sum())[:, None]
    root = np.sqrt(counts[used] / (counts.sum() - 1))[:, None]
    means, centred = [], []
    for features in (answers[used].astype(np.float64), truth[used].astype(np.float64)):
        means.append((share * features).sum(0))
        centred.append(root * (features - means[-1]))
    common = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    gap = np.square(means[0] - means[1]).sum()
    return float(gap + np.square(centred[0]).sum() + np.square(centred[1]).sum() - 2 * common)


def distance_of_halves(truth: Features) -> float:
    """FID between every second picture and the others: what two sets of true pictures, half as large, score."""
    return frechet_distance(truth[0::2], truth[1::2])


class _Given(nn.Module):
    """Stands where torchmetrics has its network, for features that are there already."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.num_features = features

    def forward(self, features: Tensor) -> Tensor:
        return features
