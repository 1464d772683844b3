"""The tables of what was decided, and of who serves the team: the newest row counts, the others are the history."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.forgotten import AUTHOR
from pipeline.store.base import Row
from pipeline.store.forgotten import ForgottenTables

How = Literal["command", "pull", "config"]
"""By ``switchover switch``, by a merged pull request, or found in the config."""


@dataclass(frozen=True)
class VerdictRow:
    """A record of ``pipeline.report.transition``, as it was stored."""

    repo: str
    seq: int
    """1-based, per repository."""
    at: str
    """When its newest results were known; "" without any."""
    state: str
    evidence_sha256: str
    record: dict[str, Any]
    created_at: str


@dataclass(frozen=True)
class RouteRow:
    """A route that the team was set to."""

    repo: str
    at: str
    route: str
    """own, frontier or canary=SHARE."""
    by: str | None
    """A login: of the forge, or of the machine where the command ran. None where nobody is known."""
    how: How
    verdict_seq: int | None
    """The verdict that was the newest then; None where there was none."""


class VerdictTables(ForgottenTables):
    """Each method that writes is one transaction, or part of the one around it."""

    def add_verdict(self, repo: str, record: Mapping[str, Any]) -> bool:
        """Store a record; False, and nothing is changed, when the newest one says the same.

        Versions aside: the same evidence judged by another Python is no news. Raises InputError for
        a repository that was purged.
        """
        self.refuse_forgotten(repo)
        with self.atomic():
            newest = self.verdict(repo)
            if newest and _told(newest.record) == _told(record):
                return False
            row = {
                "repo": repo,
                "seq": newest.seq + 1 if newest else 1,
                "at": record["at"],
                "state": record["state"],
                "evidence_sha256": record["evaluations_sha256"],
                "record": json.dumps(record),
                "created_at": _now(),
            }
            self._upsert("verdicts", [row], ("repo", "seq"))
            return True

    def verdict(self, repo: str) -> VerdictRow | None:
        """The newest of ``repo``; None without any."""
        query = "SELECT * FROM verdicts WHERE repo = ? ORDER BY seq DESC LIMIT 1"
        return next(map(_verdict, self._rows(query, (repo,))), None)

    def verdicts(self, repo: str) -> list[VerdictRow]:
        """All of ``repo``, oldest first."""
        return [_verdict(row) for row in self._rows("SELECT * FROM verdicts WHERE repo = ? ORDER BY seq", (repo,))]

    def add_route(self, repo: str, route: str, *, by: str | None, how: How, at: str | None = None) -> bool:
        """Record that ``route`` holds from ``at`` (ISO, UTC; None: now) on; False when it did so already.

        A person who was purged is not named. Raises InputError for a repository that was purged.
        """
        self.refuse_forgotten(repo)
        with self.atomic():
            before, verdict = self.route(repo), self.verdict(repo)
            if before and before.route == route:
                return False
            row = {
                "repo": repo,
                "at": at or _now(),
                "route": route,
                "by": AUTHOR if by and self.forgotten().is_person(by) else by,
                "how": how,
                "verdict_seq": verdict.seq if verdict else None,
            }
            self._execute(
                "INSERT INTO routes (repo, at, route, by, how, verdict_seq) VALUES (?, ?, ?, ?, ?, ?)",
                tuple(row.values()),
            )
            return True

    def route(self, repo: str) -> RouteRow | None:
        """The one that ``repo`` was set to last; None when none was recorded."""
        query = "SELECT * FROM routes WHERE repo = ? ORDER BY id DESC LIMIT 1"
        return next(map(_route, self._rows(query, (repo,))), None)

    def routes(self, repo: str) -> list[RouteRow]:
        """All that ``repo`` was set to, oldest first."""
        return [_route(row) for row in self._rows("SELECT * FROM routes WHERE repo = ? ORDER BY id", (repo,))]


def _told(record: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in record.items() if key != "versions"}, sort_keys=True)


def _verdict(row: Row) -> VerdictRow:
    return VerdictRow(**{**row, "record": json.loads(row["record"])})


def _route(row: Row) -> RouteRow:
    return RouteRow(**{name: value for name, value in row.items() if name != "id"})


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
