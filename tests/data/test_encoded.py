"""Pictures decoded when they are asked for, and drawn by weights: the same training as from decoded ones."""

from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import skimage.data
import torch
from PIL import Image

from tintype.data.cache import open_cache
from tintype.data.encoded import open_encoded
from tintype.data.gather import Source, gather
from tintype.data.manifest import Entry, write_manifest
from tintype.data.pack import pack
from tintype.data.pairs import Augmentation, Batches, PairLoader
from tintype.data.sampling import draw, source_weights
from tintype.errors import DataError
from tintype.models.task import PairForm
from training_pictures import write_tiles


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = write_tiles(tmp_path / "photos")
    (folder / "broken_1.png").write_bytes(b"no picture")
    pack([folder], tmp_path / "shards", shard_size=7)
    return tmp_path / "shards"


def test_encoded_pictures_are_the_decoded_ones(shards: Path, tmp_path: Path) -> None:
    decoded = open_cache([shards], 256, tmp_path / "cache")
    encoded = open_encoded([shards], 256, tmp_path / "cache")
    assert encoded.names == decoded.names
    assert encoded.broken == decoded.broken == ["broken_1.png"]
    assert encoded.kinds == decoded.kinds
    assert np.array_equal(encoded.heights, decoded.heights)
    assert all(np.array_equal(encoded[number], decoded[number]) for number in range(len(decoded)))


def test_batches_are_the_same_from_either(shards: Path, tmp_path: Path) -> None:
    stores = open_cache([shards], 256, tmp_path / "cache"), open_encoded([shards], 256, tmp_path / "cache")
    loaders = [
        iter(PairLoader(store, np.arange(len(store)), Batches(4), form=PairForm(), size=64, seed=3)) for store in stores
    ]
    for _ in range(3):
        one, two = map(next, loaders)
        assert (one.condition == two.condition).all()
        assert (one.target == two.target).all()


def test_the_index_of_gathered_shards_needs_no_decoding(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("astronaut", "coffee"):
        Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.jpg")
    gather(Source("a", folder), tmp_path / "pool", side=160)
    encoded = open_encoded([tmp_path / "pool"], 64, tmp_path / "cache")
    assert encoded.heights.tolist() == [160, 160]
    assert encoded[0].shape == (80, 80, 3)  # decoded at half of its size, which is enough
    assert open_encoded([tmp_path / "pool"], 160, tmp_path / "cache")[0].shape == (160, 160, 3)


def test_a_manifest_chooses_among_the_pictures_of_a_shard(shards: Path, tmp_path: Path) -> None:
    shard = sorted(shards.glob("*.tar"))[0]
    write_manifest(tmp_path / "some.manifest.jsonl", [Entry(shard, "astronaut_1.png"), Entry(shard, "chelsea_0.png")])
    assert open_encoded([tmp_path / "some.manifest.jsonl"], 64, tmp_path).names == ["astronaut_1.png", "chelsea_0.png"]


def test_folders_are_refused_with_the_way_to_shards(tmp_path: Path) -> None:
    folder = write_tiles(tmp_path / "photos")
    with pytest.raises(DataError, match="no pictures found in 0 shards"):
        open_encoded([folder], 64, tmp_path / "cache")
    write_manifest(tmp_path / "a.jsonl", [Entry(folder, "astronaut_1.png")])
    with pytest.raises(DataError, match="tintype data pack"):
        open_encoded([tmp_path / "a.jsonl"], 64, tmp_path / "cache")


def test_a_shard_that_changes_under_a_run_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(simplejpeg.encode_jpeg(skimage.data.astronaut()))
    shard = pack([folder], tmp_path / "shards").shards[0]
    encoded = open_encoded([shard], 64, tmp_path / "cache")
    shard.write_bytes(b"\0" * shard.stat().st_size)
    with pytest.raises(DataError, match=r"a\.jpg cannot be decoded"):
        encoded[0]


def test_sources_are_drawn_by_their_weights() -> None:
    names = [f"cats_{i}" for i in range(60)] + [f"dogs_{i}" for i in range(40)]
    weights = source_weights(names, {"cats": 0.5, "dogs": 2.0})
    drawn = draw(np.arange(100), weights, np.random.default_rng(0))
    assert len(drawn) == 100
    counts = np.bincount(drawn, minlength=100)
    assert abs(int(counts[:60].sum()) - 27) <= 1  # 60 * 0.5 of 110 in all
    assert set(counts[60:]) <= {1, 2}
    assert source_weights(names, {}) is None
    assert np.array_equal(draw(np.arange(100), None, np.random.default_rng(0)), np.arange(100))


def test_a_source_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"'horses'.*cats, dogs"):
        source_weights(["cats_1", "dogs_1"], {"horses": 2.0})


def test_processes_make_the_batches_that_threads_make(shards: Path, tmp_path: Path) -> None:
    store = open_encoded([shards], 256, tmp_path / "cache")
    given = store, np.arange(len(store)), Batches(4), Augmentation(hints=0.5, degrade=0.5)
    options = {"form": PairForm(), "size": 64, "seed": 3}
    processes = iter(PairLoader(*given, processes=True, **options))
    made = [next(processes) for _ in range(4)]  # first: a fork takes along what locks other threads hold just then
    for one, two in zip(PairLoader(*given, **options), made, strict=False):
        assert all(torch.equal(a, b) for a, b in zip(one.given, two.given, strict=True))
        assert torch.equal(one.target, two.target)
