"""The heads of pull requests that the clone has: ``refs/pull/N/head`` and its kin.

A user gets them with ``git fetch origin '+refs/pull/*/head:refs/pull/*/head'``; for GitLab it is
``refs/merge-requests/*/head``. ``refs/pull/N/merge`` is no proof of anything and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.collect import history
from pipeline.collect.history import Commit, History
from pipeline.git import git

_REF = re.compile(r"refs/(?:remotes/[^/]+/)?(?:pull|pr|pull-requests|merge-requests)/(\d{1,9})(?:/(?:head|from))?$")

LONG_BRANCH = 500
"""Commits after which a branch is taken for another line of development, and not compared."""


@dataclass(frozen=True)
class Head:
    """Tip of a pull request's branch."""

    number: int
    sha: str
    own: tuple[str, ...] = ()
    """Its commits that the history lacks, newest first along first parents."""
    fork: str | None = None
    """Newest commit of the history that it contains; None for a branch without one, or a very long one."""
    contained: bool = False
    """Whether the history holds the tip itself."""
    joined: frozenset[str] = frozenset()
    """Commits of the history where the branch left it or merged it again."""


@dataclass(frozen=True)
class Heads:
    """All heads by number, and the commits of theirs that the history lacks."""

    by_number: Mapping[int, Head] = field(default_factory=dict)
    side: Mapping[str, Commit] = field(default_factory=dict)


def read_heads(clone: Path, graph: History) -> Heads:
    """Heads of pull requests in ``clone``, placed against ``graph``. Raises GitError."""
    tips = dict(_tips(clone))
    outside = sorted(set(tips.values()) - graph.commits.keys())
    side = history.read(clone, outside, without=[graph.tip]) if outside else {}
    return Heads({number: _place(number, sha, side, graph) for number, sha in tips.items()}, side)


def _tips(clone: Path) -> Iterator[tuple[int, str]]:
    out = git(clone, "for-each-ref", "--format=%(objecttype) %(objectname) %(refname)").decode("utf-8", "replace")
    for line in out.splitlines():
        kind, sha, name = line.split(" ", 2)
        found = _REF.match(name)
        if found and kind == "commit":
            yield int(found[1]), sha


def _place(number: int, sha: str, side: Mapping[str, Commit], graph: History) -> Head:
    if sha in graph.commits:
        return Head(number, sha, contained=True)
    joined: set[str] = set()
    seen, waiting = {sha}, [sha]
    while waiting and len(seen) <= LONG_BRANCH:
        for parent in side[waiting.pop()].parents:
            if parent in graph.commits:
                joined.add(parent)
            elif parent in side and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    if waiting or not joined:
        return Head(number, sha)
    fork = min(joined, key=graph.order.__getitem__)
    return Head(number, sha, tuple(_own(sha, side)), fork, joined=frozenset(joined))


def _own(sha: str, side: Mapping[str, Commit]) -> Iterator[str]:
    while sha in side:
        yield sha
        parents = side[sha].parents
        if not parents:
            return
        sha = parents[0]
