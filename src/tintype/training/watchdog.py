"""Looks at a run's lines while it goes, and says in plain words when something is wrong with it.

Pure Python on the lines of stats.jsonl: it knows neither networks nor pictures. All spans are counted in images seen,
so that they mean the same whatever a run's batch and tick are. What is compared is the median over a span: one odd
tick is no alarm and ends none.
"""

import math
from collections import deque
from statistics import median
from typing import Any

from tintype.reports.history import CHANCE, Line, kind_of

# Given up from 97 % of that: in a vanilla GAN 49 % against 51 %, too little to teach a generator. Above it counts too.
GIVEN_UP = 0.97
# Won below 5 % of that: 97 % sure and right on average (vanilla), where the losses of a GAN are flat. Healthy runs stay
# far from both: the eight rows of the pix2pix system's table lie at 0.54, which is 78 %.
WON = 0.05

# Mean C*ab, or colourfulness, of the answers as a part of the photographs'. A network that hedges by averaging goes
# brown or grey: the landscape colorizer without its critic. The two stages of the default model end at 1.2 and 0.7.
MONO, GARISH = 1 / 3, 2.0

# Spans. A stage's beginning is left alone, then a thing must hold for a span: both 20,000 images, or a fifth of a
# shorter stage, but 5,000 at least (a critic needs some hundred batches to find its feet).
SPAN, SHORTEST_SPAN = 20_000, 5_000
# A span holds at least three lines, or a median is no better than a line.
FEWEST = 3
# A supervised loss must reach a new low within 100,000 images, or half of a shorter stage, but 50,000 at least: in
# 400,000 images of slow, healthy progress the default model's first stage never went longer than 43,648 without. Once
# the learning rate is under a tenth of its highest, a level loss is what the schedule wants.
PATIENCE, SHORTEST_PATIENCE = 100_000, 50_000
SETTLED_LR = 0.1
# Overfitting: every distance of the validation 2 % above its best, three times in a row. One figure alone may rise
# for good reasons (more colour costs PSNR), and a validation of some hundred crops moves by about 1 %.
OVERFIT, OVERFIT_TIMES = 1.02, 3
# Validation figures that say how far answers are from the truth; psnr counts the other way.
DISTANCES = ("ab_mse", "ciede2000", "feature_distance")

_LOSSES = (
    *("loss", "cross_entropy", "l1", "l2", "smooth_l1", "log_l2", "feature"),
    *("gradient_penalty", "gradient_norm", "critic_"),
)


