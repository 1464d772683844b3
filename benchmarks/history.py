"""Merged pull requests as a careful reader of ``git log`` finds them, against ``switchover collect``.

Usage:  python -m benchmarks.history CLONE [CLONE...] [--newest 300]

CLONE has its pull requests' heads: git fetch origin '+refs/pull/*/head:refs/pull/*/head'

The reader shares no code with the product. It takes "Merge pull request #N", a subject that ends in "(#N)"
where N is a pull request's number, a merge whose second parent is a head, and a commit with the patch-id of a
head's tip. A tip's patch is no proof where that commit bears another number or came in by a merge, where its
author is a program or another person than the head's, or where several heads have it (the oldest has it then).

Exits with 1 when a pull request among the newest is neither collected nor left out with a reason.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect import collect_clone
from pipeline.settings import CollectConfig
from pipeline.store import Store


@dataclass(frozen=True)
class Line:
    """One line of the log."""

    sha: str
    parents: tuple[str, ...]
    time: int
    author: str
    subject: str


@dataclass(frozen=True)
class Seen:
    """A pull request that the reader finds."""

    time: int
    how: str
    sha: str


def git(clone: Path, *arguments: str, text: str = "") -> str:
    ran = subprocess.run(["git", "-C", str(clone), *arguments], input=text.encode(), capture_output=True, check=True)
    return ran.stdout.decode("utf-8", "replace")


def log_of(clone: Path, *revisions: str) -> list[Line]:
    out = git(clone, "log", "--format=%H%x01%P%x01%ct%x01%an%x01%s", *revisions)
    rows = (line.split("\x01") for line in out.splitlines())
    return [Line(sha, tuple(parents.split()), int(time), an, subject) for sha, parents, time, an, subject in rows]


def heads_of(clone: Path) -> dict[int, str]:
    out = git(clone, "for-each-ref", "--format=%(objectname) %(refname)", "refs/pull")
    rows = (line.split() for line in out.splitlines() if line.endswith("/head"))
    return {int(name.split("/")[2]): sha for sha, name in rows}


def patch_ids(clone: Path, shas: list[str]) -> dict[str, str]:
    diffs = subprocess.run(
        ["git", "-C", str(clone), "diff-tree", "--stdin", "-p", "-r"],
        input="".join(f"{sha}\n" for sha in shas).encode(),
        capture_output=True,
        check=False,  # a snapshot may lack an object: what came before it counts
    )
    out = subprocess.run(["git", "patch-id", "--stable"], input=diffs.stdout, capture_output=True, check=True)
    return {sha: patch for patch, sha in (line.split() for line in out.stdout.decode().splitlines())}


def read(clone: Path) -> dict[int, Seen]:
    log, heads = log_of(clone, "HEAD"), heads_of(clone)
    found: dict[int, Seen] = {}
    for line in log:
        merge = re.match(r"Merge pull request #(\d+) from", line.subject)
        squash = re.search(r"\(#(\d+)\)\s*$", line.subject)
        if merge and len(line.parents) > 1:
            found.setdefault(int(merge[1]), Seen(line.time, "merge", line.sha))
        elif squash and int(squash[1]) in heads:
            found.setdefault(int(squash[1]), Seen(line.time, "subject", line.sha))
    second = {parent: line for line in log for parent in line.parents[1:]}
    for number, sha in sorted(heads.items()):
        if line := second.get(sha):
            found.setdefault(number, Seen(line.time, "second parent", line.sha))
    return found | by_patch(clone, log, {n: sha for n, sha in heads.items() if n not in found})


def by_patch(clone: Path, log: list[Line], heads: dict[int, str]) -> dict[int, Seen]:
    mainline = log_of(clone, "HEAD", "--first-parent")
    plain = {one.sha: one for one in mainline if len(one.parents) == 1 and not re.search(r"\(#\d+\)", one.subject)}
    ours: dict[str, str] = {}
    for sha, patch in patch_ids(clone, list(plain)).items():
        ours.setdefault(patch, sha)
    apart = {number: sha for number, sha in heads.items() if sha not in {line.sha for line in log}}
    theirs = patch_ids(clone, list(dict.fromkeys(apart.values())))
    found: dict[int, Seen] = {}
    given: set[str] = set()
    for number, head in sorted(apart.items()):
        sha = ours.get(theirs.get(head, ""))
        if sha is None or sha in given or "[bot]" in plain[sha].author:
            continue
        if git(clone, "log", "-1", "--format=%an", head).strip() == plain[sha].author:
            given.add(sha)
            found[number] = Seen(plain[sha].time, "patch", sha)
    return found


def compare(clone: Path, newest: int) -> bool:
    """Print both; whether none of the newest is missing."""
    seen = read(clone)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "so.db") as store:
        collect_clone(clone, store, config=CollectConfig())
        pulls = {pull.number for pull in store.pulls()}
        reasons = {int(re.split(r"\D", row.id)[0]): row.reason for row in store.left_out() if row.thing == "pull"}
    wanted = sorted(seen, key=lambda number: -seen[number].time)[:newest]
    missing = [number for number in wanted if number not in pulls and number not in reasons]
    why = Counter(reasons[number] for number in wanted if number not in pulls and number in reasons)
    print(f"{clone.name}: the reader finds {len(seen)} ({dict(Counter(one.how for one in seen.values()))})")
    print(f"  collected {len(pulls)}; of the newest {len(wanted)}: left out {dict(why)}, missing {len(missing)}")
    for number in missing:
        print(f"  missing #{number}: {seen[number].how} {seen[number].sha[:12]}")
    return not missing


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--newest", type=int, default=300)
    asked = parser.parse_args()
    return 1 if [clone for clone in asked.clones if not compare(clone, asked.newest)] else 0


if __name__ == "__main__":
    sys.exit(main())
