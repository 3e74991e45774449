"""What a run tells: stats.jsonl, losses.csv, sample pictures, and a progress line for people."""

import csv
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tintype.files.atomic import replacing, write_bytes

# losses.csv: those that a stage does not have stay empty. The six of the GAN are the pix2pix system's table.
COLUMNS = ["images", "stage", "loss", "cross_entropy", "l1", "l2", "smooth_l1", "feature"]
COLUMNS += ["loss_D_fake", "loss_D_real", "loss_D", "loss_G_GAN", "loss_G_L1", "loss_G", "chroma", "chroma_true"]
COLUMNS += ["lr", "critic_lr", "images_per_second"]


FIRST_BEAT, LONGEST_PAUSE = 5.0, 300.0  # seconds without a word
FIRST_WORD = 8.0  # seconds, after which a first step that is still under way is mentioned
SLOW = "the first step is still under way; smaller crops are quicker: --set stages.*.size=128 takes a quarter of 256"


class RunLog:
    """Appends one line a tick to `stats.jsonl` and `losses.csv` of a run directory.

    A resumed run drops the lines that its interrupted predecessor wrote after the state it resumes from.
    """

    def __init__(self, folder: Path, images: int) -> None:
        self.folder = folder
        self.stats = folder / "stats.jsonl"
        kept = []
        if self.stats.exists():
            kept = [line for line in map(_parse, self.stats.read_text(encoding="utf-8").splitlines()) if line]
            kept = [line for line in kept if line["images"] <= images]
        write_bytes(self.stats, "".join(json.dumps(line) + "\n" for line in kept).encode())
        with replacing(folder / "losses.csv") as partial, partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(line for line in kept if "loss" in line)

    def write(self, line: dict[str, Any]) -> None:
        """Append a line; those with a loss also go to `losses.csv`."""
        with self.stats.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if "loss" in line:
            with (self.folder / "losses.csv").open("a", newline="") as file:
                csv.DictWriter(file, COLUMNS, extrasaction="ignore").writerow(line)


def _parse(line: str) -> dict[str, Any] | None:
    """A line of stats.jsonl; None for one that a kill left half-written."""
    try:
        parsed: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return None
    return parsed


class ProgressLine:
    """A progress bar on a terminal; elsewhere (a log file) one plain line a tick. Nothing unless `shown`.

    Between ticks, `beat` keeps it moving: on a terminal each second, elsewhere after 5 seconds, 15, 45 and so on.
    """

    def __init__(self, total: int, images: int, shown: bool = True) -> None:
        self.total, self.shown = total, shown
        self.began = self.beaten = time.monotonic()
        self.first, self.pause = images, FIRST_BEAT
        self.untold = True  # until there is something to say of this process's steps
        # A step at full size takes minutes on a slow machine; until the first one is done there is nothing to count.
        self.patience = threading.Timer(FIRST_WORD, self.say, [SLOW])
        self.patience.daemon = True
        if shown:
            self.patience.start()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} images"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not (shown and sys.stderr.isatty()),
        )
        self.task = self.bar.add_task("", total=total, completed=images)
        self.bar.start()

    def update(self, line: dict[str, Any]) -> None:
        """Show the newest tick."""
        self._show(line["images"], f"{line['stage']}  loss {line['loss']:.3f} ", line["images_per_second"])

    def promise(self, images: int, stage: str, each: float, step: int) -> None:
        """Before the first step, of `step` images: the speed at `each` seconds an image, if that step takes long."""
        self.untold = False
        if step * each > FIRST_BEAT:
            self._show(images, f"{stage}  about", 1 / each)

    def beat(self, images: int, stage: str, loss: Callable[[], float]) -> None:
        """Show where the run stands, if it is time to; `loss`, which may cost something, is only then asked for."""
        self.patience.cancel()
        self.untold = False
        now = time.monotonic()
        pause = self.pause if self.bar.disable or self.beaten == self.began else 1.0
        if not self.shown or now - self.beaten < pause:
            return
        self.beaten, self.pause = now, min(3 * self.pause, LONGEST_PAUSE)
        self._show(images, f"{stage}  loss {loss():.3f} ", (images - self.first) / (now - self.began))

    def say(self, text: str) -> None:
        """A line for people, above the bar."""
        if self.shown and self.bar.disable:
            print(text, file=sys.stderr, flush=True)
        elif self.shown:
            self.bar.console.print(text, highlight=False, markup=False)

    def _show(self, images: int, what: str, speed: float) -> None:
        left = duration((self.total - images) / max(speed, 1e-9))
        text = f"{what} {rate(speed)}"
        if self.bar.disable and self.shown:
            print(f"{images:>10,} of {self.total:,} images  {text}  {left} left", file=sys.stderr, flush=True)
        self.bar.update(self.task, description=text, completed=images)

    def warn(self, warning: str) -> None:
        """Say something that the person should look at, above the bar."""
        if self.shown:
            self.bar.console.print(f"[yellow]warning:[/yellow] {warning}")

    def close(self) -> None:
        """Give the terminal back."""
        self.patience.cancel()
        self.bar.stop()


def rate(speed: float) -> str:
    """Images a second in words, with two figures that mean something however slow a machine is."""
    if speed < 0.1:
        return f"an image in {1 / max(speed, 1e-9):.0f} s"
    return f"{speed:.1f} images/s" if speed < 10 else f"{speed:.0f} images/s"


def duration(seconds: float) -> str:
    """A time to wait in words: "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60:,} h {minutes % 60} min"


def decoding_progress(done: int) -> None:
    """Say now and then how many pictures have been decoded into the cache."""
    if done % 2048 < 256:
        print(f"{done:>10,} pictures decoded", file=sys.stderr, flush=True)


def sample_sheet(rows: Sequence[Sequence[NDArray[np.uint8]]]) -> Image.Image:
    """A sheet of pictures, uint8 (H, W, 3) of one size, row by row."""
    return Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows]))
