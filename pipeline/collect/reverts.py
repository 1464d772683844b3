"""Which merged pull requests were taken back later, by whatever commit says so. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.collect.found import Found
from pipeline.collect.history import Commit, History
from pipeline.types import Pull

_TITLE = re.compile(r"^Revert(?:ed|s)?\b[:\s]*[\"“](?P<title>.+)[\"”]", re.IGNORECASE)
_NUMBER = re.compile(r"^(?:Reverts?|Back(?:s|ed)? out)\s+(?:[\w.-]+/[\w.-]+)?#(?P<n>\d{1,9})\b", re.IGNORECASE | re.M)
_COMMIT = re.compile(r"\bThis reverts (?:commit|merge commit)?\s*(?P<sha>[0-9a-f]{7,40})\b", re.IGNORECASE)
_SUFFIX = re.compile(r"\s*\(#(\d{1,9})\)\s*$")
_SHORT = 7
"""Digits of the shortest sha that git writes."""


def is_revert(title: str) -> bool:
    """Whether a pull request's title says that it takes another one back, or brings one back."""
    return bool(re.match(r"(?:revert(?:ed|s|ing)?|back(?:ed|s)? out|reapply|reland)\b", title.strip(), re.IGNORECASE))


def takes_back(pull: Pull) -> bool:
    """Whether a pull request's title or commits say that it takes something back, so that more than it changes."""
    return is_revert(pull.title) or bool(_COMMIT.search(pull.commit_text) or _NUMBER.search(pull.commit_text))


def reverted(found: Iterable[Found], graph: History) -> dict[int, str]:
    """Number of each pull request that stays taken back, to the commit that did it.

    The revert of a revert brings the original back, however deep.
    """
    walk = _Walk(list(found), graph)
    for sha in reversed(graph.order):
        walk.step(graph.commits[sha])
    return {int(unit): sha for unit, sha in walk.undone.items() if unit.isdigit() and walk.stands(walk.agent(sha))}


class _Walk:
    """Goes from the oldest commit on. A *unit* is what can be reverted: a pull request's number, or a bare commit."""

    def __init__(self, rows: Sequence[Found], graph: History) -> None:
        self.undone: dict[str, str] = {}
        """Unit to the newest commit that reverts it."""
        self._rows = {row.merge_sha: row for row in rows}
        self._titles: dict[str, str] = {}
        self._agents: dict[str, str] = {}
        self._units: dict[str, str] = {}
        self._short: dict[str, list[str]] = {}
        for sha in graph.commits:
            self._short.setdefault(sha[:_SHORT], []).append(sha)
        for row in rows:
            brought = graph.brought.get(row.merge_sha, ())
            self._agents.update(dict.fromkeys((row.merge_sha, *brought), str(row.number)))
        for row in rows:
            brought = graph.brought.get(row.merge_sha, ())
            # Of a branch with several commits, reverting one does not take back the whole.
            whole = (row.merge_sha, *brought) if len(brought) == 1 else (row.merge_sha,)
            self._units.update(dict.fromkeys(whole, str(row.number)))

    def agent(self, sha: str) -> str:
        """The unit that a commit is part of."""
        return self._agents.get(sha, sha)

    def step(self, commit: Commit) -> None:
        row = self._rows.get(commit.sha)
        title = row.title if row else commit.subject
        for unit in self._targets(commit.message, title):
            if unit != self.agent(commit.sha):
                self.undone[unit] = commit.sha
        if row:
            self._titles[_plain(title)] = str(row.number)

    def _targets(self, message: str, title: str) -> Iterator[str]:
        for found in _COMMIT.finditer(message):
            for sha in self._short.get(found["sha"][:_SHORT].lower(), []):
                if sha.startswith(found["sha"].lower()):
                    yield self._units.get(sha, sha)
        yield from (found["n"] for found in _NUMBER.finditer(message))
        named = _TITLE.match(title)
        if named:
            suffix = _SUFFIX.search(named["title"])
            unit = suffix[1] if suffix else self._titles.get(_plain(named["title"]))
            if unit is not None:
                yield unit

    def stands(self, unit: str) -> bool:
        """Whether nothing that itself stands takes ``unit`` back."""
        answer, seen = True, set[str]()
        while unit in self.undone and unit not in seen:
            seen.add(unit)
            answer = not answer
            unit = self.agent(self.undone[unit])
        return answer


def _plain(title: str) -> str:
    return " ".join(_SUFFIX.sub("", title).lower().split())
