"""Hold one drive of CamVid out: its frames at dusk, told by their dark road, since numbered frames do not tell drives.

    python benchmarks/dusk_drive.py driving.tar --output parts/

The mean luma of a frame's lower half is at most 34.0 of 255 in 124 frames, as many as the drive at dusk has, and
37.5 or more in all others. Writes drive-train.manifest.jsonl and drive-val.manifest.jsonl.
"""

import argparse
from pathlib import Path

import numpy as np

from tintype import Photo
from tintype.data.manifest import Entry, write_manifest
from tintype.data.sources import iter_pictures

DARK = 35.0


def is_dusk(data: bytes) -> bool:
    luma = Photo.read(data).luma
    return float(np.mean(luma[len(luma) // 2 :])) < DARK


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, default=Path())
    options = parser.parse_args()
    parts: dict[str, list[Entry]] = {"train": [], "val": []}
    for picture in iter_pictures(options.data):
        parts["val" if is_dusk(picture.data) else "train"].append(Entry(options.data, picture.name))
    for name, entries in parts.items():
        write_manifest(options.output / f"drive-{name}.manifest.jsonl", entries)
        print(f"{name}: {len(entries)} frames")
