"""Masters of archives: depths, formats and profiles beyond those that cameras write."""

import io
import struct
import sys
import zlib
from fractions import Fraction
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from conftest import RunCli
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import InputError
from tintype.imaging.color import srgb_to_linear
from tintype.photo.icc import power_profile, shown_curve
from tintype.photo.jpeg2000 import jp2_profile
from tintype.photo.photo import Photo
from tintype.photo.refused import jpeg_kind


def ramp(height: int = 40, width: int = 61) -> np.ndarray:
    """(H, W) in [0, 1]: every level, no symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    return (0.8 * x / (width - 1) + 0.2 * y / (height - 1)) ** 1.3


def packed_tiff(bits: int, *, compression: int = 1, white_is_zero: bool = False, channels: int = 1) -> bytes:
    """A TIFF of so many bits a sample, packed, in two strips."""
    top = (1 << bits) - 1
    levels = np.rint(ramp() * top).astype(np.uint32)
    levels = np.repeat(top - levels if white_is_zero else levels, channels, axis=1)
    height, width = levels.shape
    weights = np.arange(bits - 1, -1, -1)
    rows = np.packbits((levels[..., None] >> weights & 1).astype(np.uint8).reshape(height, width * bits), axis=1)
    strips = [rows[:25].tobytes(), rows[25:].tobytes()]
    strips = [zlib.compress(strip) if compression != 1 else strip for strip in strips]
    values = {
        256: width // channels,
        257: height,
        259: compression,
        262: 0 if white_is_zero else 2 if channels == 3 else 1,
    }
    values |= {277: channels, 278: 25, 284: 1}
    count = len(values) + 3
    after = 8 + 2 + 12 * count + 4
    entries = [(tag, 4, 1, struct.pack("<I", value)) for tag, value in values.items()]
    extra = struct.pack(f"<{channels}H", *[bits] * channels) if channels > 1 else b""
    entries.append((258, 3, channels, struct.pack("<I", after) if extra else struct.pack("<HH", bits, 0)))
    at = after + len(extra)
    entries.append((273, 4, 2, struct.pack("<I", at)))
    entries.append((279, 4, 2, struct.pack("<I", at + 8)))
    body = extra + struct.pack("<2I", at + 16, at + 16 + len(strips[0])) + struct.pack("<2I", *map(len, strips))
    directory = b"".join(struct.pack("<HHI", t, k, c) + v for t, k, c, v in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, count) + directory + bytes(4) + body + b"".join(strips)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("kind", ["plain", "deflate", "white", "rgb"])
def test_packed_tiffs_are_scaled_to_sixteen_bits(bits: int, kind: str) -> None:
    data = packed_tiff(
        bits,
        compression=8 if kind == "deflate" else 1,
        white_is_zero=kind == "white",
        channels=3 if kind == "rgb" else 1,
    )
    photo = Photo.read(data)
    assert photo.deep is not None
    assert np.abs(photo.deep.luma / 65535 - ramp()).max() < 1.5 / (1 << bits)
    assert np.abs(photo.luma / 255 - ramp()).max() < 0.6 / 255 + 1 / (1 << bits)


def test_packed_tiffs_stored_in_other_ways_are_named() -> None:
    data = packed_tiff(10).replace(struct.pack("<HHII", 259, 4, 1, 1), struct.pack("<HHII", 259, 4, 1, 5))
    with pytest.raises(InputError, match=r"a TIFF of 10 bits a sample.*save it with 16 bits a sample"):
        Photo.read(data)
    with pytest.raises(InputError, match="damaged or cut short"):
        Photo.read(packed_tiff(12)[:-900])


@pytest.mark.parametrize(("top", "scale"), [(2**32 - 1, 65535), (65535, 65535)])
def test_unsigned_integers_of_32_bits(top: int, scale: int) -> None:
    import pyvips

    values = np.rint(ramp() * top).astype(np.uint32)
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(values), values.shape[1], values.shape[0], 1, "uint")
    photo = Photo.read(bytes(image.tiffsave_buffer()))
    assert photo.deep is not None
    assert np.abs(photo.deep.luma / scale - ramp()).max() < 1e-4


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


@pytest.mark.parametrize("tiled", [False, True])
def test_jpeg_2000_of_8_and_16_bits(tmp_path: Path, tiled: bool) -> None:
    options = {"irreversible": False, **({"tile_size": (32, 32)} if tiled else {})}
    grey = Image.fromarray(np.rint(ramp() * 255).astype(np.uint8))
    photo = Photo.read(saved(grey, "JPEG2000", **options))
    np.testing.assert_array_equal(photo.luma, np.asarray(grey))
    assert photo.deep is None
    levels = np.rint(ramp() * 65535).astype(np.uint16)
    if tiled:
        return  # of 16 bits in tiles Pillow writes other values than it was given: the test below
    deep = Photo.read(saved(Image.fromarray(levels), "JPEG2000", **options))
    assert deep.deep is not None
    np.testing.assert_array_equal(deep.deep.luma, levels)
    bare = Photo.read(saved(grey, "JPEG2000", no_jp2=True))
    assert bare.luma.shape == (40, 61)


def tiled_jpeg_2000(levels: np.ndarray) -> bytes:
    """Levels (H, W) uint16 as a lossless JP2 in tiles of 32 pixels, by FFmpeg's encoder."""
    av = pytest.importorskip("av")
    context = av.CodecContext.create("jpeg2000", "w")
    context.height, context.width = levels.shape
    context.pix_fmt, context.time_base = "gray16le", Fraction(1, 25)
    context.options = {"format": "jp2", "pred": "dwt53", "tile_width": "32", "tile_height": "32"}
    picture = av.VideoFrame.from_ndarray(levels, format="gray16le")
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])


