"""DDColor (Kang et al. 2023, "DDColor: towards photo-realistic image colorization via dual decoders").

- Encoder: ConvNeXt (Liu et al. 2022), its features at the strides 4, 8, 16 and 32; or an EfficientNet-Lite.
- Pixel decoder: pixel shuffles with the encoder's features joined at every scale, up to full resolution.
- Colour decoder: learned queries that look at three scales of the pixel decoder in turn (Cheng et al. 2022,
  "Mask2Former"), and become one vector each; its product with the pixel decoder's features is a plane for every query.
- A 1x1 convolution over these planes and the input gives ab.

Modules are named as in the published code, so that its files load by their names (`tintype.training.ddcolor_file`).
"""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from .convnext import CONVNEXTS, ConvNeXtEncoder
from .encoders import ENCODERS, LiteEncoder
from .nogan import icnr_
from .resnet import IMAGENET_MEAN, IMAGENET_STD

LEVELS = 3  # scales of the pixel decoder that queries look at


@dataclass(frozen=True)
class DDColorConfig:
    """`width` is the pixel decoder's at strides 16 and 8, and twice that at full size; `hidden` the queries'."""

    encoder: str = "convnext-t"
    width: int = 512
    hidden: int = 256
    queries: int = 100
    layers: int = 9
    heads: int = 8
    feedforward: int = 2048
    outputs: int = 2


class Shuffle(nn.Module):
    """Enlarge by a pixel shuffle, started without a checkerboard (ICNR), and blur over cells of 2 x 2."""

    def __init__(self, inputs: int, outputs: int, factor: int, conv: nn.Sequential) -> None:
        super().__init__()
        self.conv, self.factor = conv, factor

    def forward(self, x: Tensor) -> Tensor:
        x = F.pixel_shuffle(F.relu(self.conv(x)), self.factor)
        return F.avg_pool2d(F.pad(x, (1, 0, 1, 0), mode="replicate"), 2, stride=1)


def _shuffle(inputs: int, outputs: int, factor: int, *, last: bool) -> Shuffle:
    conv = nn.Conv2d(inputs, outputs * factor**2, 1, bias=last)
    icnr_(conv.weight, factor)
    if last:
        nn.init.zeros_(cast(Tensor, conv.bias))
        return Shuffle(inputs, outputs, factor, nn.Sequential(weight_norm(conv)))
    return Shuffle(inputs, outputs, factor, nn.Sequential(spectral_norm(conv), nn.BatchNorm2d(conv.out_channels)))


class UpBlock(nn.Module):
    """Double the resolution, and join the encoder's features of that scale."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.shuf = _shuffle(inputs, outputs, 2, last=False)
        self.bn = nn.BatchNorm2d(skip)
        conv = nn.Conv2d(outputs + skip, outputs, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(conv.weight)
        self.conv = nn.Sequential(spectral_norm(conv), nn.ReLU(), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        joined: Tensor = self.conv(F.relu(torch.cat([self.shuf(x), self.bn(skip)], 1)))
        return joined


def attend(attention: nn.MultiheadAttention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Multi-head attention of (N, Q, D) to (N, K, D) with the weights of a torch module, written out so that any
    number of places can be exported, and because torch's fused one goes backward slowly through few queries in bf16."""
    assert attention.in_proj_weight is not None
    assert attention.in_proj_bias is not None
    weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
    heads = attention.num_heads
    asked, found, held = (
        F.linear(x, weight, bias).view(*x.shape[:2], heads, -1).transpose(1, 2)
        for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
    )
    shares = (asked * asked.shape[-1] ** -0.5 @ found.transpose(-1, -2)).softmax(-1).to(held.dtype)
    mixed = (shares @ held).transpose(1, 2).flatten(2)
    out: Tensor = attention.out_proj(mixed)
    return out


