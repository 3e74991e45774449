"""Folders and shards read alike."""

import os
import tarfile
from pathlib import Path

import pytest

from tintype.data.sources import iter_pictures, source_of
from tintype.errors import DataError
from training_pictures import write_tiles


def test_a_folder_and_its_shard_hold_the_same_pictures(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "photos")
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden.png").write_bytes(b"")
    shard = tmp_path / "shard.tar"
    with tarfile.open(shard, "w") as tar:
        for file in sorted(folder.iterdir()):
            tar.add(file, file.name)
    from_folder = {p.name: p.data for p in iter_pictures(folder)}
    assert len(from_folder) == 16
    assert {p.name: p.data for p in iter_pictures(shard)} == from_folder
    assert {p.source for p in iter_pictures(shard)} == {"astronaut", "coffee", "chelsea", "rocket"}


def test_folder_of_shards_and_subfolders(tmp_path: Path) -> None:
    write_tiles(tmp_path / "all" / "deep")
    with tarfile.open(tmp_path / "all" / "more.tar", "w") as tar:
        tar.add(tmp_path / "all" / "deep" / "coffee_0.png", "x/coffee_9.png")
    names = [p.name for p in iter_pictures(tmp_path / "all")]
    assert len(names) == 17
    assert "x/coffee_9.png" in names
    assert os.path.join("deep", "coffee_0.png") in names


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such"):
        next(iter_pictures(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="no pictures"):
        list(iter_pictures(tmp_path))
    (tmp_path / "bad.tar").write_bytes(b"this is no tar file at all" * 100)
    with pytest.raises(DataError, match=r"bad\.tar"):
        list(iter_pictures(tmp_path))


@pytest.mark.parametrize(
    ("name", "source"), [("flickr8k_224_1.webp", "flickr8k"), ("a/b-2.jpg", "b"), ("_x.png", "_x")]
)
def test_source_is_the_first_word(name: str, source: str) -> None:
    assert source_of(name) == source
