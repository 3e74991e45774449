"""The interface for programs: many pictures in order, threads, asyncio, tensors, Pillow; nothing printed."""

import asyncio
import itertools
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tintype
from tintype import Colorizer, InputError, TintypeError


def grey(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return ((np.sin(x / (5 + seed)) + np.cos(y / (7 + seed)) + 2) * 63).astype(np.uint8)


@pytest.fixture(scope="module")
def colorizer(model_path: Path) -> Iterator[Colorizer]:
    with Colorizer(model_path, device="cpu", precision="f32", streams=2) as made:
        yield made


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order_with_paths_records_and_errors(
    colorizer: Colorizer, tmp_path: Path, workers: int
) -> None:
    paths = []
    for number in range(7):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(grey(number)).save(paths[-1])
    paths[3].write_bytes(b"no picture")
    found = list(colorizer.colorize_many([*paths, str(paths[0]), grey(9)], workers=workers))
    assert [result.index for result in found] == list(range(9))
    assert [result.path for result in found] == [*paths, paths[0], None]
    assert [result.ok for result in found] == [number != 3 for number in range(9)]
    assert isinstance(found[3].error, InputError)
    assert found[3].photo is None
    assert found[0].record["model"] == colorizer.model.info.name
    assert found[0].record["weights_sha256"] == colorizer.model.sha256
    for number in (0, 6):
        assert found[number].photo is not None
        assert np.array_equal(found[number].photo.luma, grey(number))


def test_no_more_are_begun_than_fit(colorizer: Colorizer) -> None:
    """An endless iterable: what was taken from it is never far ahead of what was handed out."""
    taken = itertools.count()
    ahead = []

    def endless() -> Iterator[np.ndarray]:
        while True:
            next(taken)
            yield grey(1)

    count = 0
    results = colorizer.colorize_many(endless(), workers=2)
    for count, _ in enumerate(itertools.islice(results, 12), 1):
        ahead.append(int(repr(taken)[6:-1]) - count)
    results.close()  # type: ignore[attr-defined]
    assert count == 12
    assert max(ahead) <= 2 * 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tintype-many")]


def test_workers_below_one_are_refused(colorizer: Colorizer) -> None:
    with pytest.raises(TintypeError, match="the least is 1"):
        colorizer.colorize_many([], workers=0)


def test_a_person_is_warned_of_what_cannot_be_told(colorizer: Colorizer) -> None:
    flat, small, good = colorizer.colorize_many([np.full((80, 80), 99, np.uint8), grey(1, 20, 30), grey(2, 80, 90)])
    assert "one flat tone" in flat.warnings[0]
    assert "too few" in small.warnings[0]
    assert good.warnings == ()


def test_threads_get_the_same_bytes(colorizer: Colorizer) -> None:
    """More threads than streams, on one colorizer."""
    pictures = [grey(number % 3) for number in range(24)]
    alone = [colorizer.colorize(picture).encode("PNG") for picture in pictures[:3]]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda picture: colorizer.colorize(picture).encode("PNG"), pictures))
    assert together == [alone[number % 3] for number in range(24)]


def test_asyncio_goes_on_meanwhile(colorizer: Colorizer) -> None:
    async def main() -> tuple[list[bytes], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        photos = await asyncio.gather(*(colorizer.colorize_async(grey(number)) for number in range(3)))
        ticking.cancel()
        return [photo.encode("PNG") for photo in photos], ticks

    found, ticks = asyncio.run(main())
    assert found == [colorizer.colorize(grey(number)).encode("PNG") for number in range(3)]
    assert ticks > 10


def test_a_closed_colorizer_says_so(model_path: Path) -> None:
    with Colorizer(model_path, device="cpu") as colorizer:
        assert colorizer.colorize(grey(1)).width == 64
    with pytest.raises(TintypeError, match="closed"):
        colorizer.colorize(grey(1))


def test_pillow_in_and_out(colorizer: Colorizer) -> None:
    clear = Image.fromarray(grey(1)).convert("LA")
    clear.putalpha(Image.fromarray(grey(2)))
    made = colorizer.colorize(clear).image()
    assert made.mode == "RGBA"
    assert np.array_equal(np.asarray(made)[..., 3], grey(2))
    assert colorizer.colorize(Image.fromarray(grey(1))).image().mode == "RGB"


def test_torch_in_and_out(colorizer: Colorizer) -> None:
    torch = pytest.importorskip("torch")
    plain = colorizer.colorize(grey(1)).rgb()
    whole = torch.from_numpy(grey(1))
    for tensor in (whole, whole[None], whole[None].repeat(3, 1, 1)):
        made = colorizer.colorize(tensor).tensor()
        assert made.shape == (3, 48, 64)
        assert np.array_equal((made.numpy() * 255).round().astype(np.uint8).transpose(1, 2, 0), plain)
    half = colorizer.colorize((whole / 255.0).half().requires_grad_()).rgb()
    assert np.abs(half.astype(int) - plain).max() <= 3
    with pytest.raises(InputError, match="one by one"):
        colorizer.colorize(torch.zeros(1, 3, 8, 8))


def test_nothing_is_printed_and_logging_has_it(model_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = (
        "import numpy, tintype\n"
        f"with tintype.Colorizer({str(model_path)!r}) as colorizer:\n"
        "    colorizer.colorize(numpy.zeros((32, 32), numpy.uint8)).encode('JPEG')\n"
    )
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_logging_under_tintype(model_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="tintype"):
        Colorizer(model_path, device="cpu").close()
    assert [record.name for record in caplog.records] == ["tintype"]
    assert caplog.records[0].getMessage().startswith("model tiny")


SURFACE = {
    "Colorizer": {"close", "colorize", "colorize_async", "colorize_file", "colorize_many", "model", "network",
                  "open", "paints"},
    "Photo": {"as_shown", "as_stored", "chroma", "encode", "format", "grey", "half_luma", "has_half_chroma", "image",
              "over_white", "read", "rgb", "save", "small_luma", "height", "tensor", "width", "with_chroma",
              "with_luma", "with_meta"},
    "Result": {"error", "index", "ok", "path", "photo", "record", "warnings"},
}  # fmt: skip


@pytest.mark.parametrize("name", SURFACE)
def test_the_surface_is_what_it_was(name: str) -> None:
    """Whoever changes this list changes other people's programs: it belongs into the changelog."""
    kind = getattr(tintype, name)
    public = {one for one in dir(kind) if not one.startswith("_")} | set(getattr(kind, "__dataclass_fields__", {}))
    assert public == SURFACE[name]
