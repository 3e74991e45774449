"""Films scanned as negatives: every frame turned by one table, the same after a crash, whatever piece is wanted."""

from pathlib import Path

import numpy as np

from little_films import Recipe, make, scene
from tintype.colorizer.negative import GAMMA
from tintype.imaging.color import linear_to_srgb, srgb_to_linear
from tintype.video.reader import FilmReader
from tintype.video.restoration import measure_film, restored

BASE, RANGE = 0.8, 2.0


def negative(shown: np.ndarray) -> np.ndarray:
    light = srgb_to_linear(shown.astype(np.float32)).clip(10**-RANGE, None)
    density = GAMMA * (np.log10(light) + RANGE)
    return linear_to_srgb(np.pad(BASE * 10**-density, 6, constant_values=BASE).astype(np.float32))


def test_a_film_is_one_roll(tmp_path: Path) -> None:
    scenes = [frame * share for share in (1.0, 0.6) for frame in scene(84, 116, 6, seed=2)]
    make(tmp_path / "n.mkv", [negative(frame) for frame in scenes], Recipe("ffv1", audio=None))
    reader = FilmReader(tmp_path / "n.mkv")
    roll = measure_film(reader)
    assert roll.rebate
    assert abs(roll.base - BASE) < 0.03
    made = list(restored(reader.frames(), reader.info, ["negative"], roll))
    originals = list(reader.frames())
    assert [frame.checksum for frame in made] == [frame.checksum for frame in originals]
    light = [
        srgb_to_linear(reader.info.signal.to_full8(frame.luma)[12:-12, 12:-12] / np.float32(255)) for frame in made
    ]
    true = [srgb_to_linear(frame[6:-6, 6:-6].astype(np.float32)) for frame in scenes]
    for mine, wanted in zip(light, true, strict=True):
        assert np.corrcoef(mine.ravel(), wanted.ravel())[0, 1] > 0.995
    # The darker half of the film stays as much darker as it was.
    assert abs(np.median(light[8] / light[2]) - np.median(true[8] / true[2])) < 0.06
    excerpt = list(restored(reader.frames(start=0.2), reader.info, ["negative"], measure_film(reader)))
    assert np.array_equal(excerpt[0].luma, next(f.luma for f in made if f.pts == excerpt[0].pts))
