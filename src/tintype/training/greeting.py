"""The first lines of a training run: what is trained, on how many pictures, where and in which precision."""

from .networks import Training
from .precision import Precision

DEVICES = {"cpu": "the CPU", "cuda": "the GPU", "mps": "Apple's GPU"}


def greeting(training: Training, precision: Precision, total: int, seen: int, held_out: int | None) -> list[str]:
    """What a run of `total` images says at its start, or when it goes on after `seen`. `held_out` counts the pictures
    kept for validation where none are given; None where some are."""
    recipe, told = training.recipe, training.description()
    critic = f" against {told['critic_parameters']:,}" if told["critic_parameters"] else ""
    device = DEVICES.get(training.fabric.device.type, training.fabric.device.type)
    sizes = f"{told['generator_parameters']:,} weights{critic}, {told['pictures']:,} pictures"
    work = f"{total:,} images to see, on {device} in {precision}"
    lines = [f"{recipe.name or recipe.system}: {sizes}, {work}"]
    if seen:
        lines.append(f"going on after {seen:,} images")
    if held_out:
        lines.append(
            f"no --validation is given: {held_out} of the pictures are held out for it and not trained on "
            "(--set data.hold_out=0 trains on them, too)"
        )
    elif held_out is not None:
        lines.append(
            "no --validation is given and no picture is held out: there will be no sample pictures and no figures, and "
            "back_to_best has nothing to choose by"
        )
    return lines
