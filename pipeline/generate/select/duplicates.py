"""Patches that are equal, or nearly so, to an earlier one. Exact for any order of patches.

Near is measured on the changed lines of a patch, each with its file and its sign, runs of white
space folded and blank ones left out. The file is part of a line: the same guard added in two
files is two tasks, with two ways there, and small patches would all be alike without it.

Two sets of lines are near when their common lines are at least ``share`` of all their lines
(Jaccard). Such sets have a line in common among their first few, in any fixed order of lines: so
only those few are looked up (the prefix filter of Chaudhuri, Ganti and Kaushik, "A primitive
operator for similarity joins", 2006), and nothing is missed, which cannot be said of hashing by
MinHash. The order is by length, long lines first: ``pass`` is in many patches, they are in few.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from hashlib import blake2b
from math import ceil

from pipeline.generate.select.case import Reason
from pipeline.patch.diff import parse

_MOST = 2**16 - 1


class Duplicates:
    """The patches that were kept so far."""

    def __init__(self, share: float) -> None:
        """``share``: above 0 to 1."""
        self._share = share
        self._texts: dict[bytes, str] = {}
        self._ids: list[str] = []
        self._lines: list[array[int]] = []
        self._first: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, id: str, patch: str) -> None:
        """Keep ``patch``, which belongs to rollout ``id``."""
        self._texts[_digest(patch)] = id
        lines = _lines(patch)
        for line in lines[: self._prefix(len(lines))]:
            self._first[line].append(len(self._ids))
        self._ids.append(id)
        self._lines.append(lines)

    def reason(self, patch: str) -> Reason | None:
        """Which kept patch ``patch`` repeats; None when it is new. Of several, the one kept first."""
        same = self._texts.get(_digest(patch))
        if same is not None:
            return "duplicate_patch", f"same patch as {same}"
        near = self._near(_lines(patch))
        if near is None:
            return None
        return "near_duplicate", f"{self._share:.0%} or more of its changed lines are those of {self._ids[near]}"

    def _near(self, lines: array[int]) -> int | None:
        mine, size = set(lines), len(lines)
        seen = {index for line in lines[: self._prefix(size)] for index in self._first.get(line, ())}
        for index in sorted(seen):
            other = self._lines[index]
            if not self._share * size <= len(other) <= size / self._share:
                continue
            common = sum(line in mine for line in other)
            if common >= self._share * (size + len(other) - common):
                return index
        return None

    def _prefix(self, size: int) -> int:
        """How many of ``size`` lines cannot all be missing from a near patch."""
        return size - ceil(self._share * size - 1e-9) + 1 if size else 0


def _digest(patch: str) -> bytes:
    return blake2b(patch.encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _lines(patch: str) -> array[int]:
    """Distinct changed lines, long ones first; none for a patch of blanks, modes or binary files."""
    found = {
        _number(file.path, line[:1], text)
        for file in parse(patch.encode("utf-8", "surrogateescape"))
        for hunk in file.hunks
        for line in hunk.lines
        if line[:1] != b" " and (text := b" ".join(line[1:].split()))
    }
    return array("Q", sorted(found))


def _number(path: str, sign: bytes, text: bytes) -> int:
    """64 bits: 16 that fall with the length, 48 of a hash."""
    whole = b"\0".join((path.encode("utf-8", "surrogateescape"), sign, text))
    shortness = _MOST - min(len(text), _MOST)
    return shortness << 48 | int.from_bytes(blake2b(whole, digest_size=6).digest())
