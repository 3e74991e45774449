"""Frechet inception distance (Heusel 2017) between two sets of pictures, from the features of each picture.

Torchmetrics takes the statistics and the distance. The features come from `models.inception`, once for each picture,
and are kept (8 kB each), because every source, and each half of the truth, is a set of its own.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from ..models.inception import Inception
from ..training.published_weights import load_inception

Features = NDArray[np.float32]

# Pictures below which no distance is given: the covariance would say nothing.
LEAST = 20


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
