"""Negatives: the film base from the rebate, density inversion in 16 bits, and one scale for a roll."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import RunCli
from tintype.batch.rolls import Rolls
from tintype.colorizer.negative import GAMMA, Roll, measure_roll, to_positive
from tintype.colorizer.negative_look import negative_score
from tintype.colorizer.provenance import read_record
from tintype.colorizer.restore import restore
from tintype.errors import TintypeError
from tintype.imaging.color import linear_to_srgb, srgb_to_linear
from tintype.photo.photo import Photo

Plane = NDArray[np.float32]
BASE, RANGE = 0.7, 2.0  # transmittance of the film; decades of light in the scene


def scene(path: Path, side: int = 160) -> Plane:
    """A photograph as sRGB values (h, w) in [0, 1]."""
    image = Image.open(path).convert("L")
    image.thumbnail((side, side))
    return np.asarray(image, np.float32) / 255


def negative(shown: Plane, exposure: float = 1.0, rebate: int = 12, holder: int = 0) -> Plane:
    """A scan, in sRGB values, of the negative of a scene: density by the light's logarithm, clear film around it."""
    light = (srgb_to_linear(shown) * exposure).clip(10**-RANGE, None)
    density = GAMMA * (np.log10(light) + RANGE)
    framed = np.pad(BASE * 10**-density, rebate, constant_values=BASE)
    return linear_to_srgb(np.pad(framed, holder, constant_values=0).astype(np.float32))


def as_16_bits(scan: Plane) -> Photo:
    return Photo.read(np.round(scan * 65535).astype(np.uint16))


def light_of(photo: Photo) -> Plane:
    assert photo.deep is not None
    return srgb_to_linear(photo.deep.luma.astype(np.float32) / 65535)


def test_the_light_of_the_scene_comes_back(examples: list[Path]) -> None:
    for path in examples[:3]:
        shown = scene(path)
        made = to_positive(as_16_bits(negative(shown)))
        assert made.chroma is None
        back = light_of(made)[12:-12, 12:-12]
        true = srgb_to_linear(shown)
        # Up to one factor, the exposure of the print: the film's shoulder and toe are left out.
        kept = true > 10 ** (-RANGE + 0.3)
        ratio = np.log10(np.maximum(back[kept], 1e-4) / true[kept])
        assert float(np.std(ratio)) < 0.06
        assert float(np.corrcoef(back.ravel(), true.ravel())[0, 1]) > 0.999


def test_the_rebate_gives_the_base_and_the_holder_does_not(examples: list[Path]) -> None:
    shown = scene(examples[0])
    for rebate, holder in ((12, 0), (12, 6)):
        roll = measure_roll([as_16_bits(negative(shown, rebate=rebate, holder=holder))])
        assert roll.rebate
        assert roll.base == pytest.approx(BASE, rel=0.02)
    # A picture that is black at its rim looks like one with a rebate, and has the same base: this one is not.
    slope = np.tile(np.linspace(0.15, 0.95, 200, dtype=np.float32), (140, 1))
    without = measure_roll([as_16_bits(negative(slope, rebate=0))])
    assert not without.rebate


def test_sixteen_bits_are_kept(examples: list[Path]) -> None:
    grain = np.random.default_rng(0).normal(0, 0.004, scene(examples[1]).shape).astype(np.float32)
    scan = negative((scene(examples[1]) + grain).clip(0, 1))
    made = to_positive(as_16_bits(scan))
    assert made.deep is not None
    assert len(np.unique(made.deep.luma)) > 2000
    assert np.abs(made.luma.astype(int) - np.round(made.deep.luma / 257).astype(int)).max() <= 1
    from_8_bits = to_positive(Photo(np.round(scan * 255).astype(np.uint8)))
    assert from_8_bits.deep is None
    assert np.abs(from_8_bits.luma.astype(int) - made.luma).mean() < 3


def test_frames_of_a_roll_keep_their_exposures(examples: list[Path]) -> None:
    shown = scene(examples[0]) * 0.5
    scans = [as_16_bits(negative(shown, exposure)) for exposure in (1.0, 2.0)]
    roll = measure_roll(scans)
    dark, bright = (light_of(to_positive(scan, roll))[12:-12, 12:-12] for scan in scans)
    places = (bright < 0.95) & (dark > 0.02)
    assert float(np.median(np.log2(bright[places] / dark[places]))) == pytest.approx(1, abs=0.1)
    alone = [light_of(to_positive(scan))[12:-12, 12:-12] for scan in scans]
    assert abs(float(np.median(np.log2(alone[1][places] / alone[0][places])))) < 0.3  # each by itself: evened out


