"""Large pictures: weighed by their header, refused by their shape, coloured and converted in strips."""

import io
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from pictures import file_bytes, noise, smooth
from server.serving import Site, serving
from tintype.colorizer.provenance import read_record
from tintype.errors import InputError
from tintype.photo.photo import Photo
from tintype.server import large
from tintype.server.large import check_shape, head_of, small_photo, weigh
from tintype.server.problems import ProblemError


def deep(height: int, width: int, bands: int = 1) -> bytes:
    """A 16-bit PNG of smooth light."""
    pixels = np.repeat(smooth(height, width)[..., None].astype(np.uint16) * 257, bands, axis=2)
    if bands == 4:
        pixels[..., 3] = 65535
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels), width, height, bands, "ushort")
    kind = "rgb16" if bands > 2 else "grey16"
    data: bytes = image.copy(interpretation=kind).pngsave_buffer(bitdepth=16)
    return data


KINDS = {
    "grey JPEG": (file_bytes(Image.fromarray(smooth(60, 90)), "JPEG"), "JPEG", False),
    "RGB PNG": (file_bytes(Image.fromarray(np.dstack([smooth(60, 90)] * 3)), "PNG"), "PNG", False),
    "16-bit PNG": (deep(60, 90), "PNG", True),
    "16-bit RGBA PNG": (deep(60, 90, 4), "PNG", True),
    "WebP": (file_bytes(Image.fromarray(np.dstack([smooth(60, 90)] * 3)), "WEBP"), "WEBP", False),
    "16-bit TIFF": (file_bytes(Image.fromarray(smooth(60, 90).astype(np.uint16) * 257), "TIFF"), "TIFF", True),
}


def further(format: str) -> bytes:
    """A picture, turned by its EXIF, in a format of the extra heif."""
    module = pytest.importorskip({"HEIF": "pillow_heif", "JXL": "pillow_jxl"}[format], reason="no extra heif")
    if format == "HEIF":
        module.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    return file_bytes(Image.fromarray(np.dstack([smooth(60, 90)] * 3)), format, exif=exif.tobytes())


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_is_enough(kind: str) -> None:
    data, format, is_deep = KINDS[kind]
    file = io.BytesIO(data)
    head = head_of(file)
    assert head is not None
    assert (head.format, head.width, head.height, head.is_deep) == (format, 90, 60, is_deep)
    assert file.tell() == 0
    assert weigh(head, "look") < weigh(head, "convert")


