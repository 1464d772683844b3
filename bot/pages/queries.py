"""What the pages ask the database: each by an index, or over few rows; bodies are never read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.app_state import Delivery, LeftOutRow, Outgoing, Reading
from pipeline.types import Repository

DELIVERY_STATES = ("waiting", "running", "done", "ignored", "dead")

MOST_COUNTED = 100_000
"""Rows of one state that are counted for a figure; above it the page says "more than"."""


@dataclass(frozen=True)
class Totals:
    """Figures over everything; of repositories that the App may still see."""

    repositories: int
    configured: int
    paused: int
    backfilling: int
    """Waiting or running."""
    pulls: int
    issues: int


@dataclass(frozen=True)
class Arrival:
    """A merged pull request as it came in."""

    repo: str
    number: int
    title: str
    merged_at: str
    stored_at: str


@dataclass(frozen=True)
class Collected:
    """What is there of one repository."""

    pulls: int
    issues: int
    left_out: int


@dataclass(frozen=True)
class KeptPull:
    """A pull request that was taken in."""

    number: int
    title: str
    author: str
    merged_at: str


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries are listed; None: all."""

    state: str | None
    event: str | None
    before: int | None
    """Only ids below it."""


@dataclass(frozen=True)
class DeliveryPage:
    """Some deliveries, newest first."""

    rows: tuple[Delivery, ...]
    older: int | None
    """``before`` of the next page; None: there is none."""


def totals(read: Reading) -> Totals:
    """Counts by the smallest index of each table."""
    query = """SELECT count(*), total(configured), total(paused), total(backfill IN ('waiting', 'running'))
        FROM repositories WHERE state = 'active'"""
    counts = [int(value) for value in read.tuples(query)[0]]
    counts += [int(read.value(f"SELECT count(*) FROM {table}")) for table in ("pulls", "issues")]  # noqa: S608
    return Totals(*counts)


def notable(read: Reading, most: int) -> list[Repository]:
    """Active repositories, those first whose backfill runs, failed or waits, then by name."""
    order = "CASE backfill WHEN 'running' THEN 0 WHEN 'failed' THEN 1 WHEN 'waiting' THEN 2 ELSE 3 END"
    where = f"FROM repositories WHERE state = 'active' ORDER BY {order}, name LIMIT ?"
    return read.rows(Repository, where, most)


def collected(read: Reading, repositories: Sequence[Repository]) -> dict[str, Collected]:
    """Counts of each of some repositories, by name."""
    names = [one.name for one in repositories]
    pulls, issues, left_out = (_count_by_repo(read, table, names) for table in ("pulls", "issues", "left_out"))
    return {name: Collected(pulls.get(name, 0), issues.get(name, 0), left_out.get(name, 0)) for name in names}


def _count_by_repo(read: Reading, table: str, names: Sequence[str]) -> dict[str, int]:
    marks = ", ".join("?" * len(names))
    return read.pairs(f"SELECT repo, count(*) FROM {table} WHERE repo IN ({marks}) GROUP BY repo", *names)  # noqa: S608


def arrivals(read: Reading, most: int) -> list[Arrival]:
    """The newest merged among the last that came in: a backfill brings old ones last."""
    last = read.rows(Arrival, "FROM forge_pulls ORDER BY rowid DESC LIMIT 200")
    return sorted(last, key=lambda one: one.merged_at, reverse=True)[:most]


def kept_pulls(read: Reading, repo: str, most: int) -> list[KeptPull]:
    """The newest merged pull requests of ``repo``."""
    return read.rows(KeptPull, "FROM pulls WHERE repo = ? ORDER BY merged_at DESC LIMIT ?", repo, most)


def left_out_page(read: Reading, repo: str, reason: str | None, offset: int, most: int) -> list[LeftOutRow]:
    """Things of ``repo`` that were left out, the last saved first."""
    where = "FROM left_out WHERE repo = ?1 AND (?2 IS NULL OR reason = ?2) ORDER BY rowid DESC LIMIT ?3 OFFSET ?4"
    return read.rows(LeftOutRow, where, repo, reason, most, offset)


