"""Verdicts and routes in the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.app_state import Standing, reading, standings
from pipeline.app_status import app_status, lines
from pipeline.errors import InputError
from pipeline.forgotten import AUTHOR
from pipeline.judgement import note_route
from pipeline.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "so.db") as opened:
        yield opened


def record(state: str, **more: Any) -> dict[str, Any]:
    return {"at": "2026-01-02T00:00:00Z", "state": state, "evaluations_sha256": "ab", **more}


def test_only_news_is_a_row(store: Store) -> None:
    assert store.verdict("o/n") is None and store.verdicts("o/n") == []
    told = [record("close"), record("close"), record("ready"), record("close"), record("close", evaluations_sha256="c")]
    assert [store.add_verdict("o/n", one) for one in told] == [True, False, True, True, True]
    assert [(row.seq, row.state) for row in store.verdicts("o/n")] == [
        (1, "close"),
        (2, "ready"),
        (3, "close"),
        (4, "close"),
    ]
    assert store.verdict("o/n") == store.verdicts("o/n")[-1]


def test_another_python_is_no_news(store: Store) -> None:
    store.add_verdict("o/n", record("close", versions={"python": "3.11"}))
    assert not store.add_verdict("o/n", record("close", versions={"python": "3.12"}))
    assert store.add_verdict("o/m", record("close")), "another repository's is its own"


def test_a_repository_that_is_renamed_takes_its_rows_along(store: Store) -> None:
    store.save_repository(1, "o/old", None, False)
    store.add_verdict("o/old", record("ready"))
    store.add_route("o/old", "own", by="ada", how="pull", at="2026-01-03T00:00:00Z")
    store.save_repository(1, "o/new", None, False)
    row, route = store.verdict("o/new"), store.route("o/new")
    assert row and route and (row.state, route.route, route.verdict_seq) == ("ready", "own", 1)
    assert store.verdict("o/old") is None


def test_a_route_is_a_row_when_it_changes(store: Store) -> None:
    told = [("own", "command"), ("own", "config"), ("frontier", "config"), ("own", "pull")]
    assert [store.add_route("o/n", route, by=None, how=how) for route, how in told] == [True, False, True, True]  # type: ignore[arg-type]
    assert [row.how for row in store.routes("o/n")] == ["command", "config", "pull"]


def test_frontier_in_the_config_is_news_only_after_something_else(store: Store) -> None:
    for route in ("frontier", "own", "own", "frontier"):
        note_route(store, "o/n", route)
    assert [(row.route, row.how) for row in store.routes("o/n")] == [("own", "config"), ("frontier", "config")]


def test_who_was_purged_is_not_named_nor_comes_back(store: Store) -> None:
    store.remember_forgotten_person("mallory")
    store.add_route("o/n", "own", by="Mallory", how="pull")
    assert [row.by for row in store.routes("o/n")] == [AUTHOR]
    store.remember_forgotten_repository("o/gone", None)
    for write in (lambda: store.add_verdict("o/gone", record("ready")),
                  lambda: store.add_route("o/gone", "own", by=None, how="pull")):  # fmt: skip
        with pytest.raises(InputError, match="was purged"):
            write()


def test_status_shows_where_each_repository_stands(store: Store) -> None:
    store.add_verdict("o/n", record("close"))
    store.add_verdict("o/n", record("ready"))
    store.add_verdict("o/m", record("training", at=""))
    store.add_route("o/n", "own", by=None, how="command")
    with reading(store.path) as read:
        assert standings(read) == [
            Standing("o/m", "training", "", 1, None),
            Standing("o/n", "ready", "2026-01-02T00:00:00Z", 2, "own"),
        ]
    said = list(lines(app_status(store.path)))
    assert "  verdict o/n: ready, 2026-01-02, the route is own" in said
    assert "  verdict o/m: training, no evaluation" in said
