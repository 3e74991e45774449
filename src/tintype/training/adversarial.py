"""Losses of adversarial training: what a critic minimises, what a generator minimises against it."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GANMode = Literal["vanilla", "lsgan", "hinge"]


class GANLoss(nn.Module):
    """Turns a critic's verdicts into losses; verdicts are logits of any shape, averaged.

    vanilla: binary cross-entropy (Goodfellow 2014, the generator's non-saturating form). lsgan: squared distance to
    the label (Mao 2017). hinge: max(0, 1 - y) for real, max(0, 1 + y) for fake, and -y for the generator (Lim & Ye
    2017). The labels are registered buffers: they follow the module to its device. Raises ValueError for other modes.
    """

    real_label: Tensor
    fake_label: Tensor

    def __init__(self, mode: GANMode = "vanilla", real_label: float = 1.0, fake_label: float = 0.0) -> None:
        super().__init__()
        if mode not in ("vanilla", "lsgan", "hinge"):
            raise ValueError(f"mode {mode!r}: choose vanilla, lsgan or hinge")
        self.mode = mode
        self.register_buffer("real_label", torch.tensor(real_label))
        self.register_buffer("fake_label", torch.tensor(fake_label))

    def critic(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The critic's loss on real and on fake pictures; it minimises their mean, (real + fake) / 2."""
        return self.judged(real, is_real=True), self.judged(fake, is_real=False)

    def generator(self, fake: Tensor) -> Tensor:
        """The generator's loss: how far the critic is from taking its pictures for real."""
        return -fake.mean() if self.mode == "hinge" else self.judged(fake, is_real=True)

    def accuracy(self, real: Tensor, fake: Tensor) -> Tensor:
        """The share of verdicts that are right, 0 to 1; 0.5 is guessing. A scalar without a gradient."""
        border = (self.real_label + self.fake_label) / 2 if self.mode == "lsgan" else real.new_zeros(())
        right = torch.cat([(real > border).flatten(), (fake < border).flatten()])
        return right.float().mean()

    def judged(self, verdicts: Tensor, is_real: bool) -> Tensor:
        """The loss of verdicts that should call pictures real, or fake."""
        if self.mode == "hinge":
            return F.relu(1 - verdicts if is_real else 1 + verdicts).mean()
        label = (self.real_label if is_real else self.fake_label).expand_as(verdicts).to(verdicts.dtype)
        if self.mode == "lsgan":
            return F.mse_loss(verdicts, label)
        return F.binary_cross_entropy_with_logits(verdicts, label)


def alpha_mix(adversarial: Tensor, reconstruction: Tensor, alpha: float = 0.1) -> Tensor:
    """Mixed loss of the landscape colorizer: (1 - alpha) of the reconstruction loss and alpha of the adversarial one.

    Raises ValueError for an alpha outside 0..1.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha {alpha}: it is a share, 0 to 1")
    return (1 - alpha) * reconstruction + alpha * adversarial


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Mean squared distance of the critic's gradient norm from one, at random points between real and fake
    (N, C, H, W) (Gulrajani 2017). To be weighted by 10 there."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
    between = torch.lerp(fake.detach(), real.detach(), share).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = (gradient.flatten(1).norm(dim=1) - 1).square().mean()
    return penalty
