"""Figures of a trained network on test pictures, picture by picture, so that two networks can be compared in pairs."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import nn

from tintype.data.cache import PictureCache
from tintype.files.atomic import write_whole
from tintype.imaging.metrics import measure, measure_all
from tintype.models import build_generator
from tintype.training.answers import Answers
from tintype.training.checkpoint import read_checkpoint
from tintype.training.recipe import Recipe
from tintype.training.validation import Validation

NOISE = 25.0  # the usual level of denoisers' tests: much, and the picture is still there


@dataclass(frozen=True)
class Measured:
    """Figures of one run over the test pictures, in their order: of its answers, of grey ones, of the truth.

    `test` is the hash of the test pictures, `weights` that of the weights. `critic_loss` is the mean of the last fifth
    of the log, None without a critic. `ciede2000_noisy` is that of the colours that it gives to pictures with noise
    (`NOISE`), on the light without it.
    """

    name: str
    seed: int
    images: int
    test: str
    weights: str
    psnr: list[float]
    ciede2000: list[float]
    colorfulness: list[float]
    ciede2000_grey: list[float]
    colorfulness_true: list[float]
    psnr_grey: list[float]
    seconds: float = 0.0
    critic_loss: float | None = None
    warnings: tuple[str, ...] = ()
    ciede2000_noisy: tuple[float, ...] = ()

    def write(self, path: Path) -> None:
        """Write them as JSON."""
        write_whole(path, lambda: json.dumps(asdict(self)).encode(), overwrite=True)


def read_measured(path: Path) -> Measured | None:
    """What `write` wrote; None when there is nothing yet."""
    if not path.exists():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    tuples = {key: tuple(values.get(key, ())) for key in ("warnings", "ciede2000_noisy")}
    return Measured(**values | tuples)


def hash_of_pictures(cache: PictureCache, indices: NDArray[np.int64]) -> str:
    """SHA-256 over the pixels of pictures, as they are measured on."""
    digest = hashlib.sha256()
    for index in indices:
        digest.update(np.ascontiguousarray(cache[index]).tobytes())
    return digest.hexdigest()[:16]


def measure_run(
    run: Path, recipe: Recipe, seed: int, test: tuple[PictureCache, NDArray[np.int64]], fabric: Fabric, answers: Answers
) -> tuple[Measured, list[NDArray[np.uint8]]]:
    """Figures and answers of the weights that a run ended with, on the centre crops of the test pictures."""
    newest = sorted(run.glob("checkpoints/weights-*.safetensors"))[-1]
    source = read_checkpoint(newest)
    with torch.random.fork_rng(devices=[]):
        generator = build_generator(recipe.system, source.info["generator"])
    generator.load_state_dict(source.weights)
    generator = generator.eval().to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    seen = Validation(*test, recipe, answers.form)
    pictures = coloured(seen, generator, answers, fabric)
    mine = [measure(picture, truth) for picture, truth in zip(pictures, seen.truths, strict=True)]
    noisy = coloured(seen, generator, answers, fabric, NOISE)
    others = [measure_all([seen.given(n), truth], truth) for n, truth in enumerate(seen.truths)]
    lines = [json.loads(text) for text in (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()]
    critic = [line["loss_D"] for line in lines if "loss_D" in line]
    measured = Measured(
        name=recipe.name,
        seed=seed,
        images=int(source.info["images_seen"]),
        test=hash_of_pictures(*test),
        weights=hashlib.sha256(newest.read_bytes()).hexdigest()[:16],
        psnr=[one.psnr for one in mine],
        ciede2000=[one.ciede2000 for one in mine],
        colorfulness=[one.colorfulness for one in mine],
        ciede2000_grey=[grey.ciede2000 for grey, _ in others],
        colorfulness_true=[true.colorfulness for _, true in others],
        psnr_grey=[grey.psnr for grey, _ in others],
        seconds=max((line["seconds"] for line in lines if "seconds" in line), default=0.0),
        critic_loss=float(np.mean(critic[-max(1, len(critic) // 5) :])) if critic else None,
        warnings=tuple(line["warning"] for line in lines if "warning" in line),
        ciede2000_noisy=tuple(measure(one, truth).ciede2000 for one, truth in zip(noisy, seen.truths, strict=True)),
    )
    return measured, pictures


@torch.no_grad()
def coloured(
    seen: Validation, generator: nn.Module, answers: Answers, fabric: Fabric, noise: float = 0.0
) -> list[NDArray[np.uint8]]:
    """What the network makes of each crop, uint8 RGB (S, S, 3); with `noise`, of the crop with Gaussian noise of that
    standard deviation, in levels of 255, the same for every network."""
    return [seen.answer(number, generator, answers, fabric, noise) for number in range(len(seen.condition))]
