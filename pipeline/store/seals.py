"""The table of sealed patches: the hash of each attempt on an open issue, as a workflow run has reported it.

The first hash of an attempt stays: it was published, and a score of any other patch is not believed.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pipeline.store.forgotten import ForgottenTables
from pipeline.types import Sealed, from_json, to_json

Attempt = tuple[str, str, str, int]
"""Role, adapter (or ""), model, and which attempt it is."""

Seal = tuple[str, str]
"""When it was sealed, and the patch's sha256."""

_FIXES = """
SELECT p.number FROM forge_pulls p JOIN json_each(p.closes) c ON c.value = ?2 WHERE p.repo = ?1
UNION SELECT pull FROM links WHERE repo = ?1 AND number = ?2 AND closes <> 0 ORDER BY 1
"""

_SHOWN = """
SELECT p.number, s.issue FROM seals s JOIN forge_pulls p ON p.repo = s.repo JOIN json_each(p.closes) c
ON c.value = s.issue WHERE s.repo = ?1
UNION SELECT l.pull, s.issue FROM seals s JOIN links l ON l.repo = s.repo AND l.number = s.issue AND l.closes <> 0
WHERE s.repo = ?1
"""


def attempt_of(row: Sealed) -> Attempt:
    """Which attempt on its issue a line seals."""
    return (row.role, row.adapter or "", row.model, row.attempt)


def add_seals(store: ForgottenTables, repo: str, rows: Iterable[Sealed], *, run: int | None) -> None:
    """Save those that are new, inside the caller's transaction. Raises InputError for a repository that was purged.

    The issue's title is not kept: it is with the issue.
    """
    store.refuse_forgotten(repo)
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for row in rows:
        told = json.dumps(to_json(replace(row, title="")))
        values = [repo, row.issue, *attempt_of(row), row.at, row.patch_sha256, run, now, told]
        store.db.execute(f"INSERT OR IGNORE INTO seals VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608


def seals(store: ForgottenTables, repo: str, issue: int) -> list[Sealed]:
    """Of one issue, by role and attempt."""
    query = "SELECT row FROM seals WHERE repo = ? AND issue = ? ORDER BY role, adapter, model, attempt"
    rows = store.db.execute(query, [repo, issue]).fetchall()
    return [replace(from_json(Sealed, json.loads(row)), repo=repo) for (row,) in rows]


def fixes_of(store: ForgottenTables, repo: str, issue: int) -> list[int]:
    """Numbers of the merged pull requests that are known to close ``issue``."""
    return [number for (number,) in store.db.execute(_FIXES, [repo, issue]).fetchall()]


def seals_of(store: ForgottenTables, repo: str) -> Mapping[tuple[int, Attempt], Seal]:
    """Of all issues, by number of the issue and attempt."""
    query = "SELECT issue, role, adapter, model, attempt, at, patch_sha256 FROM seals WHERE repo = ?"
    rows = store.db.execute(query, [repo]).fetchall()
    return {
        (issue, (role, adapter, model, attempt)): (at, sha) for issue, role, adapter, model, attempt, at, sha in rows
    }


def sealed_issues(store: ForgottenTables, repo: str) -> Mapping[int, frozenset[int]]:
    """By number of a pull request: the issues with seals that it is known to close."""
    found: dict[int, set[int]] = {}
    for number, issue in store.db.execute(_SHOWN, [repo]).fetchall():
        found.setdefault(number, set()).add(issue)
    return {number: frozenset(issues) for number, issues in found.items()}
