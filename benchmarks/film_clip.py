"""The moving picture of the README: a slow pan over an example photograph, coloured as a film, grey half beside colour.

python benchmarks/film_clip.py [--photograph examples/cat.jpg] [--output docs/images/film.webp]
"""

import argparse
import tempfile
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from tintype.colorizer.colorizer import Colorizer
from tintype.video import FilmOptions, colorize_film
from video import make_film

WIDTH, HEIGHT, FRAMES = 400, 224, 60
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photograph", type=Path, default=ROOT / "examples" / "cat.jpg")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "film.webp")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        grey = make_film(Path(folder) / "grey.mp4", options.photograph, WIDTH, HEIGHT, FRAMES)
        target = Path(folder) / "colour.mkv"
        colorize_film(str(grey), str(target), Colorizer("tint"), FilmOptions(codec="ffv1"))
        with av.open(str(target)) as film:
            coloured = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        with av.open(str(grey)) as film:
            before = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    frames = [wiped(*pair, i / (FRAMES - 1)) for i, pair in enumerate(zip(before, coloured, strict=True))]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    loop = [*frames[::2], *frames[-2:0:-2]]
    loop[0].save(options.output, save_all=True, append_images=loop[1:], duration=80, loop=0, quality=60, method=6)
    print(f"{options.output}: {len(loop)} frames, {options.output.stat().st_size / 1e6:.2f} MB")


def wiped(before: np.ndarray, after: np.ndarray, share: float) -> Image.Image:
    """Grey on the left of a line that swings about the middle, colour on its right."""
    edge = int(WIDTH * (0.5 + 0.18 * np.sin(2 * np.pi * share)))
    joined = np.where(np.arange(WIDTH)[None, :, None] < edge, before, after)
    image = Image.fromarray(joined.astype(np.uint8))
    ImageDraw.Draw(image).line([(edge, 0), (edge, HEIGHT)], fill="white", width=2)
    return image


if __name__ == "__main__":
    main()
