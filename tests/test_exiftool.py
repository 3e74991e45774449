"""Every kind of metadata in every format, read back by exiftool, which shares no code with tintype.

Needs exiftool (Debian: libimage-exiftool-perl).
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from pictures import smooth
from tintype.colorizer.colorizer import Colorizer

EXIFTOOL = shutil.which("exiftool")
pytestmark = pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")

SUFFIXES = (".jpg", ".png", ".tif", ".webp")
TAGS = {
    "EXIF:Make": "Speed Graphic",
    "EXIF:Artist": "Nobody",
    "EXIF:ImageDescription": "The quai in the rain",
    "EXIF:DateTimeOriginal": "1931:05:06 07:08:09",
    "EXIF:GPSLatitude": 48.85,
    "EXIF:UserComment": "back: to Anna",
    "XMP:Title": "Quai",
    "XMP:Subject": ["rain", "river"],
    "IPTC:Headline": "Rain",
    "IPTC:Keywords": ["rain", "river"],
}
# What a format cannot hold (WebP and PNG have no place for IPTC blocks that tintype writes).
NO_IPTC = (".png", ".webp")


def tags_of(path: Path) -> dict[str, Any]:
    ran = subprocess.run([str(EXIFTOOL), "-j", "-G", "-n", str(path)], capture_output=True, text=True, check=True)
    tags: dict[str, Any] = json.loads(ran.stdout)[0]
    return tags


@pytest.fixture(scope="module")
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, device="cpu", threads=1)


@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tags_survive(suffix: str, target: str, colorizer: Colorizer, tmp_path: Path) -> None:
    source = tmp_path / f"source{suffix}"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(smooth(40, 50)).convert("RGB")
    image.save(source, icc_profile=profile, dpi=(300, 300))
    arguments = []
    for name, value in TAGS.items():
        if name.startswith("IPTC") and suffix in NO_IPTC:
            continue
        for one in value if isinstance(value, list) else [value]:
            arguments.append(f"-{name}={one}")
    subprocess.run([str(EXIFTOOL), "-q", "-overwrite_original", "-n", *arguments, str(source)], check=True)
    before = tags_of(source)
    coloured = colorizer.colorize(source).save(tmp_path / f"coloured{target}")
    after = tags_of(coloured)
    for name, value in TAGS.items():
        if name in before and not (name.startswith("IPTC") and target in NO_IPTC):
            assert after.get(name) == before[name] == value, name
    assert after["ICC_Profile:ProfileDescription"] == before["ICC_Profile:ProfileDescription"]
    assert "tintype" in after["EXIF:Software"]
    assert after.get("XMP:Model") == "tiny"
    assert "trainedAlgorithmicMedia" in after["XMP:DigitalSourceType"].replace("Trained", "trained")
    if ".webp" not in (suffix, target):
        resolution = [after[name] for name in after if name.endswith((":XResolution", ":PixelsPerUnitX"))]
        assert any(abs(value - wanted) < 1 for value in resolution for wanted in (300, 11811))
