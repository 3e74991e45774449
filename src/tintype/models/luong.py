"""Global and local attention (Luong 2015), in two dimensions: what the UvU-Net text names as future work.

Luong's sentence of source words becomes the positions of source feature maps, his target state the feature vector of
one position of a query map.

- global: general score q W h over all positions of all sources, softmax, context = weighted sum of the sources.
- local (his local-p): first a centre is predicted, p = S sigmoid(v tanh(W_p q)) per axis, S the side in positions.
  Only positions within `window` of it on both axes take part, and their scores fall off as a Gaussian with
  sigma = window / 2. Two readings are ours. The logit of the query's own position is added inside the sigmoid: maps,
  unlike sentences in two languages, are aligned, and so an untrained network looks straight through (his local-m).
  The Gaussian enters before the softmax, so that the weights sum to one; his are left smaller.
- both: the answer is tanh(W_c [context, q]), his attentional state (eq. 5).
"""

import torch
from torch import Tensor, nn

CENTRE_UNITS = 128  # the size of the hidden layer that predicts centres
BANDS = 8  # the query map is worked through in this many bands of rows


class LuongAttention(nn.Module):
    """query (N, q, H, W), inner (N, k, H, W), outer (N, o, H, W) -> attentional state (N, k, H, W) in [-1, 1].

    `outer` is first brought to k channels; the positions of both maps are the sources. H is a multiple of 8.
    `window` None attends globally; a number, at least 1, is the half-width of local windows in positions.

    The largest tensor holds H*W/8 * 2*H*W weights a picture: 64 kB at 16x16 positions (256 px), 16 MB at 64x64.
    Raises ValueError for a window below 1, which could miss every position.
    """

    def __init__(self, query: int, key: int, outer: int, window: float | None = None) -> None:
        super().__init__()
        if window is not None and window < 1:
            raise ValueError(f"window {window}: at least 1 position to each side")
        self.window = window
        self.reduce = nn.Conv2d(outer, key, 1)
        self.general = nn.Conv2d(query, key, 1, bias=False)
        self.state = nn.Conv2d(key + query, key, 1, bias=False)
        if window is not None:
            self.hidden = nn.Conv2d(query, CENTRE_UNITS, 1, bias=False)
            self.centre = nn.Conv2d(CENTRE_UNITS, 2, 1, bias=False)

    def forward(self, query: Tensor, inner: Tensor, outer: Tensor) -> Tensor:
        n, channels, height, width = inner.shape
        sources = self._sources(inner, outer)
        contexts = []
        for wanted, centres in self._bands(query):
            weights = self._band_weights(wanted, centres, sources, height, width)
            contexts.append(sources @ weights.transpose(1, 2))
        context = torch.stack(contexts, 2).reshape(n, channels, height, width)
        state: Tensor = self.state(torch.cat([context, query], 1))
        return state.tanh()

    def weights(self, query: Tensor, inner: Tensor, outer: Tensor) -> Tensor:
        """What each position attends to: (N, H, W, 2, H, W), where 2 is inner and outer; the last three sum to one."""
        n, _, height, width = inner.shape
        sources = self._sources(inner, outer)
        bands = [self._band_weights(*band, sources, height, width) for band in self._bands(query)]
        return torch.cat(bands, 1).view(n, height, width, 2, height, width)

    def centres(self, query: Tensor) -> Tensor:
        """Predicted centres (N, 2, H, W): row and column in positions, the first position's middle at 0.5."""
        height, width = query.shape[2:]
        rows = ((torch.arange(height, device=query.device) + 0.5) / height).logit().view(1, height, 1)
        columns = ((torch.arange(width, device=query.device) + 0.5) / width).logit().view(1, 1, width)
        moved = self.centre(self.hidden(query).tanh()).float()
        row, column = (moved[:, 0] + rows).sigmoid() * height, (moved[:, 1] + columns).sigmoid() * width
        return torch.stack([row, column], 1)

    def _sources(self, inner: Tensor, outer: Tensor) -> Tensor:
        """All source positions as (N, k, 2*H*W), the inner map's first."""
        return torch.cat([inner.flatten(2), self.reduce(outer).flatten(2)], 2)

    def _bands(self, query: Tensor) -> list[tuple[Tensor, Tensor | None]]:
        """Keys asked for (N, k, P) and centres (N, 2, P) of each band of rows, P = H*W/8 positions."""
        n, _, height, width = query.shape
        positions = height // BANDS * width
        wanted = self.general(query).reshape(n, -1, BANDS, positions).unbind(2)
        if self.window is None:
            return [(band, None) for band in wanted]
        return list(zip(wanted, self.centres(query).reshape(n, 2, BANDS, positions).unbind(2), strict=True))

    def _band_weights(self, wanted: Tensor, centres: Tensor | None, sources: Tensor, height: int, width: int) -> Tensor:
        """Weights (N, P, 2*H*W) over the source positions."""
        scores = wanted.transpose(1, 2) @ sources
        if centres is not None:
            rows, columns = self._nearness(centres[:, 0], height), self._nearness(centres[:, 1], width)
            window = (rows.unsqueeze(3) + columns.unsqueeze(2)).flatten(2)
            scores = scores + torch.cat([window, window], 2)
        return scores.softmax(2)

    def _nearness(self, centre: Tensor, side: int) -> Tensor:
        """Log of the Gaussian around `centre` (N, P) along one axis, (N, P, side); minus infinity out of the window."""
        assert self.window is not None
        distance = torch.arange(side, device=centre.device) + 0.5 - centre.unsqueeze(2)
        gaussian = -2 * (distance / self.window).square()  # sigma = window / 2
        return gaussian.masked_fill(distance.abs() > self.window, float("-inf"))
