"""What a person must look at, and what to do about it: the top of the dashboard. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.pages import links
from bot.pages.links import Links
from bot.pages.words import number, parsed, shown, span
from pipeline.app_state import Budget, Delivery, Installation, Outgoing
from pipeline.types import Repository

STUCK_SECONDS = 300
"""A delivery that is due for so long means that nobody works."""

NEARLY_USED = 0.1
"""Share of a rate limit below which it is worth a word."""

MOST_ERRORS = 4
"""Different ones that are shown of the newest dead deliveries."""


@dataclass(frozen=True)
class Attention:
    """One thing that is not as it should be."""

    tone: str
    """bad: something is lost or stands still; wait: it will pass, or only slows down."""
    what: str
    do: str
    href: str = ""
    """Where to look, or empty."""
    place: str = ""
    """What the link is called."""
    details: tuple[str, ...] = ()
    """Errors, one line each."""


@dataclass(frozen=True)
class Troubles:
    """All that is looked at; the lists hold the newest few, the counts all."""

    credentials: tuple[str, ...]
    """What is missing or wrong in the App's credentials, one sentence each."""
    oldest_due: str | None
    """When the delivery was received that has been due the longest; None: nothing is due."""
    held_up: str | None
    """Why a waiting delivery was put back, or None."""
    dead: Sequence[Delivery]
    dead_count: int
    failed: Sequence[Repository]
    invalid: Sequence[Repository]
    """Repositories whose config file is no valid one."""
    installations: Sequence[Installation]
    unsent: Sequence[Outgoing]
    unsent_count: int
    budgets: Sequence[Budget]


def attention(found: Troubles, to: Links, now: datetime) -> list[Attention]:
    """The worst first; empty when all is well."""
    everything = [
        *_credentials(found),
        *_stuck(found, now),
        *_held_up(found),
        *_installations(found, to),
        *_deliveries(found),
        *_repositories(found),
        *_unsent(found),
        *_budgets(found, now),
    ]
    return sorted(everything, key=lambda one: one.tone != "bad")


def _credentials(found: Troubles) -> Iterator[Attention]:
    if found.credentials:
        yield Attention(
            "bad",
            "Something is wrong with the App's credentials",
            "Set the App up, or mend what is named; 'switchover doctor' proves each. Deliveries are kept meanwhile.",
            "/setup",
            "Open setup",
            found.credentials,
        )


def _stuck(found: Troubles, now: datetime) -> Iterator[Attention]:
    since = parsed(found.oldest_due) if found.oldest_due else None
    seconds = (now - since).total_seconds() if since else 0.0
    if seconds > STUCK_SECONDS:
        yield Attention(
            "bad",
            f"Deliveries have waited for {span(seconds)}",
            "The worker does not keep up or does not run: read the log of 'switchover bot'. Nothing is lost.",
            "/deliveries?state=waiting",
            "Show what waits",
        )


def _held_up(found: Troubles) -> Iterator[Attention]:
    if found.held_up:
        do = "They are tried again by themselves; nothing is lost. What stops them is named below."
        where = "/deliveries?state=waiting"
        yield Attention("wait", "Deliveries are held up", do, where, "Show what waits", (shown(found.held_up),))


def _installations(found: Troubles, to: Links) -> Iterator[Attention]:
    for there in found.installations:
        account = shown(there.account, 60)
        if there.state == "suspended":
            what = f"{account} has suspended the App"
            do = "Nothing is read or written there until an owner un-suspends it. What is collected stays."
            yield Attention("bad", what, do, to.installation(there), "Open its settings")
        elif there.error:
            what = f"The installation on {account} cannot be used"
            do = "An owner must accept the App's permissions, or install it anew."
            yield Attention("bad", what, do, to.installation(there), "Open its settings", (shown(there.error),))


def _deliveries(found: Troubles) -> Iterator[Attention]:
    if found.dead_count:
        yield Attention(
            "bad",
            f"{_count(found.dead_count, 'delivery was', 'deliveries were')} given up",
            "Mend the cause named below, then run: switchover replay --db FILE --state dead",
            "/deliveries?state=dead",
            "Show them",
            _grouped(found.dead),
        )


def _repositories(found: Troubles) -> Iterator[Attention]:
    for one in found.failed:
        do = f"Mend the cause, then: switchover collect {shown(one.name, 100)} --db FILE (goes on from its last page)."
        what = f"The backfill of {shown(one.name, 100)} failed"
        error = shown(one.error or "no reason recorded")
        yield Attention("bad", what, do, links.repository(one.name), "Open its page", (error,))
    for one in found.invalid:
        do = "Mend .github/switchover.yml on its default branch; until then nothing is posted there."
        what = f"The config of {shown(one.name, 100)} is not valid"
        error = shown(one.config_error or "")
        yield Attention("wait", what, do, links.repository(one.name), "Open its page", (error,))


def _unsent(found: Troubles) -> Iterator[Attention]:
    if found.unsent_count:
        yield Attention(
            "bad",
            f"{_count(found.unsent_count, 'message', 'messages')} could not be written on GitHub",
            "A permission that was not granted is the usual cause; the observe profile never writes.",
            details=tuple(f"{shown(row.kind, 40)}: {shown(row.error or 'no reason recorded')}" for row in found.unsent),
        )


def _budgets(found: Troubles, now: datetime) -> Iterator[Attention]:
    accounts = {there.id: shown(there.account, 60) for there in found.installations}
    for budget in found.budgets:
        again = budget.reset_at - now.timestamp()
        if again > 0 and is_low(budget):
            whose = accounts.get(budget.installation, "the App")
            what = f"The {shown(budget.resource, 40)} rate limit of {whose} is nearly used"
            do = f"{number(budget.remaining)} of {number(budget.allowed)} are left; full again in {span(again)}."
            yield Attention("wait", what, f"{do} Work waits by itself.")


def _grouped(rows: Sequence[Delivery]) -> tuple[str, ...]:
    """Each error once, with the events that it stopped."""
    events: dict[str, list[str]] = {}
    for row in rows:
        events.setdefault(shown(row.error or "no reason recorded"), []).append(shown(row.event, 40))
    said = [f"{error} ({', '.join(dict.fromkeys(names))})" for error, names in events.items()]
    return tuple(said[:MOST_ERRORS])


def is_low(budget: Budget) -> bool:
    """Whether a rate limit is nearly used."""
    return budget.remaining < NEARLY_USED * budget.allowed


def _count(count: int, one: str, many: str) -> str:
    return f"{number(count)} {one if count == 1 else many}"
