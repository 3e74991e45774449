"""The one training loop: every system, every stage.

    for each stage: build its optimizers -> for each batch: for each turn of the stage: backward, step -> average

Schedules count images seen, so that a batch size can be changed without touching them. Killing a run at any moment
and starting it again continues from the last saved state, with the samples that would have come next.
"""

import ctypes
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from tintype.bins import ab_bins
from tintype.data.cache import PictureCache, colourful, open_cache
from tintype.data.pairs import PairLoader
from tintype.errors import DataError, RecipeError
from tintype.models import build_generator
from tintype.training import checkpoint
from tintype.training.log import ProgressLine, RunLog, decoding_progress
from tintype.training.losses import bin_prior
from tintype.training.pretrained import initialise
from tintype.training.recipe import Recipe, StageOptions
from tintype.training.stages import Stage, build_stage, trainable
from tintype.training.validation import Validation

TARGET_STRIDE = 4


@dataclass
class Position:
    """Where a run stands."""

    images: int = 0  # seen by all stages together
    stage: int = 0
    stage_images: int = 0
    seconds: float = 0.0


def train(
    recipe: Recipe,
    data: Sequence[str | Path],
    run_dir: str | Path,
    *,
    validation: str | Path | None = None,
    cache_dir: Path | None = None,
    accelerator: str = "auto",
    devices: int = 1,
) -> Path:
    """Train `recipe` on the pictures of `data` in `run_dir`, or continue the run that is there already.

    Returns the file of the last weights. Raises RecipeError when the directory holds a run of another recipe,
    DataError when there is nothing to train on.
    """
    keep_freed_memory()
    run_dir = Path(run_dir)
    _claim(run_dir, recipe)
    cache = open_cache(data, recipe.data.cache_side, cache_dir, decoding_progress)
    indices = colourful(cache, recipe.data.least_chroma)
    if not len(indices):
        raise DataError(
            f"all {len(cache)} pictures are grey (mean chroma under {recipe.data.least_chroma}); "
            "training needs colour pictures"
        )
    # A stage may freeze parts, and hints may be absent: some weights take no part in a step.
    strategy = DDPStrategy(find_unused_parameters=True) if devices > 1 else "auto"
    fabric = Fabric(accelerator=accelerator, devices=devices, precision=recipe.precision, strategy=strategy)
    fabric.launch()
    fabric.seed_everything(recipe.seed, verbose=False)
    return _Run(recipe, cache, indices, run_dir, fabric, validation, cache_dir).all_stages()


