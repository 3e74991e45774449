"""Downloads: the hash decides, and nothing half-done is left behind."""

import hashlib
from pathlib import Path

import pytest

from tintype.errors import WeightsError
from tintype.files.download import download, read_url

DATA = bytes(range(256)) * 10_000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "source.bin").write_bytes(DATA)
    return (tmp_path / "source.bin").as_uri()


@pytest.mark.parametrize("digest", [DIGEST, DIGEST[:8], DIGEST[:10].upper()])
def test_a_file_whose_hash_is_right(url: str, tmp_path: Path, digest: str) -> None:
    path = download(url, tmp_path / "new" / "file.bin", digest)
    assert path.read_bytes() == DATA
    assert list(path.parent.iterdir()) == [path]


def test_a_file_whose_hash_is_wrong_is_not_kept(url: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"sha256 {DIGEST}, expected 12345678"):
        download(url, tmp_path / "new" / "file.bin", "12345678")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///nowhere/at-all", "No such file"),
        ("ftp://example.org/file", "scheme 'ftp'"),
        ("http://127.0.0.1:9/file", "refused"),
    ],
)
def test_what_cannot_be_reached(url: str, reason: str, tmp_path: Path) -> None:
    for fetch in (lambda: download(url, tmp_path / "file", DIGEST), lambda: read_url(url)):
        with pytest.raises(WeightsError, match=reason) as caught:
            fetch()
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