class CrossAttentionLayer(nn.Module):
    """Queries look at places of a picture."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.multihead_attn = nn.MultiheadAttention(hidden, heads)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, queries: Tensor, own: Tensor, places: Tensor, positions: Tensor) -> Tensor:
        looked = attend(self.multihead_attn, queries + own, places + positions, places)
        out: Tensor = self.norm(queries + looked)
        return out


class SelfAttentionLayer(nn.Module):
    """Queries look at each other."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(hidden, heads)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, queries: Tensor, own: Tensor) -> Tensor:
        out: Tensor = self.norm(queries + attend(self.self_attn, queries + own, queries + own, queries))
        return out


class FeedForwardLayer(nn.Module):
    """Two linear layers for each query, around a shortcut."""

    def __init__(self, hidden: int, inner: int) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(hidden, inner), nn.Linear(inner, hidden)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, queries: Tensor) -> Tensor:
        out: Tensor = self.norm(queries + self.linear2(F.relu(self.linear1(queries))))
        return out


class Perceptron(nn.Module):
    """Three linear layers with rectifiers between them."""

    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inputs, inner), nn.Linear(inner, inner), nn.Linear(inner, outputs)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        out: Tensor = self.layers[-1](x)
        return out


class ColorDecoder(nn.Module):
    """Pixel decoder's features at three scales and at full size (N, C, H, W) -> a plane (N, Q, H, W) per query."""

    def __init__(self, config: DDColorConfig, inputs: tuple[int, int, int]) -> None:
        super().__init__()
        hidden, heads = config.hidden, config.heads
        self.transformer_self_attention_layers = nn.ModuleList(
            SelfAttentionLayer(hidden, heads) for _ in range(config.layers)
        )
        self.transformer_cross_attention_layers = nn.ModuleList(
            CrossAttentionLayer(hidden, heads) for _ in range(config.layers)
        )
        self.transformer_ffn_layers = nn.ModuleList(
            FeedForwardLayer(hidden, config.feedforward) for _ in range(config.layers)
        )
        for layer in (*self.transformer_self_attention_layers, *self.transformer_cross_attention_layers,
                      *self.transformer_ffn_layers):  # fmt: skip
            for weight in layer.parameters():
                if weight.dim() > 1:
                    nn.init.xavier_uniform_(weight)
        self.decoder_norm = nn.LayerNorm(hidden)
        self.query_feat = nn.Embedding(config.queries, hidden)
        self.query_embed = nn.Embedding(config.queries, hidden)
        self.level_embed = nn.Embedding(LEVELS, hidden)
        self.input_proj = nn.ModuleList(nn.Conv2d(count, hidden, 1) for count in inputs)
        self.color_embed = Perceptron(hidden, hidden, config.width // 2)

    def forward(self, scales: list[Tensor], features: Tensor) -> Tensor:
        places, positions = [], []
        for level, (scale, project) in enumerate(zip(scales, self.input_proj, strict=True)):
            places.append(project(scale).flatten(2).transpose(1, 2) + self.level_embed.weight[level])
            positions.append(sine_positions(scale, self.query_feat.embedding_dim))
        count = features.shape[0]
        own = self.query_embed.weight.expand(count, -1, -1)
        queries = self.query_feat.weight.expand(count, -1, -1)
        layers = zip(
            self.transformer_cross_attention_layers,
            self.transformer_self_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )
        for number, (cross, among, feed) in enumerate(layers):
            level = number % LEVELS
            queries = feed(among(cross(queries, own, places[level], positions[level]), own))
        colours = self.color_embed(self.decoder_norm(queries))
        return torch.einsum("bqc,bchw->bqhw", colours, features)


def sine_positions(planes: Tensor, hidden: int) -> Tensor:
    """Sines of the places of planes (N, C, H, W) at many wavelengths, (1, H * W, hidden): rows, then columns, both as
    shares of a whole turn (Carion et al. 2020, "DETR")."""
    height, width = planes.shape[2:]
    half = hidden // 2
    steps = torch.arange(half, device=planes.device)
    lengths = 10_000 ** (2 * torch.div(steps, 2, rounding_mode="floor") / half)

    def waves(length: int) -> Tensor:
        turns = torch.arange(1, length + 1, device=planes.device) / (length + 1e-6) * (2 * math.pi)
        angles = turns[:, None] / lengths
        return torch.stack([angles[:, 0::2].sin(), angles[:, 1::2].cos()], 2).flatten(1)

    rows, columns = waves(height)[:, None].expand(-1, width, -1), waves(width)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], 2).flatten(0, 1)[None].to(planes.dtype)


