"""Fit the probe of skin that `tintype export --skin` puts into a model file (tintype.training.skin_probe).

    python dev/skin_probe.py --faces celeba.tar utkface.tar --others places.tar dogs.tar --output skin.safetensors

Where portraits show skin is found by its chroma, in the middle (benchmarks/skin.py); all else of them, and everything
in `--others`, which should show no people, is none. A logistic regression on what the encoder finds there: every
second picture fits it, the others tell how well it does, warm colours that are no skin apart.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from skin import skin_mask

from tintype import Photo
from tintype.data.sources import iter_pictures
from tintype.imaging.color import srgb_to_lab
from tintype.network.model_file import find_model
from tintype.network.network import Network
from tintype.training.reading import WARM_HUE
from tintype.training.skin_probe import STRIDES, probe_of, write_skin_probe

Floats = NDArray[np.float32]
SIDE, MULTIPLE = 256, 32  # pixels: the short side, and what both sides are brought to multiples of
PER_PICTURE = 60  # cells of skin, and of none, at the most
SURE, NONE = 0.6, 0.05  # share of skin pixels in a cell that is skin, or is not
WARM = 45.0  # degrees from the hue of skin
EASY = 0.3  # weight of a cell that is neither skin nor warm
PENALTY = 1e-3  # times the sum of squared weights


def cells_of(network: Network, path: Path, count: int, faces: bool) -> Iterator[tuple[Floats, Floats]]:
    """Of each picture: features (n, channels) of cells at stride 8, and (n, 2) whether they are skin, and warm."""
    rng = np.random.default_rng(0)
    for picture in itertools.islice(iter_pictures(path), count):
        photo = Photo.read(picture.data)
        mask = skin_mask(photo) if faces and photo.chroma is not None else np.zeros(photo.luma.shape, bool)
        if photo.chroma is None or (faces and not mask.any()):
            continue
        scale = SIDE / min(photo.width, photo.height) / MULTIPLE
        width, height = (max(1, round(side * scale)) * MULTIPLE for side in (photo.width, photo.height))
        lab = srgb_to_lab(np.asarray(photo.image().convert("RGB").resize((width, height)), np.float32) / 255)
        features = network.encode((lab[..., 0] / 50 - 1)[None, None].astype(np.float32))
        shape = height // STRIDES[0], width // STRIDES[0]
        share, a, b = (shrunk(plane, shape) for plane in (mask.astype(np.float32), lab[..., 1], lab[..., 2]))
        warm = np.cos(np.arctan2(b, a) - np.radians(WARM_HUE)) > np.cos(np.radians(WARM))
        kinds = [np.flatnonzero(share > SURE), np.flatnonzero(share < NONE)]
        chosen = np.concatenate([rng.permutation(kind)[:PER_PICTURE] for kind in kinds])
        maps = [torch.from_numpy(np.array(features[f"features_{stride}"])) for stride in STRIDES]
        level = [functional.interpolate(x, shape, mode="bilinear")[0].flatten(1)[:, chosen].T for x in maps]
        yield torch.cat(level, 1).numpy(), np.stack([share[chosen] > SURE, warm[chosen]], 1).astype(np.float32)


def shrunk(plane: Floats, shape: tuple[int, int]) -> Floats:
    """A plane brought to the grid of cells, flat."""
    small = Image.fromarray(np.ascontiguousarray(plane)).resize(shape[::-1], Image.Resampling.BOX)
    return np.asarray(small, np.float32).ravel()


def fitted(x: torch.Tensor, skin: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Weights (channels,) and bias of the logistic regression on features (n, channels)."""
    mean, spread = x.mean(0), x.std(0) + 1e-3
    layer = torch.nn.Linear(x.shape[1], 1)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=120, line_search_fn="strong_wolfe")
    whitened = (x - mean) / spread

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        each = functional.binary_cross_entropy_with_logits(layer(whitened)[:, 0], skin, reduction="none")
        value = (each * weight).mean() + PENALTY * (layer.weight**2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[arg-type]
    found = layer.weight.detach()[0] / spread
    return found, float(layer.bias.detach()) - float(found @ mean)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, nargs="+", required=True, help="portraits: folders or .tar")
    parser.add_argument("--others", type=Path, nargs="+", required=True, help="photographs without people")
    parser.add_argument("--model", default="tint", help="whose encoder it is")
    parser.add_argument("--limit", type=int, default=400, help="pictures of each place at the most")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(0)
    network = Network(find_model(options.model), "cpu", "f32")
    pictures = []
    for path in [*options.faces, *options.others]:
        pictures += list(cells_of(network, path, options.limit, path in options.faces))
        print(f"{len(pictures)} pictures, up to {path}", flush=True)
    odd, even = (
        [torch.from_numpy(np.concatenate(part)) for part in zip(*pictures[first::2], strict=True)] for first in (0, 1)
    )
    weight = torch.where((odd[1] == 0).all(1), EASY, 1.0)
    weights, bias = fitted(odd[0], odd[1][:, 0], weight)
    probability = (even[0] @ weights + bias).sigmoid()
    skin, warm = even[1].bool().T
    for name, where in (("skin", skin), ("warm, no skin", warm & ~skin), ("neither", ~warm & ~skin)):
        print(f"{name}: mean probability {float(probability[where].mean()):.3f} in {int(where.sum())} cells")
    channels = [network.encode(np.zeros((1, 1, 64, 64), np.float32))[f"features_{s}"].shape[1] for s in STRIDES]
    write_skin_probe(options.output, probe_of(weights, bias, channels))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
