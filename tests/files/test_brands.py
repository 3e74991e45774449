"""Everybody agrees which files of the ISO base media format are stills: the decoder, the film sniffer, the server."""

import sys
from pathlib import Path

import pytest

from tintype.errors import MissingExtra
from tintype.files.brands import HEIF, STILL
from tintype.photo.photo import Photo
from tintype.server.intake import film_format
from tintype.video.sniff import is_film


@pytest.mark.parametrize("brand", sorted(STILL))
def test_a_still_is_no_film(brand: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"\0\0\0\x18ftyp" + brand + bytes(52)
    path = tmp_path / "picture.mp4"  # the content counts, not the name
    path.write_bytes(head)
    assert not is_film(path)
    assert film_format(head) is None
    if brand in HEIF:  # the decoder knows whose it is
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        with pytest.raises(MissingExtra, match="heif"):
            Photo.read(head)


def test_a_film_is_no_still(tmp_path: Path) -> None:
    head = b"\0\0\0\x18ftypisom" + bytes(52)
    path = tmp_path / "film.heic"
    path.write_bytes(head)
    assert is_film(path)
    assert film_format(head) == "MP4"
    assert b"hevc" in HEIF
