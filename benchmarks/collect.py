"""How long collecting a history takes, next to git's own ``log -p --numstat`` of the same history.

    python benchmarks/collect.py [CLONE]

Without CLONE a history of 10,000 commits is made: merges and squashes of a few files each. git
reads and prints every patch once; that is the floor for anybody who looks at each change. The
ratio is ours to git's, lower is better.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.collect import collect_clone, tasks
from pipeline.config import CollectConfig
from pipeline.store import Store

COMMITS = 10_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(sys.argv[1]) if len(sys.argv) > 1 else made(Path(folder) / "lib")
        floor = git_seconds(clone)
        with Store.open(Path(folder) / "so.db") as store:
            start = time.perf_counter()
            found = collect_clone(clone, store, config=CollectConfig())
            collected = time.perf_counter() - start
            start = time.perf_counter()
            count = sum(task.left_out is None for task in tasks(store, CollectConfig()))
            listed = time.perf_counter() - start
    print(f"git log -p --numstat  {floor:7.2f} s")
    print(f"collect               {collected:7.2f} s  ratio {collected / floor:.2f}  {found.pulls} pull requests")
    print(f"tasks                 {listed:7.2f} s  ratio {listed / floor:.2f}  {count} tasks")


def git_seconds(clone: Path) -> float:
    start = time.perf_counter()
    words = ["git", "-C", str(clone), "log", "-p", "--numstat", "-m", "--first-parent", "HEAD"]
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def made(path: Path) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    stream = b"".join(commits())
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=stream, check=True)
    return path


def commits() -> Iterator[bytes]:
    """Alternately a squash of three files and a merge of a branch with two commits."""
    number, mark, main = 0, 0, ""
    while mark < COMMITS:
        number += 1
        if number % 2 or not main:
            mark += 1
            yield commit("main", mark, f"Change part {number} (#{number})", [main] if main else [], number)
        else:
            yield commit(f"w{number}", mark + 1, f"Begin {number}", [main], number)
            yield commit(f"w{number}", mark + 2, f"End {number}", [f":{mark + 1}"], number + 1)
            mark += 3
            title = f"Merge pull request #{number} from ada/w{number}\n\nChange part {number}"
            yield commit("main", mark, title, [main, f":{mark - 1}"], number)
        main = f":{mark}"


def commit(branch: str, mark: int, message: str, parents: list[str], seed: int) -> bytes:
    when = f"Ada <ada@example.org> {1_600_000_000 + mark * 600} +0000"
    lines = [f"commit refs/heads/{branch}", f"mark :{mark}", f"author {when}", f"committer {when}"]
    text = "\n".join(lines).encode() + b"\n" + data(message.encode())
    for word, parent in zip(["from", *["merge"] * 9], parents, strict=False):
        text += f"{word} {parent}\n".encode()
    for part in range(3):
        body = "".join(f"def f{line}():\n    return {(seed + part) * line % 97}\n" for line in range(60))
        text += f"M 100644 inline src/part{(seed + part) % 200}.py\n".encode() + data(body.encode())
    return text


def data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


if __name__ == "__main__":
    main()
