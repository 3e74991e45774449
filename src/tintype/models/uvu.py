"""UvU-Net: a shallow U-Net nested in a deep one, joined by alternating skips and additive attention.

- Outer encoder d1..d7: seven halvings, 256 px to 2x2. Outer decoder u1..u7.
- Inner encoder e1..e4 is fed by d2; its extra block e5 feeds only the outer decoder ("bottleneck compensation").
  Inner decoder v1..v4 returns to d2's resolution and joins u6.
- The outer net's own skips are the odd levels d1, d3, d5; the inner net stands in for the even ones.
- Before u4, attention weighs inner v2 against outer d4, with u3 as the query (Bahdanau 2015).

The source's sentence and its figure differ on the attention; `attention="source"` follows the figure, `"spatial"` the
sentence (two tensors, the scores themselves as a feature), `None` concatenates v2 and attends to nothing. `"global"`
and `"local"` are the source's future work, Luong's attentions: u3 looks at v2 and d4 at other positions too (`luong`).
For ablations, `inner="no-extra"` leaves e5 out, and `None` the whole inner net: what remains is a plain U-Net with a
skip at every level.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .cpu_layers import Dropout
from .layers import as_planes
from .luong import LuongAttention
from .pix2pix import init_normal

ATTENTIONS = ("source", "spatial", "global", "local")
ATTENTION_UNITS = 128  # the size of the space in which query and sources meet, at any width


@dataclass(frozen=True)
class UvUConfig:
    """`width` channels after the first halving; 64 in the source. 1 -> 2 for photographs, 3 -> 3 for sketches.

    `window` is the half-width of local attention's windows, in positions of 16 pixels. Without an `inner` net there is
    nothing to attend to: `attention` has to be None, too.
    """

    inputs: int = 1
    outputs: int = 2
    width: int = 64
    attention: Literal["source", "spatial", "global", "local"] | None = "source"
    dropout: float = 0.5
    window: float = 4
    inner: Literal["whole", "no-extra"] | None = "whole"


def _down(inputs: int, outputs: int, *, norm: bool = True, leaky: bool = True, reflect: bool = False) -> nn.Sequential:
    mode: Literal["reflect", "zeros"] = "reflect" if reflect else "zeros"
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not norm, padding_mode=mode)]
    layers += [nn.BatchNorm2d(outputs)] if norm else []
    return nn.Sequential(*layers, nn.LeakyReLU(0.2) if leaky else nn.ReLU())


def _up(inputs: int, outputs: int, dropout: float = 0.0) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(), *([Dropout(dropout)] if dropout else []))


class InnerUNet(nn.Module):
    """The nested net alone: (N, 2f, H, W) -> features to hand to the outer net. H and W are multiples of 32.

    Returns e4, e5 (None without the `extra` block), v2 and v4, at strides 16, 32, 4 and 1 of its input. It can be
    trained by itself, or frozen.
    """

    def __init__(self, width: int, extra: bool = True) -> None:
        super().__init__()
        f = width
        self.e1, self.e2, self.e3 = _down(2 * f, f), _down(f, 2 * f), _down(2 * f, 4 * f)
        self.e4 = _down(4 * f, 8 * f)
        self.e5 = _down(8 * f, 8 * f, norm=False, leaky=False) if extra else None
        self.v1, self.v2 = _up(8 * f, 4 * f), _up(8 * f, 2 * f)
        self.v3, self.v4 = _up(4 * f, f), _up(2 * f, 4 * f)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        e1 = self.e1(x)
        e2 = self.e2(e1)
        e3 = self.e3(e2)
        e4 = self.e4(e3)
        v2 = self.v2(torch.cat([self.v1(e4), e3], 1))
        v3 = self.v3(torch.cat([v2, e2], 1))
        return e4, None if self.e5 is None else self.e5(e4), v2, self.v4(torch.cat([v3, e1], 1))


class SourceAttention(nn.Module):
    """Additive attention over two sources at each position (Bahdanau 2015): e_i = v tanh(W_q s + W_k h_i).

    query (N, q, H, W), inner (N, k, H, W), outer (N, o, H, W) -> context (N, k, H, W), weights (N, 2, H, W) that sum
    to one over the sources. `outer` is first brought to k channels.
    """

    def __init__(self, query: int, key: int, outer: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(outer, key, 1)
        self.query = nn.Conv2d(query, ATTENTION_UNITS, 1, bias=False)
        self.key = nn.Conv2d(key, ATTENTION_UNITS, 1)
        self.score = nn.Conv2d(ATTENTION_UNITS, 1, 1, bias=False)

    def forward(self, query: Tensor, inner: Tensor, outer: Tensor) -> tuple[Tensor, Tensor]:
        sources = (inner, self.reduce(outer))
        wanted = self.query(query)
        weights = torch.cat([self.score((wanted + self.key(h)).tanh()) for h in sources], 1).softmax(1)
        return weights[:, :1] * sources[0] + weights[:, 1:] * sources[1], weights


class SpatialAttention(nn.Module):
    """The source's sentence taken literally: additive scores of v2 (current state) and u3 (hidden state), softmax over
    all positions; the feature is the scores, times their number so that uniform attention is 1. (N, 1, H, W)."""

    def __init__(self, query: int, key: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(query, ATTENTION_UNITS, 1, bias=False)
        self.key = nn.Conv2d(key, ATTENTION_UNITS, 1)
        self.score = nn.Conv2d(ATTENTION_UNITS, 1, 1, bias=False)

    def forward(self, query: Tensor, inner: Tensor) -> Tensor:
        scores: Tensor = self.score((self.query(query) + self.key(inner)).tanh())
        n, _, h, w = scores.shape
        return scores.flatten(1).softmax(1).view(n, 1, h, w) * (h * w)


class UvUNet(nn.Module):
    """(N, inputs, H, W) in [-1, 1] -> (N, outputs, H, W) in [-1, 1]. H and W are multiples of 128.

    61,116,610 weights from 1 to 2 channels at width 64; 60,968,770 of them without attention. Raises ValueError for an
    attention or an inner net that is not known, and for attention without an inner net.
    """

    size_multiple = 128

    def __init__(self, config: UvUConfig | None = None) -> None:
        super().__init__()
        config = config or UvUConfig()
        if config.attention not in (*ATTENTIONS, None):
            raise ValueError(f"attention {config.attention!r}; known: {', '.join(ATTENTIONS)}, none")
        if config.inner not in ("whole", "no-extra", None):
            raise ValueError(f"inner {config.inner!r}; known: whole, no-extra, none")
        if config.inner is None and config.attention is not None:
            raise ValueError(
                f"attention {config.attention!r} looks at the inner net, and inner is none; set it to none"
            )
        self.config = config
        f, dropout = config.width, config.dropout
        self.d1 = _down(config.inputs, f, norm=False, reflect=True)
        self.d2, self.d3, self.d4 = _down(f, 2 * f), _down(2 * f, 4 * f), _down(4 * f, 8 * f)
        self.d5, self.d6 = _down(8 * f, 8 * f), _down(8 * f, 8 * f)
        self.d7 = _down(8 * f, 8 * f, norm=False, leaky=False)
        self.inner = InnerUNet(f, config.inner == "whole") if config.inner else None
        bottom = 16 * f if config.inner == "whole" else 8 * f
        self.u1, self.u2, self.u3 = (_up(inputs, 8 * f, dropout) for inputs in (bottom, 16 * f, 16 * f))
        self.attention: SourceAttention | SpatialAttention | LuongAttention | None = None
        joined = 10 * f if config.inner else 16 * f
        if config.attention == "source":
            self.attention = SourceAttention(8 * f, 2 * f, 8 * f)
        elif config.attention == "spatial":
            self.attention, joined = SpatialAttention(8 * f, 2 * f), 10 * f + 1
        elif config.attention is not None:
            window = config.window if config.attention == "local" else None
            self.attention = LuongAttention(8 * f, 2 * f, 8 * f, window)
        self.u4, self.u5, self.u6 = _up(joined, 8 * f), _up(12 * f, 4 * f), _up(8 * f if config.inner else 6 * f, 2 * f)
        self.u7 = nn.Sequential(nn.ConvTranspose2d(3 * f, config.outputs, 4, 2, 1), nn.Tanh())
        self.apply(init_normal)

    def forward(self, x: Tensor) -> Tensor:
        d1 = self.d1(as_planes(x, self.config.inputs))
        d2 = self.d2(d1)
        d3 = self.d3(d2)
        d4 = self.d4(d3)
        d5 = self.d5(d4)
        d6 = self.d6(d5)
        d7 = self.d7(d6)
        # What the decoder gets at the even levels and at the bottom: of the inner net, or the outer net's own.
        e4, e5, v2, v4 = (d6, None, d4, d2) if self.inner is None else self.inner(d2)
        u1 = self.u1(d7 if e5 is None else torch.cat([d7, e5], 1))
        u2 = self.u2(torch.cat([u1, e4], 1))
        u3 = self.u3(torch.cat([u2, d5], 1))
        u4 = self.u4(torch.cat([u3, *self._attended(u3, v2, d4)], 1))
        u5 = self.u5(torch.cat([u4, d3], 1))
        u6 = self.u6(torch.cat([u5, v4], 1))
        y: Tensor = self.u7(torch.cat([u6, d1], 1))
        return y

    def _attended(self, u3: Tensor, v2: Tensor, d4: Tensor) -> list[Tensor]:
        """What joins u3 on its way into u4."""
        if isinstance(self.attention, SourceAttention):
            return [self.attention(u3, v2, d4)[0]]
        if isinstance(self.attention, SpatialAttention):
            return [v2, self.attention(u3, v2)]
        if isinstance(self.attention, LuongAttention):
            return [self.attention(u3, v2, d4)]
        return [v2]
