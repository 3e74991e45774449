"""The gate: work is weighed, clients take turns, large work goes one by one."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from server.serving import until
from tintype.server import machine
from tintype.server.clock import Intake, SteadyClock
from tintype.server.gate import CLIENT, LARGE, Client, ConcurrencyLimiter
from tintype.server.jobs.films import _Watch
from tintype.server.jobs.job_store import Claim
from tintype.server.newest import Newest
from tintype.server.problems import ProblemError

MEGABYTE = 1 << 20


class Person:
    """Asks a gate from threads of its own and holds what it gets until told to let go."""

    def __init__(self, gate: ConcurrencyLimiter, address: str, owner: str = "") -> None:
        self._gate, self._client = gate, Client(address, owner or address)
        self.inside = 0
        self.refused: list[ProblemError] = []
        self.let_go = threading.Event()
        self._threads: list[threading.Thread] = []

    def ask(self, weight: int = 0, seconds: float | None = None) -> None:
        thread = threading.Thread(target=self._hold, args=(weight, seconds), daemon=True)
        thread.start()
        self._threads.append(thread)

    def _hold(self, weight: int, seconds: float | None) -> None:
        CLIENT.set(self._client)
        try:
            with self._gate.pass_through(weight):
                self.inside += 1
                self.let_go.wait(seconds)
                self.inside -= 1
        except ProblemError as error:
            self.refused.append(error)

    def leave(self) -> None:
        self.let_go.set()
        for thread in self._threads:
            thread.join(10)


def test_memory_is_never_promised_twice() -> None:
    gate = ConcurrencyLimiter(8, 8, 60, memory=200 * MEGABYTE)
    people = [Person(gate, f"10.0.0.{number}") for number in range(4)]
    for one in people:
        one.ask(90 * MEGABYTE)
    until(lambda: sum(one.inside for one in people) == 2, 30)
    time.sleep(0.1)
    assert sum(one.inside for one in people) == 2
    assert gate.bytes_in_work == 180 * MEGABYTE
    for one in people:
        one.leave()
    assert gate.bytes_in_work == 0
    with pytest.raises(ProblemError) as refusal, gate.pass_through(201 * MEGABYTE):
        pass
    assert refusal.value.status == 413


def test_large_work_goes_one_by_one_and_small_work_beside_it() -> None:
    gate = ConcurrencyLimiter(8, 8, 60)
    large = [Person(gate, f"10.0.0.{number}") for number in range(3)]
    for one in large:
        one.ask(LARGE)
    until(lambda: sum(one.inside for one in large) == 1, 30)
    small = Person(gate, "10.0.1.1")
    small.ask(MEGABYTE)
    until(lambda: small.inside == 1, 30)
    assert sum(one.inside for one in large) == 1
    for one in (small, *large):
        one.leave()
    assert not any(one.refused for one in large)


def test_large_work_is_not_passed_for_ever() -> None:
    gate = ConcurrencyLimiter(8, 60, 60, memory=2 * LARGE)
    flood = [Person(gate, f"10.0.2.{number}") for number in range(30)]
    for one in flood:
        one.ask(LARGE // 2, 0.6)
    large = Person(gate, "10.0.3.1")
    large.ask(2 * LARGE)  # and stays, so that it cannot be missed
    ends = time.monotonic() + 30
    while time.monotonic() < ends and not large.let_go.is_set():
        for number in range(30):  # more and more come
            if sum(one.inside for one in flood) < 4:
                flood[number].ask(LARGE // 2, 0.6)
        if large.inside:
            break
        time.sleep(0.02)
    assert large.inside, "lighter work went before it all the time"
    for one in (*flood, large):
        one.let_go.set()


def test_one_client_has_its_share_of_the_places_and_no_more() -> None:
    gate = ConcurrencyLimiter(2, 24, 60)
    greedy = Person(gate, "10.0.0.1", "owner")
    for _ in range(30):
        greedy.ask()
    until(lambda: len(greedy.refused) == 22, 30)
    assert {one.status for one in greedy.refused} == {429}
    assert all(one.headers["Retry-After"] for one in greedy.refused)
    many = [Person(gate, "10.0.0.1", f"cookie {number}") for number in range(30)]  # cookies are free
    for one in many:
        one.ask()
    until(lambda: sum(len(one.refused) for one in many) == 19, 30)
    other = Person(gate, "10.0.0.2")
    other.ask()
    time.sleep(0.2)
    assert not other.refused
    everybody = (greedy, *many, other)
    for one in everybody:  # all at once: who waits is let in by those who go
        one.let_go.set()
    for one in everybody:
        one.leave()


def test_whoever_had_least_goes_next() -> None:
    """A client that keeps every slot busy leaves at least half of them to one who comes later."""
    gate = ConcurrencyLimiter(2, 24, 30)
    served = {"greedy": 0, "calm": 0}
    ends = time.monotonic() + 5

    def go(name: str, seconds: float) -> None:
        CLIENT.set(Client(name, name))
        while time.monotonic() < ends:
            try:
                with gate.pass_through():
                    time.sleep(seconds)
                    served[name] += 1
            except ProblemError:
                time.sleep(0.01)

    threads = [threading.Thread(target=go, args=("greedy", 0.15)) for _ in range(8)]
    threads += [threading.Thread(target=go, args=("calm", 0.15)) for _ in range(4)]  # one always waits
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served["calm"] >= 0.35 * sum(served.values()), served


def test_jobs_wait_for_memory_without_taking_a_slot() -> None:
    gate = ConcurrencyLimiter(1, 1, 1, memory=100 * MEGABYTE)
    with gate.hold(80 * MEGABYTE), gate.pass_through(10 * MEGABYTE):
        assert gate.inside == 1
    done = threading.Event()

    def job() -> None:
        with gate.hold(80 * MEGABYTE):
            done.set()

    with gate.pass_through(30 * MEGABYTE):
        thread = threading.Thread(target=job)
        thread.start()
        assert not done.wait(0.2)
    assert done.wait(30)
    thread.join()


def test_the_container_is_asked_not_the_machine(tmp_path: Path) -> None:
    assert machine.memory_limit(tmp_path) > 1 << 28
    (tmp_path / "memory.max").write_text("314572800\n")
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert machine.memory_limit(tmp_path) == 314572800
    assert machine.cores(tmp_path) <= 2
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.memory_limit(tmp_path) > 1 << 28
    assert machine.cores(tmp_path) >= 1


def test_the_newest_question_is_known() -> None:
    newest = Newest()
    first, other = newest.asked("photo"), newest.asked("another photo")
    assert first()
    second = newest.asked("photo")
    assert (first(), second(), other()) == (False, True, True)


def test_one_address_may_send_so_much_a_day() -> None:
    intake = Intake()
    assert intake.wait("a", 600, 1000, now=0) == 0
    assert intake.wait("a", 600, 1000, now=1) > 10_000
    assert intake.wait("b", 600, 1000, now=1) == 0
    assert intake.wait("a", 600, 1000, now=24 * 3600) == 0


def test_a_clock_that_jumps_is_not_believed_at_once() -> None:
    clock = SteadyClock()
    clock._ahead = 1000.0
    week = 7 * 24 * 3600
    assert not clock.has_jumped(wall=1010, own=10)
    assert clock.has_jumped(wall=1020 + week, own=20)
    assert clock.has_jumped(wall=1030 + week, own=30)
    assert not clock.has_jumped(wall=1040, own=40)  # it was wrong, and is right again
    assert clock.has_jumped(wall=1050 + week, own=50)
    assert not clock.has_jumped(wall=1050 + week + 8 * 3600, own=50 + 8 * 3600)  # it was right after all


class Told:
    """A film's job, which only hears how far it is."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def checkpoint(self) -> None:
        pass

    def progress(self, done: int, **_: object) -> None:
        self.done.append(done)


def test_a_film_gives_way_to_photos_and_goes_on() -> None:
    gate, mine = ConcurrencyLimiter(2, 2, 60), Told()
    watch = _Watch(cast(Claim, mine), gate, given_way=600)
    watch._resumed -= 600  # a long step: it waits for photos as long as it may
    photo = Person(gate, "10.0.0.1")
    photo.ask()
    until(lambda: photo.inside == 1, 30)
    film = threading.Thread(target=watch.tell, args=(SimpleNamespace(frames=4, total=8, rate=2.0, seconds_left=None),))
    film.start()
    film.join(0.2)
    assert (film.is_alive(), mine.done) == (True, [])
    photo.leave()
    film.join(600)
    assert mine.done == [4]
    assert gate.wait_idle(0)  # nothing else let it go on
    watch = _Watch(cast(Claim, mine), gate, given_way=0.1)
    with gate.pass_through():  # a photo that takes for ever, as far as the film knows: a short step waits shortly
        watch.tell(SimpleNamespace(frames=6, total=8, rate=2.0, seconds_left=None))
        assert not gate.wait_idle(0)
    assert watch.done == 6
