"""Sums over an epoch's pairs: what each role scored and cost. Shown, never decided on."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.decide.pairs import Pair, Side


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

    def add(self, side: Side) -> None:
        """Take one PR's side."""
        self.pulls += 1
        self.attempts += side.attempts
        self.score += side.score
        if side.usd is None or side.total_usd is None:
            self.unknown += 1
        else:
            self.usd += side.usd
            self.total_usd += side.total_usd

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
    difference: float = 0.0
    """Sum over PRs of own minus frontier."""

    def add(self, pair: Pair) -> None:
        """Take a pair that is not void."""
        for tally, side in ((self.own, pair.own), (self.frontier, pair.frontier_side), (self.base, pair.base)):
            if side is not None:
                tally.add(side)
        self.backtests += pair.backtest
        self.difference += pair.difference

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