def with_jp2_profile(data: bytes, profile: bytes) -> bytes:
    """A JP2 with an ICC profile in a `colr` box of its own."""
    at = data.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", data, at)
    box = struct.pack(">I4sBBB", 8 + 3 + len(profile), b"colr", 2, 0, 0) + profile
    return data[:at] + struct.pack(">I", length + len(box)) + data[at + 4 : at + length] + box + data[at + length :]


def test_jpeg_2000_of_16_bits_in_tiles_with_a_profile(cli: RunCli, tmp_path: Path) -> None:
    levels = np.rint(ramp(120, 150) * 65535).astype(np.uint16)
    profile = power_profile(1.0)
    data = with_jp2_profile(tiled_jpeg_2000(levels), profile)
    photo = Photo.read(data)
    assert photo.deep is not None
    np.testing.assert_array_equal(photo.deep.luma, levels)
    assert photo.meta.icc == profile
    (tmp_path / "a.jp2").write_bytes(data)
    result = cli("colorize", "a.jp2", "--model", "tiny", "--output", "a.tif")
    assert result.returncode == 0, result.stderr.decode()
    with Image.open(tmp_path / "a.tif") as made:
        assert made.info["icc_profile"] == profile
    assert Photo.read(tmp_path / "a.tif").deep is not None


def test_the_profile_of_jpeg_2000() -> None:
    data = saved(Image.fromarray(np.rint(ramp() * 255).astype(np.uint8)), "JPEG2000")
    assert jp2_profile(data) is None
    profile = power_profile(1.0)
    with_profile = with_jp2_profile(data, profile)
    assert jp2_profile(with_profile) == profile
    assert Photo.read(with_profile).meta.icc == profile


@pytest.mark.parametrize("kind", ["PPM", "TGA", "PCX"])
def test_further_formats(tmp_path: Path, kind: str) -> None:
    grey = Image.fromarray(np.rint(ramp() * 255).astype(np.uint8))
    (tmp_path / f"a.{kind.lower()}").write_bytes(saved(grey, kind))
    photo = Photo.read(tmp_path / f"a.{kind.lower()}")
    np.testing.assert_array_equal(photo.luma, np.asarray(grey))


def test_pgm_of_16_bits() -> None:
    levels = np.rint(ramp() * 65535).astype(">u2")
    photo = Photo.read(b"P5 61 40 65535\n" + levels.tobytes())
    assert photo.deep is not None
    np.testing.assert_array_equal(photo.deep.luma, levels)


