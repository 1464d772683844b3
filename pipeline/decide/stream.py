"""Graded attempts folded into deliveries: what one pull request's runs looked like at one time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from pipeline.types import Exit, Measure, Role

HARD_SHARE = 0.7
"""Hard scores are primary where at least this share of the PRs could be run."""

PullKey = tuple[str, int]
"""Repository and number."""


class Graded(Protocol):
    """What the decision reads of an attempt; an Evaluation is one, and so is a lean row of a file."""

    @property
    def at(self) -> str: ...
    @property
    def repo(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def role(self) -> Role: ...
    @property
    def model(self) -> str: ...
    @property
    def adapter(self) -> str | None: ...
    @property
    def attempt(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def measure(self) -> Measure: ...
    @property
    def exit(self) -> Exit: ...
    @property
    def cost_usd(self) -> float | None: ...
    @property
    def f1(self) -> float | None: ...
    @property
    def backtest(self) -> bool: ...
    @property
    def merged_at(self) -> str: ...


class Side(NamedTuple):
    """One attempt of a role on a PR, or several of them averaged."""

    score: float
    """0..1, mean over attempts; a failed one counts 0, whatever its row says."""
    usd: float | None
    """Mean cost of one attempt; None where any attempt's is unknown."""
    attempts: int
    total_usd: float | None
    void: bool
    """True for a failure of the harness."""
    f1: float | None
    """Line F1, 0..1, mean over attempts; 0 where nothing was recalled, None where it was not recorded."""


class Arm(NamedTuple):
    """Which attempts belong together inside one delivery."""

    role: str
    version: str
    measure: Measure
    adapter: str | None


@dataclass(frozen=True, eq=False)
class Slot:
    """An attempt's place in a delivery; one object per stream, so that equal ones are identical."""

    arm: Arm
    attempt: int


Delivery = dict[Slot, Side]
"""All graded attempts on one PR that became known at one time."""


@dataclass
class Stream:
    """Evaluations folded into deliveries; memory grows with attempts, not with patches and texts."""

    deliveries: dict[tuple[str, str, int], Delivery] = field(default_factory=dict)
    """By (at, repo, number)."""
    backtests: set[PullKey] = field(default_factory=set)
    merged: dict[PullKey, str] = field(default_factory=dict)
    """When each PR was merged, where that is known."""
    slots: dict[tuple[Arm, int], Slot] = field(default_factory=dict)
    _quick: dict[tuple[str, str, str | None, str, int], Slot] = field(default_factory=dict)
    """The slot by a row's own fields: rows are many, slots few."""

    def extend(self, rows: Iterable[Graded]) -> None:
        """Take rows, read once; the first one counts of two for one attempt in one delivery, unless it was void."""
        quick, deliveries = self._quick, self.deliveries
        last, delivery = None, None
        for row in rows:
            identity = (row.role, row.model, row.adapter, row.measure, row.attempt)
            slot = quick.get(identity)
            if slot is None:
                slot = quick[identity] = self._slot(row)
            place = (row.at, row.repo, row.number)
            if place != last or delivery is None:  # rows of one delivery mostly follow each other
                last, delivery = place, deliveries.get(place)
                if delivery is None:
                    delivery = deliveries[place] = {}
                    self._note(row)
            if slot not in delivery or delivery[slot].void:
                usd, end = row.cost_usd, row.exit
                score = row.score if end == "submitted" else 0.0
                delivery[slot] = new_tuple(Side, (score, usd, 1, usd, end == "error", row.f1 if score else 0.0))
            if row.backtest:
                self.backtests.add((row.repo, row.number))

    def _note(self, row: Graded) -> None:
        if row.merged_at:
            self.merged[(row.repo, row.number)] = row.merged_at

    def _slot(self, row: Graded) -> Slot:
        adapter = row.adapter if row.role == "own" else None
        arm = Arm(row.role, adapter if adapter is not None else row.model, row.measure, adapter)
        return self.slots.setdefault((arm, row.attempt), Slot(arm, row.attempt))

    @property
    def seen_own(self) -> bool:
        """Whether any attempt of an own model is there."""
        return any(arm.role == "own" for arm, _ in self.slots)

    def pulls(self, measure: Measure | None = None) -> set[PullKey]:
        """Every PR that was run; with ``measure`` those that any attempt was scored by it on."""
        if measure is None:
            return {(repo, number) for _, repo, number in self.deliveries}
        return {
            (repo, number)
            for (_, repo, number), delivery in self.deliveries.items()
            if any(slot.arm.measure == measure for slot in delivery)
        }

    def repos(self) -> set[str]:
        """Every repository that was seen."""
        return {repo for _, repo, _ in self.deliveries}

    def primary(self) -> Measure:
        """tests where at least 70% of the PRs could be run, else recall; never both in one verdict."""
        if not any(arm.measure == "tests" for arm, _ in self.slots):
            return "recall"
        hard = len(self.pulls("tests"))
        return "tests" if hard >= HARD_SHARE * len(self.pulls()) else "recall"


def fold(evaluations: Iterable[Graded]) -> Stream:
    """All evaluations in one stream; they are read once, and may be a generator."""
    stream = Stream()
    stream.extend(evaluations)
    return stream


new_tuple = tuple.__new__
"""Makes a named tuple in half the time of its own constructor, a million times."""
