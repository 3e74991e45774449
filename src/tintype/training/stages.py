"""What each kind of stage does with a batch: which networks step, on which losses.

The loop (loop.py) knows none of this: it asks the stage for optimizer steps, and
takes each with the optimizer of the network that it names.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from tintype.data.pairs import PairBatch

from .adversarial import GANLoss, alpha_mix, gradient_penalty
from .answers import Answers
from .objective import Objective
from .recipe import StageOptions

Networks = Mapping[str, nn.Module]


@dataclass(frozen=True)
class OptimizerStep:
    """One optimizer step: minimise `loss` over `network`; `parts` are scalars to log."""

    network: str
    loss: Tensor
    parts: dict[str, Tensor]


class Stage(Protocol):
    """A stage yields its turns for one batch, in order."""

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks that it trains."""
        ...

    def optimizer_steps(self, networks: Networks, batch: PairBatch, number: int) -> Iterator[OptimizerStep]:
        """Compute each turn's loss when it is asked for, so that later turns see earlier steps. `number` counts the
        stage's steps from 0. Where several batches make a step, each takes its first turn, then each its second."""
        ...


def answer(networks: Networks, batch: PairBatch) -> Tensor:
    """What the generator makes of a batch."""
    output: Tensor = networks["generator"](*batch.given)
    return output


class Supervised:
    """The generator alone, on the distance between answer and truth."""

    networks = ("generator",)

    def __init__(self, answers: Answers, objective: Objective) -> None:
        self.answers, self.objective = answers, objective

    def optimizer_steps(self, networks: Networks, batch: PairBatch, number: int) -> Iterator[OptimizerStep]:
        yield self._step(networks, batch)

    def _step(self, networks: Networks, batch: PairBatch) -> OptimizerStep:
        output = answer(networks, batch)
        # The mean colour of a distribution is only made when a loss asks for it.
        lazy = self.answers.form.target == "distribution" and set(self.objective.weights) <= {
            "distribution",
            "smooth_l1",
            "distillation",
        }
        planes = batch.target if lazy else self.answers.planes(output)
        loss, parts = self.objective(output, planes, batch)
        colourless = self.answers.form.target == "light"
        shown = {} if lazy or colourless else _chroma(self.answers, planes, batch)
        return OptimizerStep("generator", loss, {"loss": loss.detach()} | parts | shown)


class Critic:
    """The critic alone, on truths against what the generator makes now (NoGAN's second step)."""

    networks = ("critic",)

    def __init__(self, options: StageOptions, answers: Answers, gan: GANLoss) -> None:
        self.options, self.answers, self.gan = options, answers, gan

    def optimizer_steps(self, networks: Networks, batch: PairBatch, number: int) -> Iterator[OptimizerStep]:
        networks["generator"].eval()  # pictures as a user would get them, with settled norms and no dropout
        with torch.no_grad():
            planes = self.answers.planes(answer(networks, batch))
        for turn in _critic_turns(self.options, self.answers, self.gan, networks["critic"], planes, batch):
            whole = turn.loss.detach() if self.options.critic_update == "joint" else turn.parts.get("loss_D")
            yield turn if whole is None else replace(turn, parts={"loss": whole} | turn.parts)


