"""Workflow runs and adapters on a repository's page: what state each is in, why, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.intake.reasons import ALL
from bot.pages.links import Links
from bot.pages.view import Tag, tag
from bot.pages.words import number
from pipeline.app_state import Reading
from pipeline.types import Repository

MOST = 20

_SHOWN = {"asked": "queued", "finished": "running", "taken_in": "taken in"}
"""States that are called otherwise on the page."""

_WORDS = {
    "queued": "it waits for the run before it, or for the end of a pause",
    "asked": "GitHub is about to be told",
    "running": "under way",
    "finished": "it is over, and its results are being fetched",
}


@dataclass(frozen=True)
class RunRow:
    """A row of the table ``runs``."""

    workflow: str
    pulls: str
    issue: int | None
    state: str
    run: int | None
    reason: str | None
    detail: str | None
    rows: int | None
    asked_at: str
    updated_at: str


@dataclass(frozen=True)
class RunLine:
    """A run in the list."""

    workflow: str
    pulls: tuple[int, ...]
    issue: int | None
    """Whose attempts it seals."""
    href: str
    """On the forge; empty before it is there."""
    state: Tag
    words: str
    reason: str | None
    do: str
    """The next step, or empty."""
    detail: str | None
    asked_at: str
    updated_at: str


@dataclass(frozen=True)
class AdapterRow:
    """A row of the table ``adapters``."""

    sha256: str
    trained_until: str
    passed: bool
    card: str
    gates: str
    taken_at: str


@dataclass(frozen=True)
class AdapterLine:
    """An adapter in the list."""

    name: str
    base: str
    state: Tag
    words: str
    trained_until: str | None
    taken_at: str


def run_lines(read: Reading, repository: Repository, to: Links) -> list[RunLine]:
    """The newest, those that wait or run first."""
    order = "ORDER BY state IN ('taken_in', 'refused', 'failed'), updated_at DESC LIMIT ?"
    found = read.rows(RunRow, f"FROM runs WHERE repo_id = ? {order}", repository.id, MOST)
    return [run_line(row, repository.name, to) for row in found]


def run_line(row: RunRow, repo: str, to: Links) -> RunLine:
    why = ALL.get(row.reason or "")
    words = why.meaning if why else _WORDS.get(row.state, _counted(row))
    return RunLine(
        row.workflow,
        tuple(json.loads(row.pulls)),
        row.issue,
        to.run(repo, row.run) if row.run else "",
        tag(_SHOWN.get(row.state, row.state)),
        words,
        row.reason,
        why.do.replace("`", "") if why else "",
        row.detail,
        row.asked_at,
        row.updated_at,
    )


def _counted(row: RunRow) -> str:
    what = "sealed" if row.issue else "graded"
    if not row.rows:
        return f"no {what} attempt was in it"
    return f"{number(row.rows)} {what} attempt{'' if row.rows == 1 else 's'}"


def adapter_lines(read: Reading, repo: str) -> list[AdapterLine]:
    """The newest."""
    found = read.rows(AdapterRow, "FROM adapters WHERE repo = ? ORDER BY taken_at DESC LIMIT ?", repo, MOST)
    return [_adapter_line(row) for row in found]


def _adapter_line(row: AdapterRow) -> AdapterLine:
    card, gates = json.loads(row.card), json.loads(row.gates)
    state = Tag("gates passed", "good") if row.passed else Tag("not promoted", "bad") if gates else Tag("not gated", "")
    return AdapterLine(row.sha256, str(card["base"]), state, _of_gates(gates), row.trained_until or None, row.taken_at)


def _of_gates(gates: Mapping[str, Any]) -> str:
    if not gates:
        return "its gates were not run"
    failed = [f"{gate['name']}: {gate['why']}" for gate in gates["gates"] if not gate["passed"]]
    return "; ".join([*failed, *(f"{name} was not run" for name in gates["missing"])])
