"""The one training loop: every system, every stage.

    for each stage: build its optimizers -> for each step: for each turn of the stage: backward, step -> average

Schedules count images seen, so that a batch size can be changed without touching them. Killing a run at any moment
and starting it again continues from the last saved state, with the samples that would have come next, in as many
processes as there are then. The first process writes the run's files; the others only compute.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from tintype.data.cache import Pictures, colourful, open_cache
from tintype.data.encoded import open_encoded
from tintype.data.pairs import PairBatch
from tintype.errors import DataError, OutputError, RecipeError
from tintype.files.cache_folder import default_cache_dir
from tintype.reports.run_report import write_report

from . import checkpoint
from .continuing import as_in, claim, stated
from .distributed import as_first_decides, average_gradients, images_in_steps, mean_of_all, own_randomness, share_of
from .first_look import first_look
from .greeting import greeting
from .log import ProgressLine, RunLog, decoding_progress
from .memory import check_memory, keep_freed_memory
from .networks import Training
from .optimizers import build_optimizer, clip_gradients, critic_rate, set_learning_rate
from .precision import choose_precision
from .processes import TIMEOUT, LostProcess, among_others, join, one_after_another
from .recipe import Recipe, StageOptions
from .schedule import learning_rate_factor
from .sharding import gathered
from .stages import Stage
from .stopping import Stopped, Stopper, listening
from .ticks import Tick, in_steps
from .validation import Validation, hold_out, open_validation, score
from .watchdog import Watchdog

OnLine = Callable[[dict[str, Any]], None]
Strategy = Literal["ddp", "fsdp"]


@dataclass
class Position:
    """Where a run stands."""

    images: int = 0  # seen by all stages together
    stage: int = 0
    stage_images: int = 0
    seconds: float = 0.0
    best_score: float = math.inf  # of the stage
    processes: int = 0  # that the run began with: they decide how many pictures a step has


def train(
    recipe: Recipe,
    data: Sequence[str | Path],
    run_dir: str | Path,
    *,
    validation: str | Path | None = None,
    cache_dir: Path | None = None,
    accelerator: str = "auto",
    strategy: Strategy = "ddp",
    timeout: float = TIMEOUT,
    prolong: int = 0,
    on_line: OnLine | None = None,
) -> Path:
    """Train `recipe` on the pictures of `data` in `run_dir`, or continue the run that is there already.

    A process that `tintype train --devices` or torchrun started works together with the others; `run_dir` is then a
    place that all of them see. With `strategy` "ddp" each holds the networks, with "fsdp" they divide the generator.
    `timeout` is how long, in seconds, another process may be silent. `prolong` adds so many images to the end of the
    finished run in `run_dir`, whose optimizers go on, too. Without `validation` a part of the pictures is held out.

    Returns the file of the last weights (of the best by validation, when the last stage goes back to them). `on_line`
    is called, in the first process, with every line of stats.jsonl; what it raises ends the run. Raises RecipeError
    when the directory holds a run of another recipe, or a loss is no number any more; DataError when there is nothing
    to train on; LostProcess in the processes that another one leaves alone; Stopped, once all is saved, when the person
    at the terminal presses Ctrl-C.
    """
    keep_freed_memory()
    run_dir = Path(run_dir)
    recipe = as_in(run_dir, stated(recipe), prolong)
    precision = choose_precision(recipe.precision, accelerator)
    fabric = join(accelerator, precision.arithmetic, timeout)
    if fabric.is_global_zero:
        with _writing(run_dir):
            claim(run_dir, recipe)
    cache = one_after_another(fabric, lambda: open_pictures(data, recipe, cache_dir))
    indices = colourful(cache, recipe.data.leave_out)
    if not len(indices):
        raise DataError(
            f"all {len(cache)} pictures are grey, or of one tint as sepia is; training needs colour pictures "
            "(`tintype data scan` shows which are)"
        )
    fabric.seed_everything(recipe.seed, verbose=False)
    held = indices[:0]
    if validation is None:
        indices, held = hold_out(indices, recipe.data.hold_out)
    if 0 < recipe.data.pictures < len(indices):
        indices = indices[np.linspace(0, len(indices) - 1, recipe.data.pictures, dtype=int)]
    training = Training(recipe, cache, indices, fabric, sharded=strategy == "fsdp")
    form = training.answers.form
    watcher = None
    if validation:
        watcher = one_after_another(fabric, lambda: open_validation(validation, recipe, form, cache_dir))
    elif len(held):
        watcher = Validation(cache, held, recipe, form)
    facts = {"precision": precision.arithmetic, "held_out": len(held)}
    with _writing(run_dir), nullcontext(Stopper()) if among_others() else listening() as stopper:
        run = _Run(training, run_dir, watcher, on_line, stopper, facts)
        for line in greeting(training, precision, run.progress.total, run.at.images, None if validation else len(held)):
            run.progress.say(line)
        return run.all_stages()


def open_pictures(data: Sequence[str | Path], recipe: Recipe, cache_dir: Path | None = None) -> Pictures:
    """Open the pictures of `data` as the recipe stores them. Raises DataError when there are none."""
    if recipe.data.store == "encoded":
        return open_encoded(data, recipe.data.cache_side, cache_dir or default_cache_dir(), decoding_progress)
    return open_cache(data, recipe.data.cache_side, cache_dir, decoding_progress)


@contextmanager
def _writing(run_dir: Path) -> Iterator[None]:
    """Turn what the disk refuses into an error for people."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{run_dir}: cannot be written ({error.strerror or error}); the last saved state is kept: make room, "
            "and the same command goes on from there"
        ) from error


