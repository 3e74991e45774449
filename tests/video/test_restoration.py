"""Steps that restore film: better on made damage, nearly nothing on clean film, nothing across a cut, and resumable."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import film_damage
from conftest import RunCli
from little_films import Array, Recipe, make, read, scene
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import TintypeError
from tintype.video import FilmOptions, colorize_film
from tintype.video.levels import Signal
from tintype.video.reader import FilmInfo, FilmReader, Frame
from tintype.video.restoration import check_steps, reach, restored

HEIGHT, WIDTH, COUNT = 120, 160, 30


def info_of(depth: int = 8) -> FilmInfo:
    made = FilmInfo.__new__(FilmInfo)
    values = {"height": HEIGHT, "width": WIDTH, "signal": Signal(depth, True, 1, 1, 1)}
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def smooth_scene(seed: int = 0, speed: float = 1.0) -> list[Array]:
    """Moving things without grain."""
    import cv2

    frames = scene(HEIGHT, WIDTH, COUNT, seed=seed, speed=speed)
    return [np.rint(cv2.GaussianBlur(np.ascontiguousarray(f), (0, 0), 1.2) * 255).astype(np.uint8) for f in frames]


def run(planes: list[Array], *steps: str, depth: int = 8) -> list[Array]:
    frames = (Frame(i, 1, plane) for i, plane in enumerate(planes))
    return [frame.luma for frame in restored(frames, info_of(depth), steps)]


def error(first: list[Array], second: list[Array]) -> float:
    return float(np.mean([((a.astype(float) - b) ** 2).mean() for a, b in zip(first, second, strict=True)]))


@pytest.mark.seed("S3-20")
@pytest.mark.parametrize(("step", "least"), [("deflicker", 4.0), ("dust", 4.0), ("scratches", 2.0), ("grain", 2.0)])
def test_made_damage_is_mended(step: str, least: float) -> None:
    clean = smooth_scene()
    damaged = film_damage.DAMAGE[step](clean)
    made = run(damaged, step)
    assert len(made) == COUNT
    assert error(clean, damaged) > least * error(clean, made), "mean squared error"
    again = run(clean, step)
    changed = np.mean([(np.abs(a.astype(int) - b) > 2).mean() for a, b in zip(clean, again, strict=True)])
    assert changed < 0.005, "false alarms on clean film"


def test_weave_is_held_still() -> None:
    still = [smooth_scene()[0]] * COUNT
    shaken = film_damage.weave(still, pixels=1.5)
    made = run(shaken, "stabilize")
    inner = np.s_[8:-8, 8:-8]

    def unrest(planes: list[Array]) -> float:
        return float(np.mean([np.abs(a[inner].astype(int) - b[inner]).mean() for a, b in zip(planes, planes[1:])]))  # noqa: B905, RUF007

    assert unrest(made[4:-4]) < 0.5 * unrest(shaken[4:-4])
    pan = smooth_scene(speed=2.0)
    assert error(pan, run(pan, "stabilize")) < 2, "a pan is no weave"
    assert error(pan, run(pan, "stabilize-crop")) > 2, "cropped is enlarged"


def test_nothing_crosses_a_cut() -> None:
    one, two = smooth_scene(seed=1)[:12], [255 - plane for plane in smooth_scene(seed=2)[:12]]
    for step in ("deflicker", "dust", "scratches", "grain", "stabilize"):
        apart = [*run(one, step), *run(two, step)]
        together = run([*one, *two], step)
        for a, b in zip(apart, together, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_fade_is_no_flicker() -> None:
    clean = smooth_scene()
    fading = [np.rint(plane * (1 - i / COUNT)).astype(np.uint8) for i, plane in enumerate(clean)]
    assert error(fading, run(fading, "deflicker")) < 4


def test_ten_bits() -> None:
    clean = [plane.astype(np.uint16) * 4 for plane in smooth_scene()]
    damaged = [plane.astype(np.uint16) * 4 for plane in film_damage.dust(smooth_scene())]
    made = run(damaged, "dust", "grain", depth=10)
    assert made[3].dtype == np.uint16
    assert error(clean, damaged) > 3 * error(clean, made)


def test_regrain_is_the_same_for_the_same_frame() -> None:
    grainy = film_damage.grain(smooth_scene())
    frames = [Frame(i, 1, plane) for i, plane in enumerate(grainy)]
    whole = [frame.luma for frame in restored(frames, info_of(), ("grain", "regrain"))]
    later = [frame.luma for frame in restored(frames[10:], info_of(), ("grain", "regrain"))]
    np.testing.assert_array_equal(whole[15], later[5])
    reduced = run(grainy, "grain")
    assert np.std(whole[15].astype(int) - reduced[15]) > 2


def test_an_interrupted_restoration_goes_on_with_the_same_bytes(tmp_path: Path, tiny: Colorizer) -> None:
    frames = film_damage.flicker(film_damage.dust(smooth_scene()))
    make(tmp_path / "in.mp4", [frame / 255 for frame in frames], Recipe(audio=None))
    steps = check_steps(("dust", "deflicker", "grain", "stabilize"))
    options = FilmOptions(every=4, part_frames=4, restore=steps)
    colorize_film(str(tmp_path / "in.mp4"), str(tmp_path / "whole.mp4"), tiny, options)

    class Stopped(Exception):
        pass

    def stop(progress) -> None:
        if progress.frames >= 15:
            raise Stopped

    with pytest.raises(Stopped):
        colorize_film(str(tmp_path / "in.mp4"), str(tmp_path / "out.mp4"), tiny, options, progress=stop)
    report = colorize_film(str(tmp_path / "in.mp4"), str(tmp_path / "out.mp4"), tiny, options)
    assert report.resumed_frames >= 4
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    plain = replace(options, restore=())
    colorize_film(str(tmp_path / "in.mp4"), str(tmp_path / "plain.mp4"), tiny, plain)
    light = [read(tmp_path / f"{name}.mp4").planes[10][0].astype(int) for name in ("plain", "whole")]
    assert np.abs(light[0] - light[1]).max() > 10


def test_frames_before_the_place_to_go_on(tmp_path: Path) -> None:
    make(tmp_path / "in.mkv", scene(48, 64, 20), Recipe("ffv1", audio=None))
    reader = FilmReader(tmp_path / "in.mkv")
    frames = list(reader.frames())
    after = list(reader.frames_after(frames[9].pts, frames[9].checksum, before=5))
    assert [frame.pts for frame in after] == [frame.pts for frame in frames[5:]]
    start = float((frames[8].pts - frames[0].pts) * reader.info.time_base)
    after = list(reader.frames_after(frames[9].pts, frames[9].checksum, start=start, before=5))
    assert after[0].pts >= frames[7].pts


def test_steps_and_their_mistakes(cli: RunCli, tmp_path: Path) -> None:
    assert check_steps(["grain", "dust"]) == ("dust", "grain")
    assert reach([]) == 0
    with pytest.raises(TintypeError, match="no step that restores films is called 'fade'"):
        check_steps(["fade"])
    with pytest.raises(TintypeError, match="choose one"):
        check_steps(["stabilize", "stabilize-crop"])
    make(tmp_path / "reel.mp4", scene(48, 64, 6), Recipe(audio=None))
    result = cli("colorize", "reel.mp4", "--model", "tiny", "--restore", "deflicker,dust")
    assert result.returncode == 0, result.stderr.decode()
