"""Copies the photographs that `tint` is measured by out of a gathered pool, by their difference hashes.

    tintype data gather dev/photo-sources.toml -o pool/ --measure sysu --measure ava --measure travel
    python dev/val_out.py pool/ --set report --output report.tar
    tintype evaluate --full --model mine.onnx --against tint --data report.tar

dev/val-out.tsv has the hashes: 150 of each of three collections that no training saw in a set, drawn at random from
what is not nearly grey and has a short side of 200 pixels or more. `450` was used to choose until November 2026,
`choose` is to choose by, `report` is to be looked at once a version.
"""

import argparse
import csv
import io
import json
import sys
import tarfile
from collections import defaultdict
from pathlib import Path

LIST = Path(__file__).with_name("val-out.tsv")


def listed(name: str) -> dict[str, list[str]]:
    """The hashes of a set, by source."""
    hashes = defaultdict(list)
    with LIST.open(newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["set"] == name:
                hashes[row["source"]].append(row["hash"])
    return hashes


def places(pool: Path, source: str) -> dict[str, tuple[Path, str]]:
    """Shard and name of every picture of a source, by hash."""
    found = {}
    for notes in sorted(pool.glob(f"{source}-*.jsonl")):
        for line in notes.read_text().splitlines():
            note = json.loads(line)
            if note.get("name"):
                found[note["hash"]] = (notes.with_suffix(".tar"), note["name"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", type=Path)
    parser.add_argument("--set", required=True, choices=("450", "choose", "report"))
    parser.add_argument("--output", type=Path, required=True, help="a .tar")
    options = parser.parse_args()
    missing = copied = 0
    with tarfile.open(options.output, "w") as output:
        for source, hashes in listed(options.set).items():
            known = places(options.pool, source)
            for number, found in enumerate(map(known.get, hashes)):
                if found is None:
                    missing += 1
                    continue
                with tarfile.open(found[0]) as shard:
                    file = shard.extractfile(found[1])
                    assert file is not None
                    data = file.read()
                member = tarfile.TarInfo(f"{source}/{source}_{number:04d}{Path(found[1]).suffix}")
                member.size = len(data)
                output.addfile(member, io.BytesIO(data))
                copied += 1
    print(f"{copied} photographs")
    if missing:
        sys.exit(f"{missing} are not in {options.pool}: gather the sources that {LIST.name} names")


if __name__ == "__main__":
    main()