def test_the_flattened_picture_of_a_photoshop_document() -> None:
    grey = np.rint(ramp() * 255).astype(np.uint8)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 40, 61, 8, 1)
    photo = Photo.read(head + bytes(12) + struct.pack(">H", 0) + grey.tobytes())
    np.testing.assert_array_equal(photo.luma, grey)


def test_what_is_not_read_is_called_by_its_name() -> None:
    for data, words in (
        (b"%PDF-1.7 ...", "is a PDF that cannot be opened"),
        (b"v/1\x01" + bytes(40), "is an OpenEXR picture"),
        (b"SDPX" + bytes(40), "is a DPX picture"),
        (b"\0\0\1\0" + bytes(40), "is a Windows icon"),
        (b'<?xml version="1.0"?><svg width="3"></svg>', "is an SVG drawing"),
        (b"nothing at all that is known", "AVIF, PNM, PCX, TGA, PSD"),
    ):
        with pytest.raises(InputError, match=words):
            Photo.read(data)


def test_only_missing_extras_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = ("pillow_heif", "pillow_jxl", "rawpy", "pypdfium2")

    def said(*missing: str) -> str:
        with monkeypatch.context() as patch:
            for module in modules:
                spec = None if module in missing else ModuleType(module)
                patch.setitem(sys.modules, module, spec)
                if spec is not None:
                    spec.__spec__ = ModuleSpec(module, None)
            with pytest.raises(InputError) as refused:
                Photo.read(b"nothing at all that is known")
        return str(refused.value)

    assert said().endswith("TGA, PSD, HEIC, JPEG XL, camera raw, PDF")
    assert said("rawpy").endswith("PSD, HEIC, JPEG XL, PDF; more with pip install 'tintype[raw]'")
    assert said(*modules).endswith("TGA, PSD; more with pip install 'tintype[heif,raw,pdf]'")


def test_unusual_jpegs_are_named() -> None:
    def frame(marker: int, bits: int) -> bytes:
        return b"\xff\xd8\xff" + bytes([marker]) + struct.pack(">HBHHBBBB", 11, bits, 8, 8, 1, 1, 0x11, 0) + b"\xff\xd9"

    assert jpeg_kind(frame(0xC0, 8)) is None
    assert jpeg_kind(frame(0xC1, 12)) == "a JPEG of 12 bits a sample"
    assert jpeg_kind(frame(0xC3, 16)) == "a lossless JPEG of 16 bits a sample"
    with pytest.raises(InputError, match="is a lossless JPEG: export it as TIFF"):
        Photo.read(frame(0xC3, 8))
    with pytest.raises(InputError, match="a JPEG of 12 bits a sample: export it"):
        Photo.read(frame(0xC1, 12))


