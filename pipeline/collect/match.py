"""Check what commits claim against the heads of pull requests, and find those that no commit names.

A pull request that was rebased, or applied by hand, leaves no number in any subject: its tip,
or the whole of it, is found again in the history by equal changes, then equal patch-id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.collect.applied import applied
from pipeline.collect.changes import Files, Pair, changes, patch_ids
from pipeline.collect.found import Found
from pipeline.collect.history import Commit, History
from pipeline.collect.refs import Head, Heads
from pipeline.types import LeftOut

COMMON = 20
"""A patch that more commits than this share (a version bump by the same script) proves nothing."""


def verify(clone: Path, found: Iterable[Found], graph: History, heads: Heads) -> list[Found]:
    """``found`` with ``verified`` and ``head_sha`` filled in where a head is known. Raises GitError."""
    rows = list(found)
    squashes = [row for row in rows if row.kind == "squash" and _fork(heads, row.number)]
    theirs = changes(clone, [(heads.by_number[row.number].sha, _fork(heads, row.number) or "") for row in squashes])
    ours = changes(clone, [(row.merge_sha, row.base_sha) for row in squashes])
    agree = {id(row): _same_files(a, b) for row, a, b in zip(squashes, theirs, ours, strict=True)}
    return [_verified(row, graph, heads, agree.get(id(row))) for row in rows]


def _fork(heads: Heads, number: int) -> str | None:
    head = heads.by_number.get(number)
    return head.fork if head else None


def _same_files(left: Files | None, right: Files | None) -> bool | None:
    one, other = {f.path for f in left or ()}, {f.path for f in right or ()}
    return bool(one & other) if one and other else None


def _verified(row: Found, graph: History, heads: Heads, same: bool | None) -> Found:
    head = heads.by_number.get(row.number)
    if head is None:
        return row
    if row.kind == "squash":
        return replace(row, head_sha=head.sha, verified=same)
    sides = graph.commits[row.merge_sha].parents[1:]
    agrees = head.sha in sides or not head.joined.isdisjoint(sides) or _was_part(head, row, graph)
    return replace(row, verified=agrees)


def _was_part(head: Head, row: Found, graph: History) -> bool:
    """Whether the head is one of the commits that the merge brought: it was merged, then pushed back."""
    return head.contained and head.sha in graph.brought.get(row.merge_sha, ())


def unnumbered(clone: Path, taken: Iterable[Found], graph: History, heads: Heads) -> tuple[list[Found], list[LeftOut]]:
    """Pull requests that only their head tells of, and those of which the merge cannot be proven.

    Heads that match nothing were never merged; they are not reported. Raises GitError.
    """
    rows = list(taken)
    numbers = {row.number for row in rows}
    left = [head for number, head in sorted(heads.by_number.items()) if number not in numbers]
    used = {row.merge_sha for row in rows} | {sha for row in rows for sha in graph.brought.get(row.merge_sha, ())}
    merged, unproven = _by_hand([head for head in left if head.contained], used, graph)
    apart = [head for head in left if head.fork]
    if apart:
        merged += _rebased(clone, apart, used, graph, heads)
        known = {row.number for row in merged}
        rest = [head for head in apart if head.number not in known]
        merged += applied(clone, rest, used | {row.merge_sha for row in merged}, graph, heads)
    return merged, unproven


def _by_hand(heads: list[Head], used: set[str], graph: History) -> tuple[list[Found], list[LeftOut]]:
    """Heads that a hand-made merge of the mainline names as its second parent."""
    merges = {side: sha for sha in graph.mainline - used for side in graph.commits[sha].parents[1:]}
    found, unproven = [], []
    for head in heads:
        merge = merges.pop(head.sha, None)
        if merge:
            found.append(_found(head, graph.commits[merge], graph.commits[merge].parents[0], "titled"))
        else:
            # Also the head of a pull request that was opened from an old commit looks like this.
            detail = f"its head {head.sha[:12]} is in the history, but no merge commit brought it"
            unproven.append(LeftOut("collect", "pull", str(head.number), "merge_unproven", detail))
    return found, unproven


def _found(head: Head, commit: Commit, base: str, kind: str) -> Found:
    return Found(head.number, kind, commit.subject, "", commit.sha, base, head.sha, True)


def _rebased(clone: Path, heads: list[Head], used: set[str], graph: History, all_heads: Heads) -> list[Found]:
    free = [c for sha, c in graph.commits.items() if len(c.parents) == 1 and sha not in used]
    ours: list[Pair] = [(commit.sha, commit.parents[0]) for commit in free]
    by_change: dict[Files, list[Pair]] = {}
    for pair, files in zip(ours, changes(clone, ours), strict=True):
        if files:
            by_change.setdefault(files, []).append(pair)
    tips = [(h.sha, p) for h in heads if len(parents := all_heads.side[h.sha].parents) == 1 for p in parents]
    wholes = [(head.sha, head.fork or "") for head in heads]
    of_tip = _matches(clone, tips, by_change)
    of_whole = _matches(clone, wholes, by_change)
    return _assign(heads, of_tip, of_whole, graph, all_heads)


def _matches(clone: Path, pairs: list[Pair], by_change: Mapping[Files, list[Pair]]) -> dict[str, list[str]]:
    """Head to the commits of the history that make the same patch."""
    likely: dict[Pair, list[Pair]] = {}
    for pair, files in zip(pairs, changes(clone, pairs), strict=True):
        same = by_change.get(files, []) if files else []
        if same:
            likely[pair] = same
    ours = patch_ids(clone, sorted({pair for same in likely.values() for pair in same}))
    theirs = patch_ids(clone, list(likely))
    by_patch: dict[str, list[str]] = {}
    for sha, patch in ours.items():
        by_patch.setdefault(patch, []).append(sha)
    alike = {head: by_patch.get(theirs.get(head, ""), []) for head, _ in likely}
    return {head: shas for head, shas in alike.items() if len(shas) <= COMMON}


def _assign(
    heads: list[Head], of_tip: Mapping[str, list[str]], of_whole: Mapping[str, list[str]], graph: History, all_: Heads
) -> list[Found]:
    """Give each matching commit to one pull request: to its author's own first, then to the oldest."""
    claims = []
    for head in heads:
        theirs = all_.side[head.sha]
        for kind, matches in (("rebase", of_tip), ("squash", of_whole)):
            for sha in matches.get(head.sha, []):
                ours = graph.commits[sha]
                if ours.committed >= theirs.authored:
                    claims.append((ours.author_email != theirs.author_email, head.number, kind, sha, head))
    found: dict[int, Found] = {}
    given: set[str] = set()
    for _, number, kind, sha, head in sorted(claims, key=lambda claim: claim[:4]):
        if number not in found and sha not in given:
            given.add(sha)
            base = _first_base(head, sha, graph, all_) if kind == "rebase" else graph.commits[sha].parents[0]
            found[number] = _found(head, graph.commits[sha], base, kind)
    return list(found.values())


def _first_base(head: Head, tip: str, graph: History, all_: Heads) -> str:
    """The commit before the first rebased one; rebasing keeps author and author time."""
    own = {(all_.side[sha].author_email, all_.side[sha].authored) for sha in head.own}
    base = graph.commits[tip].parents[0]
    for _ in head.own[1:]:
        commit = graph.commits[base]
        if (commit.author_email, commit.authored) not in own or len(commit.parents) != 1:
            break
        base = commit.parents[0]
    return base
