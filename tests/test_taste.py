"""Taste changes colours as told and leaves the light alone; restoring steps do what they say; the record is honest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, noise, opened, smooth
from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.provenance import read_record, recorded, with_software
from tintype.colorizer.restore import STEPS, correct_fade, noise_deviation, reduce_noise, remove_dust, restore
from tintype.colorizer.taste import Taste, tint_of
from tintype.colorizer.watermark import with_mark
from tintype.errors import TintypeError
from tintype.imaging.color import srgb_to_lab
from tintype.imaging.resize import resize_float
from tintype.network.model_file import ModelFile
from tintype.photo.metadata import Metadata
from tintype.photo.photo import Photo

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="Quai"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def exif_block() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x8298] = "Maker", "Model 3", "Nobody"
    exif[0x8769] = {0x9003: "1931:05:06 07:08:09"}
    return exif.tobytes()


EXIF = exif_block()


@pytest.fixture(scope="module")
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, device="cpu", precision="f32", threads=1)


def chroma_of(photo: Photo) -> float:
    return float(np.abs(srgb_to_lab(photo.rgb() / np.float32(255))[..., 1:]).mean())


def test_strength_and_saturation(colorizer: Colorizer, examples: list[Path]) -> None:
    plain = colorizer.colorize(examples[0])
    none = colorizer.colorize(examples[0], taste=Taste(strength=0))
    half = colorizer.colorize(examples[0], taste=Taste(strength=0.5))
    vivid = colorizer.colorize(examples[0], taste=Taste(saturation=1.5))
    assert chroma_of(none) < 0.5 < chroma_of(half) < chroma_of(plain) < chroma_of(vivid)
    for photo in (none, half, vivid):
        np.testing.assert_array_equal(photo.luma, plain.luma)


def test_temperature_goes_towards_yellow_and_blue(colorizer: Colorizer, examples: list[Path]) -> None:
    b = [
        float(
            srgb_to_lab(colorizer.colorize(examples[0], taste=Taste(temperature=t)).rgb() / np.float32(255))[
                ..., 2
            ].mean()
        )
        for t in (-1, 0, 1)
    ]
    assert b[0] + 2 < b[1] < b[2] - 2


def test_sepia_stays_if_asked(colorizer: Colorizer) -> None:
    luma = smooth(80, 90).clip(60, 200)
    toned = Photo(luma, (np.full_like(luma, 118), np.full_like(luma, 134)))
    kept = colorizer.colorize(toned, taste=Taste(strength=0, keep_sepia=True))
    assert np.linalg.norm(tint_of(kept) - tint_of(toned)) < 2
    assert np.linalg.norm(tint_of(toned)) > 5
    assert np.linalg.norm(tint_of(colorizer.colorize(toned, taste=Taste(strength=0)))) < 1


@pytest.mark.parametrize("wrong", [{"strength": 1.1}, {"saturation": -1}, {"temperature": 2}, {"restore": ("polish",)}])
def test_impossible_wishes(wrong: dict[str, float]) -> None:
    with pytest.raises(TintypeError, match=next(iter(wrong)) if "restore" not in wrong else "fade"):
        Taste(**wrong)  # type: ignore[arg-type]


def test_averaging_is_close_to_the_plain_answer(colorizer: Colorizer, examples: list[Path]) -> None:
    opened = colorizer.open(examples[0])
    averaged = opened.averaged_ab(size=64)
    assert averaged.shape == opened.predict_ab(size=96).shape
    mirrored = colorizer.open(Photo(np.ascontiguousarray(opened.photo.luma[:, ::-1]))).predict_ab(size=96)[:, ::-1]
    plain = [resize_float(opened.predict_ab(size=64)[..., i], *mirrored.shape[1::-1]) for i in (0, 1)]
    np.testing.assert_allclose(averaged, (np.stack(plain, -1) + mirrored) / 2, atol=1e-4)
    assert np.abs(averaged - mirrored).max() > 1  # both have a say
    assert np.abs(averaged - np.stack(plain, -1)).max() > 1


def test_fading_is_undone_and_a_good_print_left_alone() -> None:
    faded = (smooth(200, 200).astype(np.float32) * 0.4 + 90).astype(np.uint8)
    restored = correct_fade(faded)
    assert np.quantile(restored, 0.01) < 14
    assert np.quantile(restored, 0.99) > 240
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    np.testing.assert_allclose(correct_fade(ramp), ramp, atol=5)
    flat = np.full((40, 40), 90, np.uint8)
    assert 60 < correct_fade(flat).mean() < 200


@pytest.mark.seed("S3-20")
def test_dust_and_scratches_go_and_the_rest_stays_bit_for_bit() -> None:
    clean = smooth(300, 300, seed=2).clip(40, 200)
    dusty = clean.copy()
    dusty[50:53, 70:73] = 255
    dusty[:, 200] = 250
    cleaned = remove_dust(dusty)
    assert np.abs(cleaned[51, 71].astype(int) - clean[51, 71]) < 25
    assert np.abs(cleaned[:, 200].astype(int) - clean[:, 200]).mean() < 15
    assert (cleaned == dusty)[100:180, 100:180].mean() > 0.98


def test_noise_is_measured_and_reduced_edges_stay() -> None:
    step = np.where(np.arange(200) < 100, 60, 180)[None].repeat(200, axis=0)
    noisy = (step + np.random.default_rng(0).normal(0, 8, step.shape)).clip(0, 255).astype(np.uint8)
    assert 6 < noise_deviation(noisy) < 10
    quiet = reduce_noise(noisy)
    assert np.abs(quiet - step)[:, :95].mean() < 0.6 * np.abs(noisy - step)[:, :95].mean()
    assert quiet[:, 102].mean() - quiet[:, 97].mean() > 100
    np.testing.assert_array_equal(reduce_noise(step.astype(np.uint8)), step)


def test_steps_are_off_by_default_and_recorded(colorizer: Colorizer, examples: list[Path]) -> None:
    source = Photo.read(examples[0])
    np.testing.assert_array_equal(colorizer.colorize(source).luma, source.luma)
    restored = colorizer.colorize(source, taste=Taste(restore=("fade", "noise")))
    np.testing.assert_array_equal(restored.luma, restore(source, ("noise", "fade")).luma)
    record = read_record(Photo.read(restored.encode("PNG")).meta)
    assert record is not None
    assert record["options"] == {"restore": ["fade", "noise"]}
    for size in (1, 2, 7):
        for step in STEPS.values():
            assert step(noise(size, size)).shape == (size, size)


def test_the_mark_is_in_its_corner_only() -> None:
    photo = Photo(smooth(300, 400))
    marked = with_mark(photo)
    changed = marked.luma != photo.luma
    assert changed[-40:, :200].any()
    assert not changed[:-40].any()
    assert with_mark(Photo(noise(1, 1))).luma.shape == (1, 1)


@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_record_survives_and_what_was_there_stays(container: str, model_file: ModelFile) -> None:
    meta = recorded(Metadata(exif=EXIF, xmp=XMP), model_file, {"size": 192, "note": 'a "quoted" <thing>'})
    photo = Photo.read(Photo(smooth(30, 40), None, None, meta).encode(container))
    record = read_record(photo.meta)
    assert record is not None
    assert record["model"] == "tiny"
    assert record["weights_sha256"] == model_file.sha256
    assert record["options"] == {"size": 192, "note": 'a "quoted" <thing>'}
    assert "estimated" in record["note"]
    exif = Image.Exif()
    exif.load(photo.meta.exif or b"")
    before = Image.Exif()
    before.load(EXIF)
    for tag, value in before.items():
        if tag != 0x0131:
            assert exif.get(tag) == value or tag in (0x8769, 0x8825)
    assert "tintype" in exif[0x0131]


def test_recording_twice_leaves_one_record(model_file: ModelFile) -> None:
    once = recorded(Metadata(xmp=XMP), model_file, {"size": 64})
    twice = recorded(once, model_file, {"size": 128})
    assert (twice.xmp or b"").count(b"tintype:Model=") == 1
    assert (read_record(twice) or {})["options"] == {"size": 128}
    exif = Image.Exif()
    exif.load(twice.exif or b"")
    assert exif[0x0131].count("tintype") == 1


def test_software_of_the_scanner_is_kept() -> None:
    exif = Image.Exif()
    exif[0x0131] = "VueScan 9"
    exif[0x010F] = "Epson"
    block = with_software(with_software(exif.tobytes(), "tintype 1"), "tintype 2")
    read = Image.Exif()
    read.load(block)
    assert read[0x0131] == "VueScan 9; tintype 2"
    assert read[0x010F] == "Epson"
    assert opened(file_bytes(Image.new("L", (4, 4)), "JPEG", exif=block)).getexif()[0x010F] == "Epson"


def test_no_record_in_other_pictures() -> None:
    assert read_record(Metadata()) is None
    assert read_record(replace(Metadata(), xmp=XMP)) is None
