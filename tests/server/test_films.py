"""Films over HTTP: sent, followed, cancelled, downloaded; 501 from a model for drawings."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import smooth
from server.serving import Visitor, events, until


def film(folder: Path, frames: int) -> bytes:
    av = pytest.importorskip("av")
    path = folder / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(frames):
            picture = Image.fromarray(smooth(64, 96, number // 12)).convert("RGB")
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path.read_bytes()


def test_a_model_for_drawings_colours_no_films(visitor: Visitor, tmp_path: Path) -> None:
    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 12))}).json()
    answer = visitor.post("/api/jobs", json={"kind": "film", "picture": sent["id"], "options": {"model": "sketch"}})
    assert (answer.status_code, answer.json()["missing"]) == (501, "films")


def test_a_film_is_coloured(visitor: Visitor, tmp_path: Path) -> None:
    pytest.importorskip("av")
    import av

    answer = visitor.post("/api/films", files={"file": ("../reel.mp4", film(tmp_path, 24))})
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert (sent["kind"], sent["name"], sent["width"], sent["height"]) == ("film", "reel.mp4", 96, 64)
    assert Image.open(io.BytesIO(visitor.get(sent["thumbnail_url"]).content)).size == (96, 64)
    job = visitor.job(kind="film", picture=sent["id"], options={"size": 64})
    with visitor.stream("GET", job["events_url"]) as stream:
        told = events(stream.read().decode())
    assert told[-1][0] == "done", told[-1]
    assert (told[-1][1]["done"], told[-1][1]["total"]) == (24, 24)
    (outcome,) = told[-1][1]["outcomes"]
    coloured = visitor.get(f"/api/results/{outcome['result_id']}/file", params={"download": True})
    assert coloured.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(coloured.content)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 24
    part = visitor.get(f"/api/results/{outcome['result_id']}/file", headers={"range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert visitor.post(f"/api/pictures/{sent['id']}/predict", json={}).status_code == 422


def test_what_is_no_film_is_refused(visitor: Visitor) -> None:
    pytest.importorskip("av")
    for data in (b"", b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x18ftypisom" + bytes(500)):
        answer = visitor.post("/api/films", files={"file": ("a.mp4", data)})
        assert answer.status_code == 415, answer.text


def test_a_film_can_be_cancelled(visitor: Visitor, tmp_path: Path) -> None:
    pytest.importorskip("av")
    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 600))}).json()
    job = visitor.job(kind="film", picture=sent["id"], options={"size": 256})
    until(lambda: visitor.get(f"/api/jobs/{job['id']}").json()["state"] == "running")
    visitor.post(f"/api/jobs/{job['id']}/cancel")
    assert visitor.ended(job)["state"] == "cancelled"


def test_moods_count_for_films_and_hints_are_refused(visitor: Visitor, tmp_path: Path) -> None:
    pytest.importorskip("av")
    import av

    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 12))}).json()
    hint = {"hints": [{"x": 0.5, "y": 0.5, "color": "#c02020"}]}
    for options in (hint, {"alternative": 0}):
        body = {"kind": "film", "picture": sent["id"], "options": options}
        assert visitor.post("/api/jobs", json=body).status_code == 422

    def spread(options: dict[str, float]) -> float:
        job = visitor.job(kind="film", picture=sent["id"], options={"size": 64, **options})
        (outcome,) = visitor.ended(job)["outcomes"]
        data = visitor.get(f"/api/results/{outcome['result_id']}/file").content
        with av.open(io.BytesIO(data)) as container:
            frame = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
        return float(np.ptp(frame, axis=2).mean())

    plain, grey = spread({}), spread({"saturation": 0.0})
    assert grey < 3 < plain
