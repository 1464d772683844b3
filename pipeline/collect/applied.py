"""Pull requests that a maintainer applied by hand and changed on the way, so that no patch is the same.

What is left to go by is the commit's own word ("Closes #12", "PR #12") and that it is the author's work:
the commit bears the name of whoever wrote the pull request, and changes a file that it changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect.changes import Files, changes
from pipeline.collect.found import Found
from pipeline.collect.history import Commit, History
from pipeline.collect.refs import Head, Heads

_SAYS = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|merge[sd]?|PR|pull request):?\s+#(\d{1,9})\b", re.IGNORECASE
)


@dataclass(frozen=True)
class _Claim:
    head: Head
    commit: Commit


def applied(clone: Path, heads: Sequence[Head], used: Collection[str], graph: History, all_heads: Heads) -> list[Found]:
    """Those of ``heads`` that a commit of the history names and brings, each with the oldest such commit.

    ``used``: commits that have brought another pull request. Raises GitError.
    """
    claims = list(_claims(heads, used, graph, all_heads))
    ours = changes(clone, [(claim.commit.sha, claim.commit.parents[0]) for claim in claims])
    theirs = changes(clone, [(claim.head.sha, claim.head.fork or "") for claim in claims])
    found: dict[int, Found] = {}
    for claim, mine, yours in sorted(
        zip(claims, ours, theirs, strict=True), key=lambda row: (row[0].commit.committed, row[0].head.number)
    ):
        number, commit = claim.head.number, claim.commit
        if number not in found and _share_a_file(mine, yours):
            found[number] = Found(
                number, "squash", commit.subject, "", commit.sha, commit.parents[0], claim.head.sha, True
            )
    return list(found.values())


def _claims(heads: Sequence[Head], used: Collection[str], graph: History, all_heads: Heads) -> list[_Claim]:
    by_number = {head.number: head for head in heads}
    found = []
    for sha, commit in graph.commits.items():
        if len(commit.parents) != 1 or sha in used:
            continue
        for number in dict.fromkeys(map(int, _SAYS.findall(commit.message))):
            head = by_number.get(number)
            if head and _by_the_same(commit, all_heads.side[head.sha]):
                found.append(_Claim(head, commit))
    return found


def _by_the_same(ours: Commit, theirs: Commit) -> bool:
    # Not by time: a branch may be pushed once more after it was applied, and its number cannot be known before it.
    return ours.author_email == theirs.author_email or ours.author == theirs.author


def _share_a_file(ours: Files | None, theirs: Files | None) -> bool:
    return bool({file.path for file in ours or ()} & {file.path for file in theirs or ()})
