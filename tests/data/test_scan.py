"""The data doctor on pictures made for it, and on the real landscape shard where that is at hand."""

import io
import itertools
import os
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from tintype.data.duplicates import MOST_BITS, Likeness, close_pairs, groups, likeness_of, twins
from tintype.data.grey import measure_tint, monotone
from tintype.data.pairing import find_pairings
from tintype.data.scan import VERDICTS, decode_small, scan
from tintype.data.sheet import draw_sheet
from tintype.data.sources import list_entries
from tintype.errors import DataError
from tintype.imaging.tone import MOST_RESIDUAL
from training_pictures import NAMES, write_tiles

COLOUR = [getattr(skimage.data, name)() for name in NAMES]


def is_grey(rgb: NDArray[np.uint8]) -> bool:
    return monotone(rgb) <= MOST_RESIDUAL


def toned(rgb: NDArray[np.uint8], shadow: tuple[int, int, int], light: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The picture in grey, printed between two colours."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None] / 255
    return (np.array(shadow) * (1 - grey) + np.array(light) * grey).round().astype(np.uint8)


def coded(rgb: NDArray[np.uint8], kind: str = "JPEG", quality: int = 85, side: int | None = None) -> NDArray[np.uint8]:
    image = Image.fromarray(rgb)
    if side:
        image.thumbnail((side, side))
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return np.asarray(Image.open(out).convert("RGB"))


@pytest.mark.parametrize("rgb", COLOUR, ids=NAMES)
def test_grey_and_tints_are_told_from_colour(rgb: NDArray[np.uint8]) -> None:
    assert not is_grey(rgb)
    assert measure_tint(rgb).kind == "colour"
    grey = np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert monotone(grey) < 0.1
    assert measure_tint(coded(grey)).kind == "grey"
    for shadow, light in (
        ((30, 15, 5), (255, 240, 205)),
        ((10, 20, 45), (235, 245, 255)),
        ((40, 10, 30), (255, 235, 240)),
    ):
        print_ = toned(rgb, shadow, light)
        assert is_grey(print_)
        assert measure_tint(print_).kind == "tinted"
        assert is_grey(coded(print_))


def test_sepia_is_found_under_the_noise_of_coding() -> None:
    """A small JPEG leaves some of the tint, so there a warm hue and contrast are asked for as well."""
    sepia, cool = (
        toned(COLOUR[0], *tones) for tones in (((30, 15, 5), (255, 240, 205)), ((5, 15, 30), (205, 240, 255)))
    )
    tint = measure_tint(coded(sepia, quality=70, side=100))
    assert not is_grey(coded(sepia, quality=70, side=100))
    assert tint.kind == "tinted"
    assert measure_tint(coded(cool, quality=70, side=100)).kind == "colour"


@pytest.mark.parametrize("rgb", COLOUR, ids=NAMES)
def test_fog_is_not_grey(rgb: NDArray[np.uint8]) -> None:
    """Seven parts in ten of bluish fog leave little colour, but not one colour."""
    foggy = (rgb * 0.3 + np.array([200, 208, 218]) * 0.7).round().astype(np.uint8)
    assert measure_tint(coded(foggy, side=160)).kind == "colour"


def test_one_coloured_object_is_colour() -> None:
    picture = np.repeat(cv2.cvtColor(COLOUR[0], cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    picture[200:290, 200:290] = (200, 40, 40)
    assert not is_grey(picture)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 400, 3), (3, 5, 3), (64, 64, 3)])
def test_any_size_can_be_measured(shape: tuple[int, int, int]) -> None:
    assert is_grey(np.full(shape, 128, np.uint8))
    assert likeness_of(np.full(shape, 128, np.uint8)).thumbnail.shape == (16, 16, 3)


