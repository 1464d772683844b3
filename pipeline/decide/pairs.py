"""From evaluations to observations: one per pull request, however many attempts there were.

Attempts are averaged inside a role first. The first delivery of a PR under one pair of versions
counts. A failed attempt scores 0 and keeps its cost; a failure of the harness (exit "error")
that no later delivery mends voids the PR. Hard and soft scores are never paired with each other.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.decide.matches import Match, Slots, alone, matches
from pipeline.decide.stream import Delivery, PullKey, Side, Stream, new_tuple
from pipeline.types import Measure


class Pair(NamedTuple):
    """One PR under one pair of versions."""

    at: str
    repo: str
    number: int
    measure: Measure
    adapter: str | None
    own_version: str
    """The adapter, or the own model's name where no adapter is recorded."""
    frontier: str
    own: Side | None
    """None together with ``frontier_side`` where the pair is void."""
    frontier_side: Side | None
    base: Side | None
    backtest: bool
    mends: bool
    """True when an earlier delivery of the same pair was void."""

    @property
    def void(self) -> bool:
        return self.own is None

    @property
    def difference(self) -> float:
        """quality(own) - quality(frontier), in [-1, 1]; 0 for a void pair."""
        if self.own is None or self.frontier_side is None:
            return 0.0
        return self.own.score - self.frontier_side.score


class Missing(NamedTuple):
    """A PR that frontier attempted and own did not, at a time when there was an own model."""

    repo: str
    number: int
    measure: Measure
    frontier: str
    score: float
    """Frontier's, 0..1."""
    f1: float | None
    """Frontier's line F1, 0..1; None where it was not recorded."""


def pairs(stream: Stream) -> Iterator[Pair]:
    """Every PR under every pair of versions it was run with, in order of ``at``."""
    return (event for event in events(stream) if isinstance(event, Pair))


def events(stream: Stream) -> Iterator[Pair | Missing]:
    """Pairs, and attempts of frontier that own's is missing to, in order of ``at``.

    A delivery that holds only one arm (a new adapter against cached frontier runs, or the other
    way round) is completed with the PR's latest delivery of the other. A pair of versions that
    was already counted for a PR is not yielded again; a void one is, once it is mended.
    """
    memory: dict[PullKey, Delivery] = {}
    counted: dict[tuple[str, int, str, str, Measure], bool] = {}
    found = functools.lru_cache(maxsize=4096)(matches)  # most deliveries look alike
    seen_own = False
    for (at, repo, number), fresh in sorted(stream.deliveries.items(), key=_at):
        pull = (repo, number)
        known = memory.get(pull, _NOTHING)
        if known:
            fresh = _mended(known, fresh)
        memory[pull] = runs = _completed(known, fresh) if known else fresh
        those = found(tuple(fresh), tuple(known))
        for match in those:
            own, frontier = match.own[0].arm, match.frontier[0].arm
            key = (repo, number, own.version, frontier.version, own.measure)
            was_void = counted.get(key)
            if was_void is False:
                continue
            pair = _pair((at, repo, number), match, runs, pull in stream.backtests, was_void is True)
            if pair.own is not None or was_void is None:
                counted[key] = pair.own is None
                yield pair
        seen_own = seen_own or any(slot.arm.role == "own" for slot in fresh)
        if seen_own and not those:
            yield from _missing(pull, fresh, known)


def _missing(pull: PullKey, fresh: Delivery, known: Delivery) -> Iterator[Missing]:
    for slots in alone(tuple(fresh), tuple(known)):
        attempts = side(slots, fresh)
        if attempts is not None:
            yield Missing(*pull, slots[0].arm.measure, slots[0].arm.version, attempts.score, attempts.f1)


_NOTHING: Delivery = {}


def _at(item: tuple[tuple[str, str, int], Delivery]) -> str:
    return item[0][0]


def _mended(known: Delivery, fresh: Delivery) -> Delivery:
    """``fresh``; where the earlier delivery of an arm was void, its sound attempts are kept and the others retried."""
    void = {slot.arm for slot, attempt in known.items() if attempt.void} & {slot.arm for slot in fresh}
    kept = {
        slot: attempt for slot, attempt in known.items() if slot.arm in void and not (attempt.void and slot in fresh)
    }
    return {**fresh, **kept}


def _completed(known: Delivery, fresh: Delivery) -> Delivery:
    """The latest attempts of every arm; those of ``fresh`` come last, so that they complete later deliveries."""
    arms = {slot.arm for slot in fresh}
    return {**{slot: attempt for slot, attempt in known.items() if slot.arm not in arms}, **fresh}


def _pair(place: tuple[str, str, int], match: Match, runs: Delivery, backtest: bool, mends: bool) -> Pair:
    own, frontier = match.own[0].arm, match.frontier[0].arm
    mine, theirs, base = side(match.own, runs), side(match.frontier, runs), side(match.base, runs)
    if mine is None or theirs is None:
        mine = theirs = None
    elif match.absent:
        mine = _with_failures(mine, match.absent)
    values = (own.measure, own.adapter, own.version, frontier.version, mine, theirs, base, backtest, mends)
    return new_tuple(Pair, place + values)


def _with_failures(mine: Side, absent: int) -> Side:
    """Attempts that nobody delivered count as failed ones of unknown cost: else one could keep the better of two."""
    attempts = mine.attempts + absent
    share = mine.attempts / attempts
    f1 = None if mine.f1 is None else mine.f1 * share
    return Side(mine.score * share, None, attempts, None, void=False, f1=f1)


def side(slots: Slots, runs: Delivery) -> Side | None:
    """The attempts of one role averaged; None when one of them is a failure of the harness, or there is none."""
    if len(slots) == 1:  # the common case
        only = runs[slots[0]]
        return None if only.void else only
    attempts = [runs[slot] for slot in slots]
    if not attempts or any(attempt.void for attempt in attempts):
        return None
    costs = [attempt.usd for attempt in attempts if attempt.usd is not None]
    total = math.fsum(costs) if len(costs) == len(attempts) else None
    score = math.fsum(attempt.score for attempt in attempts) / len(attempts)
    f1s = [attempt.f1 for attempt in attempts if attempt.f1 is not None]
    f1 = math.fsum(f1s) / len(f1s) if len(f1s) == len(attempts) else None
    return Side(score, None if total is None else total / len(attempts), len(attempts), total, void=False, f1=f1)
