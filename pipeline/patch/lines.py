"""Which lines of two texts stay and which change: one deterministic diff for all recall.

Lines that only one side has are changed, whatever the alignment, so they are set aside first.
The rest is aligned by the longest common subsequence (Hunt and Szymanski, "A fast algorithm for
computing longest common subsequences", CACM 1977), whose work is the number of equal pairs.
Where a few lines repeat so often that pairs abound (braces in a long table), the region is cut
at the lines that are unique in it (patience diff), then at pairs, fours, eights... of lines that
are, and at last the k-th of one side is paired with the k-th of the other. So work is at most
O(n log n), and the result is exact for every region of at most ``PAIRS_PER_LINE`` equal pairs
per line.

``difflib`` is not used: it is quadratic in practice (cubic at worst), its junk heuristic is
unstable, and its longest-block-first choice is far from minimal on moved code.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

Pair = tuple[int, int]
"""0-based indexes of a line on the old and on the new side."""

PAIRS_PER_LINE = 64
"""Regions with more equal pairs than this per line are cut before they are aligned."""

MAX_CUTS = 6
"""A region is cut at runs of 1, 2, 4... 32 lines before k-th is paired with k-th."""


def changed_lines(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Lines removed from ``old`` and lines added in ``new``, each in order."""
    removed, added = changed_indexes(old, new)
    return [old[i] for i in removed], [new[j] for j in added]


def changed_indexes(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[list[int], list[int]]:
    """Where the lines stand that are removed from ``old`` and added in ``new``, rising."""
    kept = common_lines(old, new)
    kept_old, kept_new = {i for i, _ in kept}, {j for _, j in kept}
    return [i for i in range(len(old)) if i not in kept_old], [j for j in range(len(new)) if j not in kept_new]


def common_lines(old: Sequence[bytes], new: Sequence[bytes]) -> list[Pair]:
    """Pairs of equal lines, rising on both sides: a (nearly always longest) common subsequence."""
    head = _common_start(old, new, min(len(old), len(new)))
    tail = _common_start(old[::-1], new[::-1], min(len(old), len(new)) - head)
    ends = [(i, i) for i in range(head)]
    ends += [(len(old) - k, len(new) - k) for k in range(tail, 0, -1)]
    shared = set(old[head : len(old) - tail]) & set(new[head : len(new) - tail])
    left = [i for i in range(head, len(old) - tail) if old[i] in shared]
    right = [j for j in range(head, len(new) - tail) if new[j] in shared]
    middle = _align([old[i] for i in left], [new[j] for j in right])
    return sorted(ends + [(left[i], right[j]) for i, j in middle])


def _common_start(old: Sequence[bytes], new: Sequence[bytes], limit: int) -> int:
    return next((i for i in range(limit) if old[i] != new[i]), limit)


def _align(old: list[bytes], new: list[bytes]) -> list[Pair]:
    found: list[Pair] = []
    regions = [(0, len(old), 0, len(new), 0)]
    while regions:
        i, i_end, j, j_end, cuts = regions.pop()
        pairs, exact = _candidates(old[i:i_end], new[j:j_end], cuts)
        chain = [(i + a, j + b) for a, b in _longest_rising(pairs)]
        found += chain
        if not exact:
            fences = [(i - 1, j - 1), *chain, (i_end, j_end)]
            regions += [
                (a + 1, c, b + 1, d, cuts + 1) for (a, b), (c, d) in pairwise(fences) if c - a > 1 and d - b > 1
            ]
    return found


def _candidates(old: list[bytes], new: list[bytes], cuts: int) -> tuple[list[tuple[int, list[int]]], bool]:
    """For old indexes the new indexes they may pair with, falling; and whether that is the last word."""
    in_old, in_new = Counter(old), Counter(new)
    if sum(count * in_new[line] for line, count in in_old.items()) <= PAIRS_PER_LINE * (len(old) + len(new)):
        return _equal(old, new), True
    if cuts < MAX_CUTS:
        return _unique(_runs(old, 1 << cuts), _runs(new, 1 << cuts)), False
    return _equal(_numbered(old), _numbered(new)), True


def _runs(lines: list[bytes], width: int) -> list[bytes]:
    """Every ``width`` lines in a row, as one."""
    return [b"\n".join(lines[i : i + width]) for i in range(len(lines) - width + 1)]


def _unique(old: list[bytes], new: list[bytes]) -> list[tuple[int, list[int]]]:
    in_old, in_new = Counter(old), Counter(new)
    where = {run: j for j, run in enumerate(new)}
    return [(i, [where[run]]) for i, run in enumerate(old) if in_old[run] == in_new[run] == 1]


def _equal(old: Sequence[object], new: Sequence[object]) -> list[tuple[int, list[int]]]:
    where: defaultdict[object, list[int]] = defaultdict(list)
    for j in range(len(new) - 1, -1, -1):
        where[new[j]].append(j)
    return [(i, where[line]) for i, line in enumerate(old) if line in where]


def _numbered(lines: list[bytes]) -> list[tuple[bytes, int]]:
    seen: Counter[bytes] = Counter()
    numbered = []
    for line in lines:
        numbered.append((line, seen[line]))
        seen[line] += 1
    return numbered


class _Link:
    """A pair and the chain before it; chains share their beginnings."""

    __slots__ = ("before", "pair")

    def __init__(self, pair: Pair, before: _Link | None) -> None:
        self.pair, self.before = pair, before


def _longest_rising(candidates: Iterable[tuple[int, list[int]]]) -> list[Pair]:
    """The longest chain of pairs that rises strictly on both sides, in order."""
    ends: list[int] = []  # ends[k]: the smallest new index that a chain of k + 1 pairs can end at
    links: list[_Link] = []
    for i, options in candidates:
        for j in options:
            k = bisect_left(ends, j)
            if k < len(ends) and ends[k] == j:
                continue
            link = _Link((i, j), links[k - 1] if k else None)
            ends[k : k + 1], links[k : k + 1] = [j], [link]
    chain: list[Pair] = []
    last = links[-1] if links else None
    while last:
        chain.append(last.pair)
        last = last.before
    return chain[::-1]
