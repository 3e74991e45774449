"""Photographs gathered from folders, archives and git histories: what is kept, what is left out."""

import io
import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from tintype.cli import app
from tintype.data.gather import Source, gather, read_sources
from tintype.data.held_out import difference_hashes, is_near, read_hashes
from tintype.data.manifest import read_entries, read_manifest
from tintype.data.pool import write_pool_manifest
from tintype.data.suitability import unsuitable
from tintype.errors import DataError

PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)())


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def text_page() -> Image.Image:
    page = Image.new("RGB", (300, 400), "white")
    draw = ImageDraw.Draw(page)
    for row in range(10, 390, 14):
        draw.text((10, row), "the quick brown fox jumps over the dog", fill="darkred")
    return page


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A bare repository: two photographs of now, one that was deleted later, and a text file."""
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q")
    for name in PHOTOS[:3]:
        photo(name).save(work / f"{name}.jpg")
    (work / "readme.txt").write_text("pictures")
    git(work, "add", ".")
    git(work, "commit", "-qm", "all")
    git(work, "rm", "-q", "chelsea.jpg")
    git(work, "commit", "-qm", "one less")
    bare = tmp_path / "bare"
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    return bare


def names_in(pool: Path) -> list[str]:
    rows = [json.loads(line) for file in sorted(pool.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [row["from"] for row in rows if "name" in row]


def test_a_history_gives_deleted_pictures_too(history: Path, tmp_path: Path) -> None:
    done = gather(Source("cats", history), tmp_path / "pool")
    assert (done.kept, done.left_out) == (3, {})
    assert {name.split("-", 1)[1] for name in names_in(tmp_path / "pool")} == {f"{name}.jpg" for name in PHOTOS[:3]}


def test_archives_and_folders_give_the_same_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name in PHOTOS:
            photo(name).save(folder / f"{name}.jpg", quality=90)
            archive.writestr(f"{name}.jpg", jpeg(photo(name)))
    assert gather(Source("a", folder), tmp_path / "one").kept == 4
    assert gather(Source("a", tmp_path / "photos.zip"), tmp_path / "two").kept == 4
    assert sorted(names_in(tmp_path / "one")) == sorted(names_in(tmp_path / "two"))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (photo("coffee"), None),
        (photo("coffee").resize((60, 40)), "tiny"),
        (photo("coffee").convert("L").convert("RGB"), "grey"),
        (text_page(), "synthetic"),
        (Image.new("RGB", (200, 200), (200, 30, 30)), "synthetic"),
    ],
    ids=["photograph", "tiny", "grey", "text", "flat"],
)
def test_what_does_not_teach_colour(image: Image.Image, reason: str | None) -> None:
    found = unsuitable(np.asarray(image))
    assert found == reason or (reason == "synthetic" and found in ("synthetic", "toned", "grey"))


def test_sepia_is_toned_and_a_filter_is_found_where_looked_for() -> None:
    grey = np.asarray(photo("astronaut").convert("L"), np.float32) / 255
    sepia = (grey[..., None] ** np.array([0.8, 1.0, 1.3]) * 255).astype(np.uint8)
    assert unsuitable(sepia) in ("toned", "grey")
    rgb = np.asarray(photo("astronaut"), np.float32)
    blue = (rgb.mean(2, keepdims=True) * 0.9 + rgb * 0.1) * np.array([0.55, 0.8, 1.25])
    filtered = blue.clip(0, 255).astype(np.uint8)
    assert unsuitable(filtered) is None or unsuitable(filtered) == "toned"
    assert unsuitable(filtered, filters=True) in ("filtered", "toned")


def test_sprites_and_palettes_are_left_out_and_turned_photographs_upright(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    sprite = photo("chelsea").convert("RGBA")
    sprite.putalpha(Image.linear_gradient("L").resize(sprite.size))
    sprite.save(folder / "a.png")
    photo("chelsea").quantize(32).save(folder / "b.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    photo("coffee").save(folder / "c.jpg", exif=turned)
    (folder / "d.jpg").write_bytes(b"no picture")
    done = gather(Source("a", folder), tmp_path / "pool", side=200)
    assert (done.kept, done.left_out) == (1, {"synthetic": 2, "broken": 1})
    [row] = [json.loads(line) for line in (tmp_path / "pool/a-000000.jsonl").read_text().splitlines() if "name" in line]
    assert (row["width"], row["height"]) == (200, 300)


def test_held_out_pictures_stay_out_mirrored_and_recoded(tmp_path: Path) -> None:
    listed = tmp_path / "held.txt"
    own = difference_hashes(np.asarray(photo("astronaut")))
    listed.write_text(f"# of the test set\n{own[0]:016x}\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    photo("coffee").save(folder / "a.jpg")
    (folder / "b.jpg").write_bytes(jpeg(photo("astronaut").resize((300, 300)), 60))
    photo("astronaut").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "c.jpg")
    done = gather(Source("a", folder), tmp_path / "pool", held_out=read_hashes(listed))
    assert (done.kept, done.left_out) == (1, {"held out": 2})
    assert not is_near(difference_hashes(np.asarray(photo("coffee"))), own)


def test_a_line_that_is_no_hash_is_named(tmp_path: Path) -> None:
    (tmp_path / "held.txt").write_text("000000c1b7b30581\nxyz\n")
    with pytest.raises(DataError, match=r"line 2: 'xyz' is no hash"):
        read_hashes(tmp_path / "held.txt")


def test_gathering_goes_on_after_the_last_whole_shard(tmp_path: Path) -> None:
    """Stopped in its second shard, it gives the same shards in the end as when nobody stops it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for number, angle in enumerate(range(0, 80, 10)):
        photo("astronaut").rotate(angle).crop((100, 100, 400, 400)).save(folder / f"{number}.jpg")
    source = Source("a", folder)
    gather(source, tmp_path / "whole", shard_size=3)

    pool = tmp_path / "pool"
    gather(source, pool, shard_size=3)
    for file in pool.glob("a-000001*"):
        file.unlink()
    for file in pool.glob("a-000002*"):
        file.unlink()
    (pool / "a.done").unlink()
    (pool / "a-000001.tar.part").write_bytes(b"half a shard")
    gather(source, pool, shard_size=3)
    shards = sorted((tmp_path / "whole").glob("*.tar"))
    assert [shard.name for shard in shards] == ["a-000000.tar", "a-000001.tar", "a-000002.tar"]
    assert [(pool / shard.name).read_bytes() for shard in shards] == [shard.read_bytes() for shard in shards]