def keep_freed_memory() -> None:
    """Tell glibc to reuse big freed blocks instead of unmapping them: a step frees gigabytes, and getting them back
    page by page took a third of the time of a step. Elsewhere than on glibc this does nothing."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mmap_max, trim_threshold = -4, -1  # M_MMAP_MAX and M_TRIM_THRESHOLD of malloc.h
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)


def _claim(run_dir: Path, recipe: Recipe) -> None:
    """Make the run directory, or check that it belongs to the same recipe."""
    (run_dir / "samples").mkdir(parents=True, exist_ok=True)
    resolved = run_dir / "recipe.toml"
    if resolved.exists() and resolved.read_text() != recipe.to_toml():
        raise RecipeError(f"{run_dir}: holds a run of a different recipe; choose another --run directory")
    resolved.write_text(recipe.to_toml())


class _Run:
    """The state of a run while it works."""

    def __init__(
        self,
        recipe: Recipe,
        cache: PictureCache,
        indices: np.ndarray[Any, np.dtype[np.int64]],
        run_dir: Path,
        fabric: Fabric,
        validation: str | Path | None,
        cache_dir: Path | None,
    ) -> None:
        self.recipe, self.cache, self.indices, self.run_dir, self.fabric = (
            recipe,
            cache,
            indices,
            run_dir,
            fabric,
        )
        self.model = build_generator(recipe.system, recipe.generator)
        initialise(self.model)
        self.model = self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.generator = fabric.setup_module(self.model)
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.bins = torch.tensor(ab_bins(), device=fabric.device)
        self.prior = torch.from_numpy(bin_prior(cache, indices))
        self.at = Position()
        self.saved_at = time.monotonic()
        self.resume_tensors = self._load_state()
        if fabric.is_global_zero:
            self.log = RunLog(run_dir, self.at.images)
        self.validation = Validation(validation, recipe, cache_dir) if validation else None

    def all_stages(self) -> Path:
        progress = ProgressLine(self.recipe.images, self.at.images)
        try:
            while self.at.stage < len(self.recipe.stages):
                self._stage(self.recipe.stages[self.at.stage], progress)
                self.at.stage, self.at.stage_images = self.at.stage + 1, 0
                if self.fabric.is_global_zero:
                    self._save_state({})
        finally:
            progress.close()
        if self.fabric.is_global_zero:
            self._save_weights()
        self.fabric.barrier()
        return self._weights_path()

    def _stage(self, options: StageOptions, progress: ProgressLine) -> None:
        stage = build_stage(options, self.prior, self.bins)
        groups = trainable(self.model, options, self.recipe.optimizer.weight_decay)
        betas = (self.recipe.optimizer.beta1, self.recipe.optimizer.beta2)
        optimizer: Any = self.fabric.setup_optimizers(AdamW(groups, betas=betas, fused=True))
        optimizers: dict[str, Optimizer] = {"generator": optimizer}
        if self.resume_tensors:
            checkpoint.unpack_optimizer(optimizer, "generator_optimizer", self.resume_tensors)
            self.resume_tensors = {}
        loader = PairLoader(
            self.cache,
            self.indices,
            size=options.size,
            batch=options.batch,
            stride=TARGET_STRIDE,
            seed=self.recipe.seed,
            start=self.at.images,
            smallest_crop=options.smallest_crop,
            flip=self.recipe.data.flip,
            workers=self.recipe.data.workers,
            rank=self.fabric.global_rank,
            world=self.fabric.world_size,
        )
        step_images = options.batch * self.fabric.world_size
        parts: list[dict[str, Tensor]] = []
        tick_images, tick_time = self.at.images, time.monotonic()
        self.generator.train()
        for batch in loader:
            factor = learning_rate_factor(self.at.stage_images, options)
            for group in optimizer.param_groups:
                group["lr"] = options.lr * group["scale"] * factor
            parts.append(self._step(stage, optimizers, batch))
            self.at.images += step_images
            self.at.stage_images += step_images
            self._update_average(step_images)
            done = self.at.stage_images >= options.images
            if done or self._passed(self.recipe.log.tick, step_images):
                seconds = time.monotonic() - tick_time
                self.at.seconds += seconds
                line = self._tick_line(options, parts, (self.at.images - tick_images) / seconds, factor)
                if self.fabric.is_global_zero:
                    self.log.write(line)
                    progress.update(line)
                parts, tick_images = [], self.at.images
            if self.fabric.is_global_zero:
                if done or self._passed(self.recipe.log.samples, step_images):
                    self._validate()
                if done or self._passed(self.recipe.log.snapshot, step_images):
                    self._save_weights()
                if done or time.monotonic() - self.saved_at > self.recipe.log.save_seconds:
                    self._save_state(checkpoint.pack_optimizer(optimizer, "generator_optimizer"))
            if not parts:
                tick_time = time.monotonic()
            if done:
                return

    def _step(self, stage: Stage, optimizers: dict[str, Optimizer], batch: Any) -> dict[str, Tensor]:
        batch = type(batch)(*(self.fabric.to_device(getattr(batch, name)) for name in batch.__dataclass_fields__))
        parts: dict[str, Tensor] = {}
        for turn in stage.turns({"generator": self.generator}, batch):
            optimizer = optimizers[turn.network]
            self.fabric.backward(turn.loss)
            norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.optimizer.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
            parts |= turn.parts | {"gradient_norm": norm.detach()}
        return parts

    def _passed(self, every: int, step: int) -> bool:
        """Did the last step cross a multiple of `every` images?"""
        return self.at.images // every != (self.at.images - step) // every

    def _tick_line(
        self, options: StageOptions, parts: list[dict[str, Tensor]], speed: float, factor: float
    ) -> dict[str, Any]:
        means = {key: round(float(torch.stack([p[key] for p in parts]).mean()), 5) for key in parts[0]}
        if not all(map(math.isfinite, means.values())):
            raise RecipeError(f"the loss is {means['loss']} after {self.at.images:,} images; try a lower lr")
        return {
            "images": self.at.images,
            "stage": options.name,
            **means,
            "lr": options.lr * factor,
            "images_per_second": round(speed, 1),
            "seconds": round(self.at.seconds, 1),
        }

    @torch.no_grad()
    def _update_average(self, step_images: int) -> None:
        """Exponential moving average with a half-life in images, shorter while the run is young (Karras 2022)."""
        half_life = min(self.recipe.ema_images, 0.1 * self.at.images)
        keep = 0.5 ** (step_images / half_life) if half_life else 0.0
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                self.average[name].lerp_(value, 1 - keep)
            else:
                self.average[name].copy_(value)

    def _validate(self) -> None:
        if self.validation is None:
            return
        figures, sheet = self.validation.measure(self.recipe, self.average, self.fabric)
        sheet.save(self.run_dir / "samples" / f"{self.at.images:09d}.jpg", quality=90)
        self.log.write({"images": self.at.images, "validation": figures})

    def _weights_path(self) -> Path:
        return self.run_dir / "checkpoints" / f"weights-{self.at.images:09d}.safetensors"

    def _save_weights(self) -> None:
        info = {
            "system": self.recipe.system,
            "generator": self.recipe.generator,
            "images_seen": self.at.images,
            "recipe": self.recipe.to_toml(),
        }
        checkpoint.write_tensors(self._weights_path(), self.average, info)

    def _save_state(self, optimizer_tensors: dict[str, Tensor]) -> None:
        tensors = checkpoint.with_prefix("model", self.model) | checkpoint.with_prefix("average", self.average)
        tensors |= optimizer_tensors | {"random": torch.get_rng_state()}
        path = self.run_dir / "checkpoints" / checkpoint.STATE
        checkpoint.write_tensors(path, tensors, {"position": asdict(self.at)})
        self.saved_at = time.monotonic()

    def _load_state(self) -> dict[str, Tensor]:
        """Go back to the saved state, if there is one; returns the optimizer's tensors for the stage to take."""
        path = self.run_dir / "checkpoints" / checkpoint.STATE
        if not path.exists():
            return {}
        tensors, info = checkpoint.read_tensors(path)
        self.model.load_state_dict(checkpoint.of_prefix("model", tensors))
        for name, value in checkpoint.of_prefix("average", tensors).items():
            self.average[name].copy_(value)
        torch.set_rng_state(tensors["random"])
        self.at = Position(**info["position"])
        return {name: t for name, t in tensors.items() if name.startswith("generator_optimizer.")}


def learning_rate_factor(stage_images: int, options: StageOptions) -> float:
    """Linear warm-up, then a cosine from 1 down to `final_lr` at the stage's last image."""
    warm = min(1.0, (stage_images + options.batch) / options.warmup) if options.warmup else 1.0
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, stage_images / options.images)))
    return warm * (options.final_lr + (1 - options.final_lr) * cosine)
