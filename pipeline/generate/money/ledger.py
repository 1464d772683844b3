"""What a folder has used, as its journal says: in all, by kind of stage, by function. No I/O."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RECENT = 256
"""Stages of one kind that an expectation is made from, the newest ones."""


@dataclass(frozen=True)
class Tally:
    """Sums over everything that was paid for."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    seconds: float = 0.0
    """Of rollouts and questions, added up; not wall clock."""
    cost_usd: float | None = None
    """None as long as nothing has had a price."""

    def plus(self, row: Mapping[str, Any]) -> Tally:
        """With the usage of one rollout or question added."""
        cost = row["cost_usd"]
        return Tally(
            self.tokens_in + row["tokens_in"],
            self.tokens_out + row["tokens_out"],
            self.tokens_cached + row["tokens_cached"],
            self.seconds + row["seconds"],
            self.cost_usd if cost is None else (self.cost_usd or 0.0) + cost,
        )


class Ledger:
    """Grows row by row; the caller keeps threads apart."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._recent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._by_task: defaultdict[str, Tally] = defaultdict(Tally)

    def add(self, kind: str, id: str, row: Mapping[str, Any], *, ended: bool) -> None:
        """A row of the journal; ``ended`` is False for what was broken off, which tells nothing of a whole stage."""
        self.tally = self.tally.plus(row)
        task_id = id.partition(".")[0]
        self._by_task[task_id] = self._by_task[task_id].plus(row)
        if ended and row["cost_usd"] is not None:
            self._recent[kind].append(row["cost_usd"])

    def recent(self) -> dict[str, list[float]]:
        """Dollars of the newest whole stages, by kind, oldest first."""
        return {kind: list(costs) for kind, costs in self._recent.items()}

    def of_task(self, task_id: str) -> Tally:
        """What one function has used, failures of ours included."""
        return self._by_task.get(task_id, Tally())
