"""How a learning rate changes over the images of a stage."""

import math

from .recipe import StageOptions


def learning_rate_factor(stage_images: int, options: StageOptions, step: int | None = None) -> float:
    """Factor on the stage's learning rate for the next `step` images (default: a batch) after `stage_images`: a linear
    warm-up, then the stage's schedule.

    cosine and linear fall from 1 to `final_lr` at the stage's last image (the driving scenes: linear, to 1/20) and stay
    there when the stage is prolonged; step multiplies by `step_factor` after every `step_images` (the landscapes);
    constant stays. The warm-up takes at most `warmup_share` of the stage.
    """
    rising = options.warm_images
    warm = min(1.0, (stage_images + (step or options.batch)) / rising) if rising else 1.0
    if options.schedule == "constant":
        return warm
    if options.schedule == "step":
        return warm * options.step_factor ** (stage_images // options.step_images)
    done = min(1.0, stage_images / options.images)
    left = 0.5 * (1 + math.cos(math.pi * done)) if options.schedule == "cosine" else 1 - done
    return warm * (options.final_lr + (1 - options.final_lr) * left)
