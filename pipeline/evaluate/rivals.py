"""Rivals: heads of pull requests that were never merged and name an issue that a merged one is about.

People and agents tried the same thing and were turned down; their patches come with the clone
(``git fetch origin '+refs/pull/*/head:refs/pull/*/head'``) and are what own's patches will be like.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect import history
from pipeline.collect.changes import changes
from pipeline.collect.gold import changed_lines, patches
from pipeline.collect.history import Commit, History
from pipeline.collect.links import links_of
from pipeline.collect.refs import Head, read_heads
from pipeline.git import NO_DRIVERS, git
from pipeline.types import Pull

_CHANGELOGS = (":(glob,icase)**/CHANGE*", ":(glob,icase)**/NEWS*", ":(glob,icase)**/HISTORY*")
_MOST_COMMITS = 50
"""Of a branch; a longer one is another line of development."""


@dataclass(frozen=True)
class Rival:
    """An unmerged head that names an issue of a merged pull request."""

    number: int
    head_sha: str
    fork_sha: str
    """Commit of the default branch that it started from, or merged last."""
    issues: tuple[int, ...]
    """That both name."""


def rivals(clone: Path, pulls: Sequence[Pull]) -> Mapping[int, tuple[Rival, ...]]:
    """By number of the merged pull request, its rivals, newest first; one without any is not there.

    ``pulls``: all that are known to be merged; one that is not among them may be taken for a rival.
    Raises GitError.
    """
    commits = history.read(clone)
    graph = History(next(iter(commits)), commits)
    heads = read_heads(clone, graph)
    merged = {pull.number for pull in pulls} | {link.number for pull in pulls for link in pull.links if link.closes}
    tips = {pull.head_sha for pull in pulls}
    named = _named(clone, [h for h in heads.by_number.values() if _is_open(h, merged, tips)], heads.side, pulls[0].repo)
    found: dict[int, list[Rival]] = defaultdict(list)
    for pull in pulls:
        closed = {link.number for link in pull.links if link.closes}
        about = closed or {link.number for link in pull.links}
        for head, numbers in named:
            if both := sorted(about & numbers):
                found[pull.number].append(Rival(head.number, head.sha, head.fork or "", tuple(both)))
    return {number: tuple(sorted(rows, key=lambda row: -row.number)) for number, rows in found.items()}


def _is_open(head: Head, merged: Iterable[int], tips: Iterable[str | None]) -> bool:
    usable = head.fork is not None and 0 < len(head.own) <= _MOST_COMMITS and not head.contained
    return usable and head.number not in merged and head.sha not in tips


def _named(
    clone: Path, heads: Sequence[Head], side: Mapping[str, Commit], repo: str
) -> list[tuple[Head, frozenset[int]]]:
    logs = patches(clone, [(head.sha, head.fork or "") for head in heads], _CHANGELOGS)
    named = []
    for head, log in zip(heads, logs, strict=True):
        text = "\n\n".join(side[sha].message for sha in head.own)
        added = "\n".join(line for _, sign, line in changed_lines(log) if sign == "+")
        links = links_of({"commit_message": text}, "", added, repo, head.number)
        named.append((head, frozenset(link.number for link in links)))
    return named


def source_patch(clone: Path, rival: Rival) -> bytes:
    """What the rival changes in source files, against where it forked; b"" when it changes none. Raises GitError."""
    (files,) = changes(clone, [(rival.head_sha, rival.fork_sha)])
    kept = [f for f in files or () if f.kind == "source"]
    paths = sorted({path for f in kept for path in (f.path, f.renamed_from) if path})
    if not paths:
        return b""
    options = ("-r", "-p", "-M", "--binary", "--full-index", *NO_DRIVERS)
    literal = [f":(literal){path}" for path in paths]
    return git(clone, "diff-tree", *options, rival.fork_sha, rival.head_sha, "--", *literal)
