"""Shards: the same bytes for the same pictures, read back by us and by webdataset."""

import io
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from tintype.data.pack import pack
from tintype.data.sources import iter_pictures
from tintype.errors import DataError, OutputError
from training_pictures import write_tiles


def test_pictures_come_back_as_they_were(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "photos")
    seen: list[int] = []
    packed = pack([folder], tmp_path / "shards", prefix="tiles", shard_size=6, progress=seen.append)
    assert [shard.name for shard in packed.shards] == ["tiles-000000.tar", "tiles-000001.tar", "tiles-000002.tar"]
    assert (packed.pictures, packed.broken, seen[-1]) == (16, [], 16)
    back = [(p.name, p.source, p.data) for p in iter_pictures(tmp_path / "shards")]
    assert back == [(p.name, p.source, p.data) for p in iter_pictures(folder)]
    assert sorted(p.name for p in (tmp_path / "shards").iterdir()) == [shard.name for shard in packed.shards]


@pytest.mark.parametrize("side", [None, 48])
def test_equal_pictures_give_equal_bytes(tmp_path: Path, side: int | None) -> None:
    folder = write_tiles(tmp_path / "photos")
    [one] = pack([folder], tmp_path / "one", side=side).shards
    for file in folder.iterdir():
        file.touch()  # a later time of change
    [two] = pack([folder], tmp_path / "two", side=side).shards
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(("coding", "kind"), [("webp", "WEBP"), ("jpeg", "JPEG")])
def test_pictures_are_reduced_upright_and_never_enlarged(tmp_path: Path, coding: str, kind: str) -> None:
    picture = Image.fromarray(skimage.data.astronaut())
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was turned by 90 degrees
    photos = tmp_path / "photos"
    photos.mkdir()
    picture.resize((400, 200)).save(photos / "a.wide.jpg", exif=turned)
    picture.resize((50, 40)).save(photos / "b.png")
    picture.convert("RGBA").save(photos / "c.png")
    (photos / "d.jpg").write_bytes(b"no picture")
    packed = pack([photos], tmp_path / "out", side=100, coding="webp" if coding == "webp" else "jpeg")
    assert packed.broken == ["d.jpg"]
    read = {p.name: Image.open(io.BytesIO(p.data)) for p in iter_pictures(packed.shards[0])}
    assert {name: image.size for name, image in read.items()} == {
        f"a_wide.{coding}": (100, 200),
        f"b.{coding}": (50, 40),
        f"c.{coding}": (100, 100),
    }
    assert {image.format for image in read.values()} == {kind}


def test_webdataset_reads_the_shards(tmp_path: Path) -> None:
    """Keys end at the first dot there, and equal keys would be joined into one sample."""
    webdataset = pytest.importorskip("webdataset")
    for name in ("1.0/x.y.png", "1.0/x_y.png", "1.0/x_y.jpg"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "in" / name)
    [shard] = pack([tmp_path / "in"], tmp_path / "out").shards
    samples = list(webdataset.WebDataset(str(shard), shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == ["1_0/x_y", "1_0/x_y-2", "1_0/x_y-3"]
    assert [set(sample) & {"png", "jpg"} for sample in samples] == [{"png"}, {"jpg"}, {"png"}]


def test_shards_are_not_overwritten_unless_asked(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "photos")
    pack([folder], tmp_path / "out", shard_size=4)
    with pytest.raises(OutputError, match="--overwrite"):
        pack([folder], tmp_path / "out")
    pack([folder], tmp_path / "out", overwrite=True)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["shard-000000.tar"]


def test_nothing_to_pack(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="none of the 1 pictures"):
        pack([tmp_path / "x.jpg"], tmp_path / "out", side=64)
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        pack([write_tiles(tmp_path / "photos")], tmp_path / "file")
