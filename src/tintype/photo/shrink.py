"""Photos made small for screens."""

from dataclasses import replace

from PIL import Image

from tintype.imaging.planes import as_plane, half_size
from tintype.imaging.types import Plane8
from tintype.photo.metadata import Metadata
from tintype.photo.photo import Photo

QUALITY = 88


def shrink(photo: Photo, side: int) -> Photo:
    """The photo as a JPEG for screens: at most ``side`` pixels long, over white, without metadata but its profile."""
    photo = photo.over_white()
    scale = min(1.0, side / max(photo.width, photo.height))
    width, height = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))

    def small(plane: Plane8, size: tuple[int, int]) -> Plane8:
        if plane.shape == size[::-1]:
            return plane
        return as_plane(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))

    chroma = photo.chroma
    meta = Metadata("JPEG", "RGB", icc=photo.meta.icc, quality=QUALITY, subsampling="420")
    halves = None if chroma is None else tuple(small(plane, half_size(width, height)) for plane in chroma)
    return Photo(small(photo.luma, (width, height)), (halves[0], halves[1]) if halves else None, None, meta)


def smaller(photo: Photo, side: int, kind: str) -> Photo:
    """The photo at most ``side`` pixels long, with what its file told beside the picture, for a file of ``kind``."""
    told = replace(photo.meta, format="JPEG", mode="RGB" if photo.chroma is not None else "L", quality=None)
    return shrink(photo, side).with_meta(replace(told, subsampling="420" if kind == "JPEG" else None))