def test_close_pairs_are_those_of_the_brute_force_search() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 1 << 63, 600, dtype=np.uint64)
    for index in range(300, 600):  # 0 to 11 bits from an earlier one
        bits = rng.choice(64, index % 12, replace=False)
        hashes[index] = hashes[index - 300] ^ np.bitwise_or.reduce(np.uint64(1) << bits.astype(np.uint64), initial=0)
    near = np.bitwise_count(hashes[:, None] ^ hashes[None]) <= MOST_BITS
    expected = {(a, b) for a, b in zip(*np.nonzero(near), strict=True) if a < b}
    assert len(expected) >= 200
    assert set(map(tuple, close_pairs(hashes).tolist())) == expected
    assert close_pairs(hashes[:1]).shape == (0, 2)


def test_copies_are_found_and_others_are_not() -> None:
    copies = [[rgb, coded(rgb, quality=50), coded(rgb, "WEBP", 40, side=150)] for rgb in COLOUR]
    found = twins([likeness_of(rgb) for rgb in itertools.chain(*copies)])
    assert found == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert twins([]) == []


def test_a_hash_alone_makes_no_twins() -> None:
    same = likeness_of(COLOUR[0])
    assert twins([same, Likeness(same.hash, 255 - same.thumbnail)]) == []


