"""Builds git histories with known answers: same shas every time, one git process per commit.

``Builder`` is the hand; ``every_case`` is a small repository that holds each thing that misleads
a miner, with what must be made of it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

GITHUB = "GitHub <noreply@github.com>"
ADA = "Ada <ada@example.org>"
BEN = "Ben <1234+ben@users.noreply.github.com>"
BOT = "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>"
START = 1_700_000_000
HOUR = 3600

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def run(repo: Path, *args: str, input: bytes = b"") -> str:
    """stdout of a git command that must succeed, stripped."""
    words = ["git", "-C", str(repo), *args]
    ran = subprocess.run(words, input=input, capture_output=True, env=_ENVIRONMENT, check=True)
    return ran.stdout.decode().strip()


@dataclass
class Builder:
    """Commits to a repository at ``path``; the clock moves on an hour with each."""

    path: Path
    clock: int = START
    heads: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.path)], env=_ENVIRONMENT, check=True)

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        message: str,
        *,
        branch: str = "main",
        parents: Iterable[str] | None = None,
        author: str = ADA,
        committer: str | None = None,
        authored: int | None = None,
    ) -> str:
        """Sha of a new commit on ``branch``; a file's None deletes it. ``parents``: default the branch's head."""
        self.clock += HOUR
        head = self.heads.get(branch)
        chain = list(parents) if parents is not None else [head] if head else []
        lines = [f"commit refs/heads/{branch}", "mark :1"]
        lines += [f"author {author} {self.clock if authored is None else authored} +0000"]
        lines += [f"committer {committer or author} {self.clock} +0000"]
        stream = "\n".join(lines).encode() + b"\n" + _data(message.encode())
        if chain:
            stream += f"from {chain[0]}\n".encode() + b"".join(f"merge {sha}\n".encode() for sha in chain[1:])
        for name, content in files.items():
            stream += _change(name, content)
        out = run(self.path, "fast-import", "--quiet", "--force", input=stream + b"\nget-mark :1\n")
        self.heads[branch] = out
        return self.heads[branch]

    def branch(self, name: str, at: str | None = None) -> None:
        """Start ``name`` at ``at``, by default at the head of main."""
        self.heads[name] = at or self.heads["main"]

    def merge(
        self, branch: str, message: str, *, into: str = "main", author: str = ADA, committer: str = GITHUB
    ) -> str:
        """Merge commit on ``into`` that takes all files that ``branch`` changed since it began."""
        sides = [self.heads[into], self.heads[branch]]
        files = self._changed(run(self.path, "merge-base", *sides), sides[1])
        return self.commit(files, message, branch=into, parents=sides, author=author, committer=committer)

    def squash(self, branch: str, message: str, *, author: str = ADA, committer: str = GITHUB) -> str:
        """One commit on main with all that ``branch`` changed since it began."""
        files = self._changed(run(self.path, "merge-base", self.heads["main"], self.heads[branch]), self.heads[branch])
        return self.commit(files, message, author=author, committer=committer)

    def pull_ref(self, number: int, sha: str) -> None:
        run(self.path, "update-ref", f"refs/pull/{number}/head", sha)

    def finish(self) -> Path:
        """Check main out, so that the folder looks like any clone."""
        run(self.path, "reset", "-q", "--hard", "main")
        return self.path

    def _changed(self, base: str, tip: str) -> dict[str, bytes | None]:
        names = run(self.path, "diff", "--name-only", "--no-renames", base, tip).splitlines()
        return {name: self._content(tip, name) for name in names}

    def _content(self, sha: str, name: str) -> bytes | None:
        words = ["git", "-C", str(self.path), "cat-file", "blob", f"{sha}:{name}"]
        ran = subprocess.run(words, capture_output=True, env=_ENVIRONMENT, check=False)
        return ran.stdout if ran.returncode == 0 else None


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _change(name: str, content: str | bytes | None) -> bytes:
    if content is None:
        return f"D {name}\n".encode()
    raw = content.encode() if isinstance(content, str) else content
    return f"M 100644 inline {name}\n".encode() + _data(raw)


@dataclass(frozen=True)
class Answers:
    """What must be made of a history."""

    repo: Path
    pulls: dict[int, tuple[str, str, str]]
    """Number to (kind, merge sha, base sha)."""
    left_out: dict[str, str]
    """``number@sha12`` or number to reason code, at collection."""
    reasons: dict[int, str | None]
    """Number to what ``tasks`` says; None for a task."""


def code(name: str, lines: int = 3) -> str:
    return "\n".join([f"def {name}():", *(f"    step_{i}('{name}')" for i in range(lines)), ""])


def every_case(path: Path, heads: bool = False) -> Answers:
    """The misleading history. ``heads``: with ``refs/pull/*/head``, as a mirror has them."""
    return _Story(Builder(path), heads).tell()


class _Story:
    def __init__(self, builder: Builder, heads: bool) -> None:
        self.b = builder
        self.heads = heads
        self.pulls: dict[int, tuple[str, str, str]] = {}
        self.left_out: dict[str, str] = {}
        self.reasons: dict[int, str | None] = {}

    def tell(self) -> Answers:
        self.b.commit({"README.md": "# Lib\n", "lib/core.py": code("core"), "lib/old.py": code("old", 30)}, "Begin")
        for chapter in (
            self.forms,
            self.plain_ones,
            self.doubles,
            self.forks,
            self.reverts,
            self.no_tasks,
            self.rebases,
        ):
            chapter()
        return Answers(self.b.finish(), self.pulls, self.left_out, self.reasons)

    def main(self) -> str:
        return self.b.heads["main"]

    def work(self, name: str, files: Mapping[str, str | bytes | None], message: str, author: str = ADA) -> str:
        self.b.branch(name)
        return self.b.commit(files, message, branch=name, author=author)

    def squashed(
        self, number: int, files: Mapping[str, str | bytes | None], title: str, reason: str | None = None, **how: str
    ) -> str:
        base = self.main()
        head = self.work(f"w{number}", files, title)
        sha = self.b.squash(f"w{number}", f"{title} (#{number})" + how.pop("body", ""), **how)
        self.known(number, "squash", sha, base, reason, head)
        return sha

    def known(self, number: int, kind: str, sha: str, base: str, reason: str | None, head: str | None = None) -> None:
        self.pulls[number] = (kind, sha, base)
        self.reasons[number] = reason
        if self.heads and head:
            self.b.pull_ref(number, head)

    def forms(self) -> None:
        """A merge, a titled merge, a squash, and a branch that merged main before it was merged."""
        base = self.main()
        head = self.work("one", {"lib/one.py": code("one")}, "Add one\n\nFixes #2", BEN)
        sha = self.b.merge("one", "Merge pull request #1 from ben/one\n\nTeach the library to count to one")
        self.known(1, "merge", sha, base, None, head)
        base = self.main()
        head = self.work("three", {"lib/three.py": code("three")}, "Add three, the third number")
        sha = self.b.merge("three", "Count to three as well (#3)")
        self.known(3, "titled", sha, base, None, head)
        self.squashed(4, {"lib/four.py": code("four"), "tests/test_four.py": code("test_four")}, "Count to four")
        self.b.branch("five")
        self.b.commit({"lib/five.py": code("five")}, "Start five", branch="five", author=BEN)
        self.b.commit({"lib/core.py": code("core", 4)}, "Direct commit to main")
        self.b.merge("main", "Merge branch 'main' into five", into="five", committer=BEN)
        head = self.b.commit({"lib/five.py": code("five", 5)}, "Finish five", branch="five", author=BEN)
        base = self.main()
        sha = self.b.merge("five", "Merge pull request #5 from ben/five\n\nCount to five, with core up to date")
        self.known(5, "merge", sha, base, None, head)

    def plain_ones(self) -> None:
        """Enough certain numbers for the rules that look at the order of numbers."""
        for number in range(20, 34):
            self.squashed(number, {f"lib/n{number}.py": code(f"n{number}")}, f"Support the number {number}")

    def doubles(self) -> None:
        """The same number twice: an issue's, a back-port's on a branch that was merged later, another repository's."""
        sha = self.b.commit({"lib/core.py": code("core", 5)}, "Harden core against twos (#2)")
        self.left_out[f"2@{sha[:12]}"] = "issue_number"
        sha = self.b.commit({"lib/core.py": code("core", 6)}, "Follow the other project (#98765)")
        self.left_out[f"98765@{sha[:12]}"] = "foreign_number"
        self.b.branch("stable")
        self.squashed(35, {"lib/n35.py": code("n35")}, "Support thirty-five everywhere")
        sha = self.b.commit(
            {"lib/n35.py": code("n35")}, "Support thirty-five everywhere (#35)", branch="stable", committer=GITHUB
        )
        self.left_out[f"35@{sha[:12]}"] = "backport"
        self.b.branch("hot", self.b.heads["stable"])
        head = self.b.commit({"lib/hot.py": code("hot")}, "Mend the heat", branch="hot")
        base = self.b.heads["stable"]
        sha = self.b.merge("hot", "Merge pull request #36 from ada/hot\n\nMend the heat on stable", into="stable")
        self.known(36, "merge", sha, base, None, head)  # only the full graph shows it
        self.b.merge("stable", "Merge branch 'stable'", committer=ADA)

    def forks(self) -> None:
        """Merges that were made inside a fork, with the fork's numbers: one that is taken, one that is not."""
        base = self.main()
        self.b.branch("fork")
        for number, name in ((1, "f1"), (6, "f6")):
            self.b.branch(name, self.b.heads["fork"])
            self.b.commit({f"lib/{name}.py": code(name)}, f"Fork work {name}", branch=name, author=BEN)
            inner = self.b.heads["fork"]
            sha = self.b.merge(name, f"Merge pull request #{number} from ben/{name}\n\nFork {name}", into="fork")
            if number == 1 or self.heads:
                self.left_out[f"{number}@{sha[:12]}"] = "fork_number"
            else:
                self.known(6, "merge", sha, inner, "unverified_number")
        if self.heads:
            self.b.pull_ref(6, self.pulls[20][1])  # the real #6 was another change, which is in main
        head = self.b.heads["fork"]
        sha = self.b.merge("fork", "Merge pull request #37 from ben/fork\n\nBring the work of the fork home")
        self.known(37, "merge", sha, base, None, head)

    def reverts(self) -> None:
        bad = self.squashed(38, {"lib/bad.py": code("bad")}, "Add a bad idea", "reverted")
        body = f"\n\nThis reverts commit {bad}."
        self.squashed(39, {"lib/bad.py": None}, 'Revert "Add a bad idea (#38)"', "revert", body=body)
        good = self.squashed(40, {"lib/good.py": code("good")}, "Add a good idea")
        away = self.b.commit({"lib/good.py": None}, f'Revert "Add a good idea"\n\nThis reverts commit {good}.')
        self.b.commit({"lib/good.py": code("good")}, f'Revert "Revert ..."\n\nThis reverts commit {away}.')

    def no_tasks(self) -> None:
        """One of each reason for which a merged pull request is no task."""
        base = self.main()
        head = self.b.commit({}, "Nothing in here at all", branch="void", parents=[base])
        sha = self.b.merge("void", "Merge pull request #41 from ada/void\n\nAn empty pull request")
        self.known(41, "merge", sha, base, "empty", head)
        self.squashed(42, {"README.md": "# The library\n"}, "Say more in the read-me", "docs_only")
        self.squashed(43, {"uv.lock": "a = 1\n" * 9}, "Update the locked packages", "generated_only")
        self.squashed(44, {"tests/test_core.py": code("test_core")}, "Test the core some more", "tests_only")
        self.squashed(45, {".github/workflows/ci.yml": "on: push\n"}, "Run the checks on every push", "ci_only")
        self.squashed(46, {"lib/huge.py": code("huge", 600)}, "Add something very large", "too_large")
        wide = {f"lib/wide/w{i}.py": code(f"w{i}") for i in range(16)}
        self.squashed(47, wide, "Touch a great many files", "too_large")
        self.squashed(48, {"lib/core.py": code("core", 9)}, "fix typo", "no_text")
        self.squashed(49, {"logo.png": b"\x89PNG\0\1\2"}, "A picture of the library", "binary_only")
        self.squashed(50, {"lib/new.py": code("old", 30), "lib/old.py": None}, "Rename old to new", "no_source_lines")
        self.squashed(51, {"lib/bp.py": code("bp")}, "[1.x] Backport of the change to bp", "backport")
        base = self.main()
        head = self.work("dependabot/pip/x-2", {"lib/pin.py": "PIN = 2\n"}, "Bump x from 1 to 2", BOT)
        sha = self.b.merge("dependabot/pip/x-2", "Merge pull request #52 from lib/dependabot/pip/x-2\n\nBump x to 2")
        self.left_out["52"] = "bot"
        if self.heads:
            self.b.pull_ref(52, head)

    def rebases(self) -> None:
        """Pull requests that no subject names: rebased, squashed by hand, merged by hand, and one never merged."""
        if not self.heads:
            return
        self.b.branch("r60")
        first = {"lib/r60.py": code("r60")}
        second = {"lib/r60.py": code("r60", 4), "lib/r60b.py": code("r60b")}
        times = (self.b.clock + 10, self.b.clock + 20)
        self.b.commit(first, "Rebased part one", branch="r60", author=BEN, authored=times[0])
        head = self.b.commit(second, "Rebased part two", branch="r60", author=BEN, authored=times[1])
        self.b.commit({"lib/core.py": code("core", 12)}, "Meanwhile on main")
        base = self.main()
        self.b.commit(first, "Rebased part one", author=BEN, committer=ADA, authored=times[0])
        sha = self.b.commit(second, "Rebased part two", author=BEN, committer=ADA, authored=times[1])
        self.known(60, "rebase", sha, base, None, head)
        self.by_hand()

    def by_hand(self) -> None:
        self.b.branch("r61")
        self.b.commit({"lib/r61.py": code("r61")}, "First half", branch="r61", author=BEN)
        head = self.b.commit({"lib/r61b.py": code("r61b")}, "Second half", branch="r61", author=BEN)
        base = self.main()
        sha = self.b.squash("r61", "Applied from the mailing list, both halves", author=BEN, committer=ADA)
        self.known(61, "squash", sha, base, None, head)
        base = self.main()
        head = self.work("r62", {"lib/r62.py": code("r62")}, "Work that is merged by hand", BEN)
        sha = self.b.merge("r62", "Merge branch 'r62' of the contributor", committer=ADA)
        self.known(62, "titled", sha, base, None, head)
        self.b.pull_ref(63, self.work("r63", {"lib/r63.py": code("r63")}, "Never merged", BEN))
        self.b.pull_ref(64, self.pulls[21][1])  # opened from an old commit of main: no proof of anything
        self.left_out["6"] = self.left_out["64"] = "merge_unproven"