def test_near_duplicates_of_measured_and_unfree_sources_are_not_in_the_manifest(tmp_path: Path) -> None:
    for name, photos in {"mine": PHOTOS[:3], "free": PHOTOS[1:], "test": PHOTOS[:1]}.items():
        (tmp_path / name).mkdir()
        for number, each in enumerate(photos):
            image = photo(each)
            size = image.width * (3 if name == "free" else 2) // 4, image.height * (3 if name == "free" else 2) // 4
            image.resize(size).save(tmp_path / name / f"{number}.jpg")
    (tmp_path / "sources.toml").write_text(
        "".join(
            f'[[source]]\nname = "{name}"\npath = "{name}"\nterms = "{name} terms"\ncommercial = {free}\n'
            for name, free in (("mine", "false"), ("free", "true"), ("test", "false"))
        )
    )
    sources = read_sources(tmp_path / "sources.toml")
    pool = tmp_path / "pool"
    for source in sources:
        gather(source, pool)
    pooled = write_pool_manifest(pool, sources, pool / "a.manifest.jsonl", leave_out=["test"])
    assert pooled.kept == {"free": 3}  # the larger of two; the astronaut looks like a measured one
    assert pooled.repeated == {"mine": 3}
    lines = [json.loads(line) for line in (pool / "a.manifest.jsonl").read_text().splitlines()]
    assert {line["terms"] for line in lines} == {"free terms"}
    assert {len(line["hash"]) for line in lines} == {16}
    entries = read_manifest(pool / "a.manifest.jsonl")
    assert sum(1 for _ in read_entries(entries)) == 3
    free = write_pool_manifest(pool, sources, pool / "b.manifest.jsonl", commercial=True)
    assert set(free.kept) == {"free"}


def test_the_command_gathers_and_lists(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tintype.cli.data.TOLD_EVERY", 1)
    (tmp_path / "sources.toml").write_text(f'[[source]]\nname = "cats"\npath = "{history}"\nlicence = "CC0-1.0"\n')
    runner = CliRunner()
    command = ["data", "gather", str(tmp_path / "sources.toml"), "--output", str(tmp_path / "pool")]
    result = runner.invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "cats: 3 pictures; left out: none" in result.stdout
    assert "cats: 3 looked at, 3 kept" in result.stderr  # how far it is, where no bar can move
    assert "error" not in result.stderr
    assert len(read_manifest(tmp_path / "pool/pool.manifest.jsonl")) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a list of sources"),
        ('[[source]]\nname = "a"\npath = "b"\nlicense = "MIT"\n', "license"),
        ('[[source]]\nname = "a"\npath = "b"\n' * 2, "two sources are named 'a'"),
    ],
)
def test_lists_of_sources_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "sources.toml").write_text(text)
    with pytest.raises(DataError, match=message):
        read_sources(tmp_path / "sources.toml")
