"""Damaged files of every format end in a picture or a TintypeError: no traceback, no hang, no flood of memory."""

import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import file_bytes, smooth
from tintype.colorizer.compose import compose
from tintype.errors import TintypeError
from tintype.photo.photo import Photo

AB = np.full((3, 4, 2), 20, np.float32)
MOST_SECONDS, MOST_BYTES = 10, 2 << 30
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
PEAK_CAN_BE_RESET = os.access(CLEAR, os.W_OK)  # on Linux


def exif() -> bytes:
    block = Image.Exif()
    block[0x010F], block[0x0112], block[0x8769] = "Maker", 6, {0x9003: "1931:05:06 07:08:09"}
    return block.tobytes()


def originals() -> dict[str, bytes]:
    grey, deep = Image.fromarray(smooth(48, 64)), Image.fromarray(smooth(48, 64).astype(np.uint16) * np.uint16(257))
    colour = Image.merge("RGB", [grey, grey.transpose(Image.Transpose.ROTATE_180), grey])
    pages = io.BytesIO()
    grey.save(pages, "TIFF", save_all=True, append_images=[colour], compression="tiff_lzw")
    return {
        "jpeg": file_bytes(grey, "JPEG", exif=exif(), dpi=(300, 300)),
        "jpeg 420": file_bytes(colour, "JPEG"),
        "jpeg 444": file_bytes(colour, "JPEG", subsampling=0),
        "jpeg progressive": file_bytes(colour, "JPEG", progressive=True),
        "jpeg cmyk": file_bytes(colour.convert("CMYK"), "JPEG"),
        "png": file_bytes(colour, "PNG", exif=exif()),
        "png palette": file_bytes(colour.quantize(), "PNG"),
        "png 16": file_bytes(deep, "PNG"),
        "webp": file_bytes(colour, "WEBP"),
        "tiff": file_bytes(grey, "TIFF", exif=exif()),
        "tiff lzw": file_bytes(colour, "TIFF", compression="tiff_lzw"),
        "tiff 16": file_bytes(deep, "TIFF", compression="tiff_adobe_deflate"),
        "tiff float": file_bytes(Image.fromarray(smooth(48, 64).astype(np.float32) / 255), "TIFF"),
        "tiff pages": pages.getvalue(),
        "bmp": file_bytes(colour, "BMP"),
        "gif": file_bytes(grey, "GIF"),
        "avif": file_bytes(grey, "AVIF"),
    }


ORIGINALS = originals()


def memory(figure: str) -> int:
    """A figure of /proc/self/status, in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(figure))
    return int(line.split()[1]) * 1024


def survive(data: bytes) -> None:
    if PEAK_CAN_BE_RESET:
        CLEAR.write_text("5")  # what other tests of this process needed does not count
        before = memory("VmRSS")
    started = time.monotonic()
    message = ""
    try:
        photo = Photo.read(data, max_pixels=50_000_000)
        encoded = compose(photo, AB).encode()
        assert Photo.read(encoded, max_pixels=50_000_000).luma.shape == photo.luma.shape
    except TintypeError as error:
        message = str(error)
    assert "\n" not in message
    assert time.monotonic() - started < MOST_SECONDS
    if PEAK_CAN_BE_RESET:
        assert memory("VmHWM") - before < MOST_BYTES


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(ORIGINALS[draw(st.sampled_from(sorted(ORIGINALS)))])
    how = draw(st.sampled_from(["flip", "flip", "head", "cut", "insert", "mixed"]))
    if how in ("flip", "mixed"):
        for _ in range(draw(st.integers(1, 6))):
            data[draw(st.integers(0, len(data) - 1))] ^= draw(st.integers(1, 255))
    if how == "head":  # headers are where the sizes and offsets stand
        for _ in range(draw(st.integers(1, 4))):
            data[draw(st.integers(0, min(200, len(data)) - 1))] = draw(st.integers(0, 255))
    if how in ("cut", "mixed"):
        del data[draw(st.integers(0, len(data) - 1)) :]
    if how == "insert":
        at = draw(st.integers(0, len(data)))
        data[at:at] = draw(st.binary(min_size=1, max_size=40))
    return bytes(data)


FUZZ = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@settings(FUZZ, max_examples=300)
@given(damaged())
def test_damaged_files(data: bytes) -> None:
    survive(data)


@pytest.mark.slow
@settings(FUZZ, max_examples=4000)
@given(damaged())
def test_many_damaged_files(data: bytes) -> None:
    survive(data)


@pytest.mark.parametrize("name", sorted(ORIGINALS))
def test_every_hundredth_of_a_file_missing(name: str) -> None:
    data = ORIGINALS[name]
    for cut in range(1, 100, 11):
        survive(data[: len(data) * cut // 100])
    survive(data)


@settings(FUZZ, max_examples=60)
@given(st.binary(max_size=300))
def test_anything_at_all(data: bytes) -> None:
    survive(data)
