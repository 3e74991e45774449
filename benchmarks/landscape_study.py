"""Seed 4's two studies, repeated at a size for two cores: how wide the generator, how much adversarial loss.

    python benchmarks/landscape_study.py --data landscape.tar [--size 64] [--images 20000] [--seeds 3]

Trains the landscape recipe for each complexity against one critic, and for each alpha at one complexity, into
runs/landscape-study. The same command continues what was interrupted and skips what is finished. Then writes a figure,
docs/images/landscape-study.svg, and tables into docs/systems/landscape.md.
"""

import argparse
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from documents import markdown_table, mean_sd, replace_block
from line_chart import GREY, ORDERED, Line, Panel, draw_svg

from tintype.data.cache import colourful, open_cache
from tintype.data.pairs import Augmentation, Batches, PairLoader
from tintype.models import SYSTEMS
from tintype.reports.history import History, read_history
from tintype.training import load_recipe, train
from tintype.training.recipe import Recipe

ROOT = Path(__file__).parents[1]
LINES = 40  # of stats.jsonl, for each run
LAST = 8  # of them make a run's final values: the last fifth
BASELINE_BATCHES = 64


@dataclass(frozen=True)
class Setting:
    """One point of a study, with the finished runs of all seeds."""

    value: float
    runs: tuple[History, ...]

    def curve(self, key: str) -> list[tuple[float, float]]:
        """A value of the log over images seen, averaged over the seeds."""
        series = [run.series(key) for run in self.runs]
        values = zip(*([v for v in one.values if v is not None] for one in series), strict=False)
        return list(zip(series[0].images, (statistics.mean(v) for v in values), strict=False))

    def final(self, key: str) -> list[float]:
        """The mean of a value's last lines, for each seed."""
        return [statistics.mean(_values(run, key)[-LAST:]) for run in self.runs]

    def change(self, key: str) -> list[float]:
        """The final value less that of the second fifth of the run, for each seed; the first fifth is the start."""
        early = [statistics.mean(_values(run, key)[LAST : 2 * LAST] or _values(run, key)) for run in self.runs]
        return [late - soon for late, soon in zip(self.final(key), early, strict=True)]

    def ratio(self) -> float:
        header = self.runs[0].header
        return float(header["critic_parameters"] / header["generator_parameters"])


def _values(run: History, key: str) -> list[float]:
    return [value for value in run.series(key).values if value is not None]


def make_recipe(options: argparse.Namespace, complexity: int, critic: int, alpha: float, seed: int) -> Recipe:
    overrides = [
        f"seed={seed}",
        f"generator.complexity={complexity}",
        f"critic.complexity={critic}",
        f"stages.0.alpha={alpha}",
        f"stages.0.images={options.images}",
        f"stages.0.size={options.size}",
        f"log.tick={max(16, options.images // LINES)}",
    ]
    overrides += [f"stages.0.lr={options.lr}"] if options.lr else []
    return load_recipe("landscape", overrides)


def finished_run(recipe: Recipe, folder: Path, data: Sequence[Path]) -> History:
    """The run in `folder`, trained to its end first when it is not there yet."""
    last = [int(path.stem.partition("-")[2]) for path in folder.glob("checkpoints/weights-*.safetensors")]
    same = (folder / "recipe.toml").exists() and (folder / "recipe.toml").read_text() == recipe.to_toml()
    if not (same and last and max(last) >= recipe.images):
        print(folder, flush=True)
        train(recipe, data, folder)
    return read_history(folder)


def grey_loss(recipe: Recipe, data: Sequence[Path]) -> float:
    """The reconstruction loss of an answer without colour, over crops as training sees them."""
    cache = open_cache(data, recipe.data.cache_side)
    stage = recipe.stages[0]
    loader = PairLoader(
        cache,
        colourful(cache, recipe.data.leave_out),
        Batches(stage.batch),
        Augmentation(smallest_crop=stage.smallest_crop),
        form=SYSTEMS["landscape"].form,
        size=stage.size,
        seed=recipe.seed,
        workers=1,
    )
    return float(torch.stack([batch.target.abs().mean() for batch in islice(loader, BASELINE_BATCHES)]).mean())


