"""Recall of large patches: ours, the reference's metric, its quadratic algorithm, and the floor.

Usage:  python -m benchmarks.recall [LINES]

The floor is building two Counters of the same lines and intersecting them: no multiset metric
can be faster. ``quadratic`` walks the candidate for every gold line, as the reference does.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from pipeline.patch.recall import own, sera


def patches(lines: int, seed: int = 0) -> tuple[str, str, dict[str, bytes]]:
    """Two patches that change ``lines`` lines of one file, half of them alike, and their base."""
    chance = random.Random(seed)
    old = [f"    value_{i} = compute({i})" for i in range(lines)]
    texts = []
    for _ in range(2):
        new = [f"    value_{i} = compute({i + (i % 2 or chance.randrange(9))}, 1)" for i in range(lines)]
        body = "".join(f"-{line}\n" for line in old) + "".join(f"+{line}\n" for line in new)
        texts.append(f"--- a/m.py\n+++ b/m.py\n@@ -1,{lines} +1,{lines} @@\n{body}")
    return texts[0], texts[1], {"m.py": "".join(line + "\n" for line in old).encode()}


def quadratic(gold: str, candidate: str) -> float:
    """The reference's way: each gold line is looked for, and consumed, in a list."""
    wanted, left = gold.split("\n"), candidate.split("\n")
    found = 0
    for line in wanted:
        if line in left:
            left.remove(line)
            found += 1
    return found / len(wanted)


def floor(gold: str, candidate: str) -> float:
    return (Counter(gold.split("\n")) & Counter(candidate.split("\n"))).total()


def seconds(work: Callable[[], object], repeat: int = 3) -> float:
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    gold, candidate, base = patches(lines)
    raw = gold.encode(), candidate.encode()
    limit = seconds(lambda: floor(gold, candidate))
    rows = {
        "floor (Counter)": limit,
        "sera": seconds(lambda: sera(gold, candidate)),
        "own": seconds(lambda: own(*raw)),
        "own --base": seconds(lambda: own(*raw, base)),
        "quadratic (reference)": seconds(lambda: quadratic(gold, candidate), 1),
    }
    for name, spent in rows.items():
        print(f"{name:24} {spent * 1000:10.1f} ms  {spent / limit:8.1f} x floor")


if __name__ == "__main__":
    main()
