"""Epochs: what is held out, when retraining is due, and that nobody is asked twice for it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.epochs import Epoch, due, fresh, planned, record
from pipeline.errors import InputError
from pipeline.types import Task
from tests.evaluate.tasks import task


def merged(count: int, left_out: frozenset[int] = frozenset()) -> list[Task]:
    """Tasks 1..count, newest first; each starts where the one before was merged."""
    return [
        task(n, base_sha=f"{n - 1:040d}", merge_sha=f"{n:040d}", left_out="docs_only" if n in left_out else None)
        for n in range(count, 0, -1)
    ]


def test_the_first_epoch_holds_out_the_newest() -> None:
    tasks = merged(10)
    epoch = due([], tasks, held_out=3, retrain_after=5)
    assert (epoch.number, epoch.base_sha, epoch.backtest) == (1, f"{7:040d}", True)
    assert [t.number for t in fresh(epoch, tasks)] == [10, 9, 8]


def test_left_out_tasks_do_not_count_but_stay_visible() -> None:
    tasks = merged(10, frozenset({9, 10}))
    epoch = due([], tasks, held_out=3, retrain_after=5)
    assert [t.number for t in fresh(epoch, tasks)] == [10, 9, 8, 7, 6]


def test_fewer_tasks_than_asked_for_are_all_held_out() -> None:
    epoch = due([], merged(2), held_out=50, retrain_after=5)
    assert epoch.fresh_after == ""
    assert len(fresh(epoch, merged(2))) == 2


def test_the_same_epoch_goes_on_until_retraining_is_due() -> None:
    first = due([], merged(10), held_out=3, retrain_after=5)
    assert due([first], merged(14), held_out=3, retrain_after=5) == first
    assert len(fresh(first, merged(14))) == 7
    second = due([first], merged(15), held_out=3, retrain_after=5)
    assert (second.number, second.base_sha, second.backtest) == (2, f"{15:040d}", False)
    assert fresh(second, merged(15)) == []
    assert [t.number for t in fresh(second, merged(17))] == [17, 16]


@given(counts=st.lists(st.integers(1, 28), min_size=1, max_size=6), held_out=st.integers(1, 9), after=st.integers(1, 9))
def test_no_epoch_is_asked_what_was_merged_before_its_commit(counts: list[int], held_out: int, after: int) -> None:
    epochs: list[Epoch] = []
    for count in sorted(counts):
        tasks = merged(count)
        epoch = due(epochs, tasks, held_out=held_out, retrain_after=after)
        if epoch not in epochs:
            epochs.append(epoch)
        assert all(t.number > int(epoch.base_sha) for t in fresh(epoch, tasks))


def test_no_usable_task_is_an_error() -> None:
    with pytest.raises(InputError):
        due([], [], held_out=3, retrain_after=5)


def test_a_planned_epoch_is_not_planned_again(tmp_path: Path) -> None:
    epoch = due([], merged(10), held_out=3, retrain_after=5)
    record(tmp_path, epoch)
    record(tmp_path, epoch)
    assert planned(tmp_path) == [epoch]
    (tmp_path / "epochs/001/epoch.json").write_text("{")
    with pytest.raises(InputError, match=r"001/epoch\.json"):
        planned(tmp_path)