class Decoder(nn.Module):
    """Pixel decoder and colour decoder: the encoder's features at strides 4 to 32 -> a plane per query, full size."""

    def __init__(self, config: DDColorConfig, channels: list[int]) -> None:
        super().__init__()
        width, (c4, c8, c16, c32) = config.width, channels
        self.layers = nn.ModuleList(
            [UpBlock(c32, c16, width), UpBlock(width, c8, width), UpBlock(width, c4, width // 2)]
        )
        self.last_shuf = _shuffle(width // 2, width // 2, 4, last=True)
        self.color_decoder = ColorDecoder(config, (width, width, width // 2))

    def forward(self, features: list[Tensor]) -> Tensor:
        scales = []
        x = features[-1]
        for layer, skip in zip(self.layers, features[-2::-1], strict=True):
            x = layer(x, skip)
            scales.append(x)
        planes: Tensor = self.color_decoder(scales, self.last_shuf(x))
        return planes


class DDColor(nn.Module):
    """Lightness (N, 1, H, W) in [-1, 1] -> ab (N, 2, H, W) in CIE units; H and W are multiples of 32.

    Raises KeyError for an unknown encoder and ValueError for widths that do not go together.
    """

    size_multiple = 32
    mean: Tensor
    std: Tensor

    def __init__(self, config: DDColorConfig | None = None) -> None:
        super().__init__()
        config = self.config = config or DDColorConfig()
        if config.hidden % (4 * config.heads) or config.width % 4:
            raise ValueError(
                f"hidden is {config.hidden}, width {config.width}; multiples of {4 * config.heads} and 4 are possible"
            )
        known = (*CONVNEXTS, *ENCODERS)
        if config.encoder not in known:
            raise KeyError(f"encoder {config.encoder!r}: choose one of {', '.join(known)}")
        self.encoder: ConvNeXtEncoder | LiteEncoder
        if config.encoder in CONVNEXTS:
            self.encoder = ConvNeXtEncoder(*CONVNEXTS[config.encoder])
        else:
            self.encoder = LiteEncoder(ENCODERS[config.encoder])
        self.decoder = Decoder(config, self.encoder.channels)
        refine = nn.Conv2d(config.queries + 3, config.outputs, 1)
        nn.init.kaiming_normal_(refine.weight)
        nn.init.zeros_(cast(Tensor, refine.bias))
        self.refine_net = nn.Sequential(nn.Sequential(spectral_norm(refine)))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, lightness: Tensor) -> Tensor:
        return self.colours(neutral(lightness), lightness)

    def colours(self, rgb: Tensor, lightness: Tensor | None = None) -> Tensor:
        """ab (N, 2, H, W), CIE units, of the neutral sRGB picture (N, 3, H, W) in [0, 1], as the published network is
        given it; `lightness` for an encoder that sees that."""
        seen = (rgb - self.mean) / self.std
        if isinstance(self.encoder, LiteEncoder):
            assert lightness is not None
            features = self.encoder(lightness)
        else:
            features = self.encoder(seen)
        ab: Tensor = self.refine_net(torch.cat([self.decoder(features), seen], 1))
        return ab


def neutral(lightness: Tensor) -> Tensor:
    """The neutral sRGB picture (N, 3, H, W) in [0, 1] of lightness (N, 1, H, W), L*/50 - 1."""
    f = (lightness.clamp(-1, 1) * 50 + 66) / 116
    linear = torch.where(f > 6 / 29, f**3, (f - 4 / 29) * (3 * (6 / 29) ** 2))
    joint = 0.04045 / 12.92
    grey = torch.where(linear > joint, 1.055 * linear.clamp(min=joint) ** (1 / 2.4) - 0.055, 12.92 * linear)
    return grey.expand(-1, 3, -1, -1)
