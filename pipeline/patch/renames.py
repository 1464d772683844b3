"""Which added file is which deleted file under a new name, told from contents alone.

A rename that a patch spells out and the same one written as delete and add must count alike,
so the patch's own word is not asked. The measure is git's (diffcore-delta): shared bytes of
lines over the bytes of the larger file, from one half on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

Lines = tuple[bytes, ...]

SIMILAR_FROM = 0.5
"""Share of bytes, 0..1, from which on two files are one under two names."""

RARE = 16
"""A line in more deleted files than this (a licence header) does not make two files candidates."""

CANDIDATES = 4
"""Per added file, how many deleted ones are compared in full: keeps thousands of moves linear."""


def renames(deleted: Mapping[str, Lines], added: Mapping[str, Lines]) -> dict[str, str]:
    """New path to old path, one to one; equal contents first, then the most similar.

    Files without lines are nobody's rename. Order of the mappings does not matter.
    """
    found: dict[str, str] = {}
    pairs = sorted([*_equal(deleted, added), *_similar(deleted, added)])
    taken: set[str] = set()
    for _, _, old, new in pairs:
        if new not in found and old not in taken:
            found[new] = old
            taken.add(old)
    return found


Scored = tuple[float, bool, str, str]
"""Unlikeness (0: equal), whether the file names differ, old path, new path: the least is the best."""


def _equal(deleted: Mapping[str, Lines], added: Mapping[str, Lines]) -> Iterator[Scored]:
    by_content: defaultdict[Lines, list[str]] = defaultdict(list)
    for old in sorted(deleted):
        by_content[deleted[old]].append(old)
    for new in sorted(added):
        equal = by_content[added[new]] if added[new] else []
        named = [old for old in equal if _name(old) == _name(new)]
        for old in {*named[:CANDIDATES], *equal[:CANDIDATES]}:
            yield 0.0, _name(old) != _name(new), old, new
        if len(equal) > CANDIDATES:  # many alike: each is used once, so that the next finds its own
            equal.remove((named or equal)[0])


def _similar(deleted: Mapping[str, Lines], added: Mapping[str, Lines]) -> Iterator[Scored]:
    counted = {old: Counter(lines) for old, lines in deleted.items()}
    holders: defaultdict[bytes, list[str]] = defaultdict(list)
    named: defaultdict[str, list[str]] = defaultdict(list)
    for old in sorted(counted):
        named[_name(old)].append(old)
        for line in counted[old]:
            holders[line].append(old)
    for new in sorted(added):
        lines = Counter(added[new])
        votes: Counter[str] = Counter()
        for line in lines:
            if len(holders.get(line, ())) <= RARE:
                votes.update(holders.get(line, ()))
        likely = sorted(votes, key=lambda old: (-votes[old], old))[:CANDIDATES]
        for old in {*likely, *named.get(_name(new), ())[:CANDIDATES]}:
            likeness = _likeness(counted[old], lines)
            if likeness >= SIMILAR_FROM:
                yield 1 - likeness, _name(old) != _name(new), old, new


def _likeness(old: Counter[bytes], new: Counter[bytes]) -> float:
    largest = max(_size(old), _size(new))
    return _size(old & new) / largest if largest else 0.0


def _size(lines: Counter[bytes]) -> int:
    return sum((len(line) + 1) * count for line, count in lines.items())


def _name(path: str) -> str:
    return PurePosixPath(path).name
