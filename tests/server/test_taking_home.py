"""Colours taken from other pictures, and pictures taken home at a size and with a mark."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes
from server.serving import Visitor
from tintype.server.palette import colours_of


def flag(*colours: tuple[int, int, int]) -> Image.Image:
    """Stripes; each is twice as wide as the next."""
    widths = [2 ** (len(colours) - at) * 20 for at in range(len(colours))]
    stripes = [np.tile(np.array(one, np.uint8), (60, width, 1)) for one, width in zip(colours, widths, strict=True)]
    return Image.fromarray(np.concatenate(stripes, 1))


def test_a_palette_is_of_the_largest_colours_without_greys() -> None:
    red, blue, grey, leaf = (170, 30, 40), (30, 50, 160), (120, 120, 121), (60, 140, 50)
    found = colours_of(np.asarray(flag(grey, red, blue, leaf)), 3)
    for colour, wanted in zip(found, (red, blue, leaf), strict=True):
        assert np.abs(np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) - wanted).max() <= 6


def test_a_palette_comes_from_a_picture_in_colour_alone(visitor: Visitor, stranger: Visitor, photo: Path) -> None:
    (sent,) = visitor.upload(("flag.png", file_bytes(flag((170, 30, 40), (30, 50, 160)), "PNG")))
    found = visitor.get(f"/api/pictures/{sent['id']}/palette", params={"count": 2}).json()
    assert len(found) == 2
    assert stranger.get(f"/api/pictures/{sent['id']}/palette").status_code == 404
    (grey,) = visitor.upload(("grey.png", file_bytes(Image.new("L", (40, 30), 90), "PNG")))
    answer = visitor.get(f"/api/pictures/{grey['id']}/palette")
    assert answer.status_code == 422
    assert "no colour" in answer.json()["detail"]


def test_what_matches_a_reference_is_shown_and_can_be_taken_singly(visitor: Visitor, second_photo: Path) -> None:
    """A photo matches itself: each place its own, and the colours are those of the place."""
    (sent,) = visitor.upload(second_photo)
    visitor.colorize(sent)  # a reference that is grey lends the colours of its result
    address = f"/api/pictures/{sent['id']}/matches"
    found = visitor.get(address, params={"reference": sent["id"], "count": 12}).json()
    assert 6 <= len(found) <= 12
    apart = [np.hypot(one["x"] - one["other_x"], one["y"] - one["other_y"]) for one in found]
    assert np.median(apart) < 0.05
    assert len({(int(one["x"] * 6), int(one["y"] * 6)) for one in found}) == len(found)  # from all over the photo
    chosen = [
        {name: one[name] for name in ("x", "y", "color", "radius")} | {"strength": one["likeness"]} for one in found
    ]
    assert visitor.post(f"/api/pictures/{sent['id']}/predict", json={"hints": chosen[:3]}).status_code == 200
    assert visitor.get(address, params={"reference": "A" * 22}).status_code == 404


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_a_picture_is_taken_home_at_a_size(visitor: Visitor, photo: Path, kind: str) -> None:
    (sent,) = visitor.upload(photo)
    result = visitor.colorize(sent)
    asked: dict[str, Any] = {"format": kind, "side": 300, "download": True}
    data = visitor.get(result["file_url"], params=asked).content
    picture = Image.open(io.BytesIO(data))
    assert (picture.format or "").lower() == kind
    assert max(picture.size) == 300
    assert abs(picture.width / picture.height - result["width"] / result["height"]) < 0.01
    assert np.ptp(np.asarray(picture.convert("RGB")).astype(int), axis=2).mean() > 3  # in colour
    whole = visitor.get(result["file_url"], params={"side": 60_000, "format": kind})
    assert Image.open(io.BytesIO(whole.content)).size == (result["width"], result["height"])


def test_what_a_file_tells_stays_with_its_owner_at_any_size(visitor: Visitor, stranger: Visitor) -> None:
    exif = Image.Exif()
    exif[0x010E] = "grandmother in Trieste"
    sent = file_bytes(Image.new("L", (400, 300), 90), "JPEG", exif=exif)
    (picture,) = visitor.upload(("grandmother.jpg", sent))
    result = visitor.colorize(picture)
    visitor.patch(f"/api/pictures/{picture['id']}", json={"shared": True})
    asked = {"side": 200, "format": "jpeg"}
    assert b"Trieste" in visitor.get(result["file_url"], params=asked).content
    guest = stranger.get(result["file_url"], params=asked)
    assert guest.status_code == 200
    assert b"Trieste" not in guest.content
