"""Splits: the same every time, whole groups in one part; and the manifests they are kept in."""

import json
import os
import shutil
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from tintype.data.manifest import Entry, read_manifest, write_manifest
from tintype.data.sources import iter_pictures, list_entries, natural_key
from tintype.data.split import By, parse_shares, split
from tintype.errors import DataError, OutputError, TintypeError
from training_pictures import write_tiles


def touch(folder: Path, names: list[str]) -> Path:
    """Splitting by name reads no picture, so empty files do."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names_of(entries: list[Entry]) -> list[str]:
    return [entry.name for entry in entries]


def test_counts_are_exact_and_the_seed_decides(tmp_path: Path) -> None:
    folder = touch(tmp_path, [f"{i:012d}.jpg" for i in range(1000)])
    one = split([folder], {"train": 800, "val": 150}, seed=123)
    assert {name: len(entries) for name, entries in one.parts.items()} == {"train": 800, "val": 150}
    assert not set(one.parts["train"]) & set(one.parts["val"])
    assert one == split([folder], {"train": 800, "val": 150}, seed=123)
    assert one.parts["val"] != split([folder], {"train": 800, "val": 150}, seed=124).parts["val"]
    assert names_of(one.parts["val"]) == sorted(names_of(one.parts["val"]))


def test_shares_use_every_picture(tmp_path: Path) -> None:
    folder = touch(tmp_path, [f"{i}.jpg" for i in range(101)])
    sizes = [len(part) for part in split([folder], {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}).parts.values()]
    assert sorted(sizes) == [33, 34, 34]
    assert {name: len(part) for name, part in split([folder]).parts.items()} == {"train": 91, "val": 10}
    assert sum(len(part) for part in split([folder], {"a": 0.1, "b": 0.2}).parts.values()) == 30


DRIVES = [
    *(f"0001TP_{i:06d}.png" for i in range(124)),
    *(f"0006R0_f{i:05d}.png" for i in range(101)),
    *(f"0016E5_{i:05d}.png" for i in range(305)),
    *(f"Seq05VD_f{i:05d}.png" for i in range(171)),
]


@pytest.mark.parametrize("by", ["source", "prefix"])
@pytest.mark.parametrize("seed", range(5))
def test_a_drive_lies_wholly_in_one_part(tmp_path: Path, by: By, seed: int) -> None:
    """CamVid as it is published: its four drives are what the names begin with."""
    divided = split([touch(tmp_path, DRIVES)], {"train": 0.8, "val": 0.2}, by=by, seed=seed)
    drives = {name: {entry.name.split("_")[0] for entry in part} for name, part in divided.parts.items()}
    assert drives["train"] | drives["val"] == {"0001TP", "0006R0", "0016E5", "Seq05VD"}
    assert not drives["train"] & drives["val"]
    assert 100 <= len(divided.parts["val"]) <= 171
    assert sum(divided.group_counts.values()) == 4


def test_a_random_split_mixes_the_drives(tmp_path: Path) -> None:
    divided = split([touch(tmp_path, DRIVES)], {"train": 0.8, "val": 0.2}, by="picture")
    assert {entry.name.split("_")[0] for entry in divided.parts["val"]} == {"0001TP", "0006R0", "0016E5", "Seq05VD"}


def test_folders_and_shards_stay_whole(tmp_path: Path) -> None:
    folder = touch(tmp_path / "data", [f"{film}/{i}.png" for film in "abcd" for i in range(5)])
    with tarfile.open(folder / "e.tar", "w") as shard:
        for i in range(5):
            shard.addfile(tarfile.TarInfo(f"{i}.png"))
    divided = split([folder], {"train": 0.6, "val": 0.4}, by="folder")
    films = {
        name: Counter((e.path.name, Path(e.name).parent.name) for e in part) for name, part in divided.parts.items()
    }
    assert {count for counter in films.values() for count in counter.values()} == {5}
    assert {name: len(counter) for name, counter in films.items()} == {"train": 3, "val": 2}


def test_every_part_gets_a_group(tmp_path: Path) -> None:
    folder = touch(tmp_path, [*(f"big_{i}.png" for i in range(90)), "x_1.png", "y_1.png"])
    divided = split([folder], {"train": 0.5, "val": 0.3, "test": 0.2}, by="source")
    assert set(divided.group_counts.values()) == {1}
    with pytest.raises(DataError, match=r"3 source group.* for 4 parts"):
        split([folder], {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}, by="source")


def test_twins_stay_together(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path)
    for file in sorted(folder.glob("*.png")):
        Image.open(file).resize((80, 80)).save(folder / f"copy-{file.stem}.jpg")
    apart = split([folder], {"train": 0.5, "val": 0.5})
    together = split([folder], {"train": 0.5, "val": 0.5}, keep_twins=True)

    def halves(entries: list[Entry]) -> set[str]:
        return {Path(entry.name).stem.removeprefix("copy-") for entry in entries}

    assert halves(apart.parts["train"]) & halves(apart.parts["val"])
    assert not halves(together.parts["train"]) & halves(together.parts["val"])
    assert len(together.parts["train"]) == 16


def test_scenes_stay_together(tmp_path: Path) -> None:
    """Frames of two drives past two walls, with numbers that tell nothing."""
    walls = [skimage.data.brick(), skimage.data.grass()]
    for i in range(12):
        left = 20 * (i // 2)
        Image.fromarray(walls[i % 2][100:356, left : left + 340]).convert("RGB").save(tmp_path / f"frame_{i:02d}.png")
    divided = split([tmp_path], {"train": 0.5, "val": 0.5}, by="scene")
    walls_of = {name: {int(entry.name[6:8]) % 2 for entry in part} for name, part in divided.parts.items()}
    assert sorted(map(list, walls_of.values())) == [[0], [1]]


@pytest.mark.parametrize("place", ["list_eval_partition.txt", "Eval/list_eval_partition.txt"])
def test_the_celeba_layout(tmp_path: Path, place: str) -> None:
    touch(tmp_path / "img_celeba", [f"{i:06d}.jpg" for i in range(1, 11)])
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("".join(f"{i:06d}.jpg {0 if i < 8 else i - 7}\n" for i in range(1, 10)))
    for path in (tmp_path, tmp_path / "img_celeba"):
        divided = split([path])
        assert {name: len(part) for name, part in divided.parts.items()} == {"train": 7, "val": 1, "test": 1}
        assert divided == split([path], by="partition")
    assert len(split([tmp_path], {"train": 0.5, "val": 0.5}).parts["val"]) == 5
    with pytest.raises(DataError, match="leave out the shares"):
        split([tmp_path], {"train": 1.0}, by="partition")


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"train": 0.8, "val": 0.3}, "sum to 1.1"),
        ({"train": 8000, "val": 2000}, "10000 pictures wanted, 20 there"),
        ({"train": 0.8, "val": 2}, "cannot be mixed"),
        ({"train": 1.5}, "at most 1.0"),
        ({"train": 0}, "over 0"),
        ({"tr/ain": 0.5}, "letters"),
        ({"train": 0.9, "val": 0.001}, "is none"),
    ],
)
def test_impossible_shares(tmp_path: Path, shares: dict[str, float | int], words: str) -> None:
    folder = touch(tmp_path, [f"{i}.jpg" for i in range(20)])
    with pytest.raises(DataError, match=words):
        split([folder], shares)


def test_shares_as_people_write_them() -> None:
    assert parse_shares(["train=0.8", "val=20%"]) == {"train": 0.8, "val": 0.2}
    assert parse_shares(["train=8000"]) == {"train": 8000}
    for text in ("train", "train=many", "=0.x"):
        with pytest.raises(DataError, match="is no part"):
            parse_shares([text])


def test_no_partition_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="list_eval_partition"):
        split([touch(tmp_path, ["1.jpg"])], by="partition")


def test_manifests_read_like_the_folders_they_list(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "data" / "photos")
    shard = tmp_path / "data" / "more.tar"
    with tarfile.open(shard, "w") as tar:
        tar.add(folder / "rocket_0.png", "deep/rocket_9.png")
    divided = split([folder, shard], {"train": 14, "val": 3})
    files = divided.write(tmp_path / "parts")
    assert [file.name for file in files] == ["train.manifest.jsonl", "val.manifest.jsonl"]
    read = [picture for file in files for picture in iter_pictures(file)]
    expected = {p.entry: p for path in (folder, shard) for p in iter_pictures(path)}
    assert len(read) == len(expected) == 17
    assert {(p.name, p.source, p.data) for p in read} == {(p.name, p.source, p.data) for p in expected.values()}
    assert [entry.name for entry in list_entries(files[1])] == names_of(divided.parts["val"])
    paths = {json.loads(line)["path"] for file in files for line in file.read_text().splitlines()}
    assert paths == {"../data/photos", "../data/more.tar"}
    shutil.move(tmp_path / "data", tmp_path / "moved" / "data")
    shutil.move(tmp_path / "parts", tmp_path / "moved" / "parts")
    assert len(list(iter_pictures(tmp_path / "moved" / "parts" / "train.manifest.jsonl"))) == 14


def test_a_manifest_is_not_overwritten(tmp_path: Path) -> None:
    divided = split([touch(tmp_path / "photos", ["1.png", "2.png"])], {"train": 1, "val": 1})
    (tmp_path / "val.manifest.jsonl").write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        divided.write(tmp_path)
    assert not (tmp_path / "train.manifest.jsonl").exists()
    divided.write(tmp_path, overwrite=True)
    assert len(read_manifest(tmp_path / "val.manifest.jsonl")) == 1
    with pytest.raises(OutputError, match=r"list\.txt\.manifest\.jsonl"):
        write_manifest(tmp_path / "list.txt", [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no pictures"),
        ('{"path": "photos", "name": "1.png"}\nnot json\n', "line 2"),
        ('{"path": "photos"}\n', "line 1"),
        ('["photos", "1.png"]\n', "line 1"),
        ('{"path": "photos", "name": "gone.png"}\n', r"gone\.png"),
        ('{"path": "gone.tar", "name": "1.png"}\n', r"gone\.tar"),
        ('{"path": "some.tar", "name": "1.png"}\n', r"no picture 1\.png"),
        ('{"path": "bad.tar", "name": "1.png"}\n', "not a readable tar"),
    ],
)
def test_bad_manifests(tmp_path: Path, text: str, words: str) -> None:
    touch(tmp_path / "photos", ["1.png"])
    with tarfile.open(tmp_path / "some.tar", "w") as shard:
        shard.addfile(tarfile.TarInfo("2.png"))
    (tmp_path / "bad.tar").write_bytes(b"no tar at all" * 100)
    (tmp_path / "x.manifest.jsonl").write_text(text)
    with pytest.raises(TintypeError, match=words):
        list(iter_pictures(tmp_path / "x.manifest.jsonl"))


def test_names_are_sorted_as_people_count(tmp_path: Path) -> None:
    touch(tmp_path, ["img10.png", "img2.png", "img1.png", "b/2.png", "b/10.png", "img02.png"])
    assert [p.name for p in iter_pictures(tmp_path)] == [
        os.path.join("b", "2.png"),
        os.path.join("b", "10.png"),
        "img1.png",
        "img02.png",
        "img2.png",
        "img10.png",
    ]
    assert natural_key("a2") < natural_key("a10") < natural_key("b1")
    assert np.all([natural_key(str(i)) < natural_key(str(i + 1)) for i in range(120)])
