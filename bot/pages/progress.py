"""How far a backfill is, in figures and in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.pages.words import number, parsed, span
from pipeline.types import Repository

TONES = {"running": "busy", "waiting": "calm", "done": "good", "failed": "bad"}

FRESH_SECONDS = 120
"""A backfill that has not moved for longer does not go on by itself: nobody needs to watch it."""


@dataclass(frozen=True)
class Progress:
    """One bar."""

    state: str
    """waiting, running, done or failed; catching up, where all of the past is there already; stopped, where the
    repository is removed, deleted or forgotten."""
    tone: str
    share: float | None
    """0 to 1; None: not known, the bar shows no figure."""
    words: str


def progress(repository: Repository, now: datetime) -> Progress:
    """The bar of ``repository``."""
    state = repository.backfill
    tone = TONES.get(state, "calm")
    if state in ("waiting", "running") and repository.state != "active":
        return Progress("stopped", "calm", _share(repository), "")
    if state in ("waiting", "running") and repository.total and repository.seen >= repository.total:
        state = "catching up"
    return Progress(state, tone, _share(repository), " · ".join(_parts(repository, now)))


def is_busy(repository: Repository, now: datetime) -> bool:
    """Whether it is worth a second look within seconds: a backfill goes on, or its clone is read."""
    last = parsed(repository.updated_at)
    fresh = last is not None and (now - last).total_seconds() < FRESH_SECONDS
    moves = repository.backfill in ("waiting", "running") or bool(repository.dirty)
    return repository.state == "active" and moves and fresh


def seconds_left(repository: Repository) -> float | None:
    """At the rate so far; None unless it runs and has a rate."""
    began, last = (parsed(at) if at else None for at in (repository.started_at, repository.updated_at))
    if repository.backfill != "running" or not (began and last and repository.total and repository.seen):
        return None
    elapsed = (last - began).total_seconds()
    return max(repository.total - repository.seen, 0) * elapsed / repository.seen if elapsed >= 1 else None


def _share(repository: Repository) -> float | None:
    if repository.backfill == "done":
        return 1.0
    if not repository.total:
        return None if repository.backfill == "running" else 0.0
    return min(repository.seen / repository.total, 1.0)


def _parts(repository: Repository, now: datetime) -> list[str]:
    pulls = f"{number(repository.seen)} pull requests"
    if repository.backfill != "done" and repository.total is not None:
        pulls = f"{number(repository.seen)} of {number(repository.total)} pull requests"
    pages = f"{number(repository.calls)} page{'' if repository.calls == 1 else 's'}" if repository.calls else ""
    left = seconds_left(repository)
    clone = "their commits are read from a clone" if repository.backfill == "done" and repository.dirty else ""
    again = repository.due_at - now.timestamp()
    waits = f"tries again in {span(again)}" if repository.backfill != "failed" and again > 0 else ""
    return [part for part in (pulls, pages, f"about {span(left)} left" if left else "", clone, waits) if part]
