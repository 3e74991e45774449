"""A quick look at a model during training: figures on fixed crops, and a sheet of samples."""

from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch import Tensor

from tintype.data.cache import open_cache
from tintype.data.pairs import crop_square, split_pair
from tintype.models import build_generator
from tintype.models.tint import annealed_mean
from tintype.training.log import sample_grid
from tintype.training.recipe import Recipe

STRIDE = 4
SHOWN = 12
PIECE = 32


class Validation:
    """Centre crops of up to `most` pictures, evenly spread over the data set."""

    def __init__(self, path: str | Path, recipe: Recipe, cache_dir: Path | None, most: int = 256) -> None:
        cache = open_cache([path], recipe.data.cache_side, cache_dir)
        chosen = np.linspace(0, len(cache) - 1, min(most, len(cache)), dtype=int)
        size = max(stage.size for stage in recipe.stages)
        pairs = [split_pair(crop_square(cache[i], size, 1.0, 0.5, 0.5, False), STRIDE) for i in chosen]
        self.lightness = torch.from_numpy(np.stack([pair[0] for pair in pairs]))
        self.ab = torch.from_numpy(np.stack([pair[1] for pair in pairs]))

    @torch.no_grad()
    def measure(
        self, recipe: Recipe, weights: dict[str, Tensor], fabric: Fabric, temperature: float = 0.6
    ) -> tuple[dict[str, float], Image.Image]:
        """Mean ab error and chroma at stride 4, beside a grey answer's and the truth's, and a sheet:
        grey | predicted | true."""
        model = build_generator(recipe.system, recipe.generator)
        model.load_state_dict(weights)
        model = model.eval().to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        answers = []
        for start in range(0, len(self.lightness), PIECE):
            piece = self.lightness[start : start + PIECE]
            with fabric.autocast():
                logits = model(piece.to(fabric.device))
            answers.append(annealed_mean(logits, model.bins, temperature).cpu())
        ab = torch.cat(answers)
        figures = {
            "ab_error": float((ab - self.ab).norm(dim=1).mean()),
            "ab_error_grey": float(self.ab.norm(dim=1).mean()),
            "ab_rmse": float((ab - self.ab).square().mean().sqrt()),
            "ab_rmse_grey": float(self.ab.square().mean().sqrt()),
            "chroma": float(ab.norm(dim=1).mean()),
        }
        some = torch.linspace(0, len(ab) - 1, min(SHOWN, len(ab))).long()
        sheet = sample_grid(self.lightness[some].numpy(), ab[some].numpy(), self.ab[some].numpy())
        return {key: round(value, 3) for key, value in figures.items()}, sheet
