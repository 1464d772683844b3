"""The lines that make up a recall, one by one: which lines of two patches count, and which of them pair up.

For showing, not for measuring: the same lines as ``pipeline.patch.recall.own`` counts without a
base, with their places. Pure.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping

from pipeline.patch.diff import FilePatch, parse
from pipeline.patch.recall import Line, Place, counted, headline

Spot = tuple[int, Place]
"""A line of a patch: index of its file in the patch, and where it stands in there."""

Marks = Mapping[Spot, int]
"""Each line that counts: the number of its pair from 1 on, 0 where the other patch has no such line."""


def matched(gold: bytes, candidate: bytes) -> tuple[Marks, Marks]:
    """The lines of both patches that count, with the same number on both sides of a pair.

    The pairs above 0 are as many as ``own(gold, candidate)`` counts ``matched_lines``, the marks of
    the gold as many as its ``gold_lines``, those of the candidate as its ``candidate_lines``.
    Of equal lines the first ones pair. Raises PatchError for a patch that cannot be parsed.
    """
    wanted, given = list(_spots(parse(gold))), list(_spots(parse(candidate)))
    counts = headline({line[0] for _, line in wanted})
    free: defaultdict[Line, deque[Spot]] = defaultdict(deque)
    for spot, line in given:
        free[line].append(spot)
    of_gold: dict[Spot, int] = {}
    of_candidate = {spot: 0 for spot, line in given if counts(line[0])}
    pairs = 0
    for spot, line in wanted:
        if not counts(line[0]):
            continue
        of_gold[spot] = 0
        if free[line]:
            pairs += 1
            of_gold[spot] = of_candidate[free[line].popleft()] = pairs
    return of_gold, of_candidate


def _spots(files: tuple[FilePatch, ...]) -> Iterator[tuple[Spot, Line]]:
    for index, file in enumerate(files):
        for place, line in counted(file):
            yield (index, place), line
