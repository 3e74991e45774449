"""Interrupted work goes on where it stopped, and ends in the same bytes."""

import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from little_films import Recipe, make, read, scene
from tintype.video import Progress
from tintype.video.film import colorize_film
from tintype.video.options import FilmOptions

SCENES = (24, 30, 22)


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    """Three scenes; the second is longer than a part."""
    frames = [frame for i, count in enumerate(SCENES) for frame in scene(48, 64, count, seed=10 * i)]
    make(tmp_path / "reel.mp4", frames, Recipe(options={"g": "12"}))
    return tmp_path / "reel.mp4"


class StopError(Exception):
    pass


def test_an_interrupted_film_goes_on_and_ends_in_the_same_bytes(reel: Path, tmp_path: Path, tiny, colour) -> None:
    options = {"part_frames": 5, "every": 5}  # so that parts end inside shots, too
    colour(reel, tmp_path / "whole.mp4", **options)
    seen = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.frames >= 45:
            raise StopError

    with pytest.raises(StopError):
        colorize_film(str(reel), str(tmp_path / "out.mp4"), tiny, FilmOptions(**options), progress=stop)
    parts = sorted(path.name for path in (tmp_path / ".out.mp4.parts").glob("*.json"))
    assert parts[:3] == ["000000.json", "000001.json", "000002.json"]
    assert not (tmp_path / "out.mp4").exists()
    assert Path(seen[-1].thumbnail).read_bytes()[:2] == b"\xff\xd8"
    report = colour(reel, tmp_path / "out.mp4", **options)
    assert 30 <= report.resumed_frames <= 45
    assert report.frames == sum(SCENES)
    assert report.scenes == 3
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert not (tmp_path / ".out.mp4.parts").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="asks Linux which files are open")
def test_a_cancelled_film_leaves_no_file_open(reel: Path, tmp_path: Path, tiny) -> None:
    def stop(progress: Progress) -> None:
        raise StopError

    with pytest.raises(StopError) as caught:
        colorize_film(str(reel), str(tmp_path / "out.mp4"), tiny, FilmOptions(every=5), progress=stop)
    opened = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert caught.value is not None  # with it, all that was going on is still in memory
    assert not [name for name in opened if name.startswith(str(tmp_path))]


def test_kill_9(reel: Path, tmp_path: Path, model_path: Path) -> None:
    environment = os.environ | {"TINTYPE_MODELS": str(model_path.parent), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tintype", "colorize", str(reel), "--model", "tiny", "--precision", "f32"]
    command += ["--threads", "1", "--codec", "hevc", "--output"]
    store = tmp_path / ".out.mp4.parts"
    process = subprocess.Popen([*command, "out.mp4"], cwd=tmp_path, env=environment)
    deadline = time.monotonic() + 60
    while not list(store.glob("000000.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path.name: path.read_bytes() for path in store.glob("*.packets")}
    again = subprocess.run(
        [*command, "out.mp4", "--json"], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    assert kept or b'"resumed_frames": 0' in again.stdout
    subprocess.run([*command, "whole.mp4"], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_the_bytes_do_not_depend_on_what_memory_held_before(tmp_path: Path, model_path: Path) -> None:
    """Eleven macroblocks in a row: x264's AVX-512 code reads behind the row's end."""
    make(tmp_path / "reel.mp4", scene(144, 176, 40, seed=3), Recipe(audio=None))
    environment = os.environ | {"TINTYPE_MODELS": str(model_path.parent), "OMP_NUM_THREADS": "1"}
    made = []
    for filling in ("1", "85"):  # what glibc writes into memory before it hands it out
        command = [sys.executable, "-m", "tintype", "colorize", "reel.mp4", "--model", "tiny", "--precision", "f32"]
        command += ["--output", f"{filling}.mp4"]
        subprocess.run(command, cwd=tmp_path, env=environment | {"MALLOC_PERTURB_": filling}, check=True)
        made.append(zlib.crc32((tmp_path / f"{filling}.mp4").read_bytes()))
    assert made[0] == made[1]


def test_other_options_or_another_film_start_anew(reel: Path, tmp_path: Path, tiny, colour) -> None:
    def stop(progress: Progress) -> None:
        if progress.frames >= 40:
            raise StopError

    with pytest.raises(StopError):
        colorize_film(str(reel), str(tmp_path / "out.mp4"), tiny, FilmOptions(), progress=stop)
    assert list((tmp_path / ".out.mp4.parts").glob("000000.json"))
    report = colour(reel, tmp_path / "out.mp4", stability=0.5)
    assert report.resumed_frames == 0
    assert report.frames == sum(SCENES)


def test_parts_of_one_long_scene_join_without_a_seam(tmp_path: Path, colour) -> None:
    """The colours do not depend on where parts end: only the coding does."""
    make(tmp_path / "in.mkv", scene(48, 64, 40), Recipe("ffv1", audio=None))
    colour(tmp_path / "in.mkv", tmp_path / "one.mkv", codec="ffv1", every=4)
    colour(tmp_path / "in.mkv", tmp_path / "many.mkv", codec="ffv1", every=4, part_frames=8)
    one, many = read(tmp_path / "one.mkv"), read(tmp_path / "many.mkv")
    for a, b in zip(one.planes, many.planes, strict=True):
        assert all((x == y).all() for x, y in zip(a, b, strict=True))
