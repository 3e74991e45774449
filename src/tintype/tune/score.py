"""What a trial is judged by: colours and vividness on validation pictures.

The loss is no judge of hyperparameters: one that contains a weighted part gets smaller with the weight, and the
search then finds the smallest weight, not the best colours.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tintype.errors import RecipeError
from tintype.training.recipe import Recipe

VIVIDNESS_WEIGHT = 0.25


@dataclass(frozen=True)
class TrialScore:
    """Validation figures of one trial, after `images` images.

    ciede2000 is the mean colour difference from the truth, ciede2000_grey that of a grey answer; colorfulness
    (Hasler & Suesstrunk 2003) that of the answers, colorfulness_true that of the photographs.
    """

    images: int
    ciede2000: float
    ciede2000_grey: float
    colorfulness: float
    colorfulness_true: float

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "TrialScore":
        """Of a validation line of stats.jsonl. Raises RecipeError for figures that are not finite."""
        figures = {name: float(line["validation"][name]) for name in list(cls.__dataclass_fields__)[1:]}
        for name, value in figures.items():
            if not math.isfinite(value):
                raise RecipeError(f"{name} is {value} after {line['images']:,} images; try a lower lr")
        return cls(line["images"], **figures)

    @property
    def colour_distance(self) -> float:
        """CIEDE2000 as a part of the grey answer's: 0 is the truth, 1 is as wrong as grey."""
        return self.ciede2000 / max(self.ciede2000_grey, 1e-9)

    @property
    def vividness_distance(self) -> float:
        """Distance of the colourfulness from the photographs', as a part of theirs: 1 for grey."""
        return abs(self.colorfulness - self.colorfulness_true) / max(self.colorfulness_true, 1e-9)

    @property
    def score(self) -> float:
        """Both distances in one number: 0 for the truth, 1.25 for grey; smaller is better.

        Colour differences alone would favour pale answers, which are never very wrong; vividness alone, wrong colours.
        """
        return self.colour_distance + VIVIDNESS_WEIGHT * self.vividness_distance

    def __str__(self) -> str:
        return (
            f"score {self.score:.4f}, CIEDE2000 {self.ciede2000:.2f} (grey {self.ciede2000_grey:.2f}), "
            f"colourfulness {self.colorfulness:.1f} (true {self.colorfulness_true:.1f})"
        )


def final_judgement(run: Path, recipe: Recipe) -> TrialScore:
    """That of the weights that the run of `recipe` in the directory `run` ended with.

    It is the last validation, or that of the last stage's best weights where the stage goes back to them. Raises
    RecipeError when the run was never validated.
    """
    lines: list[dict[str, Any]] = [
        json.loads(text) for text in (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    lines = [line for line in lines if "validation" in line]
    if not lines:
        raise RecipeError(f"{run}: the run was never validated")
    *earlier, last = recipe.schedule
    if not (last.back_to_best and last.kind == "adversarial"):
        return TrialScore.of(lines[-1])
    steps = [(stage.images, stage.batch * stage.accumulate) for stage in earlier]
    begun = sum(math.ceil(images / step) * step for images, step in steps)
    return TrialScore.of(min((line for line in lines if line["images"] > begun), key=_checkpoint_score))


def _checkpoint_score(line: Mapping[str, Any]) -> float:
    """What the run itself chose its best weights by (training/validation.py)."""
    return float(line["validation"]["score"])
