"""A trained network whose answers another, usually a smaller one, learns to give (Hinton, Vinyals and Dean 2015)."""

import torch
from torch import nn

from tintype.errors import RecipeError, WeightsError
from tintype.models import build_generator
from tintype.network.model_file import read_model

from .answers import Answers
from .checkpoint import read_checkpoint
from .pretrained import initialise, local_file


def load_teacher(weights: str, answers: Answers, *, hints: bool) -> nn.Module:
    """The network of a model file, by name or path, or of a checkpoint; in eval mode and not to be trained.

    `answers` are the pupil's; `hints` tells whether the pupil is shown any.

    Raises RecipeError when pupil or teacher do not answer a distribution over the same colours, or the teacher takes no
    hints and would be given some; WeightsError when there are no such weights, or they cannot be run in torch.
    """
    if answers.form.target != "distribution" or answers.bins is None:
        raise RecipeError(
            f"a teacher's distribution cannot be learned by a network that answers {answers.form.target!r}"
        )
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
    bins = getattr(teacher, "bins", None)
    if not isinstance(bins, torch.Tensor) or not torch.equal(bins.cpu(), answers.bins.cpu()):
        raise RecipeError(
            f"the teacher {weights!r} answers no distribution over the same colours: choose a model of tint's"
        )
    if hints and trained != "trained":
        raise RecipeError(f"the teacher {weights!r} was never shown hints; set stages.*.hints=0")
    initialise(teacher, str(path))
    return teacher.eval().requires_grad_(False)
