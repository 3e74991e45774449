"""The self-test: the models that come with the package answer as they did where they were made.

The answers are kept in answers.json, by the hash of the weights: the mean of a and of b, and that of the chroma, in CIE
units, in f32. `python -m tintype.doctor.selftest` writes them anew, when models have changed.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .finding import Finding

ANSWERS = Path(__file__).with_name("answers.json")
NEAR = 0.05  # CIE units; processors differ in the last digits
_MODEL = "tint"


def test_card(side: int) -> npt.NDArray[np.float32]:
    """A lightness plane, (1, 1, side, side) in [-1, 1]: sky above, ground below, a disc between them."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    plane = np.where(y < 0.45, 0.7 - 0.6 * y, 0.15 * np.sin(40 * x) * np.sin(31 * y) - 0.5 * y)
    disc = (x - 0.6) ** 2 + (y - 0.55) ** 2 < 0.03
    plane[disc] = 0.4 + (x - y)[disc]
    bounded: npt.NDArray[np.float32] = np.clip(plane, -1, 1).astype(np.float32)
    return bounded[None, None]


def answer(model: str) -> tuple[str, list[float]]:
    """The hash of a model's weights, and what it answers to the test card: mean a, mean b, mean chroma."""
    from tintype.network.model_file import find_model
    from tintype.network.network import Network

    file = find_model(model)
    side = file.info.size_multiple * -(-256 // file.info.size_multiple)
    ab = Network(file, "cpu", "f32").run(test_card(side))["ab"][0]
    return file.sha256, [round(float(one), 3) for one in (ab[0].mean(), ab[1].mean(), np.hypot(ab[0], ab[1]).mean())]


def selftest() -> Iterator[Finding]:
    """The model for photographs on the test card, and a small picture coloured from file to file."""
    started = time.perf_counter()
    digest, found = answer(_MODEL)
    wanted = json.loads(ANSWERS.read_text(encoding="utf-8")).get(digest)
    if wanted is None:
        yield Finding("self-test", "known answer", "wrong", f"{_MODEL} is not the model that came with this version")
    elif max(abs(one - other) for one, other in zip(found, wanted, strict=True)) > NEAR:
        yield Finding("self-test", "known answer", "wrong", f"{_MODEL} answers {found}, and should answer {wanted}")
    else:
        yield Finding(
            "self-test", "known answer", "ok", f"{_MODEL} answers as where it was made, within {NEAR} of a and b"
        )
    yield _light_is_kept()
    yield Finding("self-test", "took", "ok", f"{time.perf_counter() - started:.1f} s")


def _light_is_kept() -> Finding:
    from tintype.colorizer.colorizer import Colorizer
    from tintype.photo.photo import Photo

    light = ((test_card(192)[0, 0] + 1) * 127.5).astype(np.uint8)
    coloured = Photo.read(Colorizer(_MODEL, device="cpu").colorize(light).encode("PNG"))
    if not np.array_equal(coloured.luma, Photo.read(light).luma):
        return Finding("self-test", "light", "wrong", "the brightness of some pixels has changed")
    return Finding("self-test", "light", "ok", "the brightness of every pixel is kept")


def write_answers() -> None:
    """Ask every embedded model and keep what it says."""
    from tintype.network.model_file import EMBEDDED

    found = dict(answer(str(path)) for path in sorted(EMBEDDED.glob("*.onnx")))
    ANSWERS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    write_answers()
