"""Jobs in the database: made, claimed by one worker, kept alive, ended, put back in line when their worker is gone.

Every change of a running job names the worker and the attempt that it is made by. A worker whose job was given to
another finds that nothing was changed, and stops.
"""

import time
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Select, and_, func, or_, select, update

from tintype.server.problems import ProblemError
from tintype.server.services import Services
from tintype.server.tables import Job, now

from .queue import KINDS, lane_of

OPEN = ("queued", "running", "paused")
MOST_OPEN = 50
TURN_SECONDS = 2.0  # of work on one job of many, after which others' go first
_TRIES = 5


class LostJobError(Exception):
    """The job is another worker's by now, or gone."""


class CancelledJobError(Exception):
    """Somebody asked for the job to stop."""


class PausedJobError(Exception):
    """Somebody asked for the job to wait until it is told to go on."""


def create(services: Services, kind: str, payload: dict[str, Any], total: int, owner: str) -> Job:
    """Write a job down and send it to the workers.

    Raises:
        ProblemError: 429, the owner has too many unfinished jobs.
    """
    with services.database.session() as session:
        unfinished = session.scalar(
            select(func.count()).select_from(Job).where(Job.owner == owner, Job.state.in_(OPEN))
        )
        if (unfinished or 0) >= MOST_OPEN:
            raise ProblemError(
                429, f"you have {unfinished} unfinished jobs, the limit is {MOST_OPEN}; wait for some, or cancel them",
                headers={"Retry-After": "30"},
            )  # fmt: skip
        job = Job(kind=kind, payload=payload, total=total, owner=owner)
        session.add(job)
    services.jobs.send(kind, job.id)
    return job


def claim_next(services: Services, lane: str, worker: str) -> Job | None:
    """Make the next job of a lane this worker's: of the owner who was served longest ago the oldest; None if none
    waits. Messages only wake workers up."""
    for _ in range(_TRIES):
        with services.database.session() as session:
            job_id: str | None = session.scalar(_turns(lane).limit(1))
        if job_id is None:
            return None
        if (job := claim(services, job_id, worker)) is not None:
            return job
    return None


def _turns(lane: str) -> Select[Any]:
    """The numbers of a lane's waiting jobs in the order in which they will be done."""
    kinds = Job.kind.in_(KINDS[lane])
    last = select(Job.owner, func.max(Job.served).label("last")).where(kinds).group_by(Job.owner).subquery()
    return (
        select(Job.id)
        .join(last, last.c.owner == Job.owner)
        .where(Job.state == "queued", kinds)
        .order_by(last.c.last.is_not(None), last.c.last, Job.created, Job.id)
    )


def ahead(services: Services, job: Job) -> int | None:
    """How many jobs are before a waiting one, at the most: those in work and those older; None if it does not wait."""
    if job.state != "queued":
        return None
    in_lane = Job.kind.in_(KINDS[lane_of(job.kind)])
    before = or_(Job.state == "running", and_(Job.state == "queued", Job.created < job.created))
    with services.database.session() as session:
        return session.scalar(select(func.count()).select_from(Job).where(in_lane, before)) or 0


def claim(services: Services, job_id: str, worker: str) -> Job | None:
    """Make the job this worker's, if nobody has it and it is to be done."""
    moment = now()
    with services.database.session() as session:
        claimed = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state == "queued")
            .values(
                state="running", worker=worker, attempts=Job.attempts + 1, lease=_lease(services),
                started=func.coalesce(Job.started, moment), served=moment,
            )
        )  # fmt: skip
        if not cast("CursorResult[Any]", claimed).rowcount:
            return None
        return session.get(Job, job_id)


class LeftJobError(Exception):
    """This worker is stopping, or it is another owner's turn; some worker will go on with the job."""