@pytest.mark.parametrize("format", ["HEIF", "JXL"])
def test_formats_of_the_extra_heif_are_weighed_and_bounded_by_their_header(format: str) -> None:
    """Their header was taken for none: they weighed nothing, and eight at once took 5 GiB."""
    data = further(format)
    head = head_of(data)
    assert head is not None
    assert (head.format, {head.width, head.height}, head.is_deep) == (format, {60, 90}, False)
    assert weigh(head, "look") > 0
    with pytest.raises(ProblemError, match="the limit is"):
        check_shape(head, "large", 60 * 90 - 1)
    small, whole = small_photo(data, head, 30), Photo.read(data)
    assert (small.width, small.height) == (20, 30)
    assert (whole.width, whole.height) == (60, 90)
    assert abs(float(small.luma.mean()) - float(whole.luma.mean())) < 2
    with pytest.raises(InputError, match="damaged or cut short"):
        small_photo(data[: len(data) // 2], head, 30)


def test_an_mpo_is_read_as_its_first_picture() -> None:
    pictures = [Image.fromarray(smooth(60, 90, seed)) for seed in range(2)]
    head = head_of(file_bytes(pictures[0], "MPO", save_all=True, append_images=pictures[1:]))
    assert head is not None
    assert (head.format, head.width, head.height) == ("MPO", 90, 60)
    assert head.is_jpeg


def test_what_is_no_picture_weighs_nothing() -> None:
    assert head_of(b"not a picture") is None
    assert weigh(None, "colour") == 0


def test_depth_and_size_have_their_price() -> None:
    plain, more = (head_of(KINDS[kind][0]) for kind in ("RGB PNG", "16-bit RGBA PNG"))
    assert weigh(plain, "colour") < weigh(more, "colour")
    assert weigh(plain, "colour", 256) < weigh(plain, "colour", 512) / 2
    # What the shipped Kubernetes manifest gives a server holds the largest picture that is allowed, of every kind.
    for mode, is_deep, format in (
        ("RGBA", True, "PNG"),
        ("L", True, "TIFF"),
        ("RGB", False, "HEIF"),
        ("L", False, "JPEG"),
    ):
        head = large.Head(format, 8000, 8000, mode, is_deep)
        for work in ("look", "colour", "convert"):
            assert weigh(head, work, 512) < 2 << 30, (format, work)  # type: ignore[arg-type]


def test_a_line_is_no_picture() -> None:
    for width, height in ((64_000_000, 1), (1, 60_000_000), (40_000, 100)):
        with pytest.raises(ProblemError) as refusal:
            check_shape(large.Head("PNG", width, height, "L", False), "line.png", 64_000_000)
        assert (refusal.value.status, "line.png" in refusal.value.detail) == (413, True)
    for width, height in ((1000, 12), (40, 4000), (12_000, 600), (1, 1)):
        check_shape(large.Head("PNG", width, height, "L", False), "photo.png", 64_000_000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_copy_is_the_picture(kind: str) -> None:
    data = KINDS[kind][0]
    head = head_of(data)
    assert head is not None
    whole = Photo.read(data)
    same = small_photo(data, head, 90)
    assert (same.width, same.height) == (90, 60)
    assert np.abs(same.luma.astype(int) - whole.luma).max() <= 2
    less = small_photo(data, head, 30)
    assert (less.width, less.height) == (30, 20)
    assert abs(float(less.luma.mean()) - float(whole.luma.mean())) < 2


@pytest.fixture
def streaming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A server that takes every picture above 2000 pixels for a large one."""
    monkeypatch.setattr(large, "STREAMED_PIXELS", 2000)
    with serving(tmp_path, model="tiny", workers=0) as site:
        yield site


def test_large_pictures_go_through_the_whole_server(streaming: Site) -> None:
    with streaming.visitor() as visitor, streaming.visitor() as guest:
        for kind, (data, format, is_deep) in KINDS.items():
            (picture,) = visitor.upload((f"{kind}.bin", data))
            assert (picture["width"], picture["height"], picture["format"]) == (90, 60, format), kind
            for url in (picture["thumbnail_url"], f"{picture['preview_url']}?grey=true"):
                assert Image.open(io.BytesIO(visitor.get(url).content)).size == (90, 60), kind
            result = visitor.colorize(picture, saturation=1.5)
            coloured = Photo.read(visitor.get(result["file_url"]).content)
            assert coloured.luma.shape == (60, 90)
            assert coloured.chroma is not None, kind
            assert (coloured.deep is not None) == is_deep, kind
            assert np.abs(coloured.luma.astype(int) - Photo.read(data).luma).mean() < 1.5, kind
            visitor.patch(f"/api/pictures/{picture['id']}", json={"shared": True})
            for name in ("jpeg", "png", "webp", "tiff"):
                for person in (visitor, guest):
                    answer = person.get(f"{result['file_url']}?format={name}")
                    assert answer.status_code == 200, (kind, name, answer.text)
                    with Image.open(io.BytesIO(answer.content)) as image:
                        assert (image.format, image.size) == (name.upper(), (90, 60)), kind


@pytest.mark.parametrize("format", ["HEIF", "JXL"])
def test_large_heic_and_jpeg_xl_go_through_the_whole_server_upright(format: str, streaming: Site) -> None:
    data = further(format)
    with streaming.visitor() as visitor:
        (picture,) = visitor.upload(("phone.bin", data))
        assert (picture["width"], picture["height"]) == (60, 90)
        assert Image.open(io.BytesIO(visitor.get(picture["thumbnail_url"]).content)).size == (60, 90)
        result = visitor.colorize(picture, saturation=1.5)
        coloured = Photo.read(visitor.get(result["file_url"]).content)
        assert coloured.luma.shape == (90, 60)
        assert coloured.chroma is not None
        assert np.abs(coloured.luma.astype(int) - Photo.read(data).luma).mean() < 1.5
        answer = visitor.post("/api/pictures", files={"files": ("cut.heic", data[: len(data) // 2])})
        assert (answer.status_code, "cut.heic" in answer.text) == (415, True), answer.text


def test_a_large_picture_stands_upright_and_is_read_to_its_end(streaming: Site) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = io.BytesIO()
    Image.fromarray(np.dstack([smooth(60, 90)] * 3)).save(turned, "PNG", exif=exif)
    cut = file_bytes(Image.fromarray(noise(200, 300)), "PNG")[:40_000]
    with streaming.visitor() as visitor:
        (picture,) = visitor.upload(("turned.png", turned.getvalue()))
        assert (picture["width"], picture["height"]) == (60, 90)
        result = visitor.colorize(picture)
        assert (result["width"], result["height"]) == (60, 90)
        assert Photo.read(visitor.get(result["file_url"]).content).luma.shape == (90, 60)
        answer = visitor.post("/api/pictures", files={"files": ("cut.png", cut)})
        assert (answer.status_code, "cut.png" in answer.text) == (415, True), answer.text


def test_strangers_get_a_large_picture_without_its_place(streaming: Site) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    file = io.BytesIO()
    Image.fromarray(np.dstack([smooth(60, 90)] * 3)).save(file, "PNG", exif=exif)
    with streaming.visitor() as visitor, streaming.visitor() as guest:
        (picture,) = visitor.upload(("a.png", file.getvalue()))
        result = visitor.colorize(picture)
        visitor.patch(f"/api/pictures/{picture['id']}", json={"shared": True})
        assert b"SecretCamera" in visitor.get(result["file_url"]).content
        for name in ("", "?format=jpeg", "?format=tiff", "?format=webp"):
            data = guest.get(result["file_url"] + name).content
            assert b"SecretCamera" not in data, name
            assert read_record(Photo.read(data).meta) is not None, name  # that the colours are estimated stays


def test_work_that_would_need_too_much_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, model="tiny", workers=0, memory_bytes=1) as site, site.visitor() as visitor:
        small = file_bytes(Image.fromarray(noise(20, 20)), "PNG")
        visitor.upload(("small.png", small))
        heavy = file_bytes(Image.fromarray(np.zeros((2600, 2600, 3), np.uint8)), "PNG")
        answer = visitor.post("/api/pictures", files={"files": ("heavy.png", heavy)})
        assert (answer.status_code, "memory" in answer.json()["detail"]) == (413, True)
