"""Net2Net: a narrower network's weights for a wider one that then answers the same (Chen, Goodfellow, Shlens 2016)."""

from collections.abc import Mapping

from torch import Tensor


def widened(weights: Mapping[str, Tensor], wider: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`weights`, each tensor that is smaller than its namesake in `wider` put into the corner of that.

    What the old channels answer stays: new input channels of theirs count nothing until they are trained. New output
    channels keep what `wider` drew for them, so that there is something to learn from. A tensor that is larger than
    its namesake anywhere, or of another rank, is left as it is: it does not fit.
    """
    return {name: _corner(value, wider[name]) if name in wider else value for name, value in weights.items()}


def _corner(value: Tensor, wider: Tensor) -> Tensor:
    fits = value.dim() == wider.dim() and all(a <= b for a, b in zip(value.shape, wider.shape, strict=True))
    if value.shape == wider.shape or not fits:
        return value
    grown = wider.detach().to(value.dtype).clone()
    if value.dim() > 1:
        grown[: value.shape[0]] = 0
    grown[tuple(slice(side) for side in value.shape)] = value
    return grown
