"""What owners have granted, held against what is needed and against what the database believes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bot.install.facts import Fact
from bot.install.permissions import EVENTS, Grant, missing, needless, profile_of
from pipeline.types import Repository

MOST_NAMED = 5
"""Repositories that are named; the others are counted."""


def app_fact(app: Mapping[str, Any], settings: str) -> Fact:
    """The App's own permissions and events against the profile that it was made for."""
    has = app.get("permissions") or {}
    profile = profile_of(has)
    lacking = [_named(grant) for grant in missing(profile, has)]
    lacking += [f"the event {name}" for name in EVENTS[profile] if name not in (app.get("events") or ())]
    if lacking:
        found = f"for the profile {profile!r} it lacks {'; '.join(lacking)}"
        return Fact("app permissions", False, found, f"add them at {settings}, then have each owner accept them")
    beyond = needless(profile, has)
    more = f"; more than it needs, and better removed: {', '.join(beyond)}" if beyond else ""
    return Fact("app permissions", True, f"all of the profile {profile!r}{more}")


def installation_fact(installation: Mapping[str, Any], app: Mapping[str, Any], repositories: int | None) -> Fact:
    """One installation; ``repositories`` None: not asked, because it is suspended."""
    name = f"installation {account(installation)}"
    where = installation.get("html_url") or "the installation's page on GitHub"
    if installation.get("suspended_at"):
        found = f"suspended since {installation['suspended_at']}: nothing can be read or written there"
        return Fact(name, False, found, f"its owner can lift that at {where}", needed=False)
    has = installation.get("permissions") or {}
    waiting = list(missing(profile_of(app.get("permissions") or {}), has))
    if waiting:
        found = f"not accepted yet: {'; '.join(map(_named, waiting))}"
        return Fact(name, False, found, f"its owner can accept the new permissions at {where}", needed=False)
    if not repositories:
        return Fact(name, False, "no repository is granted", f"choose some at {where}", needed=False)
    return Fact(name, True, f"{repositories} repositor{'y' if repositories == 1 else 'ies'} granted")


def account(installation: Mapping[str, Any]) -> str:
    """Login of the owner, or the installation's id where GitHub hides it."""
    return str((installation.get("account") or {}).get("login") or installation.get("id"))


def removed_fact(known: Iterable[Repository], granted: Mapping[int, Collection[int]]) -> Fact | None:
    """Repositories that the database holds and the App may no longer see; None when there are none.

    ``granted``: the ids of the repositories of each installation that was asked; of an active
    repository in another one, a suspended one say, nothing is known.
    """
    seen = {repository for ids in granted.values() for repository in ids}
    gone = sorted(r.name for r in known if r.id not in seen and (r.state != "active" or r.installation in granted))
    if not gone:
        return None
    found = f"{_listed(gone)}: collected before, and no longer granted to the App, or deleted"
    remedy = "grant it again on the installation's page, or purge it: switchover forget OWNER/NAME --db FILE"
    return Fact("removed repositories", False, found, remedy, needed=False)


def _named(grant: Grant) -> str:
    return f"{grant.title}: {grant.access} ({grant.why.rstrip('.')})"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
