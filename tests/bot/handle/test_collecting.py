"""Whose turn it is to be collected, and what failures do to that."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadCredentials
from bot.handle import collecting
from bot.handle.budgets import Budgets
from bot.handle.change import Context
from bot.wire.limits import Budget
from pipeline.store import Store
from pipeline.types import Repository as Row
from tests.bot.handle.conftest import know, rows
from tests.github.git_host import GitHost
from tests.github.stand_in import Repository, StandIn, faults


def row(store: Store, repository: Repository) -> Row:
    found = store.repository(repository.id)
    assert found
    return found


def waiting(context: Context, repository: Repository, **changes: Any) -> None:
    """Nothing of it was read yet."""
    know(context.store, repository, backfill="waiting", **changes)


def step(context: Context) -> float | None:
    return collecting.pages(context.store, context.forge)


def test_pages_are_read_until_the_end(github: StandIn, context: Context) -> None:
    there = github.add("acme/one", pulls=150)
    waiting(context, there)
    while step(context) == 0:
        pass
    assert row(context.store, there).backfill == "done" and context.store.count_forge_pulls("acme/one") == 150
    assert step(context) is None


def test_whoever_has_waited_longest_has_the_next_turn(github: StandIn, context: Context) -> None:
    """A long past must not hold up those that need one page to be up to date again."""
    made = {name: github.add(f"acme/{name}", pulls=300) for name in ("late", "early", "new")}
    for place, (name, there) in enumerate(made.items()):
        waiting(context, there)
        values = ["waiting" if name == "new" else "running", f"2026-01-01T00:00:0{9 - place}Z", "2026", there.id]
        context.store.db.execute(
            "UPDATE repositories SET backfill = ?, updated_at = ?, watermark = ? WHERE id = ?", values
        )
    turns = []
    for _ in made:
        step(context)
        turns.append(next(name for name, there in made.items() if row(context.store, there).seen and name not in turns))
    assert turns == ["new", "early", "late"]


@pytest.mark.parametrize("where", [{"state": "removed"}, {"state": "deleted"}, {"due_at": 4_000_000_000.0}])
def test_one_that_is_out_of_reach_or_not_due_has_no_turn(
    github: StandIn, context: Context, where: dict[str, Any]
) -> None:
    waiting(context, github.add("acme/one"), **where)
    pause = step(context)
    assert (pause is None) == ("state" in where) and not github.requests


def test_a_suspended_installation_has_no_turn(github: StandIn, context: Context) -> None:
    waiting(context, github.add("acme/one"))
    github.installations[1].suspended = True
    assert step(context) == 0
    assert rows(context.store, "installations", "state") == [{"state": "suspended"}]
    assert step(context) is None


CASES = [
    (faults.status(500), "waiting", 1),
    (faults.secondary(500), "waiting", 0),
    (faults.status(403, "Resource not accessible by integration"), "failed", 1),
    (faults.status(404), "failed", 1),
]


@pytest.mark.parametrize(("fault", "backfill", "tries"), CASES)
def test_a_failure_is_shown_waits_and_holds_up_no_other(
    github: StandIn, context: Context, fault: faults.Fault, backfill: str, tries: int
) -> None:
    one, two = github.add("acme/one", installation=1), github.add("acme/two", pulls=2, installation=2)
    waiting(context, one)
    github.fail(fault, times=99, when=lambda request: request.who == "1")
    assert step(context) == 0
    failed = row(context.store, one)
    assert (failed.backfill, failed.tries) == (backfill, tries) and failed.error and failed.due_at > time.time()
    waiting(context, two)
    while step(context) == 0:
        pass
    assert row(context.store, two).backfill == "done"


def test_a_success_clears_what_the_failure_left(github: StandIn, context: Context) -> None:
    there = github.add("acme/one", pulls=2)
    waiting(context, there)
    github.fail(faults.status(500), times=4)
    step(context)
    context.store.change_repository(there.id, due_at=1.0)
    step(context)
    done = row(context.store, there)
    assert (done.tries, done.due_at, done.error) == (0, 0, None)


def test_credentials_that_are_refused_are_for_the_gate(github: StandIn, context: Context) -> None:
    waiting(context, github.add("acme/one"))
    github.fail(faults.status(401, "Bad credentials"), times=99)
    with pytest.raises(BadCredentials):
        step(context)


def test_deriving_waits_for_the_pages(github: StandIn, context: Context) -> None:
    there = github.add("acme/one", clone_url="https://elsewhere.example/acme/one.git")
    waiting(context, there, dirty=1)
    assert collecting.derived(context.store, context.forge) is None
    context.store.change_repository(there.id, backfill="done")
    assert collecting.derived(context.store, context.forge) == 0
    failed = row(context.store, there)
    assert failed.backfill == "done" and failed.dirty and failed.error and "elsewhere.example" in failed.error


def test_after_deriving_a_repository_rests(github: StandIn, context: Context, tmp_path: Path) -> None:
    """Each push marks it: without a rest, a busy large one would be read from its first commit on for ever."""
    with GitHost() as host:
        there = github.add("acme/one", clone_url=host.add("acme/one", one_commit(tmp_path / "one")))
        waiting(context, there, dirty=1)
        context.store.change_repository(there.id, backfill="done")
        before = time.time()
        assert collecting.derived(context.store, context.forge) == 0
        assert row(context.store, there).dirty == 0 and row(context.store, there).due_at > before
        context.store.change_repository(there.id, dirty=1)
        rest = collecting.derived(context.store, context.forge)
        assert rest and row(context.store, there).dirty == 1


def one_commit(folder: Path) -> Path:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    commit = ["commit", "-q", "--allow-empty", "-m", "one"]
    subprocess.run(["git", "-C", str(folder), *author, *commit], check=True)
    return folder


def test_budgets_are_saved_now_and_then(store: Store) -> None:
    budgets = Budgets(every=3600)
    for remaining in (10, 9):
        budgets.note(1, Budget("graphql", 5000, remaining, 1_800_000_000))
    budgets.save(store)
    budgets.note(1, Budget("graphql", 5000, 8, 1_800_000_000))
    budgets.save(store)
    (saved,) = rows(store, "budgets")
    assert (saved["installation"], saved["resource"], saved["remaining"]) == (1, "graphql", 9)
    eager = Budgets(every=0)
    eager.note(1, Budget("graphql", 5000, 7, 1_800_000_000))
    eager.save(store)
    eager.save(store)
    assert [row["remaining"] for row in rows(store, "budgets")] == [7]
