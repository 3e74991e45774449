"""A trained network whose answers another, usually a smaller one, learns to give (Hinton, Vinyals and Dean 2015).

An ensemble teaches what no one of its members knows: several networks, or one that is asked about several sizes of a
picture (Lakshminarayanan, Pritzel and Blundell 2017), answer with the mean of what each says.
"""

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.errors import RecipeError, WeightsError
from tintype.models import build_generator
from tintype.network.model_file import read_model

from .answers import Answers
from .checkpoint import read_checkpoint
from .pretrained import initialise, local_file

STRIDE = 4  # of the grid that distributions are given on
LEAST_SCALE, LARGEST_SCALE = 0.25, 4.0
_SCALE = re.compile(r"(.+)@(\d+\.?\d*|\.\d+)")


def load_teacher(weights: str | Sequence[str], answers: Answers, *, hints: bool) -> nn.Module:
    """The network of a model file, by name or path, or of a checkpoint; in eval mode and not to be trained.

    Several are an ensemble. `NAME@1.5` asks one about the picture enlarged so, which shows a network of convolutions
    more of what is small.

    `answers` are the pupil's; `hints` tells whether the pupil is shown any.

    Raises RecipeError when pupil or teacher do not answer a distribution over the same colours, or the teacher takes no
    hints and would be given some; WeightsError when there are no such weights, or they cannot be run in torch.
    """
    if answers.form.target != "distribution" or answers.bins is None:
        raise RecipeError(
            f"a teacher's distribution cannot be learned by a network that answers {answers.form.target!r}"
        )
    named = [_name_and_scale(each) for each in ((weights,) if isinstance(weights, str) else weights)]
    networks = [_load(name, answers.bins, hints=hints) for name, _ in named]
    teacher = networks[0] if [scale for _, scale in named] == [1] else Ensemble(networks, [scale for _, scale in named])
    return teacher.eval().requires_grad_(False)


class Ensemble(nn.Module):
    """The mean of what several networks say of a picture, each of it at a scale of its own.

    Lightness (N, 1, H, W), optional hints (N, 3, H, W) -> log-probabilities (N, Q, h, w) but for a constant, on the
    grid of the first network at scale 1. Scaled sides are rounded to what the network can take.
    """

    def __init__(self, networks: Sequence[nn.Module], scales: Sequence[float]) -> None:
        super().__init__()
        self.networks, self.scales = nn.ModuleList(networks), tuple(scales)

    def forward(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        answers = [
            network(*_scaled(scale, int(network.size_multiple), lightness, hints)).float().log_softmax(1)  # type: ignore[arg-type]
            for network, scale in zip(self.networks, self.scales, strict=True)
        ]
        height, width = (side // STRIDE for side in lightness.shape[2:])
        same = [F.interpolate(each, (height, width), mode="bilinear", align_corners=False) for each in answers]
        return torch.stack(same).mean(0)


def _scaled(scale: float, multiple: int, lightness: Tensor, hints: Tensor | None) -> tuple[Tensor, ...]:
    size = [max(multiple, round(side * scale / multiple) * multiple) for side in lightness.shape[2:]]
    light = F.interpolate(lightness, size, mode="bilinear", align_corners=False)
    # A hint is a square of one colour, and its mask is 0 or 1: there is nothing to interpolate.
    return (light,) if hints is None else (light, F.interpolate(hints, size, mode="nearest"))


def _name_and_scale(text: str) -> tuple[str, float]:
    """A teacher's name or path, and at what scale it is asked: 1 when none is said. Raises RecipeError."""
    found = _SCALE.fullmatch(text)
    if found is None:
        return text, 1.0
    if not LEAST_SCALE <= (scale := float(found[2])) <= LARGEST_SCALE:
        raise RecipeError(f"teacher {text}: a scale of {scale:g}; give {LEAST_SCALE:g} to {LARGEST_SCALE:g}")
    return found[1], scale


def _load(weights: str, bins: Tensor, *, hints: bool) -> nn.Module:
    path = local_file(weights)
    trained: str | None
    if path.suffix == ".onnx":
        info = read_model(path).info
        teacher, trained = build_generator(info.system, info.generator), info.hints
    elif path.exists():
        source = read_checkpoint(path).info
        teacher, trained = build_generator(source["system"], source["generator"]), source.get("hints")
    else:
        raise WeightsError(f"{weights}: no such teacher; give the name of a model, a model file or a checkpoint")
    theirs = getattr(teacher, "bins", None)
    if not isinstance(theirs, Tensor) or not torch.equal(theirs.cpu(), bins.cpu()):
        raise RecipeError(
            f"the teacher {weights!r} answers no distribution over the same colours: choose a model of tint's"
        )
    if hints and trained != "trained":
        raise RecipeError(f"the teacher {weights!r} was never shown hints; set stages.*.hints=0")
    initialise(teacher, str(path))
    return teacher
