"""Which functions are attempted, in which order, with which change types. Pure and seeded.

The order is drawn by hashes of content, not by a random state, so that a longer plan begins with
the shorter one, every shard sees the same plan, and a function keeps its id when others come or go.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.generate.texts import ChangeType, change_types
from pipeline.types import Function

TRIES = 3
"""Attempts at rollout 1 per function, each with another change type."""

PASSES = 17
"""Times that one function can be drawn: 17 passes of 3 tries use each of the 51 change types once."""


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

    def change_type(self, attempt: int) -> ChangeType:
        """What attempt 0, 1 or 2 is asked to look for; never the same twice for one function."""
        types = sorted(change_types(), key=lambda kind: _hash(self.seed, self.id.split("-")[0], kind.id))
        return types[(self.draw * TRIES + attempt) % len(types)]

    def rollout_id(self, rollout: int, attempt: int, failures: int) -> str:
        """Id of an attempt; another run's seed, and ``failures`` of ours before it, make it another one."""
        of_run = f".seed{self.seed}" if self.seed else ""
        return f"{self.id}{of_run}.{rollout}.{attempt}" + (f".again{failures}" if failures else "")

    def rollout_seed(self, rollout: int, attempt: int) -> int:
        """Sampling seed, 31 bits."""
        return int(_hash(self.seed, self.id, rollout, attempt)[:8], 16) >> 1


def plan(
    functions: Sequence[Function], texts: Mapping[str, bytes], *, where: str, seed: int, samples: int
) -> list[Target]:
    """The first ``samples`` targets, round-robin over files in an order drawn from ``seed``.

    ``texts`` holds the source of each path; ``where`` names repository and commit. Fewer targets
    come back only when every function is drawn ``PASSES`` times.
    """
    order = list(_round_robin(_identified(functions, texts, where), seed))
    passes = (Target(_pass_id(id, draw), function, draw, seed) for draw in range(PASSES) for id, function in order)
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


def _round_robin(identified: Iterable[tuple[str, Function]], seed: int) -> Iterator[tuple[str, Function]]:
    files: dict[str, list[tuple[str, Function]]] = {}
    for id, function in identified:
        files.setdefault(function.path, []).append((id, function))
    for rows in files.values():
        rows.sort(key=lambda row: _hash(seed, row[0]))
    queues = [files[path] for path in sorted(files, key=lambda path: _hash(seed, path))]
    for depth in range(max(map(len, queues), default=0)):
        yield from (queue[depth] for queue in queues if depth < len(queue))


def _pass_id(id: str, draw: int) -> str:
    return f"{id}-{draw + 1}" if draw else id


def _hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()
