"""The network that restores light: identity until trained, any size, a file that computes the same, and its samples."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tintype.colorizer.learned_restore import Restorer as InUse
from tintype.colorizer.learned_restore import restored_map
from tintype.data.degrade import degrade, handled_print, old_print
from tintype.data.pairs import LIGHTNESS_OF_LUMA, make_pair, make_print
from tintype.errors import WeightsError
from tintype.models import build_generator, form_of
from tintype.models.restorer import Restorer, RestorerConfig
from tintype.network.model_file import find_model
from tintype.photo.photo import Photo
from tintype.training.answers import Answers
from tintype.training.export import export_checkpoint
from tintype.training.objective import DISTANCES
from tintype.training.recipe import load_recipe

SMALL = RestorerConfig((8, 12, 16), 1)


def test_it_gives_back_what_it_is_given_until_it_learns() -> None:
    network = Restorer()
    assert sum(p.numel() for p in network.parameters()) < 4_000_000
    light = torch.rand(2, 1, 48, 72) * 2 - 1
    assert torch.equal(network(light), light)


def test_what_is_smooth_is_no_damage() -> None:
    """Where only fading, stains and vignettes were drawn, both are the same."""
    rgb = np.full((64, 64, 3), 120, np.uint8)
    rgb[16:48, 16:48] = 200
    alike = different = 0
    for seed in range(60):
        whole, damaged = old_print(rgb, np.random.default_rng(seed))
        alike += np.array_equal(whole, damaged)
        different += whole.std() != np.float64(rgb[..., 0].std())
    assert 2 <= alike <= 30
    assert different > 30


def test_it_learns_to_undo_damage() -> None:
    torch.manual_seed(0)
    network = Restorer(SMALL)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    clean = torch.rand(4, 1, 8, 8).repeat_interleave(8, 2).repeat_interleave(8, 3) * 2 - 1
    faded = clean + 0.3 * torch.rand_like(clean) - 0.15
    faded[:, :, :, 20] = 1
    first = float((network(faded) - clean).abs().mean())
    for _ in range(120):
        loss = (network(faded) - clean).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss) < 0.85 * first


def test_samples_are_old_prints_and_what_they_were() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    form = form_of("restore", build_generator("restore", {}))
    assert form.channels == 1
    condition, target = make_pair(rgb, form)
    assert np.array_equal(condition, target)
    old, new = make_print(rgb, np.random.default_rng(5))
    whole, damaged = handled_print(rgb, np.random.default_rng(5))
    assert np.array_equal(old[0], LIGHTNESS_OF_LUMA[damaged])
    assert np.array_equal(new[0], LIGHTNESS_OF_LUMA[whole])
    assert np.array_equal(degrade(rgb, np.random.default_rng(5)), old_print(rgb, np.random.default_rng(5))[1])
    undamaged = [make_print(rgb, np.random.default_rng(seed), damaged=False) for seed in range(20)]
    assert all(np.array_equal(*pair) for pair in undamaged)
    as_it_is = [np.array_equal(pair[0], condition) for pair in undamaged]
    assert 5 < sum(as_it_is) < 20  # the others are seen from closer
    answers = Answers(form)
    planes = torch.from_numpy(target)[None]
    assert answers.ab(planes).abs().max() == 0
    grey = answers.rgb(planes, planes)
    assert (grey.max(1)[0] - grey.min(1)[0]).max() < 1e-3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of a network with drawn weights."""
    from tintype.training import checkpoint

    torch.manual_seed(1)
    network = Restorer(SMALL)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    info = {
        "system": "restore",
        "generator": {"widths": [8, 12, 16], "blocks": 1},
        "answer": {"condition": "lightness", "target": "light", "scale": 1.0},
        "hints": "untrained",
        "images_seen": 1,
        "recipe": "",
    }
    folder = tmp_path_factory.mktemp("model")
    checkpoint.write_tensors(folder / "w.safetensors", network.state_dict(), info)
    return export_checkpoint(folder / "w.safetensors", folder / "r.onnx")


def test_the_file_computes_the_same_at_any_size(model: Path, examples: list[Path]) -> None:
    restorer = InUse(model, threads=1)
    assert restorer.model_file.info.target == "light"
    assert restorer.model_file.info.hints == "none"
    photo = Photo.read(examples[0])
    made = restorer.restore(photo)
    assert made.luma.shape == photo.luma.shape
    changed = restored_map(photo, made)
    assert np.array_equal(changed.astype(int) - 128, (made.luma.astype(int) - photo.luma).clip(-128, 127))
    deep = Photo.read(photo.luma.astype(np.uint16) * np.uint16(257))
    both = restorer.restore(deep)
    assert both.deep is not None
    assert np.abs(both.luma.astype(int) - made.luma).max() <= 1


def test_a_model_that_colours_does_not_restore() -> None:
    with pytest.raises(WeightsError, match="a model that colours, not one that restores"):
        InUse(find_model("tint-small").path)


@pytest.mark.slow
def test_the_recipes_loss_learns_a_batch_by_heart(examples: list[Path]) -> None:
    """With L1 the same steps gain a fraction: giving back what came is its best constant answer to sparse damage."""
    (loss,) = load_recipe("restore").stages[0].losses
    distance = DISTANCES[loss]
    rng = np.random.default_rng(1)
    pairs = []
    for path in examples[:4]:
        with Image.open(path) as image:
            square = np.asarray(image.convert("RGB").resize((48, 48)))
        pairs.append(make_print(square, rng))
    damaged, whole = (torch.from_numpy(np.stack(planes)) for planes in zip(*pairs, strict=True))

    def psnr(made: torch.Tensor) -> float:
        return float(10 * torch.log10(4 / (made - whole).square().mean()))

    torch.manual_seed(0)
    network = Restorer()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.9, 0.99))
    before = psnr(damaged)
    for _ in range(300):
        made = network(damaged)
        optimizer.zero_grad()
        distance(made, whole).backward()
        optimizer.step()
    assert psnr(made.detach()) > before + 8
    assert psnr(made.detach()) > 35


def test_the_logarithm_gives_each_sample_its_own_measure() -> None:
    """A sample with little damage moves the loss by as much as one with a hundred times its error."""
    whole = torch.zeros(2, 1, 16, 16)
    made = torch.cat([torch.full((1, 1, 16, 16), 1.0), torch.full((1, 1, 16, 16), 0.1)])
    both = torch.cat([made[:1] * 0.9, made[1:]]), torch.cat([made[:1], made[1:] * 0.9])
    before = DISTANCES["log_l2"](made, whole)
    gains = [float(before - DISTANCES["log_l2"](changed, whole)) for changed in both]
    assert gains[1] == pytest.approx(gains[0], rel=0.1)
    squared = [float(DISTANCES["l2"](made, whole) - DISTANCES["l2"](changed, whole)) for changed in both]
    assert squared[0] > 50 * squared[1]
    assert float(DISTANCES["log_l2"](whole, whole)) == 0
