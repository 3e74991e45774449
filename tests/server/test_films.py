"""Films over HTTP: sent, followed, cancelled, downloaded; 501 from a model for drawings."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pictures import smooth
from server.serving import Visitor, events, until
from tintype.server.intake import HEAD, film_format


def film(folder: Path, frames: int, scenes: int = 0) -> bytes:
    """Frames that move a little; with ``scenes``, so many different views of as many frames each."""
    av = pytest.importorskip("av")
    path = folder / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(frames):
            view = number * scenes // frames * 7 if scenes else number // 12
            picture = Image.fromarray(smooth(64, 96, view)).convert("RGB")
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
        first, *others = (frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0))
    assert len(others) == 23
    poster = Image.open(io.BytesIO(visitor.get(f"/api/results/{outcome['result_id']}/preview").content)).convert("RGB")
    # Its colours too: but for what the film's halved chroma and the poster's coding blur, and they are far from grey.
    away, greyed = (
        np.abs(np.asarray(each, int) - first).mean() for each in (poster, poster.convert("L").convert("RGB"))
    )
    assert away < 0.6 * greyed
    assert greyed > 6
    part = visitor.get(f"/api/results/{outcome['result_id']}/file", headers={"range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert visitor.post(f"/api/pictures/{sent['id']}/predict", json={}).status_code == 422


# What cameras and archives write: suffix, FFmpeg's format, codec, pixel format, size; and the kind that it is.
KINDS = {
    "MPEGTS": (".mts", "mpegts", "libx264", "yuv420p", (64, 48)),
    "ASF": (".wmv", "asf", "wmv2", "yuv420p", (64, 48)),
    "MXF": (".mxf", "mxf", "mpeg2video", "yuv420p", (64, 48)),
    "DV": (".dv", "dv", "dvvideo", "yuv420p", (720, 576)),
    "FLV": (".flv", "flv", "flv", "yuv420p", (64, 48)),
    "MPEG": (".m2v", "mpeg2video", "mpeg2video", "yuv420p", (64, 48)),
    "MP4": (".mov", "mov", "mjpeg", "yuvj420p", (64, 48)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_films_of_cameras_and_archives_are_taken(visitor: Visitor, tmp_path: Path, kind: str) -> None:
    from little_films import Recipe, make, scene

    suffix, form, codec, pix_fmt, (width, height) = KINDS[kind]
    path = tmp_path / f"film{suffix}"
    make(path, scene(height, width, 4), Recipe(codec=codec, pix_fmt=pix_fmt, audio=None), format=form)
    data = path.read_bytes()
    assert film_format(data[:HEAD]) == kind
    answer = visitor.post("/api/films", files={"file": (path.name, data)})
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert (sent["kind"], sent["width"], sent["height"]) == ("film", width, height)
    assert visitor.get(sent["file_url"]).content == data
    job = visitor.job(kind="film", picture=sent["id"], options={"size": 64})
    with visitor.stream("GET", job["events_url"]) as stream:
        told = events(stream.read().decode())
    assert told[-1][0] == "done", told[-1]


@pytest.mark.parametrize("box", [b"moov", b"mdat", b"wide", b"free"])
def test_quicktime_of_before_it_had_a_first_box_of_its_own_is_told_from_text(box: bytes) -> None:
    assert film_format(b"\x00\x00\x00\x08" + box + bytes(500)) == "MP4"
    assert film_format(b"\x31\x32\x33\x34" + box + bytes([0, 200]) * 200) == "MP4"  # a length that reads like text
    assert film_format(b"the " + box + b" of many words" * 30) is None
    assert film_format(b"so,\n" + box + b" of many words" * 30) is None


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


def test_scenes_are_found_once_each_with_a_picture(visitor: Visitor, stranger: Visitor, tmp_path: Path) -> None:
    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 36, 3))}).json()
    address = f"/api/films/{sent['id']}/scenes"
    assert visitor.get(address).json()["known"] is False
    assert visitor.ended(visitor.job(kind="scenes", picture=sent["id"]))["state"] == "done"
    found = visitor.get(address).json()
    assert [(one["start"], one["end"]) for one in found["items"]] == [(0, 1), (1, 2), (2, 3)]
    for one in found["items"]:
        assert Image.open(io.BytesIO(visitor.get(one["thumbnail_url"]).content)).size == (96, 64)
    frame = Image.open(io.BytesIO(visitor.get(f"/api/films/{sent['id']}/frame", params={"seconds": 1.5}).content))
    assert frame.size == (96, 64)
    assert visitor.get(f"/api/films/{sent['id']}/frame", params={"seconds": 99}).status_code == 404
    for path in (address, found["items"][0]["thumbnail_url"], f"/api/films/{sent['id']}/frame"):
        assert stranger.get(path).status_code == 404
    assert stranger.post("/api/jobs", json={"kind": "scenes", "picture": sent["id"]}).status_code == 404
    assert visitor.delete(f"/api/pictures/{sent['id']}").status_code == 200
    assert visitor.get(found["items"][0]["thumbnail_url"]).status_code == 404


def test_a_film_waits_for_its_owner_and_goes_on_where_it_was(visitor: Visitor, tmp_path: Path) -> None:
    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 600))}).json()
    job = visitor.job(kind="film", picture=sent["id"], options={"size": 64})

    def now() -> dict[str, Any]:
        return dict(visitor.get(f"/api/jobs/{job['id']}").json())

    until(lambda: now()["state"] == "running" and now()["done"] > 0)
    assert visitor.post(f"/api/jobs/{job['id']}/pause").status_code == 202
    until(lambda: now()["state"] == "paused")
    assert visitor.delete(f"/api/jobs/{job['id']}").status_code == 409  # it has not ended
    assert visitor.post(f"/api/jobs/{job['id']}/resume").json()["state"] in ("queued", "running")
    ended = visitor.ended(job)
    assert (ended["state"], ended["done"], ended["attempts"]) == ("done", 600, 1)
    assert visitor.post(f"/api/jobs/{job['id']}/pause").json()["state"] == "done"


def test_a_waiting_job_can_be_cancelled(visitor: Visitor, tmp_path: Path) -> None:
    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 600))}).json()
    job = visitor.job(kind="film", picture=sent["id"], options={"size": 256})
    visitor.post(f"/api/jobs/{job['id']}/pause")
    until(lambda: visitor.get(f"/api/jobs/{job['id']}").json()["state"] == "paused")
    visitor.post(f"/api/jobs/{job['id']}/cancel")
    assert visitor.get(f"/api/jobs/{job['id']}").json()["state"] == "cancelled"


def test_a_point_in_one_scene_colours_the_thing_there_and_no_other_scene(visitor: Visitor, tmp_path: Path) -> None:
    import av

    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 24, 2))}).json()

    def colours(hints: list[dict[str, Any]]) -> list[np.ndarray]:
        film = {"hints": hints, "crf": 0}
        ended = visitor.ended(visitor.job(kind="film", picture=sent["id"], options={}, film=film))
        assert ended["state"] == "done", ended
        data = visitor.get(f"/api/results/{ended['outcomes'][0]['result_id']}/file").content
        with av.open(io.BytesIO(data)) as container:
            return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]

    plain = colours([])
    point = {"seconds": 1.5, "x": 48, "y": 32, "color": "#c01515", "radius": 30}
    change = [float(np.abs(one - other).mean()) for one, other in zip(colours([point]), plain, strict=True)]
    assert min(change[12:]) > 1
    assert max(change[:11]) < 0.5
    far = visitor.job(kind="film", picture=sent["id"], film={"hints": [point | {"x": 4800}]})
    assert "outside" in visitor.ended(far)["error"]


def test_a_worker_that_died_when_the_film_was_whole_leaves_no_film_without_a_poster(tmp_path: Path) -> None:
    from sqlalchemy import select

    from tintype.server.films import add_film
    from tintype.server.jobs import work
    from tintype.server.jobs.job_store import create
    from tintype.server.jobs.queue import lane_of
    from tintype.server.services import Services
    from tintype.server.settings import Settings
    from tintype.server.tables import Job, Result

    services, data = Services.start(Settings(folder=tmp_path / "site")), film(tmp_path, 6)
    row = add_film(services, io.BytesIO(data), len(data), "reel.mp4", "o" * 64)
    job = create(services, "film", {"picture": row.id, "options": {"size": 64}}, 0, "o" * 64)
    folder = services.settings.folder / "films" / job.id
    folder.mkdir(parents=True)
    (folder / "coloured.mp4").write_bytes(data)  # what the dead worker had finished
    work.run(services, lane_of("film"), "the next worker")
    with services.database.session() as session:
        assert session.get_one(Job, job.id).state == "done"
        result = session.scalars(select(Result)).one()
    for side in (320, services.settings.preview_pixels):
        picture = Image.open(io.BytesIO(services.storage.read(f"results/{result.id}/{side}.jpg")))
        assert picture.size == (96, 64)
    services.close()


def test_each_scene_takes_the_colours_of_the_photo_most_like_it(
    visitor: Visitor, stranger: Visitor, tmp_path: Path
) -> None:
    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 24, scenes=2))}).json()

    def like(view: int, channel: int) -> tuple[str, bytes]:
        bands = [smooth(64, 96, view) * (0.4 if at != channel else 1.0) for at in range(3)]
        target = io.BytesIO()
        Image.fromarray(np.stack(bands, -1).astype(np.uint8)).save(target, "PNG")
        return f"{view}.png", target.getvalue()

    red, blue = (one["id"] for one in visitor.upload(like(0, 0), like(7, 2)))
    foreign = stranger.upload(like(0, 1))[0]["id"]

    def ask(**wishes: Any) -> Any:
        return visitor.post("/api/jobs", json={"kind": "film", "picture": sent["id"], "options": {}, "film": wishes})

    assert ask(references=[red, foreign]).status_code == 404
    both = ask(reference=red, references=[blue])
    assert (both.status_code, "one reference or several" in both.json()["detail"]) == (422, True)
    ended = visitor.ended(ask(references=[red, blue]).json())
    assert ended["state"] == "done", ended["error"]
    result = ended["outcomes"][0]["result_id"]
    assert visitor.get(f"/api/results/{result}").json()["options"]["references"] == [red, blue]
    plain = visitor.ended(ask().json())["outcomes"][0]["result_id"]
    one, other = (visitor.get(f"/api/results/{each}/file").content for each in (result, plain))
    assert one != other, "the references change the film"


def test_one_scene_takes_the_photo_that_was_given_for_it_and_the_others_do_not(
    visitor: Visitor, stranger: Visitor, tmp_path: Path
) -> None:
    import av

    sent = visitor.post("/api/films", files={"file": ("reel.mp4", film(tmp_path, 24, scenes=2))}).json()

    def vivid(view: int) -> tuple[str, bytes]:
        bands = [smooth(64, 96, view) * (1.0 if at == 0 else 0.3) for at in range(3)]
        target = io.BytesIO()
        Image.fromarray(np.stack(bands, -1).astype(np.uint8)).save(target, "PNG")
        return f"{view}.png", target.getvalue()

    (red,) = (one["id"] for one in visitor.upload(vivid(7)))
    foreign = stranger.upload(vivid(7))[0]["id"]

    def ask(**wishes: Any) -> Any:
        body = {"kind": "film", "picture": sent["id"], "options": {"size": 64}, "film": {"crf": 0, **wishes}}
        return visitor.post("/api/jobs", json=body)

    def colours(**wishes: Any) -> tuple[str, list[np.ndarray]]:
        ended = visitor.ended(ask(**wishes).json())
        assert ended["state"] == "done", ended["error"]
        result = ended["outcomes"][0]["result_id"]
        data = visitor.get(f"/api/results/{result}/file").content
        with av.open(io.BytesIO(data)) as container:
            return result, [one.to_ndarray(format="rgb24").astype(int) for one in container.decode(video=0)]

    second = {"start": 1, "end": 2, "picture": red}
    result, told = colours(scene_references=[second])
    _, plain = colours()
    change = [float(np.abs(one - other).mean()) for one, other in zip(told, plain, strict=True)]
    assert min(change[12:]) > 1
    assert max(change[:11]) < 0.5
    assert visitor.get(f"/api/results/{result}").json()["options"]["scene_references"] == [second]
    _, part = colours(scene_references=[second], start=1, end=1.5)  # the scene is tried first
    assert len(part) == 6
    assert float(np.abs(part[0] - told[12]).mean()) < 1
    target = io.BytesIO()
    Image.fromarray(smooth(64, 96, 7)).convert("L").save(target, "PNG")
    (grey,) = (one["id"] for one in visitor.upload(("grey.png", target.getvalue())))
    refused = visitor.ended(ask(scene_references=[second | {"picture": grey}]).json())
    assert (refused["state"], "no colour" in refused["error"], refused["done"]) == ("failed", True, 0)
    assert ask(scene_references=[second | {"picture": foreign}]).status_code == 404
    assert ask(scene_references=[second | {"end": 1}]).status_code == 422
    assert ask(scene_references=[second | {"picture": sent["id"]}]).status_code == 422  # a film is no photo
    visitor.delete(f"/api/pictures/{red}")
    assert ask(scene_references=[second]).status_code == 404
