"""From a clone to the merged pull requests that its history holds, each with its commit and its proof."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pipeline.collect import history, match, sift
from pipeline.collect.clone import Clone
from pipeline.collect.found import Found
from pipeline.collect.history import Commit, History
from pipeline.collect.payloads import Payloads
from pipeline.collect.refs import read_heads
from pipeline.types import LeftOut

log = logging.getLogger(__name__)

SAME_MOMENT = 120
"""Seconds within which a forge writes all commits of one rebased pull request."""


@dataclass(frozen=True)
class Mined:
    """What a history holds; ``found`` has the newest merge first."""

    graph: History
    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...]


def mine(clone: Clone, tip: str, payloads: Payloads) -> Mined:
    """All merged pull requests in the history of ``tip``. Raises GitError."""
    graph = History(tip, history.read(clone.path, [tip]))
    heads = read_heads(clone.path, graph)
    log.info("%s: %d commits, %d pull request heads", clone.name, len(graph.commits), len(heads.by_number))
    claimed, orphans = sift.claims(graph)
    claimed += list(_recorded(payloads, claimed, graph))
    checked = [_confirm(row, payloads) for row in match.verify(clone.path, claimed, graph, heads)]
    kept, gone = sift.sift(checked, graph, heads, payloads.issues)
    more, unproven = match.unnumbered(clone.path, kept, graph, heads)
    newest = sorted(kept + more, key=lambda row: (-graph.commits[row.merge_sha].committed, -row.number))
    return Mined(graph, tuple(newest), (*orphans, *gone, *unproven))


def _confirm(row: Found, payloads: Payloads) -> Found:
    recorded = payloads.pulls.get(row.number)
    if recorded and recorded.merge_sha == row.merge_sha:
        return replace(row, verified=True)
    return row


def _recorded(payloads: Payloads, claimed: Iterable[Found], graph: History) -> Iterator[Found]:
    """Pull requests that no subject names, but of which the forge recorded the commit."""
    known = {row.merge_sha for row in claimed}
    for pull in payloads.pulls.values():
        commit = graph.commits.get(pull.merge_sha or "")
        if pull.merged and commit and commit.sha not in known and commit.parents:
            kind = "titled" if commit.is_merge else "rebase"
            head = commit.parents[1] if commit.is_merge else None
            yield Found(pull.number, kind, pull.title, "", commit.sha, base_of(pull.commits, commit, graph), head, True)


def base_of(commits: int | None, tip: Commit, graph: History) -> str:
    """Before the first of ``commits`` where they were rebased together, else the first parent of ``tip``."""
    commit = tip
    if not tip.is_merge:
        for _ in range((commits or 1) - 1):
            parent = graph.commits.get(commit.parents[0])
            if parent is None or len(parent.parents) != 1 or tip.committed - parent.committed > SAME_MOMENT:
                break
            commit = parent
    return commit.parents[0]
