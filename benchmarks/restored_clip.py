"""A clip and a sheet for the documents: damaged film, the same restored, and restored and coloured.

    python benchmarks/restored_clip.py [--photograph examples/cat.jpg] [--folder docs/images]

The film is a slow pan over an example photograph in the public domain; its damage is made: flickering light, gate
weave, dust, scratches, grain. Writes film-restored.webp, an animation, and film-restored.jpg, details of three frames.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tintype.colorizer.colorizer import Colorizer
from tintype.video import FilmOptions, colorize_film

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from film_damage import dust, flicker, grain, scratches, weave

Luma = NDArray[np.uint8]
ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, FRAMES = 320, 240, 48
STEPS = ("deflicker", "scratches", "dust", "grain", "stabilize")
NAMES = ("damaged", "restored", "restored and coloured")
DETAIL = 120  # pixels of a side


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photograph", type=Path, default=ROOT / "examples" / "cat.jpg")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    options = parser.parse_args()
    damaged = grain(scratches(dust(weave(flicker(pan(options.photograph)))), count=2), deviation=6)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "damaged.mkv", Path(folder) / "restored.mkv"
        write(source, damaged)
        colorize_film(str(source), str(target), Colorizer("tint"), FilmOptions(codec="ffv1", restore=STEPS))
        with av.open(str(target)) as film:
            coloured = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        with av.open(str(target)) as film:
            light = [frame.reformat(format="gray").to_ndarray() for frame in film.decode(video=0)]
    rows = [[_rgb(before), _rgb(after), rgb] for before, after, rgb in zip(damaged, light, coloured, strict=True)]
    frames = [titled(np.hstack(row)) for row in rows]
    clip, sheet = options.folder / "film-restored.webp", options.folder / "film-restored.jpg"
    frames[0].save(clip, save_all=True, append_images=frames[1:], duration=80, loop=0, quality=45, method=6)
    details([rows[i] for i in (FRAMES // 6, FRAMES // 2, 5 * FRAMES // 6)]).save(sheet, quality=88)
    for path in (clip, sheet):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def pan(photograph: Path) -> list[Luma]:
    """Frames (HEIGHT, WIDTH) of a slow way over a photograph, moved by parts of a pixel."""
    with Image.open(photograph) as image:
        scale = 1.2 * max(WIDTH / image.width, HEIGHT / image.height)
        big = image.convert("L").resize((round(image.width * scale), round(image.height * scale)))
    frames = []
    for i in range(FRAMES):
        share = i / (FRAMES - 1)
        left, top = share * (big.width - WIDTH), share * (big.height - HEIGHT)
        box = (left, top, left + WIDTH, top + HEIGHT)
        frames.append(np.asarray(big.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=box)))
    return frames


def write(path: Path, frames: Sequence[Luma]) -> None:
    """A lossless film of full range."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=16)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "gray"
        stream.codec_context.color_range = 2
        for i, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="gray")
            picture.pts, picture.time_base, picture.color_range = i, Fraction(1, 16), 2
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))


def titled(pixels: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    for i, name in enumerate(NAMES):
        place = (i * WIDTH + 6, HEIGHT - 20)
        draw.text(place, name, fill="white", stroke_width=2, stroke_fill="black", font_size=13)
    return image


def details(rows: Sequence[Sequence[NDArray[np.uint8]]]) -> Image.Image:
    """Twice as large, the middle of each picture."""
    top, left, side = (HEIGHT - DETAIL) // 2, (WIDTH - DETAIL) // 2, 2 * DETAIL
    made = Image.new("RGB", (len(NAMES) * side, len(rows) * side))
    for i, row in enumerate(rows):
        for j, pixels in enumerate(row):
            part = Image.fromarray(np.ascontiguousarray(pixels[top : top + DETAIL, left : left + DETAIL]))
            made.paste(part.resize((side, side), Image.Resampling.NEAREST), (j * side, i * side))
    return made


def _rgb(plane: Luma) -> NDArray[np.uint8]:
    return np.repeat(plane[..., None], 3, axis=2)


if __name__ == "__main__":
    main()
