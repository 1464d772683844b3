"""The pool: everything once, never too many, failures after what runs."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.rollout.pool import run_pool


@given(st.lists(st.integers(), max_size=30), st.integers(1, 8))
def test_each_item_once(items: list[int], concurrency: int) -> None:
    results = list(run_pool(lambda n: n * 2, items, concurrency))
    assert sorted(results) == sorted((n, n * 2) for n in items)


def test_as_many_as_asked_and_never_more() -> None:
    together = threading.Barrier(4)
    lock = threading.Lock()
    inside: list[int] = [0]
    seen: list[int] = []

    def work(number: int) -> int:
        with lock:
            inside[0] += 1
            seen.append(inside[0])
        together.wait(timeout=20)  # passes only when four are inside at the same time
        with lock:
            inside[0] -= 1
        return number

    assert len(list(run_pool(work, range(16), 4))) == 16
    assert max(seen) == 4


def test_items_are_taken_only_when_there_is_room() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = run_pool(lambda n: n, items(), 3)
    next(results)
    assert len(taken) == 3
    next(results)
    assert len(taken) <= 4


def test_items_are_advanced_in_the_callers_thread() -> None:
    def items() -> Iterator[str]:
        yield threading.current_thread().name
        yield threading.current_thread().name

    assert {item for item, _ in run_pool(str, items(), 2)} == {threading.current_thread().name}


def test_a_failure_stops_the_intake_lets_the_others_finish_and_is_raised() -> None:
    release = threading.Event()
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    def work(number: int) -> int:
        if number == 0:
            raise RunLost("lost")
        release.wait(20)
        return number

    finished: list[int] = []
    threading.Timer(1.5, release.set).start()
    with pytest.raises(RunLost, match="lost"):
        for item, _ in run_pool(work, items(), 3):
            finished.append(item)
    assert sorted(finished) == [1, 2]
    assert taken == [0, 1, 2]


class RunLost(Exception):
    pass


def test_a_failing_source_lets_the_running_finish() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise RunLost("source")

    finished: list[int] = []
    with pytest.raises(RunLost, match="source"):
        for item, _ in run_pool(lambda n: n, items(), 4):
            finished.append(item)
    assert finished == [1]


@pytest.mark.parametrize("concurrency", [0, -1])
def test_a_concurrency_below_one_is_refused(concurrency: int) -> None:
    with pytest.raises(InputError, match="concurrency"):
        list(run_pool(str, [1], concurrency))


STUCK = """
import threading
from pipeline.rollout.pool import run_pool
print("ready", flush=True)
list(run_pool(lambda _: threading.Event().wait(), range(2), 2))
"""


def test_ctrl_c_does_not_wait_for_what_runs() -> None:
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors
