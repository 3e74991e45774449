"""Pictures larger than memory: the network sees a small copy, and the colours are laid over the file as it streams by.

libvips pulls the picture through in strips, from the source file to the target file, so that memory depends on the
width of the picture and not on its size. The arithmetic is that of `tintype.colorizer.compose` and
`tintype.imaging.upsample`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tintype.errors import InputError, OutputError, TooLargeError, one_line
from tintype.files.atomic import replacing
from tintype.imaging.color import CB_TO_B, CB_TO_G, CR_TO_G, CR_TO_R, KB, KG, KR
from tintype.imaging.gamut import chroma_for_luma
from tintype.imaging.upsample import coefficients, raise_planes
from tintype.photo.icc import profile_for_colour
from tintype.photo.metadata import Metadata, upright_exif, upright_xmp, with_exif_header
from tintype.photo.photo import Photo

from .compose import working_size
from .provenance import SOFTWARE

if TYPE_CHECKING:
    import pyvips

# From so many pixels on a TIFF or PNG is streamed: RGB would take a third of a gigabyte, its planes as much again.
STREAMED_PIXELS = 120_000_000
# What can be streamed at all; more is taken for a mistake or an attack.
MAX_PIXELS = 20_000_000_000
_SUFFIXES = (".tif", ".tiff", ".png")
_SMALL_SIDE = 1536

Answer = Callable[[Photo], NDArray[np.float32]]


def is_huge(source: str, target: str) -> bool:
    """Whether a file is to be streamed: a large TIFF or PNG of one page that is to become one of these."""
    if Path(source).suffix.lower() not in _SUFFIXES or Path(target).suffix.lower() not in _SUFFIXES:
        return False
    try:
        if os.path.getsize(source) < 1000:
            return False
        image = _opened(source)
        return bool(image.width * image.height > STREAMED_PIXELS and image.get_n_pages() == 1)
    except Exception:  # whoever reads it will say what is wrong
        return False


def colour_file(
    source: str, target: str, answer: Answer, describe: Callable[[Metadata], Metadata], *, overwrite: bool = False
) -> tuple[int, int]:
    """Colour a picture from file to file; its width and height.

    answer: ab (h, w, 2) in CIE units for a small copy of the picture; describe: the metadata with the record added.
    Raises InputError, OutputError.
    """
    import pyvips

    path = Path(target)
    if path.exists() and not overwrite:
        raise OutputError(f"{target} exists: choose another name or allow overwriting")
    try:
        with replacing(path) as partial:
            head = _opened(source)
            if head.width * head.height > MAX_PIXELS:
                raise TooLargeError(
                    f"{source} is {head.width}x{head.height}: the limit is {MAX_PIXELS / 1e6:,.0f} megapixels"
                )
            small = _small_copy(source)
            coloured = _coloured(_opened(source), small, answer(Photo(small)))
            coloured = _with_metadata(coloured, describe)
            if path.suffix.lower() == ".png":
                coloured.pngsave(str(partial), compression=4)
            else:
                large = (
                    coloured.width * coloured.height * coloured.bands * (2 if coloured.format == "ushort" else 1)
                    > 2**31
                )
                coloured.tiffsave(str(partial), compression="deflate", predictor="horizontal", bigtiff=large)
            return int(coloured.width), int(coloured.height)
    except pyvips.Error as error:
        reason = one_line(error)
        raise InputError(f"{source} is damaged or cut short, or {target} cannot be written: {reason}") from error
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}") from error


def _opened(source: str) -> "pyvips.Image":
    import pyvips

    image = pyvips.Image.new_from_file(source, access="sequential", fail_on="truncated")
    if _turn(image) == 1:
        return image
    # To turn a picture, libvips reads it in another order: it keeps the pixels in a file of its own meanwhile.
    return pyvips.Image.new_from_file(source, fail_on="truncated").autorot()


def _turn(image: "pyvips.Image") -> int:
    """The EXIF orientation, 1 to 8."""
    return int(image.get("orientation")) if image.get_typeof("orientation") else 1


def _small_copy(source: str) -> NDArray[np.uint8]:
    """Luma of the picture, 8 bits, its longer side `_SMALL_SIDE`."""
    image = _luma(_opened(source))
    factor = max(1.0, max(image.width, image.height) / _SMALL_SIDE)
    small = image.shrink(factor, factor)
    return np.ascontiguousarray(np.clip(np.round(small.numpy() * 255), 0, 255).astype(np.uint8))


def _luma(image: "pyvips.Image") -> "pyvips.Image":
    """BT.601 luma in [0, 1], float, of 1 to 4 bands of 8 or 16 bits; alpha is left out."""
    if image.format not in ("uchar", "ushort") or image.interpretation in ("cmyk", "lab", "labs"):
        kind = f"{image.format} {image.interpretation}"
        raise InputError(f"a picture of this size cannot be streamed as {kind}: convert it to 8- or 16-bit grey or RGB")
    colour = image[:3] if image.bands >= 3 else image[0]
    scale = 1 / 65535 if image.format == "ushort" else 1 / 255
    if colour.bands == 1:
        return colour * scale
    return colour.recomb([[KR * scale, KG * scale, KB * scale]])


def _coloured(image: "pyvips.Image", small: NDArray[np.uint8], ab: NDArray[np.float32]) -> "pyvips.Image":
    import pyvips
    from PIL import Image

    light = Photo(small)
    width, height = working_size(light.width, light.height, ab)
    low = light.small_luma(width, height, Image.Resampling.BOX)
    working = np.stack(raise_planes([ab[..., i] for i in range(2)], low), axis=-1)
    planes = coefficients(low, list(chroma_for_luma(low, working)))

    def enlarged(plane: NDArray[np.float32]) -> Any:
        tile = pyvips.Image.new_from_memory(np.ascontiguousarray(plane), width, height, 1, "float")
        large = tile.resize(image.width / width, vscale=image.height / height, kernel="cubic")
        return large.embed(0, 0, image.width, image.height, extend="copy")

    y = _luma(image)
    cb, cr = (enlarged(planes[i]) + enlarged(planes[i + 1]) * y for i in (0, 2))
    red, green, blue = cr * CR_TO_R, cb * CB_TO_G + cr * CR_TO_G, cb * CB_TO_B
    highest = _larger(_larger(red, green), blue)
    lowest = _larger(_larger(red * -1, green * -1), blue * -1)
    # Chroma that does not fit at a pixel's luma is scaled back, never clipped.
    share_up, share_down = (1 - y) / _larger(highest, highest * 0 + 1e-6), y / _larger(lowest, lowest * 0 + 1e-6)
    share = (share_up < share_down).ifthenelse(share_up, share_down)
    share = (share < 1).ifthenelse(share, 1)
    top = 65535 if image.format == "ushort" else 255
    bands = [((y + shift * share) * top).rint() for shift in (red, green, blue)]
    result = bands[0].bandjoin(bands[1:]).cast(image.format)
    if image.bands in (2, 4):
        result = result.bandjoin(image[image.bands - 1])
    return result.copy(interpretation="rgb16" if image.format == "ushort" else "srgb")


def _larger(first: "pyvips.Image", second: "pyvips.Image") -> "pyvips.Image":
    return (first > second).ifthenelse(first, second)


def _with_metadata(image: "pyvips.Image", describe: Callable[[Metadata], Metadata]) -> "pyvips.Image":
    """The metadata of the source, which libvips carries along, with the record and a profile fit for colour."""
    import pyvips

    image = image.copy()
    blocks = {}
    for name in ("exif-data", "xmp-data", "icc-profile-data"):
        blocks[name] = image.get(name) if image.get_typeof(name) else None
    meta = describe(Metadata("TIFF", exif=upright_exif(blocks["exif-data"]), xmp=upright_xmp(blocks["xmp-data"])))
    values = {"xmp-data": meta.xmp, "icc-profile-data": profile_for_colour(blocks["icc-profile-data"])}
    values["exif-data"] = with_exif_header(meta.exif)
    for name, value in values.items():
        if value is not None:
            image.set_type(pyvips.GValue.blob_type, name, value)
        elif image.get_typeof(name):
            image.remove(name)
    # libvips drops every entry of the block that is not among its fields, and writes those that are.
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Software", SOFTWARE)
    return image
