"""What a run will cost and give, from the functions that have ended. Pure.

Ranges are 90% prediction intervals: the mean is known to within its standard error, and what is
still to come varies around it. With few functions they are wide (Student's t), and below ``FEW``
nothing is foretold from them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

FEW = 5
"""Functions below which there is no forecast from them."""
SAMPLES = 2
"""Samples that one function gives at most."""
_Z = 1.6449
"""Of a standard normal, 95% below it."""


@dataclass(frozen=True)
class Moments:
    """Count, mean and standard deviation (n - 1; 0 for fewer than two) of some values."""

    n: int
    mean: float
    sd: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Moments:
        if not values:
            return cls(0, 0.0, 0.0)
        mean = math.fsum(values) / len(values)
        squares = math.fsum((value - mean) ** 2 for value in values)
        return cls(len(values), mean, math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else 0.0)

    def rounded(self) -> Moments:
        """To six digits: what sums in another order agree in."""
        return Moments(self.n, round(self.mean, 6), round(self.sd, 6))

    def __add__(self, other: Moments) -> Moments:
        """As if the values of both had been one list."""
        n = self.n + other.n
        if not self.n or not other.n:
            return self if self.n else other
        mean = (self.n * self.mean + other.n * other.mean) / n
        squares = sum((one.n - 1) * one.sd**2 + one.n * (one.mean - mean) ** 2 for one in (self, other))
        return Moments(n, mean, math.sqrt(squares / (n - 1)))


@dataclass(frozen=True)
class PerFunction:
    """What functions that have ended were like."""

    cost_usd: Moments
    kept: Moments
    """Samples, 0 to 2."""
    seconds: Moments
    """Of its stages added up."""

    @classmethod
    def of(cls, rows: Iterable[tuple[float, int, float]]) -> PerFunction:
        """From dollars, samples and seconds of each."""
        costs, kept, seconds = zip(*rows, strict=True) if (rows := list(rows)) else ((), (), ())
        return cls(Moments.of(costs), Moments.of(kept), Moments.of(seconds))

    def rounded(self) -> PerFunction:
        return PerFunction(self.cost_usd.rounded(), self.kept.rounded(), self.seconds.rounded())

    def __add__(self, other: PerFunction) -> PerFunction:
        return PerFunction(self.cost_usd + other.cost_usd, self.kept + other.kept, self.seconds + other.seconds)


@dataclass(frozen=True)
class Range:
    """An expected value, and the bounds of a 90% interval around it."""

    low: float
    mid: float
    high: float

    def plus(self, amount: float) -> Range:
        return Range(self.low + amount, self.mid + amount, self.high + amount)

    def times(self, factor: float) -> Range:
        return Range(self.low * factor, self.mid * factor, self.high * factor)

    def within(self, low: float, high: float) -> Range:
        return Range(*(min(max(value, low), high) for value in (self.low, self.mid, self.high)))


@dataclass(frozen=True)
class Forecast:
    """For the whole folder, what is there included; None where nothing can be said yet."""

    basis: Literal["limits", "past", "here"]
    """limits: nothing has ended, only the limits are known. past: other folders of the same configuration.
    here: this folder's own functions."""
    functions: int
    """That it is made from; 0 for ``limits``."""
    cost_usd: Range | None
    """At the end, without a cap. For ``limits``: from 0 to what all limits allow, no expectation (mid is high)."""
    kept: Range | None
    """Samples at the end, without a cap."""
    seconds_left: Range | None
    kept_at_cap: Range | None
    """Samples when the cap is reached, or at the end if that comes first; None without a cap."""

    def at_least(self, spent_usd: float | None) -> Forecast:
        """Some time later, when ``spent_usd`` is spent (None: unknown): the end cannot cost less."""
        if self.cost_usd is None or spent_usd is None:
            return self
        return replace(self, cost_usd=self.cost_usd.within(spent_usd, math.inf))


@dataclass(frozen=True)
class Standing:
    """Where a run stands."""

    left: int
    """Functions that have not ended, running ones included."""
    lanes: int
    """Functions at once."""
    ended_usd: float
    """Dollars of the functions that ended."""
    spent_usd: float
    """Dollars in all, running stages included."""
    begun_seconds: float
    """Seconds that running functions have behind them, added up."""
    kept: int
    cap: float | None
    bound_usd: float | None
    """Dollars that one function costs at most; None without a price."""


def forecast(now: Standing, here: PerFunction, past: PerFunction | None = None) -> Forecast:
    """The forecast from this folder's functions, from the past's where these are too few, else from the limits."""
    if here.kept.n >= FEW:
        return _from("here", here, now)
    if past is not None and past.kept.n >= FEW:
        return _from("past", past, now)
    bound = None if now.bound_usd is None else now.ended_usd + now.left * now.bound_usd
    cost = None if bound is None else Range(now.spent_usd, bound, bound)
    return Forecast("limits", 0, cost, None, None, None)


def _from(basis: Literal["past", "here"], per: PerFunction, now: Standing) -> Forecast:
    cost = more(per.cost_usd, now.left).plus(now.ended_usd).within(now.spent_usd, math.inf)
    seconds = more(per.seconds, now.left).plus(-now.begun_seconds).times(1 / max(1, min(now.lanes, now.left)))
    return Forecast(
        basis,
        per.kept.n,
        None if now.bound_usd is None else cost,
        _kept(per.kept, Range(now.left, now.left, now.left), now),
        seconds.within(0.0, math.inf),
        None if now.cap is None else _kept(per.kept, affordable(per.cost_usd, now), now),
    )


def more(moments: Moments, count: float) -> Range:
    """The sum of ``count`` further values; not below 0."""
    if not count or not moments.n:
        return Range(0.0, 0.0, 0.0)
    spread = _t(moments.n) * moments.sd * math.sqrt(count * count / moments.n + count)
    mid = count * moments.mean
    return Range(max(0.0, mid - spread), mid, mid + spread)


def affordable(cost: Moments, now: Standing) -> Range:
    """Functions, of those that are left, that what is left under the cap will pay for."""
    room = max(0.0, (now.cap or 0.0) - now.ended_usd)
    error = _t(cost.n) * cost.sd / math.sqrt(cost.n)
    return Range(*(_bought(room, mean, now.left) for mean in (cost.mean + error, cost.mean, cost.mean - error)))


def _bought(room: float, mean: float, left: int) -> float:
    return float(left) if mean * left <= room else room / mean


def _kept(kept: Moments, functions: Range, now: Standing) -> Range:
    """Samples after so many more functions; a few that all went alike do not make it certain."""
    careful = Moments(kept.n, kept.mean, max(kept.sd, (kept + Moments.of([0, SAMPLES])).sd if kept.sd == 0 else 0.0))
    ends = (more(careful, functions.low).low, kept.mean * functions.mid, more(careful, functions.high).high)
    return Range(*ends).within(0.0, SAMPLES * now.left).plus(now.kept)


def _t(n: int) -> float:
    """Student's t with n - 1 degrees of freedom, 95% below it, to three terms."""
    free = max(1, n - 1)
    first, second = (_Z**3 + _Z) / 4, (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / 96
    return _Z + first / free + second / free**2
