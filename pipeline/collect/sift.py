"""Which of the commits that name a pull request really merged it. Pure.

Real histories lie: merges made inside forks carry the fork's numbers, "(#12)" may be an issue or
another repository's pull request, and a back-port carries its original's number a second time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipeline.collect.forms import form_of
from pipeline.collect.found import Found, left_out
from pipeline.collect.history import History
from pipeline.collect.refs import Heads
from pipeline.types import LeftOut

COVERED = 0.8
"""Share of the numbers below the newest head that must have a head before a missing one is proof."""

ENOUGH = 10
"""Certain pull requests to know before a number is called too high or too low."""

BROKEN = 0.05
"""Share of the default branch's numbers that may fall before falling numbers prove nothing."""

_CLOSED = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d{1,9})\b", re.IGNORECASE)


def claims(graph: History) -> tuple[list[Found], list[LeftOut]]:
    """Every commit that names a pull request; those without a parent to start from are left out."""
    found, orphans = [], []
    for commit in graph.commits.values():
        form = form_of(commit)
        if form is None:
            continue
        base = commit.parents[0] if commit.parents else ""
        head = commit.parents[1] if commit.is_merge else None
        row = Found(form.number, form.kind, form.title, form.branch, commit.sha, base, head, None, form.certain)
        if base:
            found.append(row)
        else:
            orphans.append(left_out(row, "no_base", "the first commit of the history has nothing before it"))
    return found, orphans


def sift(
    found: Sequence[Found], graph: History, heads: Heads, issue_numbers: Iterable[int] = ()
) -> tuple[list[Found], list[LeftOut]]:
    """One commit per pull request, and a reason for every other. ``issue_numbers``: known to be issues."""
    known = frozenset(issue_numbers)
    judge = _Judge(found, graph, heads, known)
    kept: list[Found] = []
    gone: list[LeftOut] = []
    for row in found:
        verdict = judge.of_merge(row) if row.kind != "squash" else judge.of_squash(row)
        if verdict:
            gone.append(left_out(row, *verdict))
        else:
            kept.append(row)
    once, twice = _once(kept, graph)
    return suspect(once, graph), gone + twice


class _Judge:
    """What the whole set of claims tells about one of them."""

    def __init__(self, found: Sequence[Found], graph: History, heads: Heads, issues: frozenset[int]) -> None:
        self._graph = graph
        self._heads = heads.by_number
        self._issues = issues
        self._highest_head = max(self._heads, default=0)
        self._newest_head = self._time_of_newest_head(heads)
        self._covered = self._are_covered([row.number for row in found])
        sure = [row for row in found if row.verified is not False and row.certain]
        main = [row.number for row in sure if row.merge_sha in graph.mainline or row.verified]
        self._highest = max(main) if len(main) >= ENOUGH else None
        self._closers = _closers(graph)

    def of_merge(self, row: Found) -> tuple[str, str] | None:
        """A merge commit always merged something; the question is whose number it carries."""
        if row.number in self._issues:
            return "issue_number", f"#{row.number} is an issue"
        if row.verified or row.merge_sha in self._graph.mainline:
            return None
        if row.verified is False:
            return "fork_number", "the head of that number is another commit: the merge was made in a fork"
        return None

    def of_squash(self, row: Found) -> tuple[str, str] | None:
        if row.number in self._issues:
            return "issue_number", f"#{row.number} is an issue"
        if row.verified is False:
            return "foreign_number", "the pull request of that number changes other files"
        if row.verified or row.certain:
            return None
        if self._highest is not None and row.number > 2 * self._highest + 100:
            return "foreign_number", f"the highest number known here is {self._highest}"
        if self._covered and row.number not in self._heads and self._is_old_enough(row):
            return "issue_number", "there is no pull request head of that number"
        if self._closers.get(row.number, set()) - {row.merge_sha}:
            return "issue_number", "another commit closes it as an issue"
        return None

    def _is_old_enough(self, row: Found) -> bool:
        """Heads that were fetched long ago say nothing about newer numbers."""
        merged = self._graph.commits[row.merge_sha].committed
        return row.number <= self._highest_head or merged <= self._newest_head

    def _time_of_newest_head(self, heads: Heads) -> int:
        commits = (heads.side.get(h.sha) or self._graph.commits[h.sha] for h in heads.by_number.values())
        return max((commit.committed for commit in commits), default=0)

    def _are_covered(self, numbers: Sequence[int]) -> bool:
        within = [number for number in numbers if number <= self._highest_head]
        return bool(within) and sum(number in self._heads for number in within) >= COVERED * len(within)


def suspect(found: Sequence[Found], graph: History) -> list[Found]:
    """``found`` with ``verified`` False where a merge within a branch must carry a fork's number.

    Numbers rise with time: such a number is under half of what had been merged before the work
    began (half, for a pull request may be opened long before the commits that end up in it). This
    is no proof, so the row stays; and where the default branch itself breaks the rule (a
    repository that was made anew), it says nothing.
    """
    main = [row for row in found if row.certain and row.merge_sha in graph.mainline]
    times = sorted((graph.commits[row.merge_sha].committed, row.number) for row in main)
    if len(times) < ENOUGH or _breaks(times) > BROKEN * len(times):
        return list(found)
    return [replace(row, verified=False) if _is_too_low(row, times, graph) else row for row in found]


def _breaks(times: Sequence[tuple[int, int]]) -> int:
    highest, breaks = 0, 0
    for _, number in times:
        breaks += 2 * number < highest
        highest = max(highest, number)
    return breaks


def _is_too_low(row: Found, times: Sequence[tuple[int, int]], graph: History) -> bool:
    if row.verified is not None or row.kind == "squash" or row.merge_sha in graph.mainline:
        return False
    brought = [graph.commits[sha].authored for sha in graph.brought.get(row.merge_sha, ())]
    began = min(brought, default=graph.commits[row.merge_sha].committed)
    before = times[: bisect_left(times, (began, 0))]
    return len(before) >= ENOUGH and 2 * row.number < max(number for _, number in before)


def _closers(graph: History) -> dict[int, set[str]]:
    """Number to the commits whose message closes it."""
    closers: dict[int, set[str]] = {}
    for commit in graph.commits.values():
        for number in _CLOSED.findall(commit.message):
            closers.setdefault(int(number), set()).add(commit.sha)
    return closers


def _once(found: Sequence[Found], graph: History) -> tuple[list[Found], list[LeftOut]]:
    by_number: dict[int, list[Found]] = {}
    for row in found:
        by_number.setdefault(row.number, []).append(row)
    kept, gone = [], []
    for rows in by_number.values():
        best, *others = sorted(rows, key=lambda row: _preference(row, graph))
        kept.append(best)
        gone += list(_doubles(best, others, graph))
    return kept, gone


def _preference(row: Found, graph: History) -> tuple[bool, bool, bool, int]:
    """What the head confirms, then what the default branch holds, then a merge, then the oldest."""
    commit = graph.commits[row.merge_sha]
    return row.verified is not True, commit.sha not in graph.mainline, row.kind == "squash", commit.committed


def _doubles(best: Found, others: Sequence[Found], graph: History) -> Iterator[LeftOut]:
    for row in others:
        if row.kind == "squash" or row.merge_sha in graph.mainline:
            yield left_out(row, "backport", f"#{row.number} is {best.merge_sha[:12]} on the default branch")
        else:
            yield left_out(row, "fork_number", f"#{row.number} is {best.merge_sha[:12]}: this merge is a fork's")
