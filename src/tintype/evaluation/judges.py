"""Networks that look at coloured pictures beside their truth: LPIPS, a classifier, and the Inception of FID."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.errors import MissingExtra, WeightsError
from tintype.imaging.types import Pixels
from tintype.models.encoders import ENCODERS
from tintype.perceptual.classifier import LiteClassifier, load_classifier, square

from .fid import Features, load_fid_network
from .lpips import LPIPS, load_lpips

# Networks see pictures at their own size, reduced where the short side is longer than this.
SIDE = 256
# Sides beyond these are squeezed: thin strips would fill the memory, or leave nothing to pool.
SHORTEST, LONGEST = 64, 1024
# Not the encoder that `tint` starts from, so that it does not judge by its own eyes.
CLASSIFIER = "efficientnet-lite0"


@dataclass(frozen=True)
class PerceptualDistances:
    """What the networks say of one colouring.

    same_class: 1.0 when the likeliest of 1,000 classes is the truth's, else 0.0. class_probability: the probability of
    the truth's likeliest class less what it is in the truth. features: FID's, (2048,); None without its network.
    """

    lpips_alex: float
    lpips_vgg: float
    same_class: float
    class_probability: float
    features: Features | None


@dataclass(frozen=True)
class Networks:
    """The networks themselves; `inception` may be missing, `problem` then says why in one line."""

    alex: LPIPS
    vgg: LPIPS
    classifier: LiteClassifier
    inception: nn.Module | None
    problem: str | None = None


def load_networks() -> Networks:
    """All networks with their published weights, fetching 145 MB the first time.

    Raises WeightsError or MissingExtra when those of LPIPS or of the classifier cannot be had.
    """
    inception, problem = None, None
    try:
        inception = load_fid_network()
    except WeightsError as error:
        problem = str(error)
    try:
        classifier = load_classifier(ENCODERS[CLASSIFIER])
    except MissingExtra as error:
        raise MissingExtra(f"{error}, or with all that these measures need: pip install 'tintype[metrics]'") from error
    return Networks(load_lpips("alexnet"), load_lpips("vgg16"), classifier, inception, problem)


class PerceptualMetrics:
    """Judges several colourings of one picture at a time; threads take turns. On a GPU where there is one."""

    def __init__(self, networks: Networks, threads: int | None = None) -> None:
        """`threads`: CPU threads of the networks; torch's own choice when None."""
        if threads is not None:
            torch.set_num_threads(threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.networks = networks
        for network in (networks.alex, networks.vgg, networks.classifier, networks.inception):
            if network is not None:
                network.to(self.device).eval()
                network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster on CPUs
        self._turn = threading.Lock()

    def __call__(self, pictures: Sequence[Pixels]) -> list[PerceptualDistances]:
        """A judgement of each picture, uint8 sRGB (H, W, 3) of one size; the last one is the truth."""
        with self._turn, torch.inference_mode():
            return self._judge(fitted(np.stack(pictures), self.device))

    def _judge(self, rgb: Tensor) -> list[PerceptualDistances]:
        networks, truth = self.networks, rgb[-1:]
        probabilities = networks.classifier(square(rgb)).softmax(1)
        likeliest = probabilities.argmax(1)
        same = (likeliest == likeliest[-1]).float()
        change = probabilities[:, likeliest[-1]] - probabilities[-1, likeliest[-1]]
        features = None if networks.inception is None else networks.inception(rgb).cpu().numpy()
        columns = [networks.alex(rgb, truth), networks.vgg(rgb, truth), same, change]
        return [
            PerceptualDistances(alex, vgg, agrees, gained, None if features is None else features[i])
            for i, (alex, vgg, agrees, gained) in enumerate(torch.stack(columns, 1).tolist())
        ]


def fitted(pictures: Pixels, device: torch.device) -> Tensor:
    """Pictures (N, H, W, 3) as (N, 3, h, w) in [0, 1], brought within the limits that this module names."""
    rgb = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255  # stays channels last in memory
    height, width = rgb.shape[2:]
    scale = min(1.0, SIDE / min(height, width))
    size = [min(LONGEST, max(SHORTEST, round(side * scale))) for side in (height, width)]
    if size == [height, width]:
        return rgb
    return F.interpolate(rgb, size, mode="bilinear", antialias=True, align_corners=False)
