"""Two web servers and two workers on one PostgreSQL, one Redis and one S3: nothing is lost, nothing runs twice.

The tests of the API that are imported here go through a balancer that alternates. All of them do so with `-m slow`.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from server.cluster import Cluster, cluster
from server.serving import Site, Visitor, events, redis, serving, until
from server.test_jobs import (  # noqa: F401
    frames,
    test_a_job_tells_how_far_it_is,
    test_jobs_are_their_owners,
)
from server.test_pictures import (  # noqa: F401
    test_deleting,
    test_deleting_everything,
    test_pages_of_the_gallery,
    test_predictions_keep_nothing,
    test_the_same_question_gives_the_same_result,
)
from server.test_safety import test_forged_sessions_are_nobody  # noqa: F401
from tintype.server.database import Database
from tintype.server.tables import Job


@pytest.fixture(scope="module")
def several(small_models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def site(several: Cluster) -> Site:
    """Instead of the servers of the other modules."""
    return several.site


def test_both_servers_were_asked(several: Cluster, visitor: Visitor) -> None:
    for _ in range(6):
        assert visitor.get("/api/session").status_code == 200
    assert several.balancer is not None
    assert min(several.balancer.counts.values()) >= 3


def test_one_server_shows_what_the_other_did(several: Cluster, visitor: Visitor, photo: Path) -> None:
    """The same cookie at each server by itself, without a balancer."""
    addresses = [f"http://127.0.0.1:{port}" for port in several.ports]
    (picture,) = visitor.upload(photo)
    session = {"cookie": f"tintype_session={dict(visitor.cookies)['tintype_session']}"}
    with Visitor(base_url=addresses[0], headers=session) as one, Visitor(base_url=addresses[1], headers=session) as two:
        predicted = [each.post(f"/api/pictures/{picture['id']}/predict", json={}).content for each in (one, two)]
        assert predicted[0] == predicted[1]
        first, again = one.colorize(picture, model="tiny"), two.colorize(picture, model="tiny")
        assert first["id"] == again["id"]
        job = one.job(kind="colorize", pictures=[picture["id"]], options={"model": "tiny", "size": 64})
        with two.stream("GET", job["events_url"]) as stream:
            told = events(stream.read().decode())
        assert told[-1][0] == "done"
        assert two.delete(f"/api/pictures/{picture['id']}").status_code == 200
        assert one.get(picture["file_url"]).status_code == 404
        assert one.post(f"/api/pictures/{picture['id']}/predict", json={}).status_code == 404  # though it is open there


def test_a_killed_worker_loses_no_job_and_none_runs_twice(several: Cluster, visitor: Visitor) -> None:
    pictures = [one["id"] for one in visitor.upload(*frames(20, 96))]
    parts = [pictures[:10], pictures[10:], *([one] for one in pictures)]  # two long jobs, and a line behind them
    asked = [{"model": "tint", "size": 384} if len(part) > 1 else {"model": "tiny", "size": 64} for part in parts]
    jobs = [visitor.job(kind="colorize", pictures=p, options=o) for p, o in zip(parts, asked, strict=True)]
    database = Database(several.settings.database)

    def row(job: dict[str, Any]) -> Job:
        with database.session() as session:
            return session.get_one(Job, job["id"])

    begun = until(lambda: next((one for one in map(row, jobs[:2]) if one.state == "running" and one.done >= 2), None))
    assert begun.worker is not None
    pid = int(begun.worker.split(":")[1])
    (victim,) = [process for process in several.workers if process.pid == pid]
    os.kill(pid, signal.SIGKILL)
    victim.wait()
    held = [job["id"] for job in jobs if row(job).worker == begun.worker and row(job).state == "running"]
    before = {identity: row({"id": identity}).outcomes for identity in held}
    assert begun.id in held
    with several.worker():
        ended = [visitor.ended(job) for job in jobs]
    assert [one["state"] for one in ended] == ["done"] * len(jobs)
    for part, one in zip(parts, ended, strict=True):
        assert [outcome["picture_id"] for outcome in one["outcomes"]] == part
        assert all(outcome["result_id"] for outcome in one["outcomes"])
        assert one["attempts"] == (2 if one["id"] in held else 1)
        finished = before.get(one["id"], [])
        assert one["outcomes"][: len(finished)] == finished  # what was done was not done again
    results = {picture: visitor.get(f"/api/pictures/{picture}").json()["results"] for picture in pictures}
    assert all(len(found) == 2 for found in results.values())  # one of each kind of job
    named = Counter(outcome["result_id"] for one in ended for outcome in one["outcomes"])
    assert set(named.values()) == {1}
    assert set(named) <= {key.split("/")[1] for key in several.site.stored() if key.startswith("results/")}
    for found in results.values():
        for one in found:
            assert len(visitor.get(one["file_url"]).content) == one["bytes"]
    database.close()


def test_a_database_that_breaks_every_connection_costs_no_job(several: Cluster, visitor: Visitor) -> None:
    pictures = [one["id"] for one in visitor.upload(*frames(12, 96))]
    job = visitor.job(kind="colorize", pictures=pictures, options={"model": "tint", "size": 384})
    until(lambda: visitor.get(f"/api/jobs/{job['id']}").json()["done"] >= 2)
    with psycopg.connect(several.environment["TINTYPE_DATABASE_URL"]) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")

    def ended() -> dict[str, Any] | None:
        answer = visitor.get(f"/api/jobs/{job['id']}")
        assert answer.status_code in (200, 503)  # told to come back, at worst
        shown = answer.json() if answer.status_code == 200 else {"state": "queued"}
        return None if shown["state"] in ("queued", "running") else dict(shown)

    shown = until(ended)
    assert (shown["state"], shown["done"]) == ("done", 12)
    assert [one["picture_id"] for one in shown["outcomes"]] == pictures
    assert all(len(visitor.get(f"/api/pictures/{one}").json()["results"]) == 1 for one in pictures)


def test_one_rate_for_all_servers(tmp_path: Path, small_models: None) -> None:
    with redis(tmp_path) as queue:
        limits: dict[str, Any] = {"queue_url": queue, "requests_per_minute": 6, "burst": 10, "workers": 0}
        with (
            serving(tmp_path / "a", model="tiny", **limits) as first,
            serving(tmp_path / "b", model="tiny", **limits) as second,
            first.visitor() as here,
            second.visitor() as there,
        ):
            statuses = [who.get("/api/session").status_code for who in (here, there) * 7]
    assert statuses[:10] == [200] * 10
    assert statuses[11:] == [429] * 3  # the eleventh may come after another was earned


def test_a_rate_without_its_redis_is_counted_by_each(tmp_path: Path, small_models: None) -> None:
    with redis(tmp_path) as queue:
        running = serving(tmp_path, model="tiny", queue_url=queue, requests_per_minute=6, burst=3, workers=0)
        site = running.__enter__()
    try:
        with site.visitor() as visitor:
            statuses = [visitor.get("/api/session").status_code for _ in range(6)]
        assert statuses[:3] == [200] * 3
        assert statuses[-1] == 429
    finally:
        running.__exit__(None, None, None)
