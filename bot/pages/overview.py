"""The dashboard's figures and lists, read in one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.pages import queries
from bot.pages.attention import Attention, Troubles, attention
from bot.pages.links import Links
from bot.pages.progress import is_busy
from bot.pages.queries import DELIVERY_STATES, MOST_COUNTED, Totals
from bot.pages.view import (
    ArrivalLine,
    BudgetLine,
    InstallationLine,
    ReasonLine,
    RepositoryLine,
    arrival_line,
    budget_line,
    installation_line,
    reason_line,
    repository_lines,
)
from pipeline import app_state
from pipeline.addresses import web_of
from pipeline.app_state import Installation, Reading
from pipeline.credentials import Credentials

LISTED = 25
"""Repositories on the dashboard; the rest is on a page of its own."""

SOME = 5
"""Errors that are shown with their count."""


@dataclass(frozen=True)
class Overview:
    """The dashboard."""

    set_up: bool
    """False: there is no App and nothing was ever collected."""
    install_at: str
    """Where the App is installed on repositories; empty: not known, or it is installed."""
    attention: tuple[Attention, ...]
    totals: Totals
    day: dict[str, int]
    """Deliveries of the last 24 hours by state."""
    repositories: tuple[RepositoryLine, ...]
    installations: tuple[InstallationLine, ...]
    reasons: tuple[ReasonLine, ...]
    arrivals: tuple[ArrivalLine, ...]
    budgets: tuple[BudgetLine, ...]
    busy: bool


def overview(read: Reading, known: Credentials, wrong: Sequence[str], now: datetime) -> Overview:
    """``wrong``: what is missing in the credentials ``known``, one sentence each."""
    to = Links(web_of(known.api_url))
    places = app_state.installations(read)
    accounts = {place.id: place.account for place in places}
    shown = queries.notable(read, LISTED)
    budgets = app_state.budgets(read)
    totals = queries.totals(read)
    nothing = not places and not totals.repositories
    return Overview(
        set_up=known.app_id is not None or not nothing,
        install_at=f"{known.html_url}/installations/new" if nothing and known.html_url else "",
        attention=tuple(attention(_troubles(read, places, wrong, now), to, now)),
        totals=totals,
        day=_day(read, now),
        repositories=tuple(repository_lines(shown, queries.collected(read, shown), now)),
        installations=tuple(installation_line(place, to) for place in places if place.state != "removed"),
        reasons=tuple(reason_line(found) for found in app_state.reasons(read)),
        arrivals=tuple(arrival_line(one, to) for one in queries.arrivals(read, 8)),
        budgets=tuple(budget_line(one, accounts) for one in budgets),
        busy=any(is_busy(one, now) for one in shown),
    )


def missing(known: Credentials) -> list[str]:
    """What the App lacks to receive and to act, one sentence each; empty when it is complete."""
    lacks = {
        "No App id: the server cannot say who it is.": known.app_id is None,
        "No private key: nothing can be read from GitHub.": known.private_key is None,
        "No webhook secret: every delivery is refused.": not known.webhook_secrets,
    }
    return [sentence for sentence, applies in lacks.items() if applies]


def _troubles(read: Reading, places: Sequence[Installation], wrong: Sequence[str], now: datetime) -> Troubles:
    where = "state = 'active' AND (backfill = 'failed' OR config_error IS NOT NULL)"
    ailing = app_state.repositories(read, where, most=4 * SOME)
    return Troubles(
        credentials=tuple(wrong),
        oldest_due=queries.oldest_due(read, now),
        held_up=queries.held_up(read),
        dead=app_state.dead_deliveries(read, 50),
        dead_count=queries.count_since(read, "dead", 0),
        failed=[one for one in ailing if one.backfill == "failed"][:SOME],
        invalid=[one for one in ailing if one.config_error is not None][:SOME],
        installations=[place for place in places if place.state != "removed"],
        unsent=app_state.dead_outgoing(read, SOME),
        unsent_count=queries.unsent_count(read),
        budgets=app_state.budgets(read),
    )


def _day(read: Reading, now: datetime) -> dict[str, int]:
    first = queries.first_since(read, (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return {state: queries.count_since(read, state, first) for state in DELIVERY_STATES}


def figure(count: int) -> str:
    """A count that may have been cut short."""
    return f"{count:,}+" if count >= MOST_COUNTED else f"{count:,}"
