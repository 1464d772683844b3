"""Which functions are attempted, in which order, with which change types. Pure and seeded.

The order is drawn by hashes of content, not by a random state, so that a longer plan begins with
the shorter one, every shard sees the same plan, and a function keeps its id when others come or go.

Files take turns, so that a huge one does not dominate: a file of weight w has w turns where one of
weight 1 has one. Who comes first is drawn as Efraimidis and Spirakis do ("Weighted random sampling
with a reservoir", 2006): the chance of each file is its share of all weights.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from pipeline.generate.texts import ChangeType, change_types
from pipeline.types import Function

TRIES = 3
"""Attempts at rollout 1 per function, each with another change type."""


@dataclass(frozen=True)
class Target:
    """One function to attempt: what everything that is made from it refers to as ``task_id``."""

    id: str
    """Hash of repository, commit, path, name and source text; ``-2``, ``-3``, ... on later passes."""
    function: Function
    draw: int
    """0-based pass over the functions."""
    seed: int
    """The run's seed."""
    extra: tuple[ChangeType, ...] = ()
    """The user's own change types."""

    @property
    def passes(self) -> int:
        """Times that its function can be drawn, so that no change type is asked for twice; at least 1."""
        return max(1, len(self._types()) // TRIES)

    def change_type(self, attempt: int) -> ChangeType:
        """What attempt 0, 1 or 2 is asked to look for; never the same twice while there are others."""
        types = sorted(self._types(), key=lambda kind: _hash(self.seed, self.id.split("-")[0], kind.id))
        return types[(self.draw * TRIES + attempt) % len(types)]

    def _types(self) -> tuple[ChangeType, ...]:
        return _fitting(self.function.kind, self.function.language, self.extra)

    def rollout_id(self, rollout: int, attempt: int, failures: int) -> str:
        """Id of an attempt; another run's seed, and ``failures`` of ours before it, make it another one."""
        of_run = f".seed{self.seed}" if self.seed else ""
        return f"{self.id}{of_run}.{rollout}.{attempt}" + (f".again{failures}" if failures else "")

    def rollout_seed(self, rollout: int, attempt: int) -> int:
        """Sampling seed, 31 bits."""
        return int(_hash(self.seed, self.id, rollout, attempt)[:8], 16) >> 1


def plan(
    functions: Sequence[Function],
    texts: Mapping[str, bytes],
    *,
    where: str,
    seed: int,
    samples: int,
    weights: Mapping[str, float] = MappingProxyType({}),
    extra: tuple[ChangeType, ...] = (),
) -> list[Target]:
    """The first ``samples`` targets, files in turns, in an order drawn from ``seed``.

    ``texts`` holds the source of each path; ``where`` names repository and commit; ``weights`` gives
    a path's weight, above 0 (1 where it is silent); ``extra`` are the user's own change types. Fewer
    targets come back only when every function has been asked for each of its change types.
    """
    order = list(_in_turns(_identified(functions, texts, where), seed, weights))
    firsts = [Target(id, function, 0, seed, extra) for id, function in order]
    last = max((target.passes for target in firsts), default=0)
    passes = (
        replace(target, id=_pass_id(target.id, draw), draw=draw)
        for draw in range(last)
        for target in firsts
        if draw < target.passes
    )
    return list(itertools.islice(passes, samples))


def shard(targets: Sequence[Target], number: int, count: int) -> list[Target]:
    """Share ``number`` (1-based) of ``count``: disjoint, together complete, of equal size within one."""
    return list(targets[number - 1 :: count])


def _identified(
    functions: Iterable[Function], texts: Mapping[str, bytes], where: str
) -> Iterator[tuple[str, Function]]:
    seen: Counter[str] = Counter()
    lines = {path: text.split(b"\n") for path, text in texts.items()}
    for function in functions:
        body = b"\n".join(lines[function.path][function.start_line - 1 : function.end_line])
        key = _hash(where, function.path, function.name, hashlib.sha256(body).hexdigest())
        seen[key] += 1  # overloads with one text (C macros, redefinitions) stay apart
        yield _hash(key, seen[key])[:16], function


def _in_turns(
    identified: Iterable[tuple[str, Function]], seed: int, weights: Mapping[str, float]
) -> Iterator[tuple[str, Function]]:
    files: dict[str, list[tuple[str, Function]]] = {}
    for id, function in identified:
        files.setdefault(function.path, []).append((id, function))
    turns = []
    for path, rows in files.items():
        rows.sort(key=lambda row: _hash(seed, row[0]))
        drawn, weight = _hash(seed, path), weights.get(path, 1.0)
        turns += [(_time(drawn, turn, weight), turn, drawn, row) for turn, row in enumerate(rows)]
    turns.sort(key=lambda entry: entry[:3])
    return (row for *_, row in turns)


def _time(drawn: str, turn: int, weight: float) -> float:
    """When a file has its turn, in rounds: the first within round 0, the others 1 / ``weight`` apart.

    For weight 1 it is the round plus the hash read as a fraction: plain round-robin, bit for bit.
    """
    left = 1 - int(drawn[:13], 16) / 2**52  # above 0 to 1
    return turn / weight + 1 - math.pow(left, 1 / weight)


@functools.cache
def _fitting(kind: str, language: str, extra: tuple[ChangeType, ...]) -> tuple[ChangeType, ...]:
    return change_types(kind, extra, language=language)


def _pass_id(id: str, draw: int) -> str:
    return f"{id}-{draw + 1}" if draw else id


def _hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()
