"""A quick look at a generator during training: figures on fixed crops, and a sheet of samples."""

from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from tintype.data.cache import Pictures, open_cache
from tintype.data.degrade import handled_print
from tintype.data.hints import true_hints
from tintype.data.pairs import LIGHTNESS_OF_LUMA, crop_square, make_pair, on_paper
from tintype.imaging.metrics import measure, measure_all, psnr
from tintype.models.task import PairForm

from .answers import Answers
from .feature_loss import FeatureLoss
from .log import sample_sheet
from .networks import masks_of
from .recipe import Recipe

SHOWN = 12
LEAST_TO_DIVIDE, LEAST_HELD, MOST_HELD = 40, 4, 256  # pictures
HINTS = 10  # true ones, for the figure psnr_hints
PIECE = 32
TEMPERATURE = 0.6
MOST_PSNR = 60.0  # dB: what two pictures count that differ in nothing, or in a few roundings


def hold_out(indices: NDArray[np.int64], share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide pictures into those to train on and those kept for validation: `share` of them, 4 to 256, and the same
    whatever the seed. Of fewer than 40 none is kept. Both in the order of `indices`."""
    if share == 0 or len(indices) < LEAST_TO_DIVIDE:
        return indices, indices[:0]
    count = min(MOST_HELD, max(LEAST_HELD, round(share * len(indices))))
    held = np.zeros(len(indices), bool)
    held[np.random.Generator(np.random.Philox(key=0)).permutation(len(indices))[:count]] = True
    return indices[~held], indices[held]


def open_validation(path: str | Path, recipe: Recipe, form: PairForm, cache_dir: Path | None) -> "Validation":
    """Validation on all pictures at `path`."""
    cache = open_cache([path], recipe.data.cache_side, cache_dir)
    return Validation(cache, np.arange(len(cache)), recipe, form)


class Validation:
    """Centre crops of up to `most` of the pictures `indices` of `cache`, evenly spread over them.

    A network that answers light alone is shown them as old prints, always the same ones, and compared with those prints
    without their damage.
    """

    def __init__(
        self, cache: Pictures, indices: NDArray[np.int64], recipe: Recipe, form: PairForm, most: int = MOST_HELD
    ) -> None:
        masks = masks_of(cache) if recipe.data.background == "remove" else None
        size = max(stage.size for stage in recipe.stages)
        conditions, targets, hints, self.truths = [], [], [], []
        for index in indices[np.linspace(0, len(indices) - 1, min(most, len(indices)), dtype=int)]:
            place = (size, 1.0, 0.5, 0.5, False)
            rgb = crop_square(cache[index], *place)
            if form.target == "light":
                whole, damaged = handled_print(rgb, np.random.default_rng(index))
                conditions.append(LIGHTNESS_OF_LUMA[damaged][None])
                targets.append(LIGHTNESS_OF_LUMA[whole][None])
                self.truths.append(np.repeat(whole[..., None], 3, 2))
                continue
            mask = None if masks is None else crop_square(masks[index], *place)
            condition, target = make_pair(rgb, form, mask)
            conditions.append(condition)
            targets.append(target)
            if any(stage.hints for stage in recipe.stages):
                hints.append(true_hints(rgb, HINTS, np.random.default_rng(index)))
            self.truths.append(np.ascontiguousarray(rgb if mask is None else on_paper(rgb, mask)))
        self.condition = torch.from_numpy(np.stack(conditions))
        self.target = torch.from_numpy(np.stack(targets))
        self.hints = torch.from_numpy(np.stack(hints)) if hints else None
        self._constants: dict[str, float] = {}

    @torch.no_grad()
    def measure(
        self, generator: nn.Module, answers: Answers, fabric: Fabric, features: FeatureLoss | None
    ) -> tuple[dict[str, float], Image.Image]:
        """Figures of the generator (in eval mode), each beside that of a grey answer or of the truth, and a sheet:
        given | answered | true.

        ab_mse is the mean squared error of one ab plane in raw CIE units; psnr, ciede2000, colorfulness are means over
        the pictures; feature_distance is that of `FeatureLoss`. psnr_hints is the PSNR with ten hints of the true
        colour, of a generator that is trained with hints. Of one that answers light alone psnr is that of the restored
        prints, psnr_grey that of the prints as they are, and psnr_clean that of whole prints after it, which it
        should leave alone.
        """
        pictures, squares, distances = [], [], []
        for start in range(0, len(self.condition), PIECE):
            condition = fabric.to_device(self.condition[start : start + PIECE])
            target = fabric.to_device(self.target[start : start + PIECE])
            with fabric.autocast():
                output = generator(condition)
            planes = answers.planes(output, TEMPERATURE)
            squares.append((answers.ab(planes) - answers.ab(target)).square().mean((1, 2, 3)).cpu())
            rgb = answers.rgb(condition, planes).clamp(0, 1)
            if features is not None:
                truth = torch.from_numpy(np.stack(self.truths[start : start + PIECE])).to(rgb.device)
                truth = truth.permute(0, 3, 1, 2).float() / 255
                with fabric.autocast():
                    distances.append(features.feature_distance(rgb, truth) * len(truth))
            pictures += list((rgb * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy())
        figures = self._figures(pictures) | {
            "ab_mse": float(torch.cat(squares).mean()),
            "ab_mse_grey": float(answers.ab(self.target).square().mean()),
        }
        if self.hints is not None:
            figures["psnr_hints"] = self._psnr_with_hints(generator, answers, fabric)
        if answers.form.target == "light":
            figures["psnr_clean"] = self._psnr_clean(generator, answers, fabric)
        if distances:
            figures["feature_distance"] = sum(distances) / len(self.truths)
        some = np.linspace(0, len(pictures) - 1, min(SHOWN, len(pictures)), dtype=int)
        rows = [(self.given(i), pictures[i], self.truths[i]) for i in some]
        return {key: round(value, 4) for key, value in figures.items()}, sample_sheet(rows)

    @torch.no_grad()
    def sheet(self, generator: nn.Module, answers: Answers, fabric: Fabric) -> Image.Image:
        """The sheet of `measure` alone, without its figures: a moment instead of a minute."""
        some = np.linspace(0, len(self.condition) - 1, min(SHOWN, len(self.condition)), dtype=int)
        rows = [(self.given(i), self.answer(i, generator, answers, fabric), self.truths[i]) for i in some]
        return sample_sheet(rows)

    @torch.no_grad()
    def answer(
        self, index: int, generator: nn.Module, answers: Answers, fabric: Fabric, noise: float = 0.0
    ) -> NDArray[np.uint8]:
        """What the generator (in eval mode) makes of one picture, uint8 RGB (S, S, 3). With `noise` it is given the
        picture with Gaussian noise of that deviation, in levels of 255; its colours are put on the light without it,
        but for networks that paint the light."""
        condition = self.condition[index : index + 1]
        given = condition
        if noise:
            drawn = torch.randn(given.shape, generator=torch.Generator().manual_seed(index))
            given = (given + noise / 127.5 * drawn).clamp(-1, 1)
        with fabric.autocast():
            output = generator(fabric.to_device(given))
        rgb = answers.rgb(fabric.to_device(condition), answers.planes(output, TEMPERATURE)).clamp(0, 1)
        return np.asarray((rgb[0] * 255 + 0.5).byte().permute(1, 2, 0).cpu().numpy())

    def _psnr_with_hints(self, generator: nn.Module, answers: Answers, fabric: Fabric) -> float:
        assert self.hints is not None
        found = []
        for start in range(0, len(self.condition), PIECE):
            condition = fabric.to_device(self.condition[start : start + PIECE])
            with fabric.autocast():
                output = generator(condition, fabric.to_device(self.hints[start : start + PIECE]))
            rgb = answers.rgb(condition, answers.planes(output, TEMPERATURE)).clamp(0, 1)
            pictures = (rgb * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()
            found += [psnr(mine, truth) for mine, truth in zip(pictures, self.truths[start:], strict=False)]
        return float(np.mean(found))

    def _psnr_clean(self, generator: nn.Module, answers: Answers, fabric: Fabric) -> float:
        found = []
        for start in range(0, len(self.target), PIECE):
            clean = fabric.to_device(self.target[start : start + PIECE])
            with fabric.autocast():
                output = generator(clean)
            rgb = answers.rgb(clean, answers.planes(output)).clamp(0, 1)
            pictures = (rgb * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()
            found += [psnr(mine, truth) for mine, truth in zip(pictures, self.truths[start:], strict=False)]
        return float(np.mean(np.minimum(found, MOST_PSNR)))

    def given(self, index: int) -> NDArray[np.uint8]:
        """The condition as a grey picture."""
        answers = Answers(PairForm(target="ab"))
        condition = self.condition[index : index + 1]
        grey = answers.rgb(condition, condition.new_zeros((1, 2, *condition.shape[2:])))
        return np.asarray((grey[0].clamp(0, 1) * 255 + 0.5).byte().permute(1, 2, 0).numpy())

    def _figures(self, pictures: list[NDArray[np.uint8]]) -> dict[str, float]:
        found = [measure(picture, truth) for picture, truth in zip(pictures, self.truths, strict=True)]
        names = {"psnr": "psnr", "ciede2000": "ciede2000", "colorfulness": "colorfulness", "chroma": "mean_chroma"}
        mine = {name: float(np.mean([getattr(f, field) for f in found])) for name, field in names.items()}
        return mine | self._fixed()

    def _fixed(self) -> dict[str, float]:
        """What never changes: the figures of grey pictures, and of the truth."""
        if not self._constants:
            grey, true = [], []
            for index, truth in enumerate(self.truths):
                pair = measure_all([self.given(index), truth], truth)
                grey.append(pair[0])
                true.append(pair[1])
            self._constants = {
                "psnr_grey": float(np.mean([f.psnr for f in grey])),
                "ciede2000_grey": float(np.mean([f.ciede2000 for f in grey])),
                "colorfulness_true": float(np.mean([f.colorfulness for f in true])),
                "chroma_true": float(np.mean([f.mean_chroma for f in true])),
            }
        return self._constants


def score(figures: dict[str, float]) -> float:
    """How far a generator is from the truth, one number to choose checkpoints by; smaller is better.

    The distance of features (of colours, CIEDE2000 against grey's, where no feature network is at hand) plus a quarter
    of the relative distance of colourfulness: a picture is wanted that looks right and is as vivid as photographs are.
    Where the truth has no colour, the distance alone.
    """
    distance = figures.get("feature_distance", figures["ciede2000"] / max(figures["ciede2000_grey"], 1e-9))
    if figures["colorfulness_true"] < 1:
        return distance
    vividness = abs(figures["colorfulness"] / max(figures["colorfulness_true"], 1e-9) - 1)
    return distance + 0.25 * vividness
