"""How far the money of a folder goes: a hard cap over what is spent, under way and to be begun. No I/O.

A stage begins only when what is spent, what the running stages are expected to cost and what it is
expected to cost itself fit under the cap; else it waits for a running one to turn out cheaper, and
when none runs it is left for the next call. Expectations can be wrong: so each running stage is also
asked to end before its next turn once what is spent and what is under way reach the cap. Hence

    spent <= cap + the turns that were being answered when the cap was reached (one per running stage).
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.generate.money.ledger import RECENT

QUANTILE = 0.9
"""A stage is expected to cost what nine in ten of its kind have cost at most."""
FEW = 10
"""Stages of a kind below which the dearest one counts in place of the quantile."""


@dataclass(eq=False)
class Claim:
    """One running stage; changed by its budget only."""

    kind: str
    expected: float
    """Dollars that were set aside for it."""
    used: float = 0.0

    @property
    def held(self) -> float:
        """Dollars that nobody else may plan with."""
        return max(self.expected, self.used)


class Budget:
    """Dollars of one folder; thread-safe. Without a cap everything may begin and nothing is stopped."""

    def __init__(
        self,
        cap: float | None = None,
        spent: float = 0.0,
        bounds: Mapping[str, float] | None = None,
        seen: Mapping[str, Iterable[float]] | None = None,
    ) -> None:
        """``spent``: by earlier calls, and ``seen``: what their stages cost, by kind.

        ``bounds``: what a stage of a kind costs at most, for as long as nothing was seen (absent:
        nothing). The order of the kinds is that of the stages: of two that wait and fit, the later
        one goes first, so that what was begun is ended before something new is begun.
        """
        self.cap = cap
        self._spent = spent
        self._bounds = dict(bounds or {})
        self._places = {kind: place for place, kind in enumerate(self._bounds)}
        self._seen: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))
        for kind, costs in (seen or {}).items():
            self._seen[kind].extend(costs)
        self._expected: dict[str, float] = {}
        self._running: set[Claim] = set()
        self._waiting: Counter[str] = Counter()
        self._is_closed = False
        self._has_refused = False
        self._changed = threading.Condition()

    @property
    def bounds(self) -> Mapping[str, float]:
        """Dollars that a stage costs at most, by kind."""
        return self._bounds

    @property
    def spent(self) -> float:
        """Dollars of stages that ended or were stopped."""
        return self._spent

    @property
    def under_way(self) -> float:
        """Dollars of the turns of running stages that were answered."""
        with self._changed:
            return self._under_way()

    @property
    def is_spent(self) -> bool:
        """True once nothing more may begin: the cap is reached, or there was no room for a stage."""
        return self.cap is not None and (self._has_refused or self._spent >= self.cap)

    def expected(self, kind: str) -> float:
        """Dollars that a stage of ``kind`` is expected to cost, on the high side.

        Before one of its kind was seen, as much as the dearest of any kind, and at most its bound.
        """
        if kind not in self._expected:
            self._expected[kind] = self._expect(kind)
        return self._expected[kind]

    def reserve(self, kind: str) -> Claim | None:
        """Room for a stage of ``kind``, waited for while others run; None when there is none or after ``close``."""
        with self._changed:
            self._waiting[kind] += 1
            try:
                self._changed.wait_for(lambda: self._may_begin(kind) or self._is_hopeless(kind))
                if not self._may_begin(kind):
                    self._has_refused = self._has_refused or not self._is_closed
                    return None
                claim = Claim(kind, 0.0 if self.cap is None else self.expected(kind))
                self._running.add(claim)
                return claim
            finally:
                self._waiting[kind] -= 1
                self._changed.notify_all()

    def use(self, claim: Claim, usd: float) -> None:
        """Note that a running stage has used ``usd`` dollars so far."""
        with self._changed:
            claim.used = usd

    def must_stop(self) -> bool:
        """True when no turn more can be paid: what is spent and under way has reached the cap."""
        with self._changed:
            return self.cap is not None and self._spent + self._under_way() >= self.cap

    def settle(self, claim: Claim, usd: float, *, ended: bool) -> None:
        """Book what a stage has cost in the end; ``ended`` is False when it was stopped, which tells nothing."""
        with self._changed:
            self._running.discard(claim)
            self._spent += usd
            if ended:
                self._seen[claim.kind].append(usd)
                self._expected.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Let nothing begin any more; what runs goes on to its end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _under_way(self) -> float:
        return sum(claim.used for claim in self._running)

    def _expect(self, kind: str) -> float:
        seen = sorted(self._seen[kind])
        if seen:
            return seen[-1] if len(seen) < FEW else seen[math.ceil(QUANTILE * len(seen)) - 1]
        bound = self._bounds.get(kind, 0.0)
        return min(bound, max((max(costs) for costs in self._seen.values() if costs), default=bound))

    def _may_begin(self, kind: str) -> bool:
        if self._is_closed or self.cap is None:
            return not self._is_closed
        # The very first may try alone on whatever is left: a bound says little of what it will cost.
        is_trial = not self._running and not any(self._seen.values()) and self._spent < self.cap
        return is_trial or (self._fits(kind) and not self._is_preceded(kind))

    def _is_hopeless(self, kind: str) -> bool:
        return self._is_closed or (not self._running and not self._is_preceded(kind))

    def _fits(self, kind: str) -> bool:
        room = (self.cap or 0.0) - self._spent - sum(claim.held for claim in self._running)
        return room > 0 and self.expected(kind) <= room

    def _is_preceded(self, kind: str) -> bool:
        place = self._places.get(kind, 0)
        later = (other for other, count in self._waiting.items() if count and self._places.get(other, 0) > place)
        return any(self._fits(other) for other in later)
