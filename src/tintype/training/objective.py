"""What a generator's answer is compared with the truth by: a weighted sum of named losses."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.data.pairs import PairBatch

from .answers import Answers
from .losses import class_weights, colourfulness_loss, distillation_loss, distribution_loss, log_l2_loss
from .reading import Reading
from .recipe import StageOptions

DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "l2": F.mse_loss,
    "smooth_l1": F.smooth_l1_loss,
    "log_l2": log_l2_loss,
}

PLAIN = Reading(temperature=1.0)


class Objective:
    """The losses of a stage between answer and truth.

    l1, l2 and smooth_l1 are distances in the units of the target (ab/110, or whatever the system has), log_l2 the
    logarithm of each sample's squared one; `distribution` is the class-rebalanced cross-entropy of Zhang 2016, which
    brings its own smooth L1 in units of ten CIE units; `feature` compares what a classifier sees (`feature_loss`, sRGB
    in [0, 1]), of a distribution with the colours that `reading` takes from it. `distillation` is not about the truth,
    it is how far the distribution is from that of `teacher`, which sees the same input. Nor is `colourfulness`: it is
    small where the answer is vivid.
    """

    def __init__(
        self,
        options: StageOptions,
        answers: Answers,
        prior: Tensor | None = None,
        feature_loss: nn.Module | None = None,
        teacher: nn.Module | None = None,
        reading: Reading = PLAIN,
    ) -> None:
        self.weights = {name: weight for name, weight in options.losses.items() if weight}
        self.answers, self.feature_loss, self.teacher, self.reading = answers, feature_loss, teacher, reading
        if "distribution" in self.weights:
            assert prior is not None
            assert answers.bins is not None
            self.class_weight = class_weights(prior.double().numpy(), options.rebalance_lambda).to(answers.bins.device)

    def __call__(self, output: Tensor, planes: Tensor, batch: PairBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum for an output and the planes made of it, and each loss before weighting, to log."""
        parts: dict[str, Tensor] = {}
        total = output.new_zeros((), dtype=torch.float32)
        named = dict(self.weights)
        if weight := named.pop("distribution", 0.0):
            assert self.answers.bins is not None
            smooth = named.pop("smooth_l1", 0.0) / weight
            loss, distance = distribution_loss(output, batch.target, self.answers.bins, self.class_weight, smooth)
            parts |= {"cross_entropy": loss.detach() - smooth * distance, "smooth_l1": distance}
            total = total + weight * loss
        if weight := named.pop("distillation", 0.0):
            assert self.teacher is not None
            with torch.no_grad():
                wanted = self.teacher(*batch.given)
            loss = distillation_loss(output, wanted)
            parts["distillation"] = loss.detach()
            total = total + weight * loss
        for name, weight in named.items():
            if name == "colourfulness":
                loss = colourfulness_loss(self.answers.rgb(batch.condition, planes))
            elif name == "feature":
                assert self.feature_loss is not None
                truth = self.answers.rgb(batch.condition, batch.target)
                loss = self.feature_loss(self.answers.rgb(batch.condition, self._read(output, planes)), truth)
            else:
                loss = DISTANCES[name](planes, batch.target)
            parts[name] = loss.detach()
            total = total + weight * loss
        return total, parts

    def _read(self, output: Tensor, planes: Tensor) -> Tensor:
        """The planes as a model file would show them: a distribution read at its temperature, with its gains."""
        if self.answers.form.target != "distribution" or self.reading == PLAIN:
            return planes
        colours = self.answers.planes(output, self.reading.temperature)
        return colours * self.reading.gain(colours.detach())
