"""Graded attempts in the database: once each, in order, under the repository's name of today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.forget import people, repositories
from pipeline.store import Store
from pipeline.store.evaluations import add_evaluations, evaluated_pulls, evaluations
from tests.collect.test_store import PULL
from tests.graded import graded

REPO = "acme/widgets"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "so.db") as opened:
        yield opened


def test_rows_come_out_as_they_went_in_and_count_once(store: Store) -> None:
    rows = [graded(7), graded(7, role="base", model="b"), graded(7, role="frontier", model="f"), graded(8, attempt=1)]
    assert add_evaluations(store, REPO, rows, run=5) == 4
    assert add_evaluations(store, REPO, reversed(rows), run=6) == 0
    assert evaluations(store, REPO) == rows
    assert evaluations(store, REPO, 8) == rows[3:]
    assert evaluated_pulls(store, REPO) == [7, 8]
    assert evaluations(store, "acme/other") == [] and evaluated_pulls(store, "acme/other") == []


def test_they_are_told_in_the_order_in_which_results_were_known(store: Store) -> None:
    times = ["2026-03-03T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]
    add_evaluations(store, REPO, [graded(number, at=at) for number, at in enumerate(times, 1)], run=None)
    assert [row.number for row in evaluations(store, REPO)] == [2, 3, 1]


def test_the_first_grade_stays_and_only_an_error_of_ours_gives_way(store: Store) -> None:
    broken, bad, good = graded(7, exit="error", score=0.0), graded(7, score=0.2), graded(7, score=1.0)
    assert add_evaluations(store, REPO, [broken], run=1) == 1
    assert add_evaluations(store, REPO, [replace(broken, seconds=3.0)], run=2) == 0
    assert add_evaluations(store, REPO, [bad], run=3) == 1
    assert add_evaluations(store, REPO, [good, broken], run=4) == 0
    assert evaluations(store, REPO) == [bad]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.builds(graded, st.integers(1, 4), attempt=st.integers(0, 2), score=st.floats(0, 1)), max_size=12),
    st.integers(0, 12),
)
def test_cut_anywhere_and_sent_again_it_is_the_same(tmp_path: Path, rows: list[object], cut: int) -> None:
    at_once, in_parts = tmp_path / "a.db", tmp_path / "b.db"
    for path in (at_once, in_parts):
        for file in tmp_path.glob(f"{path.name}*"):
            file.unlink()
    with Store.open(at_once) as one, Store.open(in_parts) as other:
        add_evaluations(one, REPO, rows, run=1)  # type: ignore[arg-type]
        for part in (rows[:cut], rows, rows[cut:]):
            add_evaluations(other, REPO, part, run=1)  # type: ignore[arg-type]
        assert evaluations(one, REPO) == evaluations(other, REPO)


def test_a_repository_with_another_name_knows_its_attempts_again(store: Store) -> None:
    add_evaluations(store, REPO, [graded(7)], run=1)
    store.rename_repo(REPO, "acme/gadgets")
    later = graded(7, repo="acme/gadgets")
    assert evaluations(store, "acme/gadgets") == [later]
    assert add_evaluations(store, "acme/gadgets", [later], run=2) == 0
    assert evaluations(store, REPO) == []


def test_what_was_purged_stays_so(store: Store) -> None:
    add_evaluations(store, REPO, [graded(7)], run=1)
    purged = repositories.purge(store, repositories.subject(store, REPO))
    assert purged.removed["evaluations"] == 1 and evaluations(store, REPO) == []
    with pytest.raises(InputError, match="was purged"):
        add_evaluations(store, REPO, [graded(7)], run=1)


def test_a_person_who_was_purged_is_in_no_title(store: Store) -> None:
    pull = replace(PULL, repo=REPO)
    store.save_pulls([replace(pull, number=7, author="ada"), replace(pull, number=8, author="bo")])
    rows = [graded(7, title="Hers"), graded(8, title="Ask @ada first"), graded(9, title="Thanks to @adam")]
    add_evaluations(store, REPO, rows, run=1)
    people.purge(store, people.subject(store, "ada"))
    assert [row.title for row in evaluations(store, REPO)] == ["", "Ask @[forgotten] first", "Thanks to @adam"]
    add_evaluations(store, REPO, [graded(10, title="From @ada")], run=2)
    assert evaluations(store, REPO, 10)[0].title == "From @[forgotten]"
