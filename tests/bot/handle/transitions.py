"""Verdicts as ``decide --db`` stores them, the issue that the App makes of them, and people who edit it."""

from __future__ import annotations

import json
from typing import Any

from bot.handle.change import Context
from bot.transition.step import step
from pipeline.cli import run
from pipeline.report.transition import BOX_MARKERS
from pipeline.store import Store
from pipeline.types import Evaluation, to_json
from tests.bot.handle.conftest import deliver, payload, send
from tests.decide.rows import duels, row
from tests.github.stand_in import Repository

NAME = "acme/widgets"
US = "switchover[bot]"
TIES = [0.0] * 120
"""With own at a tenth of the cost: ready."""

RUN = {
    "training": [row(1, "frontier", 1.0, repo=NAME)],
    "collecting": duels([0.0] * 5, repo=NAME),
    "close": duels([0.0] * 30, repo=NAME),
    "behind": duels([-1.0] * 30, repo=NAME),
    "ready": duels(TIES, repo=NAME),
    "drifted": duels(TIES, repo=NAME) + duels([0.0] * 3, 121, repo=NAME, frontier_model="larger"),
    "retrained": duels(TIES, repo=NAME) + duels([0.0] * 25, 121, repo=NAME, own_adapter="a2"),
}
"""Evaluations that lead to each state; retrained: close again, with a new version."""


_records: dict[Any, dict[str, Any]] = {}


def decide(store: Store, rows: list[Evaluation]) -> str:
    """Judge and store as a user does, the first time; later the same record is stored at once. The state."""
    key = (*rows, *((row.route, row.at) for row in store.routes(NAME)))
    if key in _records:
        store.add_verdict(NAME, _records[key])
    else:
        _judge(store, rows)
    found = store.verdict(NAME)
    assert found
    _records[key] = found.record
    return found.state


def _judge(store: Store, rows: list[Evaluation]) -> None:
    path = store.path.with_name("evaluations.jsonl")
    path.write_text("".join(json.dumps(to_json(each)) + "\n" for each in rows), encoding="utf-8")
    assert run(["decide", "--evaluations", str(path), "--db", str(store.path), "--repo", NAME]) == 0


def reach(context: Context, name: str) -> None:
    """Decide on the evaluations of RUN, and let the App say so."""
    decide(context.store, RUN[name])
    post(context)


def post(context: Context) -> None:
    """All that the worker does about issues, until nothing is left."""
    for _ in range(60):
        send(context)
        if step(context.store, context.forge) is None:
            return
    raise AssertionError("it never rests")


def ours(repository: Repository) -> list[dict[str, Any]]:
    """Issues that the App has opened."""
    return [each for each in repository.issues.values() if each.get("rest", {}).get("app")]


def the_issue(repository: Repository) -> dict[str, Any]:
    (found,) = ours(repository)
    return found


def said(repository: Repository) -> list[str]:
    """The App's comments in its issue, without the hidden mark."""
    number = the_issue(repository)["number"]
    return [body.partition("<!--")[0].strip() for body in repository.comments_on(number)]


def tick(body: str, box: str, on: bool = True) -> str:
    """``body`` after a click on a box."""
    old, new = ("[ ]", "[x]") if on else ("[x]", "[ ]")
    lines = [line.replace(old, new, 1) if BOX_MARKERS[box] in line else line for line in body.split("\n")]
    return "\n".join(lines)


def edited(repository: Repository, body: str, login: str, kind: str = "User") -> dict[str, Any]:
    """Somebody edits the issue; what GitHub delivers."""
    issue = the_issue(repository)
    was, issue["body"] = issue["body"], body
    told = payload(
        repository, "edited", issue={"number": issue["number"], "body": body}, changes={"body": {"from": was}}
    )
    return told | {"sender": {"login": login, "type": kind}}


def click(
    context: Context, repository: Repository, box: str, login: str, kind: str = "User", on: bool = True
) -> tuple[str, str | None]:
    """A click on a box; state and note of the delivery after it was worked on."""
    return deliver(context, "issues", edited(repository, tick(the_issue(repository)["body"], box, on), login, kind))


def let_write(context: Context, repository: Repository) -> None:
    """The profile ``route`` is granted."""
    grants = {"contents": "write", "pull_requests": "write", "issues": "write", "actions": "write"}
    context.store.db.execute("UPDATE installations SET permissions = ?", [json.dumps(grants)])
    context.store.db.conn.commit()


def opened(repository: Repository) -> list[dict[str, Any]]:
    """Pull requests that the App has opened."""
    return [each for each in repository.pulls.values() if each["headRefName"].startswith("switchover/")]
