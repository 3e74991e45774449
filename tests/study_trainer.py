"""A trainer whose figures are known in advance, so that tests of studies need not wait for training.

The best learning rate is 1e-3; losses.l1 is told to give a small loss, and does not matter to the pictures.
"""

import json
import math
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tintype.training.recipe import Recipe
from tintype.tune.work import OnLine


@dataclass(frozen=True)
class KnownTrainer:
    """Validates `steps` times, waiting `seconds` between; `die_in` is the run in which it kills its process; of
    several systems `best` is the best."""

    steps: int = 4
    seconds: float = 0.0
    die_in: str | None = None
    best: str | None = None

    def check(self, recipe: Recipe) -> None:
        """Every recipe will do."""

    def __call__(self, recipe: Recipe, run: Path, on_line: OnLine) -> None:
        stage = recipe.stages[0]
        miss = min(1.0, abs(math.log10(stage.lr) + 3) / 3)
        if self.best is not None:
            miss = 0.1 if recipe.system == self.best else 0.6
        stats = run / "stats.jsonl"
        begun = len(stats.read_text().splitlines()) if stats.exists() else 0
        for step in range(begun, self.steps):
            time.sleep(self.seconds)
            left = 1 - step / (self.steps - 1)
            figures = {
                "ciede2000": 8 * miss * (1 + left) if stage.lr < 0.5 else math.nan,
                "ciede2000_grey": 8.0,
                "colorfulness": 30 * (1 - miss),
                "colorfulness_true": 30.0,
            }
            line = {"images": (step + 1) * recipe.log.samples, "validation": figures, "loss": stage.losses.get("l1", 0)}
            with stats.open("a") as file:
                file.write(json.dumps(line) + "\n")
            if run.name == self.die_in and step == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            on_line(line)
