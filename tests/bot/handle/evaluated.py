"""Graded attempts in the database, what the App posts about them, and people who answer."""

from __future__ import annotations

import datetime
from typing import Any

from bot.evaluated import reactions, weekly
from bot.evaluated.step import step
from bot.handle.change import Context
from pipeline.report.comment import MARKER
from pipeline.store.evaluations import add_evaluations
from pipeline.types import Evaluation
from tests.bot.handle.conftest import send
from tests.decide.rows import duel, row
from tests.github.stand_in import CONFIG, Repository

NAME = "acme/widgets"
US = "switchover[bot]"


def ago(**span: float) -> str:
    """A time in UTC."""
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def attempts(number: int, own: float = 0.8, frontier: float = 0.5, **changes: Any) -> list[Evaluation]:
    """By all three roles on a pull request that was merged two hours ago."""
    shared = {"repo": NAME, "task_id": f"{NAME}#{number}", "at": ago(hours=1), "merged_at": ago(hours=3)} | changes
    common = {name: value for name, value in shared.items() if not name.startswith(("own_", "frontier_"))}
    return [*duel(number, own, frontier, **shared), row(number, "base", 0.2, **common)]


def take_in(context: Context, rows: list[Evaluation]) -> None:
    """As from an artifact, and then all that the worker does about it."""
    add_evaluations(context.store, NAME, rows, run=None)
    settle(context)


def damage(context: Context, repository: Repository) -> None:
    """Make the database's rows about ``repository`` such that nobody can read them, and newer than a week."""
    with context.store.atomic():
        context.store.db.execute(
            "UPDATE evaluations SET row = '{', at = '2026-11-24T12:00:00Z' WHERE repo = ?", [repository.name]
        )


def settle(context: Context) -> None:
    """All that the worker does about comments, until nothing is left."""
    for _ in range(400):
        send(context)
        if step(context.store, context.forge) is None:
            return
    raise AssertionError("it never rests")


def settle_week(context: Context, now: float) -> None:
    """The same about digests, as if it were ``now``."""
    for _ in range(50):
        send(context)
        if weekly.step(context.store, context.forge, now) is None:
            return
    raise AssertionError("it never rests")


def poll(context: Context, hours: float = 0.0) -> int:
    """Ask for reactions as if ``hours`` had passed, and post what comes of it; comments that were asked about."""
    asked = 0
    later = datetime.datetime.now(datetime.UTC).timestamp() + 3600 * hours
    while reactions.step(context.store, context.forge, later) == 0:
        asked += 1
    settle(context)
    return asked


def ours(repository: Repository, number: int) -> list[dict[str, Any]]:
    """The App's comments about scores on a pull request."""
    here = [each for each in repository.comments if each["issue"] == number]
    return [each for each in here if each["user"]["login"] == US and each["body"].startswith(MARKER)]


def the_comment(repository: Repository, number: int) -> dict[str, Any]:
    (found,) = ours(repository, number)
    return found


def react(repository: Repository, number: int, login: str, content: str) -> None:
    there = repository.reactions.setdefault(("comments", the_comment(repository, number)["id"]), [])
    there.append({"id": len(there), "content": content, "user": {"login": login}})


def configure(repository: Repository, comment: str) -> None:
    repository.files[CONFIG] = f"report: {{comment: {comment}}}\n"