def test_a_folder_is_a_roll(examples: list[Path], tmp_path: Path) -> None:
    for number, exposure in enumerate((0.5, 1.0)):
        scan = negative(scene(examples[0]), exposure)
        Image.fromarray(np.round(scan * 255).astype(np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"no picture")
    sources = [str(tmp_path / f"{number}.png") for number in range(3)]
    rolls = Rolls(sources)
    assert rolls.of(sources[0]) == rolls.of(sources[1]) == measure_roll([Photo.read(s) for s in sources[:2]])
    assert rolls.of(tmp_path / "elsewhere" / "9.png") is None
    assert rolls.of(b"bytes") is None


def test_linear_scans_are_read_by_their_profile(examples: list[Path], tmp_path: Path) -> None:
    """The same negative, stored as linear light with a profile that says so, gives the same positive as shown."""
    from tintype.photo.icc import power_profile, shown_curve

    scan = negative(scene(examples[0]))
    linear = Photo.read(np.round(srgb_to_linear(scan) * 65535).astype(np.uint16))
    linear = linear.with_meta(type(linear.meta)(mode="I;16", icc=power_profile(1.0)))
    assert shown_curve(linear.meta.icc) is not None
    plain, other = to_positive(as_16_bits(scan)), to_positive(linear)
    assert plain.deep is not None
    assert other.deep is not None
    shown = other.as_shown(other.deep.luma.astype(np.float32) / 65535)
    assert np.abs(shown - plain.deep.luma / np.float32(65535)).mean() < 0.004


def test_the_step_is_one_of_restore(examples: list[Path]) -> None:
    scan = Photo(np.round(negative(scene(examples[0])) * 255).astype(np.uint8))
    roll = Roll(BASE, GAMMA * RANGE, rebate=True)
    assert np.array_equal(restore(scan, ["negative"], roll).luma, to_positive(scan, roll).luma)
    both = restore(scan, ["fade", "negative"], roll)  # turned first
    assert float(both.luma[12:-12, 12:-12].mean()) > float(255 - scan.luma[12:-12, 12:-12].mean()) * 0.3
    with pytest.raises(TintypeError, match="there are negative, auto, noise, dust, fade"):
        restore(scan, ["positive"])


def test_the_command_line(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    (tmp_path / "roll").mkdir()
    for number, exposure in enumerate((0.5, 1.0)):
        scan = np.round(negative(scene(examples[0]), exposure) * 65535).astype(np.uint16)
        Image.fromarray(scan).save(tmp_path / "roll" / f"{number}.tif")
    done = cli("colorize", "roll", "--negative", "--model", "tiny", "-o", "out")
    assert done.returncode == 0, done.stderr.decode()
    photos = [Photo.read(tmp_path / "out" / f"{number}.tif") for number in range(2)]
    roll = measure_roll([Photo.read(tmp_path / "roll" / f"{number}.tif") for number in range(2)])
    for number, photo in enumerate(photos):
        wanted = to_positive(Photo.read(tmp_path / "roll" / f"{number}.tif"), roll)
        assert photo.deep is not None
        assert wanted.deep is not None
        assert np.abs(photo.deep.luma.astype(int) - wanted.deep.luma).max() <= 2
        record = read_record(photo.meta)
        assert record is not None
        assert "negative" in str(record)


def test_a_negative_is_remarked_on(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    scores = {}
    for path in examples:
        shown = scene(path, 128)
        scores[path.stem] = negative_score(shown), negative_score(negative(shown, rebate=0))
    # Of most photographs the negative is told from the picture.
    assert np.mean([turned > plain for plain, turned in scores.values()]) > 0.8
    name = max(scores, key=lambda name: scores[name][1])
    path = next(path for path in examples if path.stem == name)
    Image.fromarray(np.round(negative(scene(path), rebate=0) * 255).astype(np.uint8)).save(tmp_path / "n.png")
    said = cli("colorize", "n.png", "--model", "tiny", "--json")
    assert b"n.png looks like a negative; if it is one, colour it with --negative" in said.stderr
    assert b'"note": "looks like a negative' in said.stdout
    turned = cli("colorize", "n.png", "--model", "tiny", "--negative", "-o", "turned.png")
    assert turned.returncode == 0
    assert b"looks like" not in turned.stderr