class Adversarial:
    """Alternate a discriminator step (real and detached fake) with a generator step against it.

    The generator runs once for both, except where several batches make a step: all of them teach the critic before the
    first teaches the generator, and what the generator remembers of them until then would fill the memory that
    small batches are to save. Its loss is adversarial * GAN + reconstruction (pix2pix: 1 and 100 * L1), or with `alpha`
    the mix (1 - alpha) * reconstruction + alpha * GAN (the landscape colorizer).
    """

    networks = ("critic", "generator")

    def __init__(
        self, options: StageOptions, answers: Answers, objective: Objective, gan: GANLoss, parts: int = 1
    ) -> None:
        self.options, self.answers, self.objective, self.gan = options, answers, objective, gan
        self.parts = parts

    def optimizer_steps(self, networks: Networks, batch: PairBatch, number: int) -> Iterator[OptimizerStep]:
        critics = bool(self.options.critic_every) and number % self.options.critic_every == 0
        critic = networks["critic"]
        if critics and self.parts > 1:
            with torch.no_grad(), kept_norms(networks["generator"]):
                planes = self.answers.planes(answer(networks, batch))
            yield from _critic_turns(self.options, self.answers, self.gan, critic, planes, batch)
            critics = False
        output = answer(networks, batch)
        planes = self.answers.planes(output)
        if critics:
            yield from _critic_turns(self.options, self.answers, self.gan, critic, planes.detach(), batch)
        critic.requires_grad_(False)  # the generator's loss runs through the critic without training it
        yield self._generator_step(critic, output, planes, batch)
        critic.requires_grad_(True)

    def _generator_step(self, critic: nn.Module, output: Tensor, planes: Tensor, batch: PairBatch) -> OptimizerStep:
        adversarial = self.gan.generator(critic(self.answers.judged(batch.condition, planes)).float())
        reconstruction, parts = self.objective(output, planes, batch)
        if self.options.alpha is not None:
            loss = alpha_mix(adversarial, reconstruction, self.options.alpha)
        else:
            loss = self.options.adversarial * adversarial + reconstruction
        shown = {"loss_G_GAN": adversarial, "loss_G_L1": reconstruction, "loss_G": loss, "loss": loss}
        shown = {name: value.detach() for name, value in shown.items()}
        return OptimizerStep("generator", loss, shown | parts | _chroma(self.answers, planes, batch))


@contextmanager
def kept_norms(network: nn.Module) -> Iterator[None]:
    """Meanwhile batch norm uses a batch's statistics without remembering them."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _critic_turns(
    options: StageOptions, answers: Answers, gan: GANLoss, critic: nn.Module, planes: Tensor, batch: PairBatch
) -> Iterator[OptimizerStep]:
    """The critic's step on true and false pictures: one on the mean of both losses (pix2pix), or with
    `critic_update` "separate" one on the true ones, then one on the false ones (the landscape colorizer)."""
    real, fake = answers.judged(batch.condition, batch.target), answers.judged(batch.condition, planes)
    if options.critic_update == "separate":
        on_real = critic(real).float()
        loss_real = gan.judged(on_real, is_real=True)
        parts = {"loss_D_real": loss_real.detach()}
        yield OptimizerStep("critic", loss_real, parts)
        on_fake = critic(fake).float()
        loss_fake = gan.judged(on_fake, is_real=False)
        loss, shown = loss_fake, (parts["loss_D_real"] + loss_fake.detach()) / 2
    else:
        on_real, on_fake = critic(real).float(), critic(fake).float()
        loss_real, loss_fake = gan.critic(on_real, on_fake)
        loss = (loss_fake + loss_real) / 2
        parts, shown = {"loss_D_real": loss_real.detach()}, loss.detach()
    parts = {"loss_D_fake": loss_fake.detach(), **parts, "loss_D": shown}
    parts["critic_accuracy"] = gan.accuracy(on_real.detach(), on_fake.detach())
    if options.gradient_penalty:
        penalty = gradient_penalty(critic, real, fake)
        loss = loss + options.gradient_penalty * penalty
        parts["gradient_penalty"] = penalty.detach()
    yield OptimizerStep("critic", loss, parts)


def _chroma(answers: Answers, planes: Tensor, batch: PairBatch) -> dict[str, Tensor]:
    """Mean C*ab of answer and truth, in CIE units: how much colour the network dares."""
    with torch.no_grad():
        both = {"chroma": planes, "chroma_true": batch.target}
        # torch's norm over two planes takes a hundred times as long.
        return {name: torch.hypot(*answers.ab(value).unbind(1)).mean() for name, value in both.items()}


def build_stage(options: StageOptions, answers: Answers, objective: Objective, gan: GANLoss, parts: int = 1) -> Stage:
    """The stage that `options.kind` names; `parts` batches go into each step."""
    if options.kind == "supervised":
        return Supervised(answers, objective)
    if options.kind == "critic":
        return Critic(options, answers, gan)
    return Adversarial(options, answers, objective, gan, parts)
