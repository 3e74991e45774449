"""The fit of the probe of skin: dev/skin_probe.py, from labelled cells and from whole photographs."""

import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from tintype.network.model_file import find_model
from tintype.network.network import Network

sys.path.append(str(Path(__file__).parents[2] / "dev"))  # behind tests/, whose names come first
import skin_probe as fit

CHANNELS = (3, 4, 5, 6)
SKIN, GRASS = (18.0, 18.0), (-20.0, 25.0)


@pytest.fixture
def cells() -> fit.Cells:
    """600 cells; skin shows in one feature of each stride and has its colour, all else is green."""
    rng = np.random.default_rng(0)
    skin = np.arange(600) % 2 == 0
    features = rng.normal(3, 1, (600, sum(CHANNELS)))
    features[skin, 0] += 2
    features[skin, -1] -= 2
    ab = np.where(skin[:, None], SKIN, GRASS) + rng.normal(0, 2, (600, 2))
    return fit.Cells(features.astype(np.float16), skin, ab.astype(np.float32))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """The astronaut with a mask of her face, and beside it pictures without anybody."""
    for name, pictures in (("people", ["astronaut"]), ("others", ["coffee", "chelsea", "rocket"])):
        (tmp_path / name).mkdir()
        for each in pictures:
            Image.fromarray(getattr(skimage.data, each)()).save(tmp_path / name / f"{each}.jpg")
    face = np.zeros((512, 512), np.uint8)
    face[70:190, 180:265] = 255
    Image.fromarray(face).save(tmp_path / "people" / "astronaut.png")
    (tmp_path / "faces").mkdir()
    Image.fromarray(skimage.data.astronaut()[40:220, 140:300]).save(tmp_path / "faces" / "near.png")
    return tmp_path


def test_skin_is_told_by_its_features(cells: fit.Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(fit, "PASSES", 60)  # few cells
    probe = fit.fitted(cells, CHANNELS, torch.zeros(2))
    probability = fit.told(probe, cells)
    as_many = 1 / (1 + np.exp(-fit.RARER) * (1 / probability - 1))  # were skin as frequent as in these cells
    assert as_many[cells.skin].mean() > 0.7 > 0.3 > as_many[~cells.skin].mean()
    assert probability[~cells.skin].mean() < 0.2


def test_a_folded_perceptron_answers_as_it_did_on_whitened_features(cells: fit.Cells) -> None:
    torch.manual_seed(0)
    seen, answer = torch.nn.Linear(sum(CHANNELS), fit.HIDDEN), torch.nn.Linear(fit.HIDDEN, 1)
    x = torch.from_numpy(cells.features).float()
    mean, spread = x.mean(0), x.std(0)
    probe = fit.folded(seen, answer, mean, spread, CHANNELS, torch.zeros(2))
    with torch.no_grad():
        logits = answer(seen((x - mean) / spread).relu())[:, 0] - fit.RARER
    np.testing.assert_allclose(fit.told(probe, cells), logits.sigmoid().numpy(), atol=1e-4)


def test_colours_of_skin_have_odds_and_others_have_none(cells: fit.Cells) -> None:
    bins = np.array([SKIN, GRASS, (0.0, -60.0)], np.float32)
    skin, grass, blue = fit.odds_of(cells, bins).tolist()
    assert skin > 2
    assert grass == fit.LEAST_ODDS
    assert abs(blue) < 0.1  # neither has any


def test_the_nearest_colour(cells: fit.Cells) -> None:
    bins = np.array([(0, 0), (20, 20), (-20, 20)], np.float32)
    assert fit.nearest(np.array([[(1, 2), (18, 15)], [(-30, 9), (2, -40)]], np.float32), bins).tolist() == [
        [0, 1],
        [2, 0],
    ]


def test_a_probe_of_photographs_and_one_that_learns_from_it(
    people: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = people / "first.safetensors", people / "second.safetensors"
    given = ["--faces", str(people / "faces"), "--others", str(people / "others"), "--people", str(people / "people")]
    monkeypatch.setattr(fit, "PASSES", 60)  # few cells
    monkeypatch.setattr("sys.argv", ["skin_probe.py", *given, "--output", str(first)])
    assert fit.main() == 0
    crowd = ["--crowds", str(people / "people"), "--earlier", str(first)]
    monkeypatch.setattr("sys.argv", ["skin_probe.py", *given, *crowd, "--output", str(second)])
    assert fit.main() == 0
    assert "skin: mean probability" in capsys.readouterr().out
    network = Network(find_model("tint"), "cpu", "f32")
    photo = fit.Photo.read(skimage.data.astronaut())
    lab, maps = fit.features_of(network, photo, 256)
    for path in (first, second):
        with torch.no_grad():
            probability = fit.read_probe(path, [x.shape[1] for x in maps])(maps)[0, 0].numpy()
        assert probability[10:22, 24:32].mean() > 0.5 > 0.2 > probability[:10, :12].mean()  # her face; the flag
    assert lab.shape == (256, 256, 3)


def test_crowds_need_an_earlier_probe(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(people / "others")
    words = ["--faces", folder, "--others", folder, "--crowds", folder, "--output", "x"]
    monkeypatch.setattr("sys.argv", ["skin_probe.py", *words])
    with pytest.raises(SystemExit):
        fit.main()
