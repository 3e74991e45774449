"""Writes a film of a few seconds for the tests: a camera moves over one of the examples. Argument: where to."""

import sys
from pathlib import Path

import av
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples" / "boulevard-1838.jpg"
FRAMES, WIDTH, HEIGHT = 240, 480, 360

photo = Image.open(EXAMPLE).convert("RGB")
with av.open(sys.argv[1], "w") as film:
    stream = film.add_stream("libx264", rate=24)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    for number in range(FRAMES):
        left = round((photo.width - WIDTH) * number / FRAMES)
        top = round((photo.height - HEIGHT) * number / FRAMES)
        frame = av.VideoFrame.from_image(photo.crop((left, top, left + WIDTH, top + HEIGHT)))
        film.mux(stream.encode(frame))
    film.mux(stream.encode())
