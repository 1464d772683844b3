"""The pages' questions to the database: by an index, of one moment, never in the writer's way."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pages import queries
from bot.pages.overview import overview
from bot.pages.queries import DELIVERY_STATES, DeliveryFilter
from pipeline import app_state
from pipeline.app_state import Reading, reading
from pipeline.credentials import Credentials
from pipeline.errors import InputError
from pipeline.store import Store
from tests.bot import filled
from tests.bot.pages_served import pages_served

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
NOBODY = Credentials(None, None, (), "https://api.github.com")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled.troubled(tmp_path_factory.mktemp("queries") / "so.db")


class Explained(Reading):
    """Keeps the plan of every query."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.plans: list[tuple[str, str]] = []

    def tuples(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        self.plans += [(step[3], query) for step in super().tuples(f"EXPLAIN QUERY PLAN {query}", *values)]
        return super().tuples(query, *values)


def test_no_page_reads_a_whole_table_of_texts(db: Path) -> None:
    with closing(sqlite3.connect(db)) as connection:
        read = Explained(connection)
        overview(read, NOBODY, (), datetime.now(UTC))
        for state in (None, *DELIVERY_STATES):
            for event in (None, "push"):
                queries.delivery_page(read, DeliveryFilter(state, event, 1000), 50)
        queries.delivery(read, filled.guid(1))
        queries.outgoing(read, 11, 20)
        queries.left_out_reasons(read, "acme/billing")
        queries.kept_pulls(read, "acme/billing", 20)
    assert len(read.plans) > 40
    assert [plan for plan in read.plans if not is_cheap(*plan)] == []


SMALL = ("repositories", "installations", "budgets", "(subquery-1)")


def is_cheap(step: str, query: str) -> bool:
    """Whether a step reads by an index, over a small table, or the newest few; and sorts nothing large."""
    if step.startswith("SCAN") and "INDEX" not in step:
        return step.split()[1] in SMALL or "id DESC LIMIT ?" in query or "rowid DESC LIMIT 200" in query
    return "TEMP B-TREE" not in step or "FROM deliveries WHERE" not in query or "LIMIT 200)" in query


def test_a_reader_neither_waits_for_the_writer_nor_stops_it(tmp_path: Path) -> None:
    db = filled.calm(tmp_path / "so.db")
    with Store.open(db) as store, reading(db) as read, store.atomic():
        filled.delivery(store, 9000, state="waiting")
        assert queries.count_since(read, "waiting", 0) == 0, "sees what is not committed"
        with pages_served(db) as server:
            assert server.get("/").status == 200
    with reading(db) as read:
        assert queries.count_since(read, "waiting", 0) == 1


def test_all_queries_see_one_moment(tmp_path: Path) -> None:
    db = filled.calm(tmp_path / "so.db")
    with reading(db) as read, Store.open(db) as store:
        before = queries.totals(read)
        with store.atomic():
            filled.repository(store, 99, 1, "acme/late")
        assert queries.totals(read) == before


def test_nothing_can_be_written(db: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"), reading(db) as read:
        read.tuples("DELETE FROM deliveries")


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such database"), reading(tmp_path / "so.db"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_database_of_an_older_version_says_what_to_do(tmp_path: Path) -> None:
    db = tmp_path / "so.db"
    with closing(sqlite3.connect(db)) as old:
        old.execute("CREATE TABLE pulls (repo TEXT)")
    with pytest.raises(InputError, match=r"older version .*run 'switchover bot'"), reading(db) as read:
        app_state.installations(read)


def test_a_path_with_odd_signs_is_a_path(tmp_path: Path) -> None:
    db = filled.empty(tmp_path / "a?mode=rw#b %20.db")
    with reading(db) as read:
        assert app_state.repositories(read) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(0, 10_000)), unique_by=lambda row: row[0]),
    st.integers(0, 10_000),
)
def test_the_first_delivery_of_a_time_is_found_by_halving(rows: list[tuple[int, int]], since: int) -> None:
    ids, seconds = sorted(id for id, _ in rows), sorted(second for _, second in rows)
    times = [at(second) for second in seconds]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE deliveries (id INTEGER PRIMARY KEY, received_at TEXT)")
        connection.executemany("INSERT INTO deliveries VALUES (?, ?)", zip(ids, times, strict=True))
        found = queries.first_since(Reading(connection), at(since))
    assert [id for id in ids if id >= found] == [id for id, time in zip(ids, times, strict=True) if time >= at(since)]


def at(second: int) -> str:
    return (NOW + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_page_that_many_ask_for_at_once_answers_all(db: Path) -> None:
    statuses = []
    with pages_served(db) as server:
        asking = [threading.Thread(target=lambda: statuses.append(server.get("/").status)) for _ in range(16)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
    assert statuses == [200] * 16
