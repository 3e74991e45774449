"""How planes travel: HTTP, and numpy's own file format without its pickles.

    GET  ADDRESS/models                                  what is offered, as JSON: a list of `Offer`
    POST ADDRESS/models/SHA256/predict?outputs=ab,...    planes by name in, planes by name out

A network is asked for by the hash of its file, never by its name: a machine with another version cannot answer.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tintype.errors import TintypeError
from tintype.imaging.types import Planes

MEDIA_TYPE = "application/x-npz"
MOST_BYTES = 1 << 30  # of planes in one message; a picture at the largest working size has a tenth


@dataclass(frozen=True)
class Offer:
    """A network that can be asked, and how it is run."""

    name: str
    sha256: str
    engine: str
    device: str
    precision: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def pack(planes: Mapping[str, Planes]) -> bytes:
    """Planes by name as bytes, not compressed: they are noise to a compressor."""
    target = io.BytesIO()
    np.savez(target, **{name: np.ascontiguousarray(plane, np.float32) for name, plane in planes.items()})  # type: ignore[arg-type]
    return target.getvalue()


def unpack(data: bytes) -> dict[str, Planes]:
    """Raises TintypeError if these are no planes. Nothing in them is ever run."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise TintypeError(f"the planes have more than {MOST_BYTES:,} bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            planes = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise TintypeError(f"these bytes are no planes ({type(error).__name__})") from error
    if wrong := [name for name, plane in planes.items() if plane.dtype != np.float32 or plane.ndim != 4]:
        raise TintypeError(f"{', '.join(wrong)}: planes are (N, C, H, W) float32")
    return planes
