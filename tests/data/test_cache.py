"""Decode once, keyed by content."""

import os
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageOps

from tintype.data.cache import colourful, open_cache
from tintype.errors import DataError
from training_pictures import write_tiles


def test_pixels_come_back_exactly(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "photos")
    cache = open_cache([folder], 96, tmp_path / "cache")
    assert len(cache) == 16
    for index in (0, 7, 15):
        original = np.asarray(Image.open(folder / cache.names[index]))
        np.testing.assert_array_equal(cache[index], original)


def test_second_opening_decodes_nothing_and_new_content_gets_a_new_cache(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "photos")
    seen: list[int] = []
    open_cache([folder], 96, tmp_path / "cache", seen.append)
    assert seen == [16]
    open_cache([folder], 96, tmp_path / "cache", seen.append)
    assert seen == [16]
    Image.new("RGB", (40, 30), "red").save(folder / "new.png")
    assert len(open_cache([folder], 96, tmp_path / "cache", seen.append)) == 17
    assert seen == [16, 17]


def test_large_pictures_are_reduced_by_their_short_side(tmp_path: Path) -> None:
    Image.new("RGB", (400, 200), "green").save(tmp_path / "wide.png")
    Image.new("RGB", (30, 50), "green").save(tmp_path / "small.png")
    cache = open_cache([tmp_path], 100, tmp_path / "cache")
    assert {cache[i].shape for i in range(2)} == {(100, 200, 3), (50, 30, 3)}


def test_broken_are_named_and_grey_are_told_apart(tmp_path: Path) -> None:
    colour = Image.fromarray(skimage.data.coffee()[:128, :128])
    colour.save(tmp_path / "colour.png")
    grey = colour.convert("L")
    grey.convert("RGB").save(tmp_path / "grey.png")
    ImageOps.colorize(grey, (30, 15, 0), (255, 240, 210)).save(tmp_path / "sepia.png")
    (tmp_path / "text.jpg").write_text("hello")
    cache = open_cache([tmp_path], 64, tmp_path / "cache")
    assert cache.broken == ["text.jpg"]
    kept = {what: [cache.names[i] for i in colourful(cache, what)] for what in ("none", "grey", "tinted")}
    assert kept["none"] == ["colour.png", "grey.png", "sepia.png"]
    assert kept["grey"] == ["colour.png", "sepia.png"]
    assert kept["tinted"] == ["colour.png"]


def test_only_broken_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    with pytest.raises(DataError, match="none of the 1 pictures"):
        open_cache([tmp_path], 64, tmp_path / "cache")


@pytest.mark.skipif("TINTYPE_DATA" not in os.environ, reason="needs the folder that TINTYPE_DATA names")
def test_a_real_shard(tmp_path: Path) -> None:
    cache = open_cache([Path(os.environ["TINTYPE_DATA"]) / "driving.tar"], 128, tmp_path)
    assert len(cache) == 701
    assert not cache.broken
    assert len(colourful(cache)) == 701
