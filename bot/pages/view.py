"""What each page shows, put together from rows: frozen, complete, and free of I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.pages import links
from bot.pages.attention import is_low
from bot.pages.links import Links
from bot.pages.progress import Progress, progress
from bot.pages.queries import Arrival, Collected
from bot.pages.words import parsed, span
from pipeline.app_state import Budget, Delivery, Installation, Outgoing, Reason
from pipeline.reasons import meaning
from pipeline.types import Repository

TONES = {
    "waiting": "wait", "running": "wait", "done": "good", "ignored": "", "dead": "bad", "sent": "good",
    "active": "good", "suspended": "bad", "removed": "", "deleted": "", "failed": "bad",
    "queued": "wait", "taken in": "good", "refused": "bad",
}  # fmt: skip
"""Of a state's tag; the word itself always stands in it."""

OLD = timedelta(days=3)
"""After which GitHub itself has no delivery of it any more: then how late it came says nothing about us."""

STATES = {
    "waiting": "stored, its turn will come",
    "running": "being worked on",
    "done": "its effect is in the database",
    "ignored": "of a kind that nothing is done for",
    "dead": "given up after several tries",
}


@dataclass(frozen=True)
class Tag:
    """A word with a colour."""

    word: str
    tone: str


@dataclass(frozen=True)
class RepositoryLine:
    """A repository in a list."""

    name: str
    href: str
    tags: tuple[Tag, ...]
    bar: Progress
    error: str | None
    kept: Collected


@dataclass(frozen=True)
class ReasonLine:
    """A reason code with its count and meaning."""

    stage: str
    reason: str
    count: int
    meaning: str
    href: str


@dataclass(frozen=True)
class ArrivalLine:
    """A merged pull request that came in."""

    repo: str
    number: int
    title: str
    href: str
    merged_at: str
    delay: str
    """How long after its merge it was in the database; "backfill" for an old one; or empty."""


@dataclass(frozen=True)
class BudgetLine:
    """What is left of a rate limit."""

    whose: str
    resource: str
    remaining: int
    allowed: int
    reset_at: int
    tone: str


@dataclass(frozen=True)
class InstallationLine:
    """An account that has installed the App."""

    account: str
    account_type: str
    href: str
    state: Tag
    error: str | None
    updated_at: str


@dataclass(frozen=True)
class DeliveryLine:
    """A delivery in a list."""

    guid: str
    href: str
    what: str
    """Event and action."""
    repo: str | None
    """Name; None: no repository, or one that is not known."""
    received_at: str
    state: Tag
    tries: int
    error: str | None
    took: str
    """From its arrival to its end, or empty."""


@dataclass(frozen=True)
class OutgoingLine:
    """Something that is written on the forge."""

    kind: str
    state: Tag
    created_at: str
    sent_at: str | None
    tries: int
    error: str | None


def tag(state: str) -> Tag:
    """The tag of a state."""
    return Tag(state, TONES.get(state, ""))


def repository_lines(found: Sequence[Repository], kept: Mapping[str, Collected], now: datetime) -> list[RepositoryLine]:
    return [repository_line(one, kept[one.name], now) for one in found]


def repository_line(one: Repository, kept: Collected, now: datetime) -> RepositoryLine:
    return RepositoryLine(
        one.name, links.repository(one.name), tuple(repository_tags(one)), progress(one, now), one.error, kept
    )


def repository_tags(one: Repository) -> list[Tag]:
    """What is special about it; nothing for an active, configured one."""
    found = [
        (one.state != "active", Tag(one.state, TONES.get(one.state, ""))),
        (one.config_error is not None, Tag("config not valid", "bad")),
        (not one.configured and one.config_error is None, Tag("not configured", "")),
        (bool(one.paused), Tag("paused", "wait")),
        (one.installation is None, Tag("collected by hand", "")),
    ]
    return [tag for applies, tag in found if applies]


def reason_line(found: Reason, repo: str | None = None) -> ReasonLine:
    """``repo``: the link shows what was left out of it, by this reason."""
    href = links.query(links.repository(repo), reason=found.reason) + "#left-out" if repo else ""
    return ReasonLine(found.stage, found.reason, found.count, meaning(found.stage, found.reason), href)


def arrival_line(one: Arrival, to: Links) -> ArrivalLine:
    href = to.pull(one.repo, one.number)
    merged, stored = parsed(one.merged_at), parsed(one.stored_at)
    old = merged and stored and stored - merged > OLD
    delay = "backfill" if old else between(one.merged_at, one.stored_at)
    return ArrivalLine(one.repo, one.number, one.title, href, one.merged_at, delay)


def budget_line(one: Budget, accounts: Mapping[int, str]) -> BudgetLine:
    tone = "bad" if is_low(one) else "calm"
    whose = accounts.get(one.installation, "the App" if one.installation == 0 else f"installation {one.installation}")
    return BudgetLine(whose, one.resource, one.remaining, one.allowed, one.reset_at, tone)


def installation_line(one: Installation, to: Links) -> InstallationLine:
    href = to.installation(one)
    return InstallationLine(one.account, one.account_type, href, tag(one.state), one.error, one.updated_at)


def delivery_line(one: Delivery, names: Mapping[int, str]) -> DeliveryLine:
    what = f"{one.event}.{one.action}" if one.action else one.event
    repo = names.get(one.repo_id) if one.repo_id is not None else None
    took = between(one.received_at, one.finished_at) if one.finished_at else ""
    href = links.delivery(one.guid)
    return DeliveryLine(one.guid, href, what, repo, one.received_at, tag(one.state), one.tries, one.error, took)


def outgoing_line(one: Outgoing) -> OutgoingLine:
    return OutgoingLine(one.kind, tag(one.state), one.created_at, one.sent_at, one.tries, one.error)


def between(first: str, then: str) -> str:
    """The time from one ISO text to another, 0 s at least; empty where one is no time."""
    start, end = parsed(first), parsed(then)
    return span(max((end - start).total_seconds(), 0)) if start and end else ""
