"""How often a shot of a film is taken for grey, toned or of many colours wrongly: the decision behind `--skip-colour`.

    python benchmarks/shots.py photographs.tar --limit 60

Each photograph becomes six shots, a slow pan each: grey, grey in RGB with the noise of a scan, sepia, faded colour,
hand-tinted, colour. They are shuffled, joined to one film by hard cuts, coded by H.264 in 4:2:0 and divided and judged
as `tintype colorize --skip-colour` does it. What should be found: grey, grey, toned, colour, colour, colour.
"""

import argparse
import io
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from documents import append_line
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tintype.imaging.color import lab_to_srgb, srgb_to_lab
from tintype.video.reader import FilmReader
from tintype.video.shots import find_shots

EXPECTED = {
    "grey": "grey",
    "noisy grey": "grey",
    "sepia": "toned",
    "faded": "colour",
    "hand-tinted": "colour",
    "colour": "colour",
}
SIZE = 320, 240
LEAST_CHROMA = 8.0  # mean C*ab of a photograph that counts as one in colour
SPEED = 2  # pixels a frame


def form(lab: NDArray[np.float32], kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """A photograph in CIE Lab (H, W, 3) in one of the six forms."""
    made = lab.copy()
    if kind == "grey":
        made[..., 1:] = 0
    elif kind == "noisy grey":
        made[..., 1:] = rng.normal(0, 2.0, made[..., 1:].shape)
    elif kind == "sepia":
        tone = np.sin(made[..., :1].clip(1, 99) / 100 * np.pi) ** 0.7
        made[..., 1:] = tone * np.array([rng.uniform(3, 8), rng.uniform(10, 22)], np.float32)
    elif kind == "faded":
        cast = np.array([rng.uniform(0, 8), rng.uniform(0, 14)], np.float32)
        made[..., 1:] = made[..., 1:] * np.float32(rng.uniform(0.3, 0.5)) + cast
    elif kind == "hand-tinted":
        made[..., 1:] = np.array([1.0, 5.0])
        height, width = made.shape[:2]
        for _ in range(3):
            mask = Image.new("L", (width, height))
            x, y = rng.uniform(0.1, 0.6) * width, rng.uniform(0.1, 0.6) * height
            place = (x, y, x + rng.uniform(0.15, 0.3) * width, y + rng.uniform(0.15, 0.3) * height)
            ImageDraw.Draw(mask).ellipse(place, fill=255)
            hue, chroma = rng.uniform(0, 2 * np.pi), rng.uniform(12, 25)
            tint = np.array([np.cos(hue), np.sin(hue)], np.float32) * np.float32(chroma)
            made[..., 1:] += (np.asarray(mask, np.float32) / 255)[..., None] * tint
    return made


def photographs(tars: list[Path], limit: int, frames: int) -> Iterator[NDArray[np.float32]]:
    """CIE Lab of photographs in colour, a little wider than the film; the first ``limit`` of the archives."""
    width, height = SIZE[0] + SPEED * frames, SIZE[1]
    count = 0
    for path in tars:
        with tarfile.open(path) as tar:
            for member in tar:
                if count == limit:
                    return
                if (
                    Path(member.name).suffix not in (".webp", ".jpg", ".png")
                    or (file := tar.extractfile(member)) is None
                ):
                    continue
                image = Image.open(io.BytesIO(file.read())).convert("RGB").resize((width, height))
                lab = srgb_to_lab(np.asarray(image, np.float32) / 255)
                if float(np.hypot(lab[..., 1], lab[..., 2]).mean()) >= LEAST_CHROMA:
                    count += 1
                    yield lab


def write_film(path: Path, labs: list[NDArray[np.float32]], frames: int, crf: int) -> list[str]:
    """The film of all forms of all photographs; the form of each shot, in their order."""
    rng = np.random.default_rng(0)
    plan = [(number, kind) for number in range(len(labs)) for kind in EXPECTED]
    order = [plan[int(i)] for i in rng.permutation(len(plan))]
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for shot, (number, kind) in enumerate(order):
            rgb = np.rint(lab_to_srgb(form(labs[number], kind, rng)).clip(0, 1) * 255).astype(np.uint8)
            for i in range(frames):
                part = np.ascontiguousarray(rgb[:, SPEED * i : SPEED * i + SIZE[0]])
                frame = av.VideoFrame.from_ndarray(part, format="rgb24")
                frame.pts, frame.time_base = shot * frames + i, Fraction(1, 25)
                output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return [kind for _, kind in order]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photographs", nargs="+", type=Path, help="archives (.tar) of photographs in colour")
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--frames", type=int, default=10, help="of each shot")
    parser.add_argument("--crf", type=int, default=23)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args()
    labs = list(photographs(options.photographs, options.limit, options.frames))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shots.mkv"
        kinds = write_film(path, labs, options.frames, options.crf)
        reader = FilmReader(path, keep_pictures=True)
        shots = find_shots(reader.frames(), reader.info).shots
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in EXPECTED}
    for number, kind in enumerate(kinds):
        middle = (number + 0.5) * options.frames / 25
        counts[kind][next(shot.found for shot in reversed(shots) if shot.start <= middle)] += 1
    line = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "photographs": len(labs),
        "crf": options.crf,
        "shots": len(kinds),
        "found_shots": len(shots),
        "wrong": sum(sum(found.values()) - found[EXPECTED[kind]] for kind, found in counts.items()),
        "found": {kind: dict(found) for kind, found in counts.items()},
    }
    print("| made | grey | toned | colour |\n|---|---|---|---|")
    for kind, found in counts.items():
        print(f"| {kind} | {found['grey']} | {found['toned']} | {found['colour']} |")
    print(f"{line['wrong']} of {line['shots']} decided wrongly; {line['found_shots']} shots found")
    append_line(options.output, line)


if __name__ == "__main__":
    main()
