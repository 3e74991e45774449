"""What a run tells: stats.jsonl, losses.csv, sample pictures, and a progress line for people."""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# losses.csv: those that a stage does not have stay empty. The six of the GAN are seed 1's table.
COLUMNS = ["images", "stage", "loss", "cross_entropy", "l1", "l2", "smooth_l1", "feature"]
COLUMNS += ["loss_D_fake", "loss_D_real", "loss_D", "loss_G_GAN", "loss_G_L1", "loss_G", "chroma", "chroma_true"]
COLUMNS += ["lr", "critic_lr", "images_per_second"]


class RunLog:
    """Appends one line a tick to `stats.jsonl` and `losses.csv` of a run directory.

    A resumed run drops the lines that its interrupted predecessor wrote after the state it resumes from.
    """

    def __init__(self, folder: Path, images: int) -> None:
        self.folder = folder
        self.stats = folder / "stats.jsonl"
        kept = []
        if self.stats.exists():
            kept = [line for line in map(_parse, self.stats.read_text().splitlines()) if line]
            kept = [line for line in kept if line["images"] <= images]
        self.stats.write_text("".join(json.dumps(line) + "\n" for line in kept))
        with (folder / "losses.csv").open("w", newline="") as file:
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
    """A progress bar on a terminal; elsewhere (a log file) one plain line a tick. Nothing unless `shown`."""

    def __init__(self, total: int, images: int, shown: bool = True) -> None:
        self.total = total
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
        left = (self.total - line["images"]) / max(line["images_per_second"], 1e-9)
        text = f"{line['stage']}  loss {line['loss']:.3f}  {line['images_per_second']:.0f} images/s"
        if self.bar.disable:
            print(f"{line['images']:>10,} images  {text}  {left / 60:.0f} min left", file=sys.stderr, flush=True)
        self.bar.update(self.task, description=text, completed=line["images"])

    def warn(self, warning: str) -> None:
        """Say something that the person should look at, above the bar."""
        self.bar.console.print(f"[yellow]warning:[/yellow] {warning}")

    def close(self) -> None:
        """Give the terminal back."""
        self.bar.stop()


def decoding_progress(done: int) -> None:
    """Say now and then how many pictures have been decoded into the cache."""
    if done % 2048 < 256:
        print(f"{done:>10,} pictures decoded", file=sys.stderr, flush=True)


def sample_sheet(rows: Sequence[Sequence[NDArray[np.uint8]]]) -> Image.Image:
    """A sheet of pictures, uint8 (H, W, 3) of one size, row by row."""
    return Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows]))
