"""Fit the probe of skin that `tintype export --skin` puts into a model file (tintype.training.skin_probe).

    python dev/skin_masks.py clothing-co-parsing.git --output people/
    python dev/skin_probe.py --people people/ --faces celeba.tar utkface.tar --others places.tar dogs.tar \\
        --output first.safetensors
    python dev/skin_probe.py --people people/ --faces celeba.tar utkface.tar --others places.tar dogs.tar \\
        --crowds sports.tar coco.tar --earlier first.safetensors --output skin.safetensors

Where people show skin is told by masks (NAME.png beside NAME.jpg, white on skin); where portraits do is found by its
chroma, in the middle (benchmarks/skin.py). All else of them, and everything in `--others`, which should show no people,
is none. Photographs of people at any distance (`--crowds`) have no labels: there skin is what the probe of an earlier
run finds and what has a colour of skin, none is what has a colour that skin does not have, a white shirt or grass
between legs, and all else is left out. A small perceptron on what the encoder finds there: every second picture fits
it, the others tell how well it does, warm colours that are no skin apart. The odds of colours are those of the same
cells.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from skin import skin_mask

from tintype import Photo
from tintype.data.sources import iter_pictures
from tintype.imaging.color import srgb_to_lab
from tintype.network.model_file import find_model
from tintype.network.network import Network
from tintype.training.reading import WARM_HUE
from tintype.training.skin_probe import HIDDEN, STRIDES, SkinProbe, write_skin_probe

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labelled = tuple[Photo, Mask | Floats]
MULTIPLE = 32  # pixels that both sides are brought to multiples of
SIDES = 256, 160  # pixels, the short side: people stand near and far
PER_PICTURE = 60  # cells of skin, of none, and of none beside it, at the most
BESIDE = 9  # cells: the side of the square around skin in which a cell lies beside it
SURE, NONE = 0.6, 0.05  # share of skin pixels in a cell that is skin, or is not
WARM = 45.0  # degrees from the hue of skin
PASSES, BATCH, RATE, DECAY = 6, 512, 2e-3, 0.05
NOISE = 0.1  # deviations of the features
RARER = 2.0  # how much rarer skin is in photographs than in these cells, as a logarithm; taken from the answer at last
SPREAD = 6.0  # CIE units of ab over which a colour counts for its neighbours
RARE = 1e-5  # share of colours that is taken for granted, on skin and elsewhere
SKIN_ODDS, OTHER_ODDS = 0.9, -1.0  # of a colour that may be skin's, and of one that is not
LEAST_SKIN = 0.003  # share of a photograph with people in it
UNKNOWN = 0.5  # in a mask that is 1 on skin and 0 elsewhere
LEAST_ODDS = -2.0  # nothing is ruled out: a tattoo, paint, the blue of a cold light


@dataclass
class Cells:
    """Some cells of pictures at stride 4: features (n, channels), whether they are skin (n,), colours (n, 2)."""

    features: NDArray[np.float16]  # thousands of pictures are kept at a time
    skin: Mask
    ab: Floats

    @property
    def warm(self) -> Mask:
        """Which have a hue near that of skin (n,)."""
        near: Mask = np.cos(np.arctan2(self.ab[:, 1], self.ab[:, 0]) - np.radians(WARM_HUE)) > np.cos(np.radians(WARM))
        return near


def joined(parts: list[Cells]) -> Cells:
    """The cells of several pictures."""
    return Cells(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("features", "skin", "ab")))


def masked_people(folder: Path, count: int) -> Iterator[Labelled]:
    """Photographs with the mask beside them, spread over the folder."""
    paths = sorted(folder.glob("*.jpg"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        yield Photo.read(path), np.asarray(Image.open(path.with_suffix(".png")).convert("L")) > 127


def portraits(path: Path, count: int) -> Iterator[Labelled]:
    """Portraits of a source with their skin, where it is found."""
    for picture in itertools.islice(iter_pictures(path), count):
        photo = Photo.read(picture.data)
        if photo.chroma is not None and (mask := skin_mask(photo)).any():
            yield photo, mask


def without_people(path: Path, count: int) -> Iterator[Labelled]:
    """Photographs of a source, none of which shows skin."""
    for picture in itertools.islice(iter_pictures(path), count):
        photo = Photo.read(picture.data)
        if photo.chroma is not None:
            yield photo, np.zeros(photo.luma.shape, bool)


def crowds(path: Path, count: int, network: Network, earlier: SkinProbe) -> Iterator[Labelled]:
    """Photographs of people, drawn from a source, labelled by their colours and by what an earlier probe finds."""
    bins = np.array(network.model_file.info.bins, np.float32)
    pictures = list(iter_pictures(path))
    found = 0
    for number in np.random.default_rng(0).permutation(len(pictures)):
        photo = Photo.read(pictures[number].data)
        if photo.chroma is None:
            continue
        lab, maps = features_of(network, photo, SIDES[0])
        with torch.no_grad():
            probability = functional.interpolate(earlier(maps), lab.shape[:2], mode="bilinear")[0, 0].numpy()
        odds = earlier.odds.numpy()[nearest(lab[..., 1:], bins)]
        skin = (odds > SKIN_ODDS) & (probability > UNKNOWN)
        if skin.mean() < LEAST_SKIN:
            continue
        mask = np.where(skin, 1, np.where(odds < OTHER_ODDS, 0, UNKNOWN)).astype(np.float32)
        yield photo, np.asarray(Image.fromarray(mask).resize((photo.width, photo.height), Image.Resampling.NEAREST))
        found += 1
        if found == count:
            return


def nearest(ab: Floats, bins: Floats) -> NDArray[np.intp]:
    """Which of `bins` (Q, 2) is nearest to each colour (h, w, 2), to within 2 units."""
    kinds, which = np.unique(np.rint(ab.reshape(-1, 2) / 2), axis=0, return_inverse=True)
    distance = ((2 * kinds[:, None] - bins) ** 2).sum(2)
    return np.asarray(distance.argmin(1)[which.reshape(ab.shape[:2])])


def features_of(network: Network, photo: Photo, side: int) -> tuple[Floats, list[torch.Tensor]]:
    """A photograph brought to `side`, Lab (h, w, 3), and what the encoder finds in its lightness at STRIDES."""
    scale = side / min(photo.width, photo.height) / MULTIPLE
    width, height = (max(1, round(length * scale)) * MULTIPLE for length in (photo.width, photo.height))
    lab = srgb_to_lab(np.asarray(photo.image().convert("RGB").resize((width, height)), np.float32) / 255)
    features = network.encode((lab[..., 0] / 50 - 1)[None, None].astype(np.float32))
    return lab, [torch.from_numpy(np.array(features[f"features_{stride}"])) for stride in STRIDES]


def cells_of(
    network: Network, photo: Photo, mask: Mask | Floats, side: int, rng: np.random.Generator, *, exact: bool
) -> Cells:
    """At most PER_PICTURE cells of skin and as many of none, of a photograph brought to `side`; and where the mask is
    `exact`, as many of none beside skin, so that the probe learns where an arm ends."""
    lab, maps = features_of(network, photo, side)
    height, width = lab.shape[:2]
    shape = height // STRIDES[0], width // STRIDES[0]
    share, a, b = (shrunk(plane, shape) for plane in (mask.astype(np.float32), lab[..., 1], lab[..., 2]))
    kinds = [np.flatnonzero(share > SURE), np.flatnonzero(share < NONE)]
    if exact:
        wide = functional.max_pool2d(torch.tensor(share).reshape(1, *shape), BESIDE, 1, BESIDE // 2).numpy().ravel()
        kinds.append(np.flatnonzero((share < NONE) & (wide > SURE)))
    chosen = np.concatenate([rng.permutation(kind)[:PER_PICTURE] for kind in kinds])
    level = [functional.interpolate(x, shape, mode="bilinear")[0].flatten(1)[:, chosen].T for x in maps]
    return Cells(torch.cat(level, 1).half().numpy(), share[chosen] > SURE, np.stack([a[chosen], b[chosen]], 1))


def shrunk(plane: Floats, shape: tuple[int, int]) -> Floats:
    """A plane brought to the grid of cells, flat."""
    small = Image.fromarray(np.ascontiguousarray(plane)).resize(shape[::-1], Image.Resampling.BOX)
    return np.asarray(small, np.float32).ravel()


def fitted(cells: Cells, channels: Sequence[int], odds: torch.Tensor) -> SkinProbe:
    """The probe that tells skin in the cells best, of features with `channels` at each stride."""
    x, skin = torch.from_numpy(cells.features).float(), torch.from_numpy(cells.skin).float()
    mean, spread = x.mean(0), x.std(0) + 1e-3
    x = (x - mean) / spread
    seen, answer = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    parameters = [*seen.parameters(), *answer.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    steps = PASSES * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1e-3, steps)
    for _ in range(PASSES):
        for part in torch.randperm(len(x)).split(BATCH):
            noisy = x[part] + NOISE * torch.randn(len(part), x.shape[1])
            said = answer(seen(noisy).relu())[:, 0]
            loss = functional.binary_cross_entropy_with_logits(said, skin[part])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return folded(seen, answer, mean, spread, channels, odds)


def folded(
    seen: torch.nn.Linear,
    answer: torch.nn.Linear,
    mean: torch.Tensor,
    spread: torch.Tensor,
    channels: Sequence[int],
    odds: torch.Tensor,
) -> SkinProbe:
    """The perceptron as a probe of features as they are, not whitened."""
    probe = SkinProbe(channels, HIDDEN, len(odds))
    weight = seen.weight.detach() / spread
    with torch.no_grad():
        for layer, part in zip(probe.layers, torch.split(weight, list(channels), 1), strict=True):
            layer.weight.copy_(part[:, :, None, None])
        probe.layers[0].bias.copy_(seen.bias - weight @ mean)
        probe.answer.weight.copy_(answer.weight[:, :, None, None])
        probe.answer.bias.copy_(answer.bias - RARER)
    probe.odds.copy_(odds)
    return probe


def told(probe: SkinProbe, cells: Cells) -> Floats:
    """The probability of skin in each cell (n,), of features that are at one stride already."""
    counts = [layer.in_channels for layer in probe.layers]
    parts = torch.split(torch.from_numpy(cells.features).float()[:, :, None, None], counts, 1)
    with torch.no_grad():
        hidden = sum(layer(part) for layer, part in zip(probe.layers, parts, strict=True))
        return probe.answer(hidden.relu()).sigmoid().flatten().numpy()


def odds_of(cells: Cells, bins: Floats) -> torch.Tensor:
    """For each colour of `bins` (Q, 2): the logarithm of how many times likelier it is on skin than elsewhere."""
    on_skin, elsewhere = (shares(cells.ab[where], bins) for where in (cells.skin, ~cells.skin))
    odds = np.log((on_skin + RARE) / (elsewhere + RARE)).clip(LEAST_ODDS)
    return torch.from_numpy(odds.astype(np.float32))


def shares(ab: Floats, bins: Floats) -> Floats:
    """What share of the colours (n, 2) is near each of `bins` (Q, 2), (Q,)."""
    total = np.zeros(len(bins))
    for part in np.array_split(ab, max(1, len(ab) // 20000)):
        near = np.exp(-((part[:, None] - bins) ** 2).sum(2) / (2 * SPREAD**2))
        total += (near / (near.sum(1, keepdims=True) + 1e-9)).sum(0)
    return (total / total.sum()).astype(np.float32)


def read_probe(path: Path, channels: Sequence[int]) -> SkinProbe:
    """A probe of an earlier run, of features with `channels` at each stride."""
    state = load_file(path)
    probe = SkinProbe(channels, len(state["answer.weight"][0]), len(state["odds"]))
    probe.load_state_dict(state)
    return probe.eval()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, help="folder of photographs with masks of skin (dev/skin_masks.py)")
    parser.add_argument("--faces", type=Path, nargs="+", required=True, help="portraits: folders or .tar")
    parser.add_argument("--others", type=Path, nargs="+", required=True, help="photographs without people")
    parser.add_argument("--crowds", type=Path, nargs="*", default=[], help="photographs of people, folders or .tar")
    parser.add_argument("--earlier", type=Path, help="a probe of an earlier run, for --crowds")
    parser.add_argument("--model", default="tint", help="whose encoder it is")
    parser.add_argument("--limit", type=int, default=400, help="pictures of each place at the most")
    parser.add_argument("--people-limit", type=int, default=1000, help="photographs of --people at the most")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    if options.crowds and not options.earlier:
        parser.error("--crowds needs --earlier: without a probe nothing tells an arm from wood")
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = Network(find_model(options.model), "cpu", "f32")
    channels = [network.encode(np.zeros((1, 1, 64, 64), np.float32))[f"features_{s}"].shape[1] for s in STRIDES]
    exact: list[Iterator[Labelled]] = []
    if options.people:
        exact.append(masked_people(options.people, options.people_limit))
    if options.crowds:
        earlier = read_probe(options.earlier, channels)
        exact += [crowds(path, options.limit, network, earlier) for path in options.crowds]
    sources = exact + [portraits(path, options.limit) for path in options.faces]
    sources += [without_people(path, options.limit) for path in options.others]
    pictures: list[Cells] = []
    for source in sources:
        pictures += [
            cells_of(network, *pair, SIDES[n // 2 % len(SIDES)], rng, exact=source in exact)
            for n, pair in enumerate(source)
        ]
        print(f"{len(pictures)} pictures", flush=True)
    fit, test = joined(pictures[::2]), joined(pictures[1::2])
    probe = fitted(fit, channels, odds_of(fit, np.array(network.model_file.info.bins, np.float32)))
    probability = told(probe, test)
    for name, where in (
        ("skin", test.skin),
        ("warm, no skin", test.warm & ~test.skin),
        ("neither", ~test.warm & ~test.skin),
    ):
        print(f"{name}: mean probability {probability[where].mean():.3f} in {int(where.sum())} cells")
    write_skin_probe(options.output, probe)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
