"""EXIF, XMP, IPTC, resolution, comments and colour profiles survive the trip."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, JpegImagePlugin

from pictures import file_bytes, noise, opened, wild_ab
from tintype.colorizer.compose import compose
from tintype.photo.icc import colour_space
from tintype.photo.metadata import orientation, upright_exif
from tintype.photo.photo import Photo

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" dc:title="Quai"/></x:xmpmeta>'
# One IPTC record (headline) in a Photoshop resource block.
IPTC = b"8BIM\x04\x04\0\0" + struct.pack(">I", 9) + b"\x1c\x02\x69\x00\x04Quai" + b"\0"


def exif_block() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x8298] = "Maker", "Model 3", "Nobody"
    exif[0x0112] = 6
    exif[0x8769] = {0x9003: "1931:05:06 07:08:09"}
    exif[0x8825] = {0x0001: "N"}
    return exif


@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("target", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_xmp_and_resolution_are_carried(container: str, target: str) -> None:
    image = Image.fromarray(noise(20, 30))
    options = {"exif": exif_block().tobytes(), "dpi": (300, 300)}
    if container in ("JPEG", "WEBP"):
        options["xmp"] = XMP
    photo = compose(Photo.read(file_bytes(image, container, **options)), wild_ab(3, 3))
    written = opened(photo.encode(target))
    exif = written.getexif()
    assert (exif[0x010F], exif[0x0110], exif[0x8298]) == ("Maker", "Model 3", "Nobody")
    assert exif.get_ifd(0x8769)[0x9003] == "1931:05:06 07:08:09"
    assert exif.get_ifd(0x8825)[0x0001] == "N"
    assert exif.get(0x0112, 1) == 1
    if "WEBP" not in (container, target):
        assert written.info["dpi"] == pytest.approx((300, 300), abs=0.5)
    if "xmp" in options:
        xmp = written.info["xmp"]
        assert (xmp if isinstance(xmp, bytes) else xmp.encode()) == XMP.replace(b'"6"', b'"1"')


def test_only_the_orientation_and_the_thumbnail_link_change_in_exif() -> None:
    block = b"Exif\0\0" + exif_block().tobytes().removeprefix(b"Exif\0\0")
    patched = upright_exif(block)
    assert patched is not None
    assert len(patched) == len(block)
    assert sum(a != b for a, b in zip(block, patched, strict=True)) == 1
    assert orientation(patched, None) == 1
    assert orientation(block, None) == 6


@pytest.mark.parametrize("order", ["<", ">"])
def test_thumbnail_directory_is_unlinked(order: str) -> None:
    mark = b"II" if order == "<" else b"MM"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, 8, 0)
    block = mark + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", 1) + entry
    patched = upright_exif(block + struct.pack(order + "I", 4711))
    assert patched is not None
    assert orientation(block, None) == 8
    assert orientation(patched, None) == 1
    assert patched[-4:] == bytes(4)


@pytest.mark.parametrize(
    "block", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"nonsense" * 4, b"II*\0\x08\0\0\0\xff\xff"]
)
def test_broken_exif_is_harmless(block: bytes) -> None:
    assert orientation(block, None) == 1
    assert upright_exif(block) == block


def test_iptc_and_comment_of_a_jpeg_are_carried() -> None:
    plain = file_bytes(Image.fromarray(noise(20, 30)), "JPEG", comment=b"found in a drawer")
    body = b"Photoshop 3.0\0" + IPTC
    data = plain[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + plain[2:]
    photo = compose(Photo.read(data), wild_ab(3, 3))
    written = opened(photo.encode())
    assert isinstance(written, JpegImagePlugin.JpegImageFile)
    assert written.info["comment"] == b"found in a drawer"
    assert ("APP13", body) in written.applist
    tiff = opened(photo.encode("TIFF"))
    assert tiff.tag_v2[34377] == IPTC  # type: ignore[attr-defined]


def test_text_of_a_png_is_carried() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "Nobody")
    photo = Photo.read(file_bytes(Image.fromarray(noise(20, 30)), "PNG", pnginfo=info))
    assert opened(photo.encode()).text["Author"] == "Nobody"  # type: ignore[attr-defined]


def rgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def grey_profile(curve: bytes, connection: bytes = b"XYZ ") -> bytes:
    """A grey profile: white point D50, one tone curve."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    text = b"text\0\0\0\0none\0\0\0\0"
    words = b"a grey\0"
    title = b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(78)
    elements = [(b"desc", title), (b"cprt", text), (b"wtpt", white), (b"kTRC", curve)]
    table, body = b"", b""
    for tag, data in elements:
        table += tag + struct.pack(">II", 132 + 12 * len(elements) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = 132 + len(table) + len(body)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4s", size, b"none", 0x02400000, b"mntr", b"GRAY", connection, bytes(12), b"acsp", b"APPL"
    )
    header += bytes(68 - len(header)) + struct.pack(">3i", 63190, 65536, 54061)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(elements)) + table + body


SAMPLES = [round(65535 * (i / 63) ** 1.8) for i in range(64)]
SRGB = [round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)]
CURVES = {
    "gamma 2.2": b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(2.2 * 256), 0),
    "identity": b"curv\0\0\0\0" + struct.pack(">I", 0),
    "table": b"curv\0\0\0\0" + struct.pack(">I64H", 64, *SAMPLES),
    "parametric": b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *SRGB),
}


@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_rgb_profiles_are_carried(container: str) -> None:
    profile = rgb_profile()
    data = file_bytes(Image.fromarray(noise(20, 30, 1, 3)), container, icc_profile=profile)
    photo = Photo.read(data)
    assert opened(compose(photo, wild_ab(3, 3)).encode()).info["icc_profile"] == profile


@pytest.mark.parametrize("connection", [b"XYZ ", b"Lab "])
@pytest.mark.parametrize("name", sorted(CURVES))
def test_grey_profiles_become_rgb_profiles_that_look_the_same(name: str, connection: bytes) -> None:
    grey = grey_profile(CURVES[name], connection)
    assert colour_space(grey) == "GRAY"
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    photo = Photo.read(file_bytes(ramp, "PNG", icc_profile=grey))
    written = opened(compose(photo, np.zeros((2, 2, 2), np.float32)).encode())
    assert written.mode == "RGB"
    profile = written.info["icc_profile"]
    assert colour_space(profile) == "RGB"

    def seen(image: Image.Image, icc: bytes) -> np.ndarray:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        target = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        assert shown is not None
        return np.asarray(shown, np.int32)

    # The colour engine itself is coarse where a straight curve meets the steep foot of the sRGB curve.
    first = 48 if name == "identity" else 0
    assert np.abs(seen(written, profile) - seen(ramp, grey)).reshape(256, 3)[first:].max() <= 2
    assert opened(photo.encode()).info["icc_profile"] == grey


def test_profiles_that_do_not_fit_are_left_out() -> None:
    photo = Photo.read(file_bytes(Image.fromarray(noise(9, 9)), "PNG", icc_profile=b"not a profile" * 20))
    assert "icc_profile" not in opened(compose(photo, wild_ab(2, 2)).encode()).info


def test_large_profiles_span_segments() -> None:
    profile = rgb_profile()
    long = struct.pack(">I", 200_000) + profile[4:] + bytes(200_000 - len(profile))
    photo = Photo.read(file_bytes(Image.fromarray(noise(9, 9, 0, 3)), "PNG", icc_profile=long))
    assert opened(photo.encode("JPEG")).info["icc_profile"] == long
