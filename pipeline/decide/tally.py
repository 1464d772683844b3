"""Sums over an epoch's pairs: what each role scored and cost. Shown, never decided on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.decide.pairs import Pair
from pipeline.decide.stream import Side

_OWN, _FRONTIER, _BASE, _BACKTEST = map(Pair._fields.index, ("own", "frontier_side", "base", "backtest"))


@dataclass
class RoleTally:
    """One role over the pairs that it took part in."""

    pulls: int = 0
    attempts: int = 0
    score: float = 0.0
    usd: float = 0.0
    total_usd: float = 0.0
    unknown: int = 0
    """Pulls with an attempt whose cost is not known."""

    def extend(self, sides: Sequence[Side]) -> None:
        """Take the sides of several PRs."""
        if not sides:
            return
        scores, usds, attempts, totals, *_ = zip(*sides, strict=True)
        self.pulls += len(sides)
        self.unknown += usds.count(None)
        self.attempts += sum(attempts)
        self.score = sum(scores, self.score)
        self.usd = sum([usd for usd in usds if usd is not None], self.usd)
        self.total_usd = sum([usd for usd in totals if usd is not None], self.total_usd)

    def to_json(self) -> dict[str, float | int | None]:
        """Means over PRs; money is null when any attempt's cost is unknown, or nothing was solved."""
        known = self.pulls > 0 and self.unknown == 0
        return {
            "pulls": self.pulls,
            "attempts": self.attempts,
            "score": self.score / self.pulls if self.pulls else None,
            "usd_per_attempt": self.usd / self.pulls if known else None,
            "usd_per_solved": self.usd / self.score if known and self.score > 0 else None,
        }


@dataclass
class Tally:
    """The three roles side by side."""

    own: RoleTally = field(default_factory=RoleTally)
    frontier: RoleTally = field(default_factory=RoleTally)
    base: RoleTally = field(default_factory=RoleTally)
    backtests: int = 0

    def extend(self, pairs: Sequence[Pair]) -> tuple[Sequence[Side], Sequence[Side]]:
        """Take pairs that are not void, at least one; own's and frontier's sides of them."""
        columns = list(zip(*pairs, strict=True))  # a tenth of the time that asking each pair for each field takes
        self.own.extend(columns[_OWN])
        self.frontier.extend(columns[_FRONTIER])
        self.base.extend([side for side in columns[_BASE] if side is not None])
        self.backtests += sum(columns[_BACKTEST])
        return columns[_OWN], columns[_FRONTIER]

    def saving_usd(self) -> float | None:
        """Mean saving per PR in US dollars, frontier minus own; None when a cost is unknown."""
        if not self.own.pulls or self.own.unknown or self.frontier.unknown:
            return None
        return (self.frontier.usd - self.own.usd) / self.own.pulls

    def evaluation_usd(self) -> float | None:
        """What all attempts of these pairs cost together; None when a cost is unknown."""
        roles = (self.own, self.frontier, self.base)
        if not self.own.pulls or any(role.unknown for role in roles):
            return None
        return sum(role.total_usd for role in roles)