def left_out_reasons(read: Reading, repo: str) -> list[tuple[str, str, int]]:
    """Stage, reason and count of what was left out of ``repo``, the largest first."""
    query = "SELECT stage, reason, count(*) FROM left_out WHERE repo = ? GROUP BY 1, 2 ORDER BY 3 DESC, 2"
    return read.tuples(query, repo)


def outgoing(read: Reading, repo_id: int, most: int) -> list[Outgoing]:
    """What was written, or is to be written, in a repository, newest first."""
    return read.rows(Outgoing, "FROM outbox WHERE repo_id = ? ORDER BY created_at DESC LIMIT ?", repo_id, most)


def unsent_count(read: Reading) -> int:
    return int(read.value("SELECT count(*) FROM outbox WHERE state = 'dead'"))


def count_since(read: Reading, state: str, id: int) -> int:
    """Deliveries in ``state`` from ``id`` on, at most MOST_COUNTED."""
    query = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE state = ? AND id >= ? LIMIT ?)"
    return int(read.value(query, state, id, MOST_COUNTED))


def first_since(read: Reading, time: str) -> int:
    """Smallest id of the deliveries received at ``time`` (ISO) or later; ids grow with time, so it is halved."""
    low, high = 1, int(read.value("SELECT max(id) FROM deliveries") or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = read.tuples("SELECT id, received_at FROM deliveries WHERE id >= ? ORDER BY id LIMIT 1", middle)
        if row and row[0][1] < time:
            low = row[0][0] + 1
        else:
            high = middle
    return low


def oldest_due(read: Reading, now: datetime) -> str | None:
    """When the delivery was received that has been due the longest; None when none is due."""
    query = """SELECT received_at FROM deliveries INDEXED BY deliveries_due
        WHERE state IN ('waiting', 'running') AND due_at <= ?
        ORDER BY due_at, id LIMIT 1"""
    found: str | None = read.value(query, now.timestamp())
    return found


def held_up(read: Reading) -> str | None:
    """Why the newest of the oldest waiting deliveries was put back; None when none of them was tried."""
    query = """SELECT error FROM (SELECT id, error FROM deliveries WHERE state = 'waiting' ORDER BY id LIMIT 200)
        WHERE error IS NOT NULL ORDER BY id DESC LIMIT 1"""
    found: str | None = read.value(query)
    return found


def delivery_page(read: Reading, wanted: DeliveryFilter, most: int) -> DeliveryPage:
    """One page: for an event one range of its index per state, laid together."""
    states = [wanted.state] if wanted.state or not wanted.event else DELIVERY_STATES
    rows = [row for state in states for row in _newest(read, replace(wanted, state=state), most + 1)]
    rows.sort(key=lambda row: row.id, reverse=True)
    return DeliveryPage(tuple(rows[:most]), rows[most - 1].id if len(rows) > most else None)


def _newest(read: Reading, wanted: DeliveryFilter, most: int) -> list[Delivery]:
    limits = {"state = ?": wanted.state, "event = ?": wanted.event, "id < ?": wanted.before}
    given = {condition: value for condition, value in limits.items() if value is not None}
    where = f"WHERE {' AND '.join(given)}" if given else ""
    return read.rows(Delivery, f"FROM deliveries {where} ORDER BY id DESC LIMIT ?", *given.values(), most)


def delivery(read: Reading, guid: str) -> tuple[Delivery, int | None] | None:
    """A delivery and the bytes of its body (None: no longer kept); None when there is no such one."""
    rows = read.rows(Delivery, "FROM deliveries WHERE guid = ?", guid)
    if not rows:
        return None
    return rows[0], read.value("SELECT length(body) FROM deliveries WHERE id = ?", rows[0].id)


def names_of(read: Reading, ids: set[int]) -> dict[int, str]:
    """Repository ids to names; unknown ones are absent."""
    marks = ", ".join("?" * len(ids))
    return read.pairs(f"SELECT id, name FROM repositories WHERE id IN ({marks})", *ids)  # noqa: S608
