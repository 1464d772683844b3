"""Recall of large patches: ours, the reference's metric, its quadratic algorithm, and the floor.

Usage:  python -m benchmarks.recall [LINES] [--reference CHECKOUT]

LINES (20,000) is how many lines each of the two patches adds and removes together. The bar is
100 ms for each of ours. The floor is building two Counters of the same lines and intersecting them:
no multiset metric can be faster.

``--reference`` is a checkout of github.com/allenai/SERA: its own comparison function (that function
alone; its module would import an agent framework) is timed, and held against ``sera`` on 5,000 pairs
of texts like patches. Without it ``quadratic`` walks the candidate for every gold line, as it does.
"""

from __future__ import annotations

import argparse
import ast
import math
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pipeline.patch.recall import own, sera

Compare = Callable[[str, str, float], bool | None]
"""Gold, candidate and threshold to whether the recall reaches it; None where undefined."""

BAR_MS = 100
PAIRS = 5000

HEADS = (
    "diff --git a/{0}.py b/{0}.py",
    "--- a/{0}.py",
    "+++ b/{0}.py",
    "@@ -1,{1} +1,{1} @@ def {0}():",
    "new file mode 100644",
)
BODIES = (
    "x = {1}",
    "return {0}",
    "    {0}({1})",
    "++{0};",
    "-- {0}",
    "- {0}",
    "@@",
    "diff",
    "",
    "  ",
    "\t",
    "naïve 漢字 {1}",
)
ENDS = ("\n",) * 12 + ("\r\n", "\r", "\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029")  # fmt: skip


def random_patch(seed: int) -> str:
    """A text like a patch: headers, signs, blanks, content that looks like a header, odd line ends; may be empty."""
    chance = random.Random(seed)
    rows = []
    for _ in range(chance.choice((0, 1, 3, 10, 30, 60))):
        end = "\n" if chance.random() < 0.9 else chance.choice(ENDS)
        sign = "" if chance.random() < 0.1 else chance.choice("++-- \\")
        line = chance.choice(BODIES if sign else HEADS).format(chance.choice("abc"), chance.randrange(4))
        rows.append(sign + line + end)
    text = "".join(rows)
    return text[:-1] if chance.random() < 0.3 else text


def patches(lines: int, seed: int = 0) -> tuple[str, str, dict[str, bytes]]:
    """Two patches of one file that remove ``lines`` // 2 lines and add as many, half of them alike, and their base."""
    chance = random.Random(seed)
    half = lines // 2
    old = [f"    value_{i} = compute({i})" for i in range(half)]
    texts = []
    for _ in range(2):
        new = [f"    value_{i} = compute({i + (i % 2 or chance.randrange(9))}, 1)" for i in range(half)]
        body = "".join(f"-{line}\n" for line in old) + "".join(f"+{line}\n" for line in new)
        texts.append(f"--- a/m.py\n+++ b/m.py\n@@ -1,{half} +1,{half} @@\n{body}")
    return texts[0], texts[1], {"m.py": "".join(line + "\n" for line in old).encode()}


def quadratic(gold: str, candidate: str, threshold: float) -> bool | None:
    """The reference's way: each gold line is looked for, and consumed, in a list."""
    wanted, left = gold.split("\n"), candidate.split("\n")
    found = 0
    for line in wanted:
        if line in left:
            left.remove(line)
            found += 1
    return found / len(wanted) >= threshold


def reference(checkout: Path) -> Compare:
    """Its ``compare_patch_recall``, from the source of that function alone."""
    path = checkout / "sera/datagen/data/eval/eval.py"
    named = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    scope: dict[str, Compare] = {}
    exec(compile(ast.Module([named["compare_patch_recall"]], []), str(path), "exec"), scope)
    return scope["compare_patch_recall"]


def disagreements(compare: Compare) -> int:
    """Of ``PAIRS`` pairs, those on which the highest threshold that the reference reaches is not our recall."""
    count = 0
    for number in range(PAIRS):
        gold, candidate = random_patch(2 * number), random_patch(2 * number + 1)
        ours = sera(gold, candidate)
        thresholds = (0.0, 0.0) if ours is None else (ours, math.nextafter(ours, math.inf))
        expected = (None, None) if ours is None else (True, False)
        count += tuple(compare(gold, candidate, one) for one in thresholds) != expected
    return count


def floor(gold: str, candidate: str) -> float:
    return (Counter(gold.split("\n")) & Counter(candidate.split("\n"))).total()


def seconds(work: Callable[[], object], repeat: int = 5) -> float:
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("lines", nargs="?", type=int, default=20_000)
    parser.add_argument("--reference", type=Path, help="checkout of github.com/allenai/SERA")
    given = parser.parse_args()
    compare = reference(given.reference) if given.reference else quadratic
    gold, candidate, base = patches(given.lines)
    raw = gold.encode(), candidate.encode()
    limit = seconds(lambda: floor(gold, candidate))
    rows = {
        "floor (Counter)": limit,
        "sera": seconds(lambda: sera(gold, candidate)),
        "own": seconds(lambda: own(*raw)),
        "own --base": seconds(lambda: own(*raw, base)),
        "reference" if given.reference else "quadratic": seconds(lambda: compare(gold, candidate, 0.5), 1),
    }
    print(f"{given.lines} changed lines each, load {os.getloadavg()[0]:.1f}, bar {BAR_MS} ms for sera and own")
    for name, spent in rows.items():
        print(f"{name:24} {spent * 1000:10.1f} ms  {spent / limit:8.1f} x floor")
    if given.reference:
        print(f"pairs on which sera and the reference differ: {disagreements(compare)} of {PAIRS}")


if __name__ == "__main__":
    main()
