"""From evaluations to observations: one per pull request, however many attempts there were.

Attempts are averaged inside a role first. The first delivery of a PR under one pair of versions
counts. A failed attempt scores 0 and keeps its cost; a failure of the harness (exit "error")
that no later delivery mends voids the PR. Hard and soft scores are never paired with each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from pipeline.types import Evaluation, Measure

HARD_SHARE = 0.7
"""Hard scores are primary where at least this share of the PRs could be run."""

PullKey = tuple[str, int]
"""Repository and number."""


class Attempt(NamedTuple):
    score: float
    """0..1, what counts: 0 for every exit but "submitted"."""
    usd: float | None
    void: bool
    """True for a failure of the harness."""


class Side(NamedTuple):
    """All attempts of one role on one PR, averaged."""

    score: float
    """0..1, mean over attempts."""
    usd: float | None
    """Mean cost of one attempt; None where any attempt's is unknown."""
    attempts: int
    total_usd: float | None


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

    @property
    def key(self) -> tuple[str, int, str, str, str]:
        return (self.repo, self.number, self.own_version, self.frontier, self.measure)


class Arm(NamedTuple):
    """Which attempts belong together inside one delivery."""

    role: str
    version: str
    measure: Measure
    adapter: str | None


Attempts = dict[int, Attempt]
Delivery = dict[Arm, Attempts]


@dataclass
class Stream:
    """Evaluations folded into deliveries; memory grows with attempts, not with patches and texts."""

    deliveries: dict[tuple[str, str, int], Delivery] = field(default_factory=dict)
    """By (at, repo, number)."""
    backtests: set[PullKey] = field(default_factory=set)
    pulls: dict[PullKey, set[Measure]] = field(default_factory=dict)
    seen_own: bool = False
    repos: set[str] = field(default_factory=set)

    def add(self, row: Evaluation) -> None:
        """Take one graded attempt. Of two rows for one attempt in one delivery the first counts."""
        pull = (row.repo, row.number)
        self.pulls.setdefault(pull, set()).add(row.measure)
        self.repos.add(row.repo)
        if row.backtest:
            self.backtests.add(pull)
        if row.role == "own":
            self.seen_own = True
        version = row.adapter if row.role == "own" and row.adapter is not None else row.model
        arm = Arm(row.role, version, row.measure, row.adapter if row.role == "own" else None)
        attempts = self.deliveries.setdefault((row.at, row.repo, row.number), {}).setdefault(arm, {})
        known = attempts.get(row.attempt)
        if known is None or known.void:
            attempts[row.attempt] = _attempt(row)

    def primary(self) -> Measure:
        """tests where at least 70% of the PRs could be run, else recall; never both in one verdict."""
        hard = sum("tests" in measures for measures in self.pulls.values())
        return "tests" if hard and hard >= HARD_SHARE * len(self.pulls) else "recall"


def _attempt(row: Evaluation) -> Attempt:
    return Attempt(row.score if row.exit == "submitted" else 0.0, row.cost_usd, row.exit == "error")


def fold(evaluations: Iterable[Evaluation]) -> Stream:
    """All evaluations in one stream; they are read once, and may be a generator."""
    stream = Stream()
    for row in evaluations:
        stream.add(row)
    return stream


def pairs(stream: Stream) -> Iterator[Pair]:
    """Every PR under every pair of versions it was run with, in order of ``at``.

    A delivery that holds only one arm (a new adapter against cached frontier runs, or the other
    way round) is completed with the PR's latest delivery of the other. A pair of versions that
    was already counted for a PR is not yielded again; a void one is, once it is mended.
    """
    memory: dict[PullKey, dict[Arm, Attempts]] = {}
    counted: dict[tuple[str, int, str, str, str], bool] = {}
    for (at, repo, number), delivery in sorted(stream.deliveries.items(), key=lambda item: item[0][0]):
        known = memory.setdefault((repo, number), {})
        fresh = {arm: _mended(known.get(arm), attempts) for arm, attempts in delivery.items()}
        for own, frontier in _matches(fresh, known):
            arms = {**known, **fresh}
            pair = _pair(at, repo, number, own, frontier, arms, (repo, number) in stream.backtests)
            if pair.key in counted and (pair.void or not counted[pair.key]):
                continue
            mends = counted.get(pair.key, False)
            counted[pair.key] = pair.void
            yield pair._replace(mends=True) if mends else pair
        for arm, attempts in fresh.items():
            known.pop(arm, None)  # re-inserted last: the latest delivery completes later ones
            known[arm] = attempts


def _mended(earlier: Attempts | None, now: Attempts) -> Attempts:
    """``now``; where the earlier delivery was void, its sound attempts are kept and the others retried."""
    if earlier is None or not any(attempt.void for attempt in earlier.values()):
        return now
    return {**now, **{number: attempt for number, attempt in earlier.items() if not attempt.void or number not in now}}


def _matches(fresh: Delivery, known: Delivery) -> Iterator[tuple[Arm, Arm]]:
    for measure in sorted({arm.measure for arm in fresh}):
        owns = _arms("own", measure, fresh)
        frontiers = _arms("frontier", measure, fresh)
        if owns or frontiers:
            owns = owns or _arms("own", measure, known)[-1:]
            frontiers = frontiers or _arms("frontier", measure, known)[-1:]
            yield from product(owns, frontiers)


def _arms(role: str, measure: Measure, arms: Iterable[Arm]) -> list[Arm]:
    return [arm for arm in arms if arm.role == role and arm.measure == measure]


def _pair(at: str, repo: str, number: int, own: Arm, frontier: Arm, arms: Delivery, backtest: bool) -> Pair:
    own_side, frontier_side = side(arms[own]), side(arms[frontier])
    if own_side is None or frontier_side is None:
        own_side = frontier_side = None
    bases = _arms("base", own.measure, arms)
    return Pair(
        at=at,
        repo=repo,
        number=number,
        measure=own.measure,
        adapter=own.adapter,
        own_version=own.version,
        frontier=frontier.version,
        own=own_side,
        frontier_side=frontier_side,
        base=side(arms[bases[-1]]) if bases else None,
        backtest=backtest,
        mends=False,
    )


def side(attempts: Attempts) -> Side | None:
    """The attempts of one role averaged; None when one of them is a failure of the harness."""
    rows = list(attempts.values())
    if len(rows) == 1 and not rows[0].void:  # the common case, and a third of all time spent here
        return Side(rows[0].score, rows[0].usd, 1, rows[0].usd)
    if any(attempt.void for attempt in rows):
        return None
    costs = [attempt.usd for attempt in rows if attempt.usd is not None]
    total = math.fsum(costs) if len(costs) == len(rows) else None
    return Side(
        score=math.fsum(attempt.score for attempt in rows) / len(rows),
        usd=None if total is None else total / len(rows),
        attempts=len(rows),
        total_usd=total,
    )
