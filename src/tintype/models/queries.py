"""Colour queries: learned vectors that look at the whole picture and say which colours it has, and where.

DDColor's colour decoder (Kang et al. 2023) made small. Each query gathers from the features at the strides 32 and 16 by
cross-attention; its product with the finest features is a map of where it applies, and each map adds to the logits of
all colours. So what belongs together, a coat or a wall, is agreed upon for the picture as a whole.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FeedForward(nn.Module):
    """Two 1x1 convolutions with GELU between and a residual; the second starts at zero, so that nothing changes."""

    def __init__(self, channels: int, expansion: int = 4) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.widen = nn.Conv2d(channels, expansion * channels, 1)
        self.narrow = nn.Conv2d(expansion * channels, channels, 1)
        nn.init.zeros_(self.narrow.weight)
        assert self.narrow.bias is not None
        nn.init.zeros_(self.narrow.bias)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.narrow(F.gelu(self.widen(self.norm(x))))
        return x + added


class QueryLayer(nn.Module):
    """Cross-attention of queries (N, K, D) to memory (N, L, D), self-attention, and a feed-forward part; pre-norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.cross_norm, self.self_norm, self.wide_norm = (nn.LayerNorm(width) for _ in range(3))
        self.ask, self.given, self.take = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.among, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        key, value = self.given(memory).chunk(2, -1)
        queries = queries + self.take(self._attend(self.ask(self.cross_norm(queries)), key, value))
        asked, key, value = self.among(self.self_norm(queries)).chunk(3, -1)
        queries = queries + self.merge(self._attend(asked, key, value))
        added: Tensor = self.narrow(F.gelu(self.widen(self.wide_norm(queries))))
        return queries + added

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        n, count, width = query.shape
        q, k, v = (x.reshape(n, -1, self.heads, width // self.heads).transpose(1, 2) for x in (query, key, value))
        scores = (q @ k.transpose(2, 3)) * (width // self.heads) ** -0.5
        attended: Tensor = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, count, width)
        return attended


class QueryDecoder(nn.Module):
    """Features at the strides 32, 16 and 4 -> what to add to the logits (N, Q, H/4, W/4); zero until it is trained."""

    def __init__(self, count: int, width: int, layers: int, channels: tuple[int, int, int], bins: int) -> None:
        super().__init__()
        stride32, stride16, stride4 = channels
        self.queries = nn.Parameter(torch.randn(count, width) * 0.5)
        self.from32, self.from16 = nn.Conv2d(stride32, width, 1), nn.Conv2d(stride16, width, 1)
        self.memory_norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(QueryLayer(width, heads=4) for _ in range(layers))
        self.out_norm = nn.LayerNorm(width)
        self.pixels = nn.Conv2d(stride4, width, 1)
        self.colours = nn.Conv2d(count, bins, 1, bias=False)
        nn.init.zeros_(self.colours.weight)

    def forward(self, x32: Tensor, x16: Tensor, x4: Tensor) -> Tensor:
        memory = torch.cat([self.from32(x32).flatten(2), self.from16(x16).flatten(2)], 2).transpose(1, 2)
        memory = self.memory_norm(memory)
        queries = self.queries.expand(len(x32), -1, -1)
        for layer in self.layers:
            queries = layer(queries, memory)
        pixels = self.pixels(x4)
        n, width, h, w = pixels.shape
        maps = self.out_norm(queries) @ pixels.reshape(n, width, h * w) * width**-0.5
        added: Tensor = self.colours(maps.reshape(n, -1, h, w))
        return added
