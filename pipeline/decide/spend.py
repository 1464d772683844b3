"""What each role's attempts took: tokens, steps, seconds, dollars, per attempt and per solved pull request. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.types import Evaluation, Role


@dataclass(frozen=True)
class Spend:
    """Sums over the attempts of one role; failures of ours (exit ``error``) are paid for and solve nothing."""

    attempts: int
    solved: float
    """Sum of scores: of hard ones the attempts that solved it; of soft ones what was matched, in whole patches."""
    tokens_in: int
    """Cached ones included."""
    tokens_cached: int
    tokens_out: int
    steps: int
    seconds: float
    """Wall clock. What hardware cost for it, its idle share included, is in ``usd``."""
    usd: float | None
    """None when the cost of any attempt is not known."""

    @property
    def usd_per_attempt(self) -> float | None:
        """None without attempts, or where a cost is not known."""
        return self.usd / self.attempts if self.usd is not None and self.attempts else None

    @property
    def usd_per_solved(self) -> float | None:
        """None when nothing was solved, or where a cost is not known."""
        return self.usd / self.solved if self.usd is not None and self.solved > 0 else None

    @property
    def tokens_per_solved(self) -> float | None:
        """In and out; None when nothing was solved."""
        return (self.tokens_in + self.tokens_out) / self.solved if self.solved > 0 else None


def spend(rows: Iterable[Evaluation]) -> dict[Role, Spend]:
    """By role, over all of ``rows``; give rows of one measure, since soft and hard scores do not add up."""
    by_role: dict[Role, list[Evaluation]] = {}
    for row in rows:
        by_role.setdefault(row.role, []).append(row)
    return {role: _spend(attempts) for role, attempts in by_role.items()}


def _spend(rows: Sequence[Evaluation]) -> Spend:
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    return Spend(
        attempts=len(rows),
        solved=math.fsum(row.score for row in rows if row.exit != "error"),
        tokens_in=sum(row.tokens_in for row in rows),
        tokens_cached=sum(row.tokens_cached for row in rows),
        tokens_out=sum(row.tokens_out for row in rows),
        steps=sum(row.steps for row in rows),
        seconds=math.fsum(row.seconds for row in rows),
        usd=math.fsum(costs) if len(costs) == len(rows) else None,
    )