def test_groups() -> None:
    assert groups(6, [(4, 2), (2, 0), (5, 3)]) == [[0, 2, 4], [1], [3, 5]]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Sixteen good pictures and one or more of each flaw."""
    folder = write_tiles(tmp_path / "album")
    picture = Image.fromarray(COLOUR[0])
    picture.convert("L").save(folder / "grey.png")
    picture.convert("L").convert("RGB").save(folder / "grey-as-rgb.jpg")
    Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257).save(folder / "grey16.png")
    Image.fromarray(toned(COLOUR[2], (30, 15, 5), (255, 240, 205))).save(folder / "sepia.jpg")
    picture.resize((40, 60)).save(folder / "tiny.png")
    Image.open(folder / "coffee_1.png").save(folder / "coffee_9.webp", quality=60)
    out = io.BytesIO()
    picture.save(out, "JPEG")
    (folder / "cut.jpg").write_bytes(out.getvalue()[:-4000])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "letter.png").write_text("not a picture")
    return folder


def test_each_flaw_is_found(album: Path) -> None:
    seen: list[int] = []
    report = scan([album], progress=seen.append)
    assert seen == [25]
    verdicts = {finding.entry.name: finding.verdict for finding in report.findings if finding.verdict != "good"}
    assert verdicts == {
        "grey.png": "grey",
        "grey-as-rgb.jpg": "grey",
        "grey16.png": "grey",
        "sepia.jpg": "tinted",
        "tiny.png": "tiny",
        "coffee_9.webp": "duplicate",
        "cut.jpg": "broken",
        "empty.jpg": "broken",
        "letter.png": "broken",
    }
    assert report.counts(0)["good"] == len(report.good()) == 16
    assert len(report.good(["tinted", "duplicate"])) == 18
    assert {finding.why for finding in report.of("broken")} >= {"empty or unreadable", "not a picture"}
    assert report.as_dict()["sets"][0]["grey"] == 3
    assert set(report.counts(0)) == set(VERDICTS)


def test_leaks_between_sets(tmp_path: Path) -> None:
    train, val = write_tiles(tmp_path / "train"), tmp_path / "val"
    val.mkdir()
    for name in ("rocket_0", "coffee_2"):
        Image.open(train / f"{name}.png").resize((80, 80)).save(val / f"{name}.jpg", quality=70)
    Image.fromarray(COLOUR[2][:150, :150]).save(val / "new.png")
    compared = scan([train], against=[val])
    assert {finding.entry.name for finding in compared.of("leaked")} == {"rocket_0.png", "coffee_2.png"}
    assert all(finding.set == 0 for finding in compared.of("leaked"))
    assert len(compared.good()) == 14
    both = scan([train, val])
    assert {finding.entry.name for finding in both.of("leaked")} == {"rocket_0.jpg", "coffee_2.jpg"}
    assert len(both.good()) == 17


def test_a_sound_copy_is_kept_when_the_first_one_is_tiny(tmp_path: Path) -> None:
    picture = Image.fromarray(COLOUR[0])
    picture.resize((50, 50)).save(tmp_path / "a.png")
    picture.save(tmp_path / "b.png")
    assert [finding.verdict for finding in scan([tmp_path]).findings] == ["tiny", "good"]


def test_large_pictures_are_judged_by_their_own_size(tmp_path: Path) -> None:
    Image.fromarray(COLOUR[0]).resize((3000, 2000)).save(tmp_path / "large.jpg")
    (size, pixels) = decode_small((tmp_path / "large.jpg").read_bytes())
    assert size == (3000, 2000)
    assert pixels.shape[0] < 1000
    [finding] = scan([tmp_path], min_side=1500).findings
    assert (finding.verdict, finding.width, finding.height) == ("good", 3000, 2000)


def test_nothing_to_scan(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        scan([tmp_path])
    with pytest.raises(DataError, match="no such"):
        scan([tmp_path / "missing"])


def test_the_sheet_shows_what_was_found(album: Path) -> None:
    sheet = draw_sheet(scan([album]))
    assert sheet is not None
    assert sheet.width == 1200
    assert len(np.unique(np.asarray(sheet.convert("L")))) > 200  # pictures, not blank paper
    assert draw_sheet(scan([write_tiles(album.parent / "good")])) is None


def make_pairs(folder: Path, left: list[str], right: list[str]) -> None:
    for side, names in (("input", left), ("target", right)):
        (folder / side).mkdir(parents=True)
        for name in names:
            Image.new("RGB", (8, 8)).save(folder / side / name)


def test_pairs_in_text_order_go_wrong(tmp_path: Path) -> None:
    """Ten frames: a plain sort has img10 before img2 on the side without leading zeros."""
    make_pairs(tmp_path, [f"img{i}.png" for i in range(1, 11)], [f"img{i:02d}.png" for i in range(1, 11)])
    [pairing] = find_pairings(list_entries(tmp_path))
    assert (pairing.pairs, pairing.left_alone, pairing.right_alone) == (10, [], [])
    assert pairing.unsorted
    assert pairing.misplaced == 9
    assert find_pairings([*list_entries(tmp_path / "input"), *list_entries(tmp_path / "target")]) == [pairing]


def test_pictures_without_partner(tmp_path: Path) -> None:
    make_pairs(
        tmp_path, ["a_input.png", "b_input.png", "c_input.png"], ["a_target.png", "c_target.png", "d_target.png"]
    )
    [pairing] = find_pairings(list_entries(tmp_path))
    assert (pairing.left_alone, pairing.right_alone, pairing.pairs) == (["b_input.png"], ["d_target.png"], 2)
    assert pairing.misplaced == 2
    assert not pairing.unsorted


def test_classes_are_no_pairs(tmp_path: Path) -> None:
    for kind in ("cats", "dogs"):
        (tmp_path / kind).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / kind / "1.png")
    assert find_pairings(list_entries(tmp_path)) == []


DATA = Path(os.environ.get("TINTYPE_DATA", "nowhere"))


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "landscape.tar").exists(), reason="TINTYPE_DATA has no landscape.tar")
def test_the_landscape_set_has_104_grey_pictures() -> None:
    report = scan([DATA / "landscape.tar"])
    assert len(report.findings) == 4314
    grey = {finding.entry.name for finding in report.of("grey")}
    assert len(grey) == 104
    with tarfile.open(DATA / "landscape.tar") as shard:
        names = {member.name for member in shard if member.name.startswith("landscape_")}
    assert grey == names
    assert report.counts(0)["tinted"] == 6


@pytest.mark.skipif(not (DATA.parent / "historic").is_dir(), reason="no folder historic beside TINTYPE_DATA")
def test_historic_prints_have_no_colour() -> None:
    report = scan([DATA.parent / "historic"])
    assert {finding.verdict for finding in report.findings} <= {"grey", "tinted"}
