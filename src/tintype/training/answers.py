"""What a generator's answer means: its colour in CIE units, its picture, and the view of it that a critic judges."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tintype.models.task import PairForm
from tintype.models.tint import annealed_mean

from .color import lab_to_rgb, rgb_to_lab

CRITIC_SCALE = 110.0  # CIE units of ab that a critic sees as 1


class Answers:
    """Reads answers (or targets, which look like them) of one PairForm. `bins` (Q, 2) belong to distributions."""

    def __init__(self, form: PairForm, bins: Tensor | None = None) -> None:
        self.form, self.bins = form, bins

    def planes(self, output: Tensor, temperature: float = 1.0) -> Tensor:
        """The answer in the units of the target, fp32; a distribution becomes its annealed mean."""
        if self.form.target == "distribution":
            assert self.bins is not None
            return annealed_mean(output, self.bins, temperature)
        return output.float()

    def ab(self, planes: Tensor) -> Tensor:
        """ab (N, 2, h, w) in CIE units."""
        if self.form.target == "rgb":
            return rgb_to_lab((planes + 1) / 2)[1]
        if self.form.target == "light":
            return planes.new_zeros((len(planes), 2, *planes.shape[2:]))
        return planes[:, -2:] * self.form.scale

    def lab(self, condition: Tensor, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Lightness (N, 1, H, W) in [-1, 1] and ab (N, 2, H, W) at the size of the condition.

        The lightness is the condition's own, unless the network paints it, too.
        """
        if self.form.target == "rgb":
            lightness, ab = rgb_to_lab((planes + 1) / 2)
            return _to_size_of(condition, lightness), _to_size_of(condition, ab)
        lightness = condition if planes.shape[1] == 2 else _to_size_of(condition, planes[:, :1])
        return lightness, _to_size_of(condition, self.ab(planes))

    def rgb(self, condition: Tensor, planes: Tensor) -> Tensor:
        """The picture, sRGB (N, 3, H, W) in [0, 1]."""
        if self.form.target == "rgb":
            return _to_size_of(condition, (planes + 1) / 2)
        return lab_to_rgb(*self.lab(condition, planes))

    def judged(self, condition: Tensor, planes: Tensor) -> Tensor:
        """What a critic sees: the condition and the answer, concatenated (a conditional GAN)."""
        if self.form.scale == 1 and self.form.target != "light":  # CIE units
            planes = planes / CRITIC_SCALE
        return torch.cat([condition, _to_size_of(condition, planes)], 1)

    @property
    def judged_planes(self) -> int:
        """Planes that a critic sees."""
        return 1 + self.form.channels


def _to_size_of(condition: Tensor, planes: Tensor) -> Tensor:
    if planes.shape[2:] == condition.shape[2:]:
        return planes
    return F.interpolate(planes, condition.shape[2:], mode="bilinear", align_corners=False)