@pytest.mark.parametrize("kind", ["WebP", "AVIF"])
def test_animated_webp_and_avif_are_refused_and_still_ones_are_not(kind: str) -> None:
    frames = [Image.fromarray(np.full((20, 30, 3), value, np.uint8)) for value in (10, 90, 170)]
    with pytest.raises(InputError, match=f"an animated {kind} of 3 frames"):
        Photo.read(saved(frames[0], kind.upper(), save_all=True, append_images=frames[1:]))
    assert Photo.read(saved(frames[0], kind.upper())).width == 30


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_animations_are_coloured_as_films(cli: RunCli, tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("av", reason="the extra video is not installed")
    import av

    (tmp_path / "box").mkdir()
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 255, (48, 64), np.uint8)) for _ in range(3)]
    frames[0].save(tmp_path / "box" / f"a{suffix}", save_all=True, append_images=frames[1:], duration=100)
    frames[0].save(tmp_path / "box" / f"still{suffix}")
    result = cli("colorize", "box", "--model", "tiny", "--output", "out")
    assert result.returncode == 0, result.stderr.decode()
    with av.open(str(tmp_path / "out" / "a.mkv")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 3
    assert (tmp_path / "out" / "still.png").exists()


def png_with(gamma: int, levels: np.ndarray) -> bytes:
    data = saved(Image.fromarray(levels), "PNG")
    chunk = b"gAMA" + struct.pack(">I", gamma)
    return data[:33] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def test_a_linear_png_is_seen_as_it_is_shown(model_path: Path) -> None:
    """And keeps its look: the profile that means the same goes into whatever is written."""
    shown = (0.1 + 0.8 * ramp()).astype(np.float32)
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    photo = Photo.read(png_with(100000, np.rint(linear * 255).astype(np.uint8)))
    assert np.abs(photo.as_shown((photo.luma / 255).astype(np.float32)) - shown).max() < 0.03
    assert photo.meta.icc == power_profile(1.0)
    assert Photo.read(png_with(45455, photo.luma)).meta.icc is None
    colorizer = Colorizer(model_path, precision="f32", threads=1)
    twin = colorizer.open(np.rint(shown * 255).astype(np.uint8))
    opened = colorizer.open(photo)
    assert np.abs(opened.predict_ab() - twin.predict_ab()).mean() < 0.5
    made = Photo.read(opened.predict().encode("PNG"))
    assert made.meta.icc == power_profile(1.0)
    np.testing.assert_array_equal(made.luma, photo.luma)
    # The colours, shown through the profile, are those of the twin.
    stored = np.asarray(made.rgb(), np.float32) / 255
    seen = made.as_shown(stored)
    expected = np.asarray(twin.predict().rgb(), np.float32) / 255
    spread = expected.max(axis=2) - expected.min(axis=2)
    assert np.abs(seen - expected).mean() < max(0.02, 0.2 * spread.mean())


def test_power_profiles_are_understood_by_littlecms() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(io.BytesIO(power_profile(1.0)))
    transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    grey = ImageCms.applyTransform(Image.new("RGB", (2, 2), (55, 55, 55)), transform)
    assert grey is not None
    assert np.abs(np.array(grey.getpixel((0, 0))) - 128).max() <= 2
    assert shown_curve(power_profile(2.2)) is None or np.abs(shown_curve(power_profile(2.2))).max() <= 1
    assert shown_curve(b"no profile") is None


def test_a_folder_run_says_what_it_left_out(cli: RunCli, tmp_path: Path, examples: list[Path]) -> None:
    import json

    (tmp_path / "box" / "deep").mkdir(parents=True)
    for name in ("a.ico", "deep/b.pdf", "c.pdf", "notes.txt", ".hidden.pdf", "x-color.pdf"):
        (tmp_path / "box" / name).write_bytes(b"%PDF-")
    grey = Image.fromarray(np.rint(ramp() * 255).astype(np.uint8))
    grey.save(tmp_path / "box" / "scan.jp2")
    grey.save(tmp_path / "box" / "plain", "JPEG")
    result = cli("colorize", "box", "--model", "tiny", "--output", "out", "--json")
    assert result.returncode == 0, result.stderr.decode()
    assert "3 files left out, of no kind that is read: 1 .ico, 2 .pdf" in result.stderr.decode()
    assert json.loads(result.stdout)["left_out"] == {".ico": 1, ".pdf": 2}
    assert Image.open(tmp_path / "out" / "scan.tif").mode == "RGB"
    named = cli("colorize", "box/plain", "--model", "tiny")
    assert named.returncode == 0, named.stderr.decode()
    assert Image.open(tmp_path / "box" / "plain-color.jpg").format == "JPEG"


def dng(light: np.ndarray, turn: int = 1) -> bytes:
    """A DNG of linear 16-bit light (H, W) in [0, 1], grey in camera colours: what a scanner calls a raw DNG."""
    values = np.round(np.repeat(light[..., None], 3, 2) * 65535).astype("<u2")
    height, width = light.shape
    one = [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]
    ifd = TiffImagePlugin.ImageFileDirectory_v2()
    facts: dict[int, object] = {
        254: 0, 256: width, 257: height, 258: (16, 16, 16), 259: 1, 262: 34892, 274: turn, 277: 3, 278: height, 284: 1,
        50706: b"\1\4\0\0", 50707: b"\1\1\0\0", 50708: "Made up", 50717: 65535,
    }  # fmt: skip
    for tag, value in facts.items():
        ifd.tagtype[tag] = {50706: 1, 50707: 1, 50708: 2}.get(tag, 4 if tag in (256, 257, 278, 50717) else 3)
        ifd[tag] = value
    ifd.tagtype[50721], ifd.tagtype[50728] = 10, 5
    ifd[50721] = tuple(TiffImagePlugin.IFDRational(*value) for value in one)
    ifd[50728] = tuple(TiffImagePlugin.IFDRational(1, 1) for _ in range(3))
    ifd[273], ifd[279] = 0, values.nbytes
    target = io.BytesIO()
    ifd.save(target)
    return target.getvalue() + values.tobytes()


def test_dng_is_developed_in_sixteen_bits() -> None:
    pytest.importorskip("rawpy", reason="the extra raw is not installed")
    light = np.tile(np.linspace(0, 1, 96, dtype=np.float32) ** 2, (64, 1))
    photo = Photo.read(dng(light))
    assert (photo.height, photo.width) == light.shape
    assert photo.deep is not None
    assert len(np.unique(photo.deep.luma)) > 80
    shown = srgb_to_linear(photo.deep.luma.astype(np.float32) / 65535)
    middle = np.s_[8:-8, 8:-8]
    assert float(np.corrcoef(shown[middle].ravel(), light[middle].ravel())[0, 1]) > 0.999
    turned = Photo.read(dng(light, turn=6))
    assert (turned.height, turned.width) == light.shape[::-1]
    assert turned.luma[8:-8, 40].mean() == pytest.approx(float(photo.luma[32, 8:-8].mean()), abs=2)


def test_a_camera_file_that_is_none_is_named() -> None:
    pytest.importorskip("rawpy", reason="the extra raw is not installed")
    for data in (
        b"FUJIFILMCCD-RAW 0201" + bytes(200),
        b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHI4s", 50706, 1, 4, b"\1\4") + bytes(90),
    ):
        with pytest.raises(InputError, match="is a camera's raw file that LibRaw cannot read"):
            Photo.read(data)


def pdf(pages: list[tuple[bytes, int, int]], turn: int = 0) -> bytes:
    """A PDF of pages with one JPEG each: (JPEG, width, height); pages without bytes hold nothing."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for data, width, height in pages:
        at = len(objects)
        kids.append(f"{at + 1} 0 R")
        draw = b"q 300 0 0 400 0 0 cm /Im Do Q" if data else b""
        used = f"/Resources << /XObject << /Im {at + 3} 0 R >> >>" if data else ""
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Rotate {turn} {used} ".encode()
            + b"/Contents %d 0 R >>" % (at + 2),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw),
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
            b"/Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream" % (width, height, len(data), data),
        ]
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return made + end % (count, table, count, len(made))


def test_scans_in_a_pdf_are_read_as_they_are_stored(cli: RunCli, tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    scans = [np.tile(np.linspace(low, 255, 48).astype(np.uint8), (64, 1)) for low in (0, 90)]
    files = [saved(Image.fromarray(scan), "JPEG", quality=95) for scan in scans]
    data = pdf([(file, 48, 64) for file in files])
    for page, file in enumerate(files):
        assert np.array_equal(Photo.read(data, page=page).luma, Photo.read(file).luma)
    turned = Photo.read(pdf([(files[0], 48, 64)], turn=90))
    assert np.array_equal(turned.luma, np.rot90(Photo.read(files[0]).luma, -1))
    (tmp_path / "box.pdf").write_bytes(data)
    done = cli("colorize", "box.pdf", "--model", "tiny", "-o", "out")
    assert done.returncode == 0, done.stderr.decode()
    with Image.open(tmp_path / "out" / "box.tif") as made:
        assert made.n_frames == 2  # type: ignore[attr-defined]
        assert made.size == (48, 64)


def test_pages_that_are_no_scan_are_refused() -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    with pytest.raises(
        InputError, match="page 1 of the given bytes holds no picture: PDFs of one scan a page are read"
    ):
        Photo.read(pdf([(b"", 0, 0)]))