def check_sizes(cache: Pictures, indices: NDArray[np.int64], options: StageOptions) -> None:
    """Raise DataError when even the largest picture would have to be enlarged more than twice to fill a crop."""
    sides = np.minimum(cache.heights, cache.widths)[indices]
    if 2 * sides.max() < options.size:
        raise DataError(
            f"the largest picture has a short side of {sides.max()} pixels, stage {options.name!r} cuts "
            f"{options.size}; use larger pictures, or --set stages.*.size={max(32, int(sides.max()) // 32 * 32)}"
        )


class _Run:
    """The state of a run while it works."""

    def __init__(
        self,
        training: Training,
        run_dir: Path,
        validation: Validation | None,
        on_line: OnLine | None,
        stopper: Stopper,
        facts: dict[str, Any],
    ) -> None:
        self.stopper = stopper
        self.training, self.run_dir, self.validation, self.on_line = training, run_dir, validation, on_line
        self.recipe, self.fabric, self.networks = training.recipe, training.fabric, training.networks
        self.at = Position(processes=self.fabric.world_size)
        self.saved_at = time.monotonic()
        self.resume_tensors = self._load_state()
        self._same_everywhere(self.at.images)
        if self.fabric.is_global_zero:
            self.log = RunLog(run_dir, self.at.images)
            if not self.at.images:
                self._write({"images": 0, "run": training.description() | facts})
        total = images_in_steps(self.recipe.schedule, self.at.processes)
        self.progress = ProgressLine(total, self.at.images, self.fabric.is_global_zero)
        self.sheet_at = self.recipe.log.first or math.inf  # seconds of training
        while self.sheet_at <= self.at.seconds:
            self.sheet_at *= 4

    def all_stages(self) -> Path:
        schedule = self.recipe.schedule
        last = len(schedule) - 1
        if self.at.stage > last:  # a run that an earlier version finished, without its optimizers
            self.at.stage, self.at.stage_images = last, schedule[last].images
        try:
            while self.at.stage <= last:
                options = schedule[self.at.stage]
                if self.at.stage_images < options.length:
                    optimizers = self._stage(options)
                    if self.at.stage == last:  # so that it can be prolonged
                        self._save_state(optimizers)
                if self.at.stage == last:
                    break
                self.at.stage, self.at.stage_images, self.at.best_score = self.at.stage + 1, 0, math.inf
                self._save_state({})
        finally:
            self.progress.close()
        self._save_weights(self._weights_path())
        if self.fabric.is_global_zero:
            write_report(self.run_dir)
        self.fabric.barrier()
        return self._weights_path()

    def _stage(self, options: StageOptions) -> dict[str, Optimizer]:
        """Run a stage to its end; returns its optimizers."""
        if options.warm_images < options.warmup:
            self.progress.say(
                f"stage {options.name!r}: the warm-up takes {options.warm_images:,} images instead of "
                f"{options.warmup:,}, {options.warmup_share:.0%} of a short stage (warmup_share)"
            )
        share = share_of(options, self.at.processes, self.fabric.world_size)
        check_memory(self.training, options)
        check_sizes(self.training.cache, self.training.indices, options)
        stage = self.training.build_stage(options, share.parts)
        optimizers: dict[str, Optimizer] = {}
        for name in stage.networks:
            optimizers[name] = build_optimizer(name, self.networks[name], options, self.recipe.optimizer)
            if self.resume_tensors:
                checkpoint.unpack_optimizer(optimizers[name], f"{name}_optimizer", self.resume_tensors)
        self.resume_tensors = {}
        self.watchdog = Watchdog(options.gan if options.kind != "supervised" else None, options.length)
        often = self.recipe.log.candidate if options.kind == "adversarial" else self.recipe.log.samples
        tick = Tick(self.at.images)
        for network in self.networks.values():
            network.train()
        for batches in in_steps(self.training.loader(options, self.at.images, share), share):
            factor = learning_rate_factor(self.at.stage_images, options, share.step)
            for optimizer in optimizers.values():
                set_learning_rate(optimizer, factor)
            own_randomness(self.recipe.seed, self.at.images)
            if self.progress.untold:
                self._look_first(stage, options, batches)
                tick.restart()
            tick.parts.append(self._step(stage, optimizers, batches, self.at.stage_images // share.step))
            self.at.images += share.step
            self.at.stage_images += share.step
            self.training.update_average(share.step, self.at.images)
            self.progress.beat(self.at.images, options.name, partial(tick.last, "loss"))
            done = self.at.stage_images >= options.length
            if done or self._passed(self.recipe.log.tick, share.step):
                self._write_tick(options, tick, factor)
                tick = Tick(self.at.images)
            if done or self._passed(often, share.step):
                self._validate(options)
            if done or self._passed(self.recipe.log.snapshot, share.step):
                self._save_weights(self._weights_path())
            if self.at.seconds + tick.seconds() >= self.sheet_at:
                before = time.monotonic()
                self._early_sheet()
                tick.start += time.monotonic() - before  # looking is not training time
            if not done and (self._is_time_to_save() or self.stopper.asked):
                self._save_state(optimizers)
            if self.stopper.asked:
                self._save_weights(self._weights_path())  # to look at, and to export, what there is by now
                raise Stopped(f"stopped after {self.at.images:,} of {self.progress.total:,} images")
            if done:
                break
            if not tick.parts:
                tick.restart()  # what was written meanwhile is not training time
        if options.back_to_best:
            self._go_back()
        return optimizers

    def _look_first(self, stage: Stage, options: StageOptions, batches: Sequence[PairBatch]) -> None:
        """Say at what speed the first step is going to come, where a CPU takes its time for it."""
        if self.training.sharded or not self.fabric.is_global_zero or self.fabric.device.type != "cpu":
            return
        each = first_look(self.training, stage, batches[0])
        self.progress.promise(self.at.images, options.name, each, sum(len(batch.condition) for batch in batches))

    def _step(
        self, stage: Stage, optimizers: dict[str, Optimizer], batches: Sequence[PairBatch], number: int
    ) -> dict[str, Tensor]:
        """One step of each network of the stage, down the mean gradient of all `batches`."""
        here = [PairBatch(*map(self.fabric.to_device, (b.condition, b.target, b.hints))) for b in batches]
        every = [stage.optimizer_steps(self.networks, batch, number) for batch in here]
        parts: dict[str, Tensor] = {}
        while True:
            name, gathered_parts = "", []
            for turns in every:
                with self.fabric.autocast():
                    turn = next(turns, None)
                if turn is not None:
                    name = turn.network
                    gathered_parts.append(turn.parts)
                    loss = turn.loss if len(every) == 1 else turn.loss / len(every)
                    loss.backward()  # type: ignore[no-untyped-call]
                    del turn, loss
            if not name:
                return parts
            network = self.networks[name]
            average_gradients(network.parameters())
            norm = clip_gradients(network, self.recipe.optimizer.clip_norm)
            optimizers[name].step()
            optimizers[name].zero_grad()
            parts |= {key: torch.stack([p[key] for p in gathered_parts]).mean() for key in gathered_parts[0]}
            parts |= {"gradient_norm" if name == "generator" else "critic_gradient_norm": norm}

    def _passed(self, every: int, step: int) -> bool:
        """Did the last step cross a multiple of `every` images?"""
        return self.at.images // every != (self.at.images - step) // every

    def _write_tick(self, options: StageOptions, tick: Tick, factor: float) -> None:
        seconds = tick.seconds()
        self.at.seconds += seconds
        line: dict[str, Any] = {
            "images": self.at.images,
            "stage": options.name,
            "kind": options.kind,
            **tick.means(self.fabric.device),
            "lr": options.lr * factor,
            **({"critic_lr": critic_rate(options) * factor} if options.kind != "supervised" else {}),
            "images_per_second": float(f"{(self.at.images - tick.images) / seconds:.3g}"),
            "seconds": round(self.at.seconds, 3),
        }
        if self.fabric.is_global_zero:
            self._write(line)
            self.progress.update(line)
        if not math.isfinite(line["loss"]):
            if not self.fabric.is_global_zero:
                raise LostProcess("the first process has ended the run: its loss is no number")
            raise RecipeError(
                f"the loss is {line['loss']} after {self.at.images:,} images; the last saved state is kept: "
                "try a lower lr, or precision=32-true"
            )

    def _write(self, line: dict[str, Any]) -> None:
        """A line for the log, the caller's own use, and the watchdog, whose warnings follow it."""
        self.log.write(line)
        if self.on_line is not None:
            self.on_line(line)
        if "run" in line or "warning" in line:
            return
        for warning in self.watchdog.watch(line):
            self._write({"images": self.at.images, "warning": warning})
            self.progress.warn(warning)

    def _early_sheet(self) -> None:
        """Sample pictures of a young run, before its first validation: is it learning colour at all?"""
        self.sheet_at *= 4
        if self.validation is None or self.training.sharded or not self.fabric.is_global_zero:
            return
        with self.training.averaged() as generator:
            sheet = self.validation.sheet(generator, self.training.answers, self.fabric)
        path = self.run_dir / "samples" / f"{self.at.images:09d}.jpg"
        sheet.save(path, quality=90)
        if self.at.seconds:  # a line is in the log: there is something to report
            write_report(self.run_dir)
        self.progress.say(f"sample pictures: {path}")

    def _validate(self, options: StageOptions) -> None:
        self.sheet_at = math.inf
        if self.validation is None:
            return
        weights = self.training.whole_average()
        if not self.fabric.is_global_zero:
            return
        with self.training.averaged(weights) as generator:
            figures, sheet = self.validation.measure(
                generator, self.training.answers, self.fabric, self.training.feature_net()
            )
        figures["score"] = round(score(figures), 4)
        sheet.save(self.run_dir / "samples" / f"{self.at.images:09d}.jpg", quality=90)
        self._write({"images": self.at.images, "validation": figures})
        if options.kind == "adversarial" and figures["score"] < self.at.best_score:
            self.at.best_score = figures["score"]
            self._write_weights(self._best_path(), weights, validation=figures)
        write_report(self.run_dir)

    def _go_back(self) -> None:
        """Give the generator the weights that did best in the stage that just ended."""
        self.fabric.barrier()
        self._same_everywhere(self._best_path().exists())
        if self._best_path().exists():
            self.training.adopt(checkpoint.read_checkpoint(self._best_path()).weights)

    def _best_path(self) -> Path:
        return self.run_dir / "checkpoints" / checkpoint.BEST

    def _weights_path(self) -> Path:
        return self.run_dir / "checkpoints" / f"weights-{self.at.images:09d}.safetensors"

    def _save_weights(self, path: Path) -> None:
        weights = self.training.whole_average()
        if self.fabric.is_global_zero:
            self._write_weights(path, weights)

    def _write_weights(self, path: Path, weights: dict[str, Tensor], **more: Any) -> None:
        checkpoint.write_tensors(path, weights, self.training.info(self.at.images) | more)
        checkpoint.keep_newest(self.run_dir / "checkpoints", self.recipe.log.keep)

    def _is_time_to_save(self) -> bool:
        due = time.monotonic() - self.saved_at > self.recipe.log.save_seconds
        if self.training.sharded:  # then all of them save, each its part
            return as_first_decides(due, self.fabric.device)
        return due and self.fabric.is_global_zero

    def _save_state(self, optimizers: dict[str, Optimizer]) -> None:
        first = self.fabric.is_global_zero
        tensors = self.training.state() if first or self.training.sharded else {}
        for name, optimizer in optimizers.items():
            tensors |= gathered(checkpoint.pack_optimizer(optimizer, f"{name}_optimizer"), first)
        if first:
            tensors |= {"random": torch.get_rng_state()}
            path = self.run_dir / "checkpoints" / checkpoint.STATE
            checkpoint.write_tensors(path, tensors, {"position": asdict(self.at)})
        self.saved_at = time.monotonic()

    def _same_everywhere(self, value: float) -> None:
        """What all processes have to see alike in the run's directory."""
        if float(mean_of_all(torch.tensor(float(value), dtype=torch.float64, device=self.fabric.device))) != value:
            raise OutputError(
                f"{self.run_dir}: the processes of the run see different files here; it has to be one folder, on a "
                "disk that all machines share"
            )

    def _load_state(self) -> dict[str, Tensor]:
        """Go back to the saved state, if there is one; returns the optimizers' tensors for the stage to take."""
        path = self.run_dir / "checkpoints" / checkpoint.STATE
        if not path.exists():
            return {}
        tensors, info = checkpoint.read_tensors(path)
        self.training.load_state(tensors)
        torch.set_rng_state(tensors["random"])
        self.at = Position(**({"processes": self.fabric.world_size} | info["position"]))
        return {name: t for name, t in tensors.items() if name.partition(".")[0].endswith("_optimizer")}