def draw(complexity: list[Setting], alpha: list[Setting], grey: float) -> str:
    """The figure: complexity above, alpha below."""
    w, h, margin = 330, 250, 12
    panels = []
    last = max(1, len(complexity) - 1)
    sizes = [ORDERED[round(i / last * (len(ORDERED) - 1))] for i in range(len(complexity))]
    shares = [ORDERED[0], ORDERED[3], "#d55e00"]

    def grey_line(xs: Sequence[float]) -> Line:
        return Line([(min(xs), grey), (max(xs), grey)], "grey", GREY, dashed=True)

    def over_images(settings: list[Setting], colours: Sequence[str], key: str, title: str, place: int) -> None:
        lines = [
            Line(s.curve(key), f"{s.value:g}", colours[i % len(colours)])
            for i, s in enumerate(settings)
            if s.curve(key)
        ]
        if key == "l1":
            lines.append(grey_line([x for line in lines for x, _ in line.points]))
        if key == "chroma":
            lines.append(Line(settings[0].curve("chroma_true"), "true", GREY, dashed=True))
        column, row = place % 3, place // 3
        top = margin + row * (h + margin)
        panels.append(Panel(title, "images seen", lines, margin + column * (w + margin), top, w, h))

    over_images(complexity, sizes, "l1", "Complexity: reconstruction loss", 0)
    over_images(complexity, sizes, "loss_G_GAN", "Complexity: adversarial loss", 1)
    for number, (key, title) in enumerate(
        (("l1", "Final reconstruction loss"), ("loss_G_GAN", "Final adversarial loss"))
    ):
        finals = [s.final(key) for s in complexity]
        points = [(s.value, statistics.mean(f)) for s, f in zip(complexity, finals, strict=True)]
        spread = [statistics.stdev(f) for f in finals] if len(complexity[0].runs) > 1 else []
        lines = [Line(points, colour=ORDERED[2], marked=True, spread=spread)]
        lines += [grey_line([s.value for s in complexity])] if key == "l1" else []
        panels.append(Panel(title, "complexity", lines, margin + 2 * (w + margin), margin + number * h / 2, w, h / 2))
    over_images(alpha, shares, "l1", "Alpha: reconstruction loss", 3)
    over_images(alpha, shares, "loss_G_GAN", "Alpha: adversarial loss", 4)
    over_images(alpha, shares, "chroma", "Alpha: mean chroma of the answers", 5)
    return draw_svg(panels, 3 * (w + margin) + margin, 2 * (h + margin) + margin)


def table(name: str, settings: list[Setting], grey: float) -> str:
    headings = (
        name,
        "generator",
        "critic / generator",
        f"reconstruction (grey {grey:.4f})",
        "adversarial",
        "its change",
        "critic",
        "chroma / true",
    )
    rows = []
    for setting in settings:
        vivid = [a / b for a, b in zip(setting.final("chroma"), setting.final("chroma_true"), strict=True)]
        rows.append(
            [
                f"{setting.value:g}",
                f"{setting.runs[0].header['generator_parameters']:,}",
                f"{setting.ratio():.2f}",
                mean_sd(setting.final("l1"), ".4f"),
                mean_sd(setting.final("loss_G_GAN"), ".3f"),
                mean_sd(setting.change("loss_G_GAN"), "+.3f").replace("± +", "± "),
                mean_sd(setting.final("loss_D"), ".3f"),
                mean_sd(vivid, ".2f"),
            ]
        )
    return markdown_table(headings, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders or shards of landscapes")
    parser.add_argument("--complexities", type=int, nargs="+", default=[16, 24, 30, 38, 46, 52, 72])
    parser.add_argument("--critic-complexity", type=int, default=4, help="of the study of complexity")
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.0, 0.1, 0.9])
    parser.add_argument("--alpha-complexity", type=int, default=46)
    parser.add_argument("--alpha-critic", type=int, default=16, help="the critic's complexity in the study of alpha")
    parser.add_argument("--size", type=int, default=64, help="pixels")
    parser.add_argument("--images", type=int, default=20_000, help="for each run")
    parser.add_argument("--lr", type=float, help="default: the recipe's")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each setting")
    parser.add_argument("--output", type=Path, default=Path("runs/landscape-study"))
    parser.add_argument("--figure", type=Path, default=ROOT / "docs/images/landscape-study.svg")
    parser.add_argument("--document", type=Path, default=ROOT / "docs/systems/landscape.md")
    options = parser.parse_args()

    def setting(study: str, value: float, complexity: int, critic: int, alpha: float) -> Setting:
        runs = []
        for seed in range(options.seeds):
            recipe = make_recipe(options, complexity, critic, alpha, seed)
            runs.append(finished_run(recipe, options.output / f"{study}-{value:g}-s{seed}", options.data))
        return Setting(value, tuple(runs))

    complexity = [setting("complexity", c, c, options.critic_complexity, 0.1) for c in options.complexities]
    alpha = [setting("alpha", a, options.alpha_complexity, options.alpha_critic, a) for a in options.alphas]
    grey = grey_loss(make_recipe(options, 16, 4, 0.1, 0), options.data)
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    options.figure.write_text(draw(complexity, alpha, grey))
    stage = complexity[0].runs[0].recipe["stages"][0]
    seeds = f", mean ± standard deviation of {options.seeds} seeds" if options.seeds > 1 else ""
    place = os.path.relpath(options.figure, options.document.parent)
    text = f"![Losses of both studies over images seen]({place})\n\n"
    text += f"{stage['images']:,} images at {stage['size']} px, learning rate {stage['lr']:g}{seeds}.\n\n"
    text += f"{table('complexity', complexity, grey)}\n\n{table('alpha', alpha, grey)}"
    replace_block(options.document, "study", text)
    print(f"{options.figure}, {options.document}")


if __name__ == "__main__":
    main()
