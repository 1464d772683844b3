"""Makes the commits, and nothing but the changes decides their hashes: no clock, user or configuration.

Each way to land is a function; ``land`` runs through the history with them. Trees are git's work.
Commits are put together here, because git's own commands would take names and times from around
them, and given to git all at once, because a hundred processes would take most of the time.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.demo.changes import Change, Patch, seconds
from pipeline.git import git

FORGE = "GitHub <noreply@github.com>"
"""Who commits what the forge's own buttons make."""

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True)
class Landed:
    """Where a change is in the repository."""

    base: str
    """Tip of main before it; "" for the very first one."""
    head: str
    """Tip of its branch."""
    tip: str
    """Tip of main after it."""
    tree: str
    """Tree of ``tip``."""


def land(repo: Path, changes: Sequence[Change]) -> dict[str, Landed]:
    """Make all commits of ``changes`` in the empty ``repo``; where each one landed, by folder. No refs are made."""
    landed: dict[str, Landed] = {}
    index, commits = _Index(repo), _Commits()
    main = Landed(base="", head="", tip="", tree=_EMPTY_TREE)
    for change in changes:
        start = landed[change.branched_after] if change.branched_after else main
        trees = index.trees(start.tree, change.patches)
        head = commits.stack(change.patches, trees, start.tip)
        if start is not main:  # main has moved on since the branch started
            trees = index.trees(main.tree, change.patches)
        tip = _WAYS[change.landed](commits, change, _Landing(main.tip, head, trees))
        main = landed[change.folder] = Landed(main.tip, head, tip, trees[-1])
    _write(repo, commits.contents)
    return landed


@dataclass(frozen=True)
class _Landing:
    base: str
    head: str
    trees: tuple[str, ...]
    """What each patch makes of main."""


class _Index:
    """The repository's index, and which tree is in it."""

    def __init__(self, repo: Path) -> None:
        self.repo = repo
        self.tree = _EMPTY_TREE

    def trees(self, start: str, patches: Sequence[Patch]) -> tuple[str, ...]:
        """The tree after each of ``patches``, applied to the tree ``start`` one upon the other."""
        if self.tree != start:
            git(self.repo, "read-tree", start)
        trees = []
        for patch in patches:
            git(self.repo, "apply", "--cached", "--whitespace=nowarn", input=patch.diff)
            trees.append(git(self.repo, "write-tree").decode().strip())
        self.tree = trees[-1]
        return tuple(trees)


class _Commits:
    """Commits that are known and not yet written."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    def add(
        self, tree: str, parents: Sequence[str], author: tuple[str, str], committer: tuple[str, str], message: str
    ) -> str:
        """A commit's hash; ``author`` and ``committer`` are ``Name <mail>`` and an ISO 8601 time."""
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        for role, (who, at) in (("author", author), ("committer", committer)):
            lines.append(f"{role} {who} {seconds(at)} +0000")
        content = "\n".join([*lines, "", message, ""]).encode()
        self.contents.append(content)
        return hashlib.sha1(b"commit %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()

    def stack(
        self, patches: Sequence[Patch], trees: Sequence[str], tip: str, committer: tuple[str, str] | None = None
    ) -> str:
        """The last of one commit per patch on ``tip``; ``committer`` None means each patch's own author and time."""
        for patch, tree in zip(patches, trees, strict=True):
            author = (patch.author, patch.at)
            tip = self.add(tree, (tip,) if tip else (), author, committer or author, patch.message)
        return tip


def _direct(commits: _Commits, change: Change, landing: _Landing) -> str:
    return landing.head


def _merge(commits: _Commits, change: Change, landing: _Landing) -> str:
    branch = f"{change.pull['head']['user']['login']}/{change.pull['head']['ref']}"
    message = f"Merge pull request #{change.number} from {branch}\n\n{change.pull['title']}"
    return _by_forge(commits, change, landing, (landing.base, landing.head), change.merger, message)


def _titled(commits: _Commits, change: Change, landing: _Landing) -> str:
    parents = (landing.base, landing.head)
    return _by_forge(commits, change, landing, parents, change.merger, _numbered_title(change))


def _squash(commits: _Commits, change: Change, landing: _Landing) -> str:
    details = [patch.message.partition("\n\n")[2] for patch in change.patches]
    message = "\n\n".join([_numbered_title(change), *filter(None, details)])
    return _by_forge(commits, change, landing, (landing.base,), change.patches[0].author, message)


def _rebase(commits: _Commits, change: Change, landing: _Landing) -> str:
    committer = (change.merger, change.pull["merged_at"])
    return commits.stack(change.patches, landing.trees, landing.base, committer)


_WAYS: dict[str, Callable[[_Commits, Change, _Landing], str]] = {
    "direct": _direct,
    "merge": _merge,
    "titled": _titled,
    "squash": _squash,
    "rebase": _rebase,
}


def _numbered_title(change: Change) -> str:
    return f"{change.pull['title']} (#{change.number})"


def _by_forge(
    commits: _Commits, change: Change, landing: _Landing, parents: Sequence[str], author: str, message: str
) -> str:
    """The one commit that the forge makes when somebody presses the button."""
    at = change.pull["merged_at"]
    return commits.add(landing.trees[-1], parents, (author, at), (FORGE, at), message)


def _write(repo: Path, contents: Sequence[bytes]) -> None:
    with tempfile.TemporaryDirectory(dir=repo) as folder:
        paths = [Path(folder, str(number)) for number, _ in enumerate(contents)]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        names = "".join(f"{path}\n" for path in paths)
        git(repo, "hash-object", "-t", "commit", "-w", "--stdin-paths", input=names.encode())
