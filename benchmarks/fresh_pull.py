"""How long one fresh pull request takes in a long history, next to deriving all of that repository anew.

    python -m benchmarks.fresh_pull [COMMITS]

A history of 100,000 squashes is made; the forge tells of the newest 1,000. Fetching is not in it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.collect import collect_forge, fresh
from pipeline.collect.clone import Clone, open_clone
from pipeline.collect.history import utc
from pipeline.config import CollectConfig
from pipeline.store import Store
from pipeline.types import ForgePull

TOLD = 1000
START = 1_500_000_000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "so.db") as store:
        clone = made(Path(folder) / "lib", count)
        pulls = told(clone, count)
        store.save_forge_pulls(clone.name, pulls)
        one = min(
            seconds(lambda: fresh(clone, "main", pulls[:1], config=CollectConfig(), reverts={})) for _ in range(5)
        )
        every = seconds(lambda: collect_forge(clone, "main", store, config=CollectConfig()))
    print(f"{count} commits")
    print(f"one fresh pull request       {one:7.3f} s")
    print(f"all anew, {TOLD} pull requests {every:7.3f} s")


def seconds(work: object) -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - start


def made(path: Path, count: int) -> Clone:
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    feed = subprocess.Popen(["git", "-C", str(path), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    assert feed.stdin
    for part in commits(count):
        feed.stdin.write(part)
    feed.stdin.close()
    assert feed.wait() == 0
    return open_clone(path)


def commits(count: int) -> Iterator[bytes]:
    for number in range(1, count + 1):
        who = f"GitHub <noreply@github.com> {START + number * 600} +0000"
        content = f"def part():\n    return {number}\n".encode()
        message = f"Change part {number} (#{number})".encode()
        yield f"commit refs/heads/main\nmark :{number}\nauthor {who}\ncommitter {who}\n".encode()
        yield b"data %d\n%s\n" % (len(message), message)
        yield b"M 100644 inline part%d.py\ndata %d\n%s\n" % (number % 40, len(content), content)


def told(clone: Clone, count: int) -> list[ForgePull]:
    """Of the newest, newest first."""
    words = ["git", "-C", str(clone.path), "log", f"--max-count={TOLD}", "--format=%H"]
    shas = subprocess.run(words, capture_output=True, check=True, text=True).stdout.split()
    pulls = []
    for number, sha in zip(range(count, 0, -1), shas, strict=False):
        at = utc(START + number * 600)
        texts = (f"Change part {number}", "It was wrong. " * 40, "ada")
        pulls.append(ForgePull(number, *texts, at, at, at, sha, "a" * 40, "work", "main", 1, (), ()))
    return pulls


if __name__ == "__main__":
    main()