class Claim:
    """A job while this worker has it."""

    def __init__(self, services: Services, job: Job, worker: str) -> None:
        self.job = job
        self._services = services
        self._turn_ends = time.monotonic() + TURN_SECONDS
        self._mine = (
            Job.id == job.id, Job.worker == worker, Job.attempts == job.attempts, Job.state == "running",
        )  # fmt: skip

    def keep_alive(self) -> None:
        """Renew the lease. Raises LostJobError."""
        self._change(lease=_lease(self._services))

    def checkpoint(self) -> None:
        """Between two steps.

        Raises:
            CancelledJobError: the job is to stop.
            PausedJobError: the job is to wait for its owner.
            LostJobError: the job is not ours any more.
            LeftJobError: this worker is to stop.
        """
        if self._services.stopping.is_set():
            raise LeftJobError
        with self._services.database.session() as session:
            wishes = session.execute(select(Job.cancel, Job.pause).where(*self._mine)).one_or_none()
        if wishes is None:
            raise LostJobError
        if wishes.cancel:
            raise CancelledJobError
        if wishes.pause:
            raise PausedJobError

    def give_way(self) -> None:
        """Between two steps of a job of many: let another owner's job go first, if one waits and this had its turn.

        Raises:
            LeftJobError: it is another's turn.
        """
        if time.monotonic() < self._turn_ends:
            return
        self._turn_ends = time.monotonic() + TURN_SECONDS
        in_lane = Job.kind.in_(KINDS[lane_of(self.job.kind)])
        others = select(Job.id).where(Job.state == "queued", in_lane, Job.owner != self.job.owner).limit(1)
        with self._services.database.session() as session:
            if session.scalar(others) is not None:
                raise LeftJobError

    def progress(
        self, done: int, *, total: int | None = None, note: str = "", outcomes: list[Any] | None = None
    ) -> None:
        """Write down how far the job is. Raises LostJobError."""
        values: dict[str, Any] = {"done": done, "note": note[:200], "lease": _lease(self._services)}
        if total is not None:
            values["total"] = total
        if outcomes is not None:
            values["outcomes"] = outcomes
        self._change(**values)

    def end(self, state: str, error: str | None = None) -> None:
        self._change(state=state, error=error, finished=now(), lease=None, note="")
        self._services.metrics.job_ended(self.job.kind, state)

    def leave(self) -> None:
        """Put the job back in line for another worker; this try does not count."""
        self._change(state="queued", worker=None, lease=None, attempts=self.job.attempts - 1)
        self._services.jobs.send(self.job.kind, self.job.id)

    def wait(self) -> None:
        """Put the job aside until its owner says that it goes on; this try does not count."""
        self._change(state="paused", worker=None, lease=None, attempts=self.job.attempts - 1)

    def _change(self, **values: Any) -> None:
        with self._services.database.session() as session:
            changed = session.execute(update(Job).where(*self._mine).values(**values))
        if not cast("CursorResult[Any]", changed).rowcount:
            raise LostJobError


def cancel(services: Services, job_id: str) -> None:
    """Stop a job: at once if it waits, at its next step if it runs; one that has ended stays as it is."""
    with services.database.session() as session:
        session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state.in_(("queued", "paused")))
            .values(state="cancelled", finished=now(), cancel=True)
        )
        session.execute(update(Job).where(Job.id == job_id, Job.state == "running").values(cancel=True))


def pause(services: Services, job_id: str) -> None:
    """Let a job wait: at once if it has not begun, at its next step if it runs."""
    with services.database.session() as session:
        session.execute(update(Job).where(Job.id == job_id, Job.state == "queued").values(state="paused", pause=True))
        session.execute(update(Job).where(Job.id == job_id, Job.state == "running").values(pause=True))


def go_on(services: Services, job_id: str) -> None:
    """Put a job that waits for its owner back in line; one that was only asked to wait just goes on."""
    with services.database.session() as session:
        session.execute(update(Job).where(Job.id == job_id, Job.state == "running").values(pause=False))
        back = update(Job).where(Job.id == job_id, Job.state == "paused").values(state="queued", pause=False)
        kind = session.scalar(back.returning(Job.kind))
    if kind is not None:
        services.jobs.send(kind, job_id)


def hand_on(services: Services, worker: str) -> list[str]:
    """Put everything that a stopping worker still has back in line, at once and not when its lease runs out; returns
    the jobs' numbers. This try does not count, and nothing that the worker writes of them any more is taken."""
    mine = (Job.state == "running", Job.worker == worker)
    back = {"state": "queued", "worker": None, "lease": None, "attempts": Job.attempts - 1}
    with services.database.session() as session:
        left = session.execute(update(Job).where(*mine).values(**back).returning(Job.id, Job.kind)).all()
    for job_id, kind in left:
        services.jobs.send(kind, job_id)
    return [job_id for job_id, _ in left]


def rescue(services: Services) -> list[str]:
    """Put jobs of dead workers back in line, and send again what waits but may have got lost; returns their numbers."""
    moment = now()
    dead = (Job.state == "running", Job.lease < moment)
    stale = moment - timedelta(seconds=services.settings.lease_seconds)
    with services.database.session() as session:
        session.execute(update(Job).where(*dead, Job.cancel).values(state="cancelled", finished=moment, lease=None))
        session.execute(
            update(Job)
            .where(*dead, Job.attempts >= services.settings.job_attempts)
            .values(state="failed", error="its worker died each time it was tried", finished=moment, lease=None)
        )
        back = update(Job).where(*dead).values(state="queued", worker=None, lease=None).returning(Job.id, Job.kind)
        orphans = {row.id: row.kind for row in session.execute(back)}
        waiting = session.execute(
            select(Job.id, Job.kind).where(Job.state == "queued", Job.created < stale).order_by(Job.created).limit(200)
        )
        found = {job_id: kind for job_id, kind in waiting if job_id not in orphans}
    # Dead workers' jobs go back at once, however long the line is; others can only be known to be lost by its end.
    empty = {lane for lane in KINDS if found and services.jobs[lane].waiting() == 0}
    lost = {job_id: kind for job_id, kind in found.items() if lane_of(kind) in empty}
    for job_id, kind in (orphans | lost).items():
        services.jobs.send(kind, job_id)
    return [*orphans, *lost]


def _lease(services: Services) -> Any:
    return now() + timedelta(seconds=services.settings.lease_seconds)
