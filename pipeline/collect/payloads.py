"""Recorded GitHub REST objects that add texts, labels and dates to what a history tells.

One JSON object per line, as ``GET /repos/O/N/pulls/1`` and ``GET /repos/O/N/issues/2`` return
them; fields that are missing or null are simply not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import jsonl
from pipeline.errors import InputError
from pipeline.types import Issue

_URL_REPO = re.compile(r"/repos/([^/]+/[^/]+)")


@dataclass(frozen=True)
class PullPayload:
    """What the forge says about a pull request."""

    number: int
    title: str
    body: str
    author: str
    created_at: str | None
    merged: bool
    merge_sha: str | None
    commits: int | None
    labels: tuple[str, ...]
    closes: tuple[int, ...] = ()
    """Issues of this repository that the forge says it closed; its REST objects do not tell."""


@dataclass(frozen=True)
class Payloads:
    """All of a file, by number."""

    pulls: Mapping[int, PullPayload] = field(default_factory=dict)
    issues: Mapping[int, Issue] = field(default_factory=dict)
    foreign: int = 0
    """Objects of other repositories, which were not used."""


def read_payloads(path: Path, repo: str) -> Payloads:
    """Objects of ``repo`` in the file; of a later line with the same number the later one holds.

    A file with a single other repository is taken for the same one under an earlier name.
    Raises InputError for a missing file and for a line that is neither object, naming it.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a JSONL file of recorded GitHub objects with --payloads")
    rows = [(number, _repo_of(row), row) for number, row in enumerate(jsonl.read(path), 1)]
    names = {name.lower() for _, name, _ in rows if name}
    wanted = names if len(names) == 1 else {repo.lower()}
    pulls: dict[int, PullPayload] = {}
    issues: dict[int, Issue] = {}
    foreign = 0
    for line, name, row in rows:
        if name and name.lower() not in wanted:
            foreign += 1
        elif _is_pull(row):
            pulls[_number(row, path, line)] = _pull(row, _number(row, path, line))
        elif "pull_request" in row:  # an issue listing holds each pull request too, without its merge
            pulls.setdefault(_number(row, path, line), _pull(row, _number(row, path, line)))
        else:
            issues[_number(row, path, line)] = _issue(row, _number(row, path, line), repo)
    return Payloads(pulls, issues, foreign)


def _is_pull(row: Mapping[str, Any]) -> bool:
    return "merged_at" in row or "merge_commit_sha" in row or "base" in row


def _repo_of(row: Mapping[str, Any]) -> str | None:
    base = row.get("base")
    if isinstance(base, dict) and isinstance(base.get("repo"), dict):
        return storable(base["repo"].get("full_name")) or None
    found = _URL_REPO.search(storable(row.get("repository_url")) or storable(row.get("url")))
    return found[1] if found else None


def _number(row: Mapping[str, Any], path: Path, line: int) -> int:
    number = row.get("number")
    if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 10**9:
        return number
    raise InputError(f"{path}:{line}: 'number' is {number!r}, expected a pull request's or issue's; mend that line")


def _pull(row: Mapping[str, Any], number: int) -> PullPayload:
    commits = row.get("commits")
    return PullPayload(
        number=number,
        title=storable(row.get("title")),
        body=storable(row.get("body")),
        author=_login(row),
        created_at=_time(row),
        merged=bool(row.get("merged_at") or row.get("merged")),
        merge_sha=storable(row.get("merge_commit_sha")) or None,
        commits=commits if isinstance(commits, int) else None,
        labels=_labels(row),
    )


def _issue(row: Mapping[str, Any], number: int, repo: str) -> Issue:
    title, body = storable(row.get("title")), storable(row.get("body"))
    return Issue(repo, number, title, body, _login(row), _time(row), _labels(row))


def storable(value: Any) -> str:
    """Text that can be stored: JSON may hold halves of surrogate pairs, UTF-8 may not."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _time(row: Mapping[str, Any]) -> str | None:
    return storable(row.get("created_at")) or None


def _login(row: Mapping[str, Any]) -> str:
    user = row.get("user")
    return storable(user.get("login")) if isinstance(user, dict) else ""


def _labels(row: Mapping[str, Any]) -> tuple[str, ...]:
    labels = row.get("labels")
    names = [label.get("name") if isinstance(label, dict) else label for label in labels or [] if label]
    return tuple(text for name in names if (text := storable(name)))
