"""Makes the commits, and nothing but them decides their hashes: no clock, no user, no configuration.

Each way to land is a function; ``land`` runs through the history with them. Commits are written
as objects, byte by byte, because git's own commands would take names and times from around them.
"""

from __future__ import annotations

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
    main = Landed(base="", head="", tip="", tree=_EMPTY_TREE)
    for change in changes:
        start = landed[change.branched_after] if change.branched_after else main
        trees = _trees(repo, start.tree, change.patches)
        head = _stack(repo, change.patches, trees, start.tip)
        if start is not main:  # main has moved on since the branch started
            trees = _trees(repo, main.tree, change.patches)
        tip = _WAYS[change.landed](repo, change, _Landing(main.tip, head, trees))
        main = landed[change.folder] = Landed(main.tip, head, tip, trees[-1])
    return landed


@dataclass(frozen=True)
class _Landing:
    base: str
    head: str
    trees: tuple[str, ...]
    """What each patch makes of main."""


def _direct(repo: Path, change: Change, landing: _Landing) -> str:
    return landing.head


def _merge(repo: Path, change: Change, landing: _Landing) -> str:
    branch = f"{change.pull['head']['user']['login']}/{change.pull['head']['ref']}"
    message = f"Merge pull request #{change.number} from {branch}\n\n{change.pull['title']}"
    return _by_forge(repo, change, landing, (landing.base, landing.head), change.merger, message)


def _titled(repo: Path, change: Change, landing: _Landing) -> str:
    parents = (landing.base, landing.head)
    return _by_forge(repo, change, landing, parents, change.merger, _numbered_title(change))


def _squash(repo: Path, change: Change, landing: _Landing) -> str:
    details = [patch.message.partition("\n\n")[2] for patch in change.patches]
    message = "\n\n".join([_numbered_title(change), *filter(None, details)])
    return _by_forge(repo, change, landing, (landing.base,), change.patches[0].author, message)


def _rebase(repo: Path, change: Change, landing: _Landing) -> str:
    committer = (change.merger, change.pull["merged_at"])
    return _stack(repo, change.patches, landing.trees, landing.base, committer)


_WAYS: dict[str, Callable[[Path, Change, _Landing], str]] = {
    "direct": _direct,
    "merge": _merge,
    "titled": _titled,
    "squash": _squash,
    "rebase": _rebase,
}


def _numbered_title(change: Change) -> str:
    return f"{change.pull['title']} (#{change.number})"


def _by_forge(repo: Path, change: Change, landing: _Landing, parents: Sequence[str], author: str, message: str) -> str:
    """The one commit that the forge makes when somebody presses the button."""
    at = change.pull["merged_at"]
    return _commit(repo, landing.trees[-1], parents, (author, at), (FORGE, at), message)


def _trees(repo: Path, tree: str, patches: Sequence[Patch]) -> tuple[str, ...]:
    """The tree after each of ``patches``, applied to ``tree`` one upon the other."""
    git(repo, "read-tree", tree)
    trees = []
    for patch in patches:
        git(repo, "apply", "--cached", "--whitespace=nowarn", input=patch.diff)
        trees.append(git(repo, "write-tree").decode().strip())
    return tuple(trees)


def _stack(
    repo: Path, patches: Sequence[Patch], trees: Sequence[str], tip: str, committer: tuple[str, str] | None = None
) -> str:
    """The last of one commit per patch on ``tip``; ``committer`` None means each patch's own author and time."""
    for patch, tree in zip(patches, trees, strict=True):
        author = (patch.author, patch.at)
        tip = _commit(repo, tree, (tip,) if tip else (), author, committer or author, patch.message)
    return tip


def _commit(
    repo: Path,
    tree: str,
    parents: Sequence[str],
    author: tuple[str, str],
    committer: tuple[str, str],
    message: str,
) -> str:
    """A new commit's hash; ``author`` and ``committer`` are ``Name <mail>`` and an ISO 8601 time."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    for role, (who, at) in (("author", author), ("committer", committer)):
        lines.append(f"{role} {who} {seconds(at)} +0000")
    content = "\n".join([*lines, "", message, ""])
    return git(repo, "hash-object", "-t", "commit", "-w", "--stdin", input=content.encode()).decode().strip()
