"""The figures of `tintype evaluate --video`, on films whose answers are known."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from conftest import RunCli
from little_films import Recipe, make, scene
from tintype.colorizer.colorizer import Colorizer
from tintype.video.measures import evaluate_films, table
from tintype.video.options import FilmOptions


def in_colour(path: Path, count: int, swing: int = 0) -> None:
    """A film whose chroma is the same everywhere; with ``swing`` it jumps at every second frame."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i, frame in enumerate(scene(96, 128, count, speed=0.5)):
            picture = av.VideoFrame(128, 96, "yuv420p")
            planes = [np.round(16 + frame * 219), 100.0, 150.0 + swing * (i % 2)]
            for plane, values in zip(picture.planes, planes, strict=True):
                np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width] = values
            picture.pts = i
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))


def test_steady_and_flickering_films_are_told_apart(tmp_path: Path, tiny: Colorizer) -> None:
    in_colour(tmp_path / "steady.mkv", 12)
    in_colour(tmp_path / "flicker.mkv", 12, swing=12)
    films = [str(tmp_path / name) for name in ("steady.mkv", "flicker.mkv")]
    steady, flicker = evaluate_films(films, tiny, FilmOptions(every=4))
    rows = [{row.name: row for row in measures.rows} for measures in (steady, flicker)]
    assert list(rows[0]) == ["truth", "grey", "frame by frame", "stability 0.75, every 4"]
    assert rows[1]["truth"].flicker > 5 > 1 > rows[0]["truth"].flicker
    assert rows[1]["truth"].warp_error > 5 > 2 > rows[0]["truth"].warp_error
    assert rows[1]["truth"].cdc > 2 * rows[0]["truth"].cdc
    for row in rows:
        assert row["truth"].psnr is None
        assert row["truth"].ciede2000 == 0
        assert row["grey"].chroma < 0.5 < row["truth"].chroma
        assert row["grey"].ciede2000 > 5
        assert row["frame by frame"].predictions == 1
        assert row["stability 0.75, every 4"].predictions < 0.5
    assert steady.frames == 12
    assert max(map(len, table([steady]).splitlines())) < 120


def test_the_command_prints_a_table_and_writes_json(cli: RunCli, tmp_path: Path) -> None:
    in_colour(tmp_path / "clip.mkv", 8)
    done = cli("evaluate", "--model", "tiny", "--video", "clip.mkv", "--limit", "6", "--json", "out.json")
    assert done.returncode == 0, done.stderr.decode()
    assert "| frame by frame |" in done.stdout.decode()
    report = json.loads((tmp_path / "out.json").read_text())
    assert report[0]["frames"] == 6
    assert [row["name"] for row in report[0]["rows"]][:2] == ["truth", "grey"]


def test_nothing_to_measure_on(cli: RunCli) -> None:
    result = cli("evaluate", "--model", "tiny")
    assert result.returncode == 1
    assert b"--data" in result.stderr
    assert b"--video" in result.stderr


@pytest.mark.parametrize("seed", [0])
def test_a_cut_is_no_flicker(tmp_path: Path, tiny: Colorizer, seed: int) -> None:
    frames = [*scene(96, 128, 6, seed=seed), *scene(96, 128, 6, seed=seed + 5)]
    make(tmp_path / "cut.mkv", frames, Recipe("ffv1", audio=None))
    (measures,) = evaluate_films([str(tmp_path / "cut.mkv")], tiny, FilmOptions())
    assert measures.cuts == [6]
    assert measures.rows[0].flicker < 0.5
