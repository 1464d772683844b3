"""The functions of a call as they begin and end: how many, what was kept of them, what they were like."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from pipeline.generate.money.forecast import PerFunction
from pipeline.generate.money.ledger import Ledger
from pipeline.generate.plan import Target
from pipeline.generate.stories import Kept, Outcome

_UNENDED = 0.1
"""Share of the functions that a forecast is made from that may still run."""


class Course:
    """Grows in the order in which functions begin and end; thread-safe.

    ``outcomes`` gives what became of a function that ended: what is shown while a run lasts. In the
    end everything is selected anew in the order of the plan, where another one of two duplicates may be kept.
    """

    def __init__(self, planned: int, ledger: Ledger, outcomes: Callable[[Target], Sequence[Outcome]]) -> None:
        self.planned = planned
        self._ledger, self._outcomes = ledger, outcomes
        self._begun: dict[str, None] = {}
        self._kept: dict[str, int] = {}
        self.kept_first = self.kept_second = 0
        self.left_out: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def ended(self) -> int:
        """Functions of which no stage is left."""
        return len(self._kept)

    def has_ended(self, target: Target) -> bool:
        return target.id in self._kept

    @property
    def kept(self) -> int:
        return self.kept_first + self.kept_second

    def begin(self, target: Target) -> None:
        with self._lock:
            self._begun.setdefault(target.id)

    def leave(self, target: Target) -> None:
        """A function that is left for a later try or call."""
        with self._lock:
            if target.id not in self._kept:
                self._begun.pop(target.id, None)

    def end(self, target: Target) -> None:
        """A function of which no stage is left."""
        self.begin(target)
        results = self._outcomes(target)
        kept = [result.which for result in results if isinstance(result, Kept)]
        with self._lock:
            self._kept[target.id] = len(kept)
            self.kept_first += kept.count(1)
            self.kept_second += kept.count(2)
            self.left_out.update(result.reason for result in results if not isinstance(result, Kept))

    def per_function(self) -> PerFunction:
        """What ended functions were like: those that began first, up to where too many still run.

        Those that end first are the short ones; a forecast from them would be too good.
        """
        with self._lock:
            ids = self._representative()
        return PerFunction.of(self._row(id) for id in ids)

    def ended_usd(self) -> float:
        """Dollars of the functions that ended."""
        with self._lock:
            return sum(self._ledger.of_task(id).cost_usd or 0.0 for id in self._kept)

    def begun_seconds(self) -> float:
        """Seconds of ended stages of functions that have not ended."""
        with self._lock:
            return sum(self._ledger.of_task(id).seconds for id in self._begun if id not in self._kept)

    def _representative(self) -> list[str]:
        running = ended = best = 0
        order = list(self._begun)
        for count, id in enumerate(order, 1):
            running += id not in self._kept
            if running <= _UNENDED * count:
                best, ended = count, count - running
        return [id for id in order[:best] if id in self._kept] if ended else []

    def _row(self, id: str) -> tuple[float, int, float]:
        used = self._ledger.of_task(id)
        return used.cost_usd or 0.0, self._kept[id], used.seconds
