"""What runs, what waits, what was left out and why: of a bot's database, for ``switchover status --db``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import app_state
from pipeline.app_state import LeftOutRow, Reading, reading
from pipeline.errors import InputError
from pipeline.reasons import meaning
from pipeline.report.inert import shortened, visible

MOST_SHOWN = 20
"""Entries of a list in the text; the JSON has all."""

Found = dict[str, Any]


def app_status(db: Path) -> Found:
    """Counts and lists, all of one moment. Raises InputError as ``app_state.reading`` does.

    ``repositories``: state of the backfill to count, of those that the App may see. ``backfills``:
    those not done, or with an error. ``left_out``: stage to reason to count.
    """
    with reading(db) as read:
        return {
            "installations": [_chosen(one, "account", "state", "error") for one in app_state.installations(read)],
            "repositories": read.pairs(
                "SELECT backfill, count(*) FROM repositories WHERE state = 'active' GROUP BY 1 ORDER BY 1"
            ),
            "backfills": _backfills(read),
            "pulls": read.value("SELECT count(*) FROM pulls"),
            "issues": read.value("SELECT count(*) FROM issues"),
            "verdicts": [asdict(one) for one in app_state.standings(read)],
            "left_out": _left_out(read),
            "deliveries": _states(read, "deliveries"),
            "dead": [_chosen(one, *_OF_DELIVERIES) for one in app_state.dead_deliveries(read)],
            "outbox": _states(read, "outbox"),
            "unsent": [_chosen(one, *_OF_OUTGOING) for one in app_state.dead_outgoing(read)],
            "budgets": _budgets(read),
        }


def left_out(db: Path, reason: str | None = None) -> Iterator[LeftOutRow]:
    """Every thing that was left out, or those with one ``reason``. Raises InputError when that occurs nowhere."""
    with reading(db) as read:
        rows = app_state.left_out(read, reason)
        if reason is not None and not rows:
            known = ", ".join(dict.fromkeys(found.reason for found in app_state.reasons(read))) or "none"
            raise InputError(f"--reason {reason}: nothing was left out for it; reasons in {db}: {known}")
    yield from rows


def left_out_line(row: LeftOutRow) -> str:
    """One thing for a terminal: where, which, why."""
    what = f"#{row.id}" if row.thing == "pull" else f" {row.thing} {row.id}"
    return _line(f"{row.repo}{what}: {row.stage} {row.reason}{_because(row.detail)}")


def lines(found: Found) -> Iterator[str]:
    """``app_status`` for a terminal."""
    yield f"collected: {found['pulls']:,} pull requests, {found['issues']:,} issues"
    yield f"repositories: {_counts(found['repositories'])}"
    yield from _list(found["backfills"], _backfill_line)
    yield from _list(found["verdicts"], _verdict_line)
    yield f"deliveries: {_counts(found['deliveries'])}"
    yield from _list(found["dead"], lambda one: f"dead {one['guid']} {one['event']}: {one['error']}")
    yield f"outbox: {_counts(found['outbox'])}"
    yield from _list(found["unsent"], lambda one: f"dead {one['kind']} {one['key']}: {one['error']}")
    yield "left out:" if found["left_out"] else "left out: none"
    for stage, reasons in found["left_out"].items():
        for reason, count in reasons.items():
            yield f"  {count:>7,}  {stage} {_line(reason)}{_meant(stage, reason)}"
    yield f"installations: {len(found['installations']):,}"
    troubled = [one for one in found["installations"] if one["error"] or one["state"] != "active"]
    yield from _list(troubled, lambda one: f"{one['account']}: {one['state']}{_because(one['error'])}")
    yield "rate limits:" if found["budgets"] else "rate limits: not known yet"
    yield from _list(
        found["budgets"],
        lambda one: (
            f"{one['whose']} {one['resource']}: {one['remaining']:,} of {one['allowed']:,} left until {one['reset_at']}"
        ),
    )


_OF_DELIVERIES = ("guid", "event", "action", "received_at", "tries", "error")
_OF_OUTGOING = ("key", "kind", "created_at", "tries", "error")


def _chosen(one: Any, *names: str) -> Found:
    row = asdict(one)
    return {name: row[name] for name in names}


def _backfills(read: Reading) -> list[Found]:
    where = "state = 'active' AND (backfill != 'done' OR error IS NOT NULL OR config_error IS NOT NULL)"
    names = ("name", "backfill", "seen", "total", "calls", "error", "config_error")
    return [_chosen(one, *names) for one in app_state.repositories(read, where)]


def _states(read: Reading, table: str) -> dict[str, int]:
    return read.pairs(f"SELECT state, count(*) FROM {table} GROUP BY state ORDER BY state")  # noqa: S608


def _left_out(read: Reading) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for found in app_state.reasons(read):
        counts.setdefault(found.stage, {})[found.reason] = found.count
    return counts


def _budgets(read: Reading) -> list[Found]:
    accounts = {one.id: one.account for one in app_state.installations(read)}
    return [
        {
            "whose": accounts.get(one.installation, "the App" if one.installation == 0 else str(one.installation)),
            **_chosen(one, "resource", "remaining", "allowed"),
            "reset_at": datetime.fromtimestamp(one.reset_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for one in app_state.budgets(read)
    ]


def _verdict_line(one: Found) -> str:
    route = f", the route is {one['route']}" if one["route"] else ""
    return f"verdict {one['repo']}: {one['state']}, {one['at'][:10] or 'no evaluation'}{route}"


def _backfill_line(one: Found) -> str:
    total = "" if one["total"] is None else f" of {one['total']:,}"
    error = _because(one["error"] or one["config_error"])
    return f"{one['backfill']} {one['name']}: {one['seen']:,}{total} pull requests{error}"


def _because(error: str | None) -> str:
    return f"; {error}" if error else ""


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none"


def _list(rows: list[Found], text: Any) -> Iterator[str]:
    for row in rows[:MOST_SHOWN]:
        yield f"  {_line(text(row))}"
    if len(rows) > MOST_SHOWN:
        yield f"  and {len(rows) - MOST_SHOWN:,} more; --json lists all"


def _line(text: str) -> str:
    """Of text from outside: one line, nothing that a terminal obeys."""
    return shortened(visible(text[:1000]), 300)


def _meant(stage: str, reason: str) -> str:
    said = meaning(stage, reason)
    return f": {said}" if said else ""
