"""Copies of the photographs of shards that show lights: lamps, candles, fires, sunsets and what they shine on.

    python dev/lights.py pool/mirflickr-*.tar pool/coco-*.tar --manifest train.manifest.jsonl --output lights.tar

A light is warm and far lighter than its picture. It is rare, and a network that has seen few leaves it white: as a
source of its own, named `lights`, such pictures are drawn more often (`data.source_weights`). Of a first sheet of 70 a
third were lights, the others colourful things in the dark.
"""

import argparse
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.imaging.color import srgb_to_lab

SIDE = 64  # pixels, each way, that pictures are looked at in
DARK = 38.0  # L*: the median of a picture with lights is no lighter
LIGHT, BRIGHT = 58.0, 70.0  # L*: what may be a warm light, and what is bright whatever its colour
CHROMA, HUES = 28.0, (35.0, 100.0)  # of a light: least, in CIE units, and from red to yellow, in degrees
SMALLEST, LARGEST = 0.003, 0.15  # share of the picture that is lit
OF_BRIGHT = 0.35  # least share of lights in what is bright: snow and white walls have little


def shows_lights(rgb: NDArray[np.uint8]) -> bool:
    """Is a picture (h, w, 3) dark, with a few warm lights?"""
    light, a, b = np.moveaxis(srgb_to_lab(rgb / np.float32(255)), -1, 0)
    if np.median(light) > DARK:
        return False
    hue = np.degrees(np.arctan2(b, a))
    lit = (light > LIGHT) & (np.hypot(a, b) > CHROMA) & (hue > HUES[0]) & (hue < HUES[1])
    return bool(SMALLEST < lit.mean() < LARGEST and lit.sum() > OF_BRIGHT * max(1, (light > BRIGHT).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards", type=Path, nargs="+")
    parser.add_argument("--manifest", type=Path, required=True, help="pictures that it does not name are left out")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    known = {json.loads(line)["name"] for line in options.manifest.read_text().splitlines()}
    found = seen = 0
    with tarfile.open(options.output, "w") as output:
        for shard in options.shards:
            with tarfile.open(shard) as pictures:
                for member in pictures:
                    file = pictures.extractfile(member)
                    if member.name not in known or file is None:
                        continue
                    seen, data = seen + 1, file.read()
                    small = Image.open(io.BytesIO(data)).convert("RGB").resize((SIDE, SIDE))
                    if shows_lights(np.asarray(small)):
                        member.name = f"lights_{member.name}"
                        output.addfile(member, io.BytesIO(data))
                        found += 1
            print(f"{shard.name}: {found} of {seen} pictures show lights", flush=True)


if __name__ == "__main__":
    main()
