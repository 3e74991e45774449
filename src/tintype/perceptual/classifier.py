"""A published classifier of 1,000 kinds of things: an EfficientNet-Lite encoder in colour with its ImageNet head."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.models.encoders import BN_EPSILON, STEM_CHANNELS, EncoderConfig, LiteEncoder, SameConv, load_imagenet

HEAD_CHANNELS, CLASSES = 1280, 1000
SIDE = 224  # pixels of the square that EfficientNet-Lite0 was trained on


class LiteClassifier(nn.Module):
    """RGB (N, 3, H, W) in [0, 1], sides multiples of 32 -> logits (N, 1000) in ImageNet's order; frozen."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = LiteEncoder(config)
        self.encoder.stem = SameConv(3, STEM_CHANNELS, 3, 2)
        self.head = nn.Conv2d(self.encoder.channels[-1], HEAD_CHANNELS, 1, bias=False)
        self.norm = nn.BatchNorm2d(HEAD_CHANNELS, eps=BN_EPSILON)
        self.classes = nn.Linear(HEAD_CHANNELS, CLASSES)
        self.requires_grad_(False).eval()

    def load(self, state: dict[str, Tensor]) -> None:
        """Copy in all published weights. Raises KeyError or RuntimeError when names or shapes do not fit."""
        load_imagenet(self.encoder, state)
        for name, part in (("_conv_head", self.head), ("_bn1", self.norm), ("_fc", self.classes)):
            part.load_state_dict({key: state[f"{name}.{key}"] for key in part.state_dict()})

    def forward(self, rgb: Tensor) -> Tensor:
        features = self.encoder((rgb * 255 - 127) / 128)[-1]
        logits: Tensor = self.classes(F.relu6(self.norm(self.head(features))).mean((2, 3)))
        return logits


def square(rgb: Tensor, side: int = SIDE) -> Tensor:
    """The middle square of pictures (N, 3, H, W) in [0, 1], as a classifier wants them: (N, 3, side, side)."""
    height, width = rgb.shape[2:]
    scale = side / min(height, width)
    size = (max(side, round(height * scale)), max(side, round(width * scale)))
    rgb = F.interpolate(rgb, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    return rgb[:, :, top : top + side, left : left + side]


def load_classifier(config: EncoderConfig) -> LiteClassifier:
    """The classifier with its ImageNet weights. Raises MissingExtra or WeightsError when they are not installed."""
    from tintype.models.imagenet import imagenet_file

    classifier = LiteClassifier(config)
    classifier.load(torch.load(imagenet_file(config), map_location="cpu", weights_only=True))
    return classifier
