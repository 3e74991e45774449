"""Work spread over threads: order, nesting, errors, and processes that fork."""

import contextlib
import multiprocessing
import threading

import pytest

from tintype import parallel
from tintype.parallel import alone, begin, spread, strips


@pytest.fixture(autouse=True)
def _two_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with two cores, wherever the test runs."""
    monkeypatch.setattr(parallel, "WORKERS", 2)
    parallel._pool.cache_clear()


def _square(number: int) -> int:
    return number * number


def test_results_come_in_the_order_of_the_items() -> None:
    assert spread(_square, range(50)) == [number * number for number in range(50)]


def test_spread_work_may_spread_work() -> None:
    assert spread(lambda start: sum(spread(_square, range(start, start + 5))), range(20)) == [
        sum(number * number for number in range(start, start + 5)) for start in range(20)
    ]


def test_alone_keeps_to_the_calling_thread() -> None:
    here = threading.get_ident()
    assert set(spread(lambda _: threading.get_ident(), range(20))) != {here}
    with alone():
        assert set(spread(lambda _: threading.get_ident(), range(20))) == {here}


def test_an_error_comes_out_and_the_threads_go_on() -> None:
    with pytest.raises(ZeroDivisionError):
        spread(lambda number: 1 // number, range(-2, 3))
    assert spread(_square, range(3)) == [0, 1, 4]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
def test_work_begun_gives_its_result_or_its_error_later() -> None:
    def fail() -> int:
        raise ValueError("no")

    for where in (contextlib.nullcontext, alone):
        with where():
            done, failed = begin(lambda: 3), begin(fail)
            assert done.result() == 3
            with pytest.raises(ValueError, match="no"):
                failed.result()


def test_a_forked_process_spreads_work_too() -> None:
    spread(_square, range(4))  # the parent has threads, the child will not have them
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=lambda: queue.put(spread(_square, range(4))))
    child.start()
    child.join(20)
    alive = child.is_alive()
    child.kill()
    assert not alive
    assert queue.get() == [0, 1, 4, 9]


def test_strips_cover_the_height() -> None:
    assert strips(10, 4) == [slice(0, 4), slice(4, 8), slice(8, 10)]
