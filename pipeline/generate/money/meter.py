"""What runs now, what it has used, and what it costs: between the stages of functions and the budget.

Hardware by the hour is paid once, whatever runs on it: each moment is shared by the stages that run
in it. Divided by the configured concurrency instead, the ends of a run, where few are left, would
be paid for in part only, and a cap would not hold.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.cost import Tokens, cost_usd
from pipeline.generate.money.budget import Budget, Claim
from pipeline.generate.unfinished import Paused
from pipeline.rollout.wire import Usage
from pipeline.settings import Price


@dataclass(frozen=True)
class UnderWay:
    """A running stage as it stands."""

    id: str
    """Of the rollout that is made, or asked about."""
    kind: str
    usage: Usage
    seconds: float
    cost_usd: float | None
    """None without a price."""


class Meter:
    """All running stages of a call; thread-safe."""

    def __init__(
        self, budget: Budget | None = None, price: Price | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.budget = budget or Budget()
        self._price = price
        self._clock = clock
        self._lock = threading.Lock()
        self._running: set[Running] = set()
        self._used = Usage()
        self._share = 0.0
        """Seconds that a stage running since the beginning would have been charged with."""
        self._at = clock()

    @property
    def has_price(self) -> bool:
        return self._cost(Usage(1, 1, 0), 1.0) is not None

    @contextlib.contextmanager
    def stage(self, kind: str, id: str) -> Iterator[Running]:
        """A stage while it runs; waits for room in the budget. Raises Paused when there is none."""
        claim = self.budget.reserve(kind)
        if claim is None:
            raise Paused
        running = self._begin(kind, id, claim)
        has_ended = False
        try:
            yield running
            has_ended = True
        finally:
            self._end(running, has_ended)

    def used(self) -> Usage:
        """Tokens of this call so far, running stages included."""
        with self._lock:
            return self._used

    def under_way(self) -> list[UnderWay]:
        """The running stages, oldest first."""
        with self._lock:
            found = [running.as_it_stands(self._now(), self._clock()) for running in self._running]
        return sorted(found, key=lambda one: -one.seconds)

    def _begin(self, kind: str, id: str, claim: Claim) -> Running:
        with self._lock:
            running = Running(self, kind, id, claim, self._now(), self._clock())
            self._running.add(running)
            return running

    def _end(self, running: Running, has_ended: bool) -> None:
        with self._lock:
            now = self._now()  # before one fewer shares
            self._running.discard(running)
            usd = running.total(now)
        self.budget.settle(running.claim, usd or 0.0, ended=has_ended)

    def _now(self) -> float:
        at = self._clock()
        if self._running:
            self._share += (at - self._at) / len(self._running)
        self._at = at
        return self._share

    def _note(self, running: Running, usage: Usage) -> None:
        with self._lock:
            self._used += usage
            running.usage += usage
            usd = running.total(self._now())
        self.budget.use(running.claim, usd or 0.0)

    def _pay(self, running: Running, tokens: Tokens) -> float | None:
        with self._lock:
            return running.book(tokens, self._now())

    def _cost(self, tokens: Tokens, seconds: float) -> float | None:
        return cost_usd(self._price, tokens, seconds)


class Running:
    """One stage; what it calls is called by the thread that it runs in."""

    def __init__(self, meter: Meter, kind: str, id: str, claim: Claim, share: float, at: float) -> None:
        self.kind, self.id, self.claim = kind, id, claim
        self.usage = Usage()
        """Of turns that are not paid for yet."""
        self._meter, self._share, self._at = meter, share, at
        self._paid = 0.0

    def watch(self, usage: Usage) -> None:
        """Note the usage of one turn."""
        self._meter._note(self, usage)

    def stop(self) -> bool:
        """True when no turn more can be paid."""
        self.watch(Usage())  # hardware costs while a command runs, too
        return self._meter.budget.must_stop()

    def pay(self, tokens: Tokens) -> float | None:
        """Dollars for ``tokens`` in all and the time since the last payment; None without a price."""
        return self._meter._pay(self, tokens)

    def total(self, share: float) -> float | None:
        """Dollars so far, paid and running on; the meter's own."""
        cost = self._meter._cost(self.usage, share - self._share)
        return None if cost is None else self._paid + cost

    def book(self, tokens: Tokens, share: float) -> float | None:
        """What ``pay`` says; the meter's own."""
        cost = self._meter._cost(tokens, share - self._share)
        seen = Usage(tokens.tokens_in, tokens.tokens_out, tokens.tokens_cached)
        self._meter._used += _beyond(seen, self.usage)
        self._paid += cost or 0.0
        self.usage, self._share = Usage(), share
        return cost

    def as_it_stands(self, share: float, at: float) -> UnderWay:
        return UnderWay(
            self.id, self.kind, self.usage, at - self._at, self._meter._cost(self.usage, share - self._share)
        )


def _beyond(all: Usage, watched: Usage) -> Usage:
    """What was not heard of turn by turn: rollouts on other machines may be told of at their end only."""
    return Usage(
        max(0, all.tokens_in - watched.tokens_in),
        max(0, all.tokens_out - watched.tokens_out),
        max(0, all.tokens_cached - watched.tokens_cached),
    )
