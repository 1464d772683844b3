"""The commit graph of a clone, read in one git call, and what each merge brought in.

Pure but for ``read``. Everything later works on this graph in memory: asking git once per
commit or per pull request would cost hours on a large repository.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.git import git

FORMAT = "%H%n%P%n%at%n%ct%n%an%n%ae%n%ce%n%B"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as its object tells it."""

    sha: str
    parents: tuple[str, ...]
    authored: int
    """Author time in seconds since 1970; rebasing keeps it."""
    committed: int
    author: str
    author_email: str
    committer_email: str
    message: str
    """Decoded as UTF-8, with undecodable bytes replaced."""

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0].strip()

    @property
    def body(self) -> str:
        return self.message.split("\n", 1)[1].strip() if "\n" in self.message else ""

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1


def utc(seconds: int) -> str:
    """``2025-01-31T12:00:00Z`` for seconds since 1970; times before year 1 or after 9999 become 1970."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        moment = datetime.datetime.fromtimestamp(0, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(clone: Path, tips: Sequence[str] = ("HEAD",), without: Sequence[str] = ()) -> dict[str, Commit]:
    """Commits reachable from ``tips`` and not from ``without``, children before parents.

    Raises GitError.
    """
    names = [*tips, *(f"^{sha}" for sha in without)]
    return _log(clone, "--topo-order", "--stdin", input="\n".join(names).encode() + b"\n")


def chain(clone: Path, sha: str, count: int) -> dict[str, Commit]:
    """At most ``count`` commits: ``sha`` and its first parents. Reads no more than these. Raises GitError."""
    return _log(clone, "--first-parent", f"--max-count={count}", sha)


def _log(clone: Path, *options: str, input: bytes | None = None) -> dict[str, Commit]:
    format = ("--no-show-signature", "--encoding=UTF-8", f"--format={FORMAT}")
    out = git(clone, "log", "-z", *format, *options, input=input)
    commits = (_parse(record) for record in out.decode("utf-8", "replace").split("\0") if record)
    return {commit.sha: commit for commit in commits}


def _parse(record: str) -> Commit:
    sha, parents, authored, committed, name, email, committer, message = record.split("\n", 7)
    return Commit(
        sha,
        tuple(parents.split()),
        int(authored or 0),
        int(committed or 0),
        name,
        email,
        committer,
        message.strip(),
    )


@dataclass(frozen=True)
class History:
    """All commits that ``tip`` contains, in topological order (children first)."""

    tip: str
    commits: Mapping[str, Commit]

    @cached_property
    def mainline(self) -> frozenset[str]:
        """The first-parent chain of the tip: what was once the tip of the default branch."""
        return frozenset(_chain(self.commits, self.tip, frozenset()))

    @cached_property
    def brought(self) -> dict[str, tuple[str, ...]]:
        """For each merge, the commits that it brought to its first parent, oldest first.

        One pass over the whole graph: a commit belongs to the oldest merge of the mainline that
        contains it, and merges within a branch are taken apart in the same way. What came to the
        mainline earlier is not listed again for a branch that merged the mainline later.
        """
        return _brought(self.commits, self.tip)

    @cached_property
    def order(self) -> dict[str, int]:
        """Position in topological order: a commit's number is lower than those of its ancestors."""
        return {sha: index for index, sha in enumerate(self.commits)}


def _chain(commits: Mapping[str, Commit], tip: str, stop: Collection[str]) -> list[str]:
    """First parents from ``tip`` down to, not including, the first one in ``stop``."""
    chain: list[str] = []
    sha = tip
    while sha in commits and sha not in stop:
        chain.append(sha)
        parents = commits[sha].parents
        if not parents:
            break
        sha = parents[0]
    return chain


@dataclass
class _Frame:
    """A chain that is being walked, oldest commit last in ``left``; ``found`` is what it brings to ``merge``."""

    merge: str | None
    left: list[str]
    found: list[str]


def _brought(commits: Mapping[str, Commit], tip: str) -> dict[str, tuple[str, ...]]:
    taken: set[str] = set()
    result: dict[str, list[str]] = {}
    # A stack in place of recursion: branches that merge each other nest hundreds deep.
    stack = [_Frame(None, _chain(commits, tip, taken), [])]
    sides: dict[str, list[str]] = {}
    while stack:
        frame = stack[-1]
        if not frame.left:
            stack.pop()
            _hand_up(frame, stack, result)
            continue
        sha = frame.left[-1]
        waiting = sides.setdefault(sha, list(commits[sha].parents[1:]))
        if waiting:
            stack.append(_Frame(sha, _chain(commits, waiting.pop(0), taken), []))
            continue
        frame.left.pop()
        taken.add(sha)
        frame.found.append(sha)
    return {sha: tuple(found) for sha, found in result.items()}


def _hand_up(frame: _Frame, stack: list[_Frame], result: dict[str, list[str]]) -> None:
    if frame.merge is None:
        return
    result.setdefault(frame.merge, []).extend(frame.found)
    stack[-1].found.extend(frame.found)
