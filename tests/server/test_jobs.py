"""Jobs: progress, cancelling, and a worker that is killed in the middle of one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from pictures import file_bytes, smooth
from server.serving import Visitor, events, serving, stopping, until


def frames(count: int, side: int = 48) -> list[tuple[str, bytes]]:
    return [(f"{n}.png", file_bytes(Image.fromarray(smooth(side, side, n)), "PNG")) for n in range(count)]


def test_a_job_tells_how_far_it_is(visitor: Visitor) -> None:
    pictures = visitor.upload(*frames(4))
    job = visitor.job(kind="colorize", pictures=[one["id"] for one in pictures], options={"size": 64})
    with visitor.stream("GET", job["events_url"]) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = events(stream.read().decode())
    assert told[-1][0] == "done"
    assert [data["done"] for _, data in told] == sorted(data["done"] for _, data in told)
    assert told[-1][1]["done"] == told[-1][1]["total"] == 4
    for outcome in told[-1][1]["outcomes"]:
        assert visitor.get(f"/api/results/{outcome['result_id']}/file").status_code == 200
    assert visitor.get("/api/jobs").json()["items"][0]["id"] == job["id"]
    assert visitor.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert visitor.get(f"/api/jobs/{job['id']}").status_code == 404


def test_jobs_are_their_owners(visitor: Visitor, stranger: Visitor) -> None:
    (picture,) = visitor.upload(*frames(1))
    job = visitor.job(kind="colorize", pictures=[picture["id"]])
    for url in (f"/api/jobs/{job['id']}", job["events_url"]):
        assert stranger.get(url).status_code == 404
    assert stranger.post(f"/api/jobs/{job['id']}/cancel").status_code == 404
    assert visitor.ended(job)["state"] == "done"


def test_cancelling_keeps_what_was_finished(visitor: Visitor) -> None:
    pictures = visitor.upload(*frames(18, 200))
    job = visitor.job(kind="colorize", pictures=[one["id"] for one in pictures], options={"size": 384})
    until(lambda: visitor.get(f"/api/jobs/{job['id']}").json()["done"])
    assert visitor.delete(f"/api/jobs/{job['id']}").status_code == 409
    visitor.post(f"/api/jobs/{job['id']}/cancel")
    ended = visitor.ended(job)
    assert ended["state"] == "cancelled"
    assert 0 < ended["done"] < 18
    assert len(ended["outcomes"]) == ended["done"]
    assert visitor.post(f"/api/jobs/{job['id']}/cancel").json()["state"] == "cancelled"


@contextmanager
def worker(environment: dict[str, str]) -> Iterator["subprocess.Popen[Any]"]:
    command = [sys.executable, "-m", "tintype", "worker"]
    with stopping(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)) as process:
        yield process


def test_a_killed_workers_job_is_finished_by_another_once(tmp_path: Path) -> None:
    environment = os.environ | {
        "TINTYPE_FOLDER": str(tmp_path), "TINTYPE_LEASE_SECONDS": "2", "TINTYPE_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    with serving(tmp_path, workers=0, lease_seconds=2) as site, site.visitor() as visitor:
        pictures = visitor.upload(*frames(12, 96))
        ids = [one["id"] for one in pictures]
        job = visitor.job(kind="colorize", pictures=ids, options={"size": 384})

        def state() -> dict[str, Any]:
            return dict(visitor.get(f"/api/jobs/{job['id']}").json())

        with worker(environment) as first:
            until(lambda: state()["done"] >= 2)
            first.send_signal(signal.SIGKILL)
            first.wait()
        killed = state()
        assert killed["state"] == "running"
        assert killed["done"] < 12
        with worker(environment):
            ended = visitor.ended(job)
        assert (ended["state"], ended["done"], ended["attempts"]) == ("done", 12, 2)
        assert [one["picture_id"] for one in ended["outcomes"]] == ids
        assert ended["outcomes"][: killed["done"]] == killed["outcomes"]  # what was finished was not done again
        for one in ids:
            assert len(visitor.get(f"/api/pictures/{one}").json()["results"]) == 1


def test_a_job_that_kills_its_workers_ends_as_failed(tmp_path: Path) -> None:
    from datetime import timedelta

    from tintype.server.jobs.job_store import claim, create, rescue
    from tintype.server.services import Services
    from tintype.server.settings import Settings
    from tintype.server.tables import Job, now

    services = Services.start(Settings(folder=tmp_path, job_attempts=2))
    job = create(services, "colorize", {"pictures": [], "options": {}}, 0, "o" * 64)
    for attempt in (1, 2):
        claimed = claim(services, job.id, f"worker {attempt}")
        assert claimed is not None
        assert claimed.attempts == attempt
        assert claim(services, job.id, "late") is None  # one worker at a time
        with services.database.session() as session:
            session.get_one(Job, job.id).lease = now() - timedelta(seconds=1)
        rescue(services)
    with services.database.session() as session:
        assert session.get_one(Job, job.id).state == "failed"
    services.close()


def test_the_queue_holds_numbers_not_code(tmp_path: Path) -> None:
    from tintype.server.jobs.queue import JobQueue

    queue = JobQueue(f"sqlite:///{tmp_path}/queue.db")
    queue.send("A" * 22)
    assert queue.waiting() == 1
    data = queue._huey.storage.dequeue()
    assert data.startswith(b"[")  # JSON, not a pickle
    assert b"A" * 22 in data
    queue.close()


def test_photos_in_colour_are_left_until_somebody_wishes_otherwise(visitor: Visitor, stranger: Visitor) -> None:
    grey = file_bytes(Image.fromarray(smooth(64, 64, 1)).convert("L"), "PNG")
    vivid = file_bytes(Image.merge("RGB", [Image.fromarray(smooth(64, 64, n)).convert("L") for n in (1, 5, 9)]), "PNG")
    pictures = [one["id"] for one in visitor.upload(("grey.png", grey), ("vivid.png", vivid))]
    job = visitor.ended(visitor.job(kind="colorize", pictures=pictures, skip_colour=True))
    assert job["state"] == "done"
    assert [one["left"] for one in job["outcomes"]] == [None, "colour"]
    assert [bool(one["result_id"]) for one in job["outcomes"]] == [True, False]

    def decide(who: Visitor, picture: str, left: bool) -> Any:
        return who.put(f"/api/jobs/{job['id']}/pictures/{picture}", json={"left": left})

    assert decide(stranger, pictures[1], False).status_code == 404
    assert decide(visitor, "A" * 22, False).status_code == 404
    turned = decide(visitor, pictures[1], False).json()["outcomes"]
    assert [one["left"] for one in turned] == [None, None]
    assert visitor.get(f"/api/results/{turned[1]['result_id']}/file").status_code == 200
    back = decide(visitor, pictures[0], True).json()["outcomes"]
    assert [one["left"] for one in back] == ["wish", None]
    assert visitor.get(f"/api/jobs/{job['id']}").json()["outcomes"] == back
    own = visitor.get(f"/api/results/{turned[1]['result_id']}/file").content
    (again,) = visitor.upload(("own.png", own))
    job = visitor.ended(visitor.job(kind="colorize", pictures=[again["id"]], skip_colour=True))
    assert job["outcomes"][0]["left"] == "own"