class Watchdog:
    """Watches one stage at a time; a line of another stage makes it start afresh.

    gan: the loss of the GAN, vanilla, lsgan or hinge; None for a stage without one. images: how long the stage is
    planned to be, to shorten the spans of short ones; None keeps them. Raises ValueError for another gan.
    """

    def __init__(self, gan: str | None = None, images: int | None = None) -> None:
        if gan is not None and gan not in CHANCE:
            raise ValueError(f"gan {gan!r}: choose {', '.join(CHANCE)}, or None")
        self.gan = gan
        self.span = SPAN if images is None else min(SPAN, max(SHORTEST_SPAN, images // 5))
        self.patience = PATIENCE if images is None else min(PATIENCE, max(SHORTEST_PATIENCE, images // 2))
        self.images = self.last_tick = 0
        self._start_stage(None, 0)

    def watch(self, line: Line) -> list[str]:
        """Take in a line of stats.jsonl, in order, and return what is newly wrong, each in one plain sentence.

        A warning comes once a stage; again only after what it warned of was over for a span. Lines of other kinds
        than ticks and validations, and keys that are missing, are passed over.
        """
        self.images = int(line.get("images", 0))
        found: dict[str, str | None] = {"diverged": self.diverged(line)}
        if isinstance(line.get("validation"), dict):
            if self.stage is None:  # a run continued just before a validation
                self._start_stage("", self.images)
            found |= self._validation(line["validation"])
        elif "loss" in line:
            if line.get("stage") != self.stage:
                self._start_stage(line.get("stage"), self.last_tick if self.stage is not None else self.images)
            found |= self._tick(line)
            self.last_tick = self.images
        else:
            return []
        return self._news(found)

    @staticmethod
    def diverged(line: Line) -> str | None:
        """What to say when a loss is no number any more, else None. Nothing better comes after it: stop the run."""
        values = line.get("validation") if "validation" in line else line
        if not isinstance(values, dict):
            return None
        for name, value in values.items():
            if not isinstance(value, float) or math.isfinite(value):
                continue
            if math.isnan(value) or name.startswith(_LOSSES):
                return (
                    f"{name} is {value}: the weights are lost; go back to the last checkpoint, "
                    "with a lower lr or precision=32-true"
                )
        return None

    def _start_stage(self, stage: Any, start: int) -> None:
        self.stage, self.start = stage, start
        self.last_tick = start
        self.kind = "supervised"
        self.recent: dict[str, _Recent] = {}
        self.warned: dict[str, int] = {}  # kind of warning: images seen when it last held
        self.highest_lr = 0.0
        self.lowest, self.lowest_at = math.inf, start
        self.best: dict[str, tuple[float, float]] = {}  # validation figure: its best, and the training loss then
        self.worse = 0

    def _tick(self, line: Line) -> dict[str, str | None]:
        self.kind = kind_of(line)
        found: dict[str, str | None] = {}
        critic = self._level("loss_D", line.get("loss_D"))
        if self.gan is not None and critic is not None:
            found |= self._critic(critic, CHANCE[self.gan])
        if line.get("chroma_true"):
            ratio = self._level("chroma", _ratio(line.get("chroma"), line["chroma_true"]))
            if ratio is not None:
                found |= self._colour(ratio, line["chroma_true"], "chroma", "tick")
        loss = self._level("loss", line.get("loss"))
        if self.kind == "supervised" and loss is not None:
            found["stalled"] = self._stalled(loss, line.get("lr"))
        return found

    def _critic(self, loss: float, chance: float) -> dict[str, str | None]:
        given_up = won = None
        if loss >= GIVEN_UP * chance:
            given_up = (
                f"the critic has given up: its loss is {loss:.2f} over {self.span:,} images, and answering the same to "
                f"every picture gives {chance:.2f}; raise critic_lr, or lower the weight of the adversarial loss"
            )
        if self.kind == "adversarial" and loss <= WON * chance:
            won = (
                f"the critic has won: its loss is {loss:.3f} over {self.span:,} images, so the generator learns "
                "nothing from it; lower critic_lr, raise critic_every, or take a smaller critic"
            )
        return {"given up": given_up, "won": won}

    def _colour(self, ratio: float, truth: float, what: str, key: str) -> dict[str, str | None]:
        mono = garish = None
        if ratio < MONO:
            mono = (
                f"the answers are close to mono-coloured: their {what} is {ratio:.2f} of the photographs' {truth:.1f}; "
                "weigh l1 and l2 less, the adversarial loss or rare colours (rebalance_lambda) more"
            )
        if ratio > GARISH:
            garish = (
                f"the answers are garish: their {what} is {ratio:.1f} times the photographs' {truth:.1f}; "
                "weigh the adversarial loss less, or lower the learning rate"
            )
        return {f"mono/{key}": mono, f"garish/{key}": garish}

    def _stalled(self, loss: float, lr: Any) -> str | None:
        if isinstance(lr, int | float):
            self.highest_lr = max(self.highest_lr, lr)
            settled = lr < SETTLED_LR * self.highest_lr
        else:
            settled = False
        if loss < self.lowest:
            self.lowest, self.lowest_at = loss, self.images
        if settled or self.images - self.lowest_at < self.patience:
            return None
        return (
            f"the loss has not fallen for {self.images - self.lowest_at:,} images: it is {loss:.4g}, "
            f"the lowest was {self.lowest:.4g}; change the learning rate, or end the stage"
        )

    def _validation(self, figures: dict[str, Any]) -> dict[str, str | None]:
        found = {"overfitting": self._overfitting(figures)} if self.kind == "supervised" else {}
        ratio = _ratio(figures.get("colorfulness"), figures.get("colorfulness_true"))
        level = self._level("colorfulness", ratio, fewest=2)
        if level is not None:
            found |= self._colour(level, figures["colorfulness_true"], "colourfulness", "validation")
        return found

    def _overfitting(self, figures: dict[str, Any]) -> str | None:
        distances = {name: figures[name] for name in DISTANCES if isinstance(figures.get(name), int | float)}
        if isinstance(figures.get("psnr"), int | float):
            distances["psnr"] = 10 ** (-figures["psnr"] / 10)  # back to a squared error
        training = self.recent["loss"].middle() if "loss" in self.recent else math.inf
        for name, value in distances.items():
            if value < self.best.get(name, (math.inf, 0.0))[0]:
                self.best[name] = value, training
        worse = [
            value > OVERFIT * self.best[name][0] and training < self.best[name][1] for name, value in distances.items()
        ]
        self.worse = self.worse + 1 if worse and all(worse) else 0
        if self.worse < OVERFIT_TIMES:
            return None
        names = ", ".join(f"{name} {figures[name]:.4g}" for name in distances)
        return (
            f"validation gets worse while the training loss falls ({names}, {self.worse} times in a row over the "
            "best); take an earlier checkpoint, or more pictures"
        )

    def _level(self, key: str, value: Any, fewest: int = FEWEST) -> float | None:
        """The median of a value over the last span; None in the stage's beginning and before there is enough of it."""
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        recent = self.recent.setdefault(key, _Recent(fewest))
        recent.add(self.images, float(value), self.span)
        if self.images - self.start < 2 * self.span or len(recent.values) < fewest:
            return None
        return recent.middle()

    def _news(self, found: dict[str, str | None]) -> list[str]:
        """The messages not given yet. One that holds is kept in mind until it has not held for a span."""
        news = []
        for kind, message in found.items():
            if message is not None:
                subject = kind.partition("/")[0]  # mono-coloured by one measure is not news by the other
                if not any(known.partition("/")[0] == subject for known in self.warned):
                    news.append(message)
                self.warned[kind] = self.images
            elif kind in self.warned and self.images - self.warned[kind] >= self.span:
                del self.warned[kind]
        return news


class _Recent:
    """The values of the last span of images, and at least the last few."""

    def __init__(self, fewest: int) -> None:
        self.fewest = fewest
        self.values: deque[tuple[int, float]] = deque()

    def add(self, images: int, value: float, span: int) -> None:
        self.values.append((images, value))
        while len(self.values) > self.fewest and self.values[0][0] <= images - span:
            self.values.popleft()

    def middle(self) -> float:
        return median(value for _, value in self.values)


def _ratio(part: Any, whole: Any) -> float | None:
    if isinstance(part, int | float) and isinstance(whole, int | float) and whole > 0:
        return part / whole
    return None
