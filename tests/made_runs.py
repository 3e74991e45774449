"""Run directories as `tintype train` leaves them, made in a moment from formulas: to test what reads them."""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

EXAMPLES = Path(__file__).parents[1] / "examples"
TICK = 1_600
VALIDATION = 8_000

RECIPE = """\
system = "{system}"
seed = {seed}

[generator]
complexity = {complexity}

[critic]
kind = "patchgan"

[[stages]]
name = "pretrain"
kind = "supervised"
images = 16000
lr = 0.001
gan = "vanilla"

[[stages]]
name = "critic"
kind = "critic"
images = 8000
lr = 0.0002
gan = "vanilla"

[[stages]]
name = "gan"
kind = "adversarial"
images = 24000
lr = 0.0002
critic_lr = 0.0004
gan = "vanilla"
"""


def adversarial_lines(seed: int = 0, complexity: int = 16) -> list[dict[str, Any]]:
    """The lines of a healthy run in three stages, 48,000 images long. The recipe's values are those of RECIPE."""
    noise = random.Random(f"{seed} {complexity}")
    lines: list[dict[str, Any]] = [
        {
            "images": 0,
            "run": {
                "system": "landscape",
                "generator_parameters": 224 * complexity**2 + 45 * complexity,
                "critic_parameters": 264_341,
                "devices": 1,
                "pictures": 4210,
            },
        }
    ]
    for images in range(TICK, 48_001, TICK):
        lines.append(_tick(images, noise, 10.0 / complexity))
        if images % VALIDATION == 0:
            lines.append(validation(images, noise))
    return lines


def _tick(images: int, noise: random.Random, level: float) -> dict[str, Any]:
    def about(value: float) -> float:
        return round(value * (1 + noise.gauss(0, 0.02)), 5)

    line: dict[str, Any] = {"images": images}
    l1 = about(0.08 * (level + 2 * math.exp(-images / 6_000)))
    critic = {"loss_D_fake": about(0.52), "loss_D_real": about(0.56)}
    critic["loss_D"] = (critic["loss_D_fake"] + critic["loss_D_real"]) / 2
    critic["critic_accuracy"] = about(0.7)
    chroma = {"chroma": about(9.0), "chroma_true": about(13.0)}
    if images <= 16_000:
        line |= {"stage": "pretrain", "kind": "supervised", "loss": l1, "l1": l1, "lr": 1e-3} | chroma
    elif images <= 24_000:
        line |= {"stage": "critic", "kind": "critic", "loss": critic["loss_D"], "lr": 2e-4} | critic
        line["critic_gradient_norm"] = about(1.0)
    else:
        parts = {"loss_G_GAN": about(1.2), "loss_G_L1": 100 * l1}
        parts["loss_G"] = parts["loss_G_GAN"] + parts["loss_G_L1"]
        line |= {"stage": "gan", "kind": "adversarial", "loss": parts["loss_G"], "l1": l1, "lr": 2e-4} | critic
        line |= parts | chroma | {"critic_lr": 4e-4, "gradient_norm": about(2.0), "critic_gradient_norm": about(1.0)}
    return line | {"images_per_second": about(80.0), "seconds": images / 80}


def validation(images: int, noise: random.Random, worse: float = 1.0) -> dict[str, Any]:
    """A validation line; `worse` multiplies the distances."""
    gain = 1 - math.exp(-images / 20_000)
    figures = {
        "ab_mse": (230 - 60 * gain) * worse,
        "ab_mse_grey": 225.0,
        "psnr": 22 + 2 * gain - 10 * math.log10(worse),
        "psnr_grey": 22.4,
        "ciede2000": (14 - 2 * gain) * worse,
        "ciede2000_grey": 13.6,
        "colorfulness": 20 + 8 * gain + noise.gauss(0, 0.3),
        "colorfulness_true": 33.0,
        "feature_distance": (0.4 - 0.1 * gain) * worse,
    }
    return {"images": images, "validation": {name: round(value, 4) for name, value in figures.items()}}


def write_run(
    folder: Path,
    lines: Sequence[dict[str, Any]] | None = None,
    *,
    system: str = "landscape",
    seed: int = 0,
    complexity: int = 16,
    sheets: Sequence[int] = (),
) -> Path:
    """Write a run directory; sample sheets at those numbers of images seen."""
    (folder / "samples").mkdir(parents=True)
    recipe = RECIPE.format(system=system, seed=seed, complexity=complexity)
    (folder / "recipe.toml").write_text(recipe)
    made = adversarial_lines(seed, complexity) if lines is None else lines
    (folder / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in made))
    for images in sheets:
        sample_sheet(strength=images / max(sheets)).save(folder / "samples" / f"{images:09d}.jpg", quality=90)
    return folder


def sample_sheet(strength: float = 1.0, side: int = 64, rows: int = 12) -> Image.Image:
    """A sheet of squares cut from the example photographs: grey | with a part of a colour | with all of it."""
    sheet = Image.new("RGB", (3 * side, rows * side))
    photographs = sorted(EXAMPLES.glob("*.jpg"))
    for row in range(rows):
        with Image.open(photographs[row % len(photographs)]) as photograph:
            start = 30 * (row // len(photographs))
            grey = photograph.convert("L").crop((start, start, start + 300, start + 300)).resize((side, side))
        grey, true = grey.convert("RGB"), ImageOps.colorize(grey, "midnightblue", "moccasin")
        for column, square in enumerate((grey, Image.blend(grey, true, strength), true)):
            sheet.paste(square, (column * side, row * side))
    return sheet
