"""The rule of docs/decide.md once more, straight from the formulas and sharing no code with the package.

Fifty decimal digits, plain products, bisection: slow, and easy to check by eye.
"""

from collections.abc import Sequence
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 50

BETS = [Decimal("0.15") * (Decimal("0.95") / Decimal("0.15")) ** (Decimal(j) / Decimal(7)) for j in range(8)]


def e_value(xs: Sequence[float], theta: float | Decimal) -> Decimal:
    bound = Decimal(theta)
    total = Decimal(0)
    for k in BETS:
        product = Decimal(1)
        for x in xs:
            product *= 1 + k * (Decimal(x) - bound) / (1 + bound)
        total += product
    return total / 8


def lower(xs: Sequence[float], alpha: float) -> float:
    low, high = Decimal("-1") + Decimal("1e-13"), Decimal(1)
    if e_value(xs, low) < 1 / Decimal(alpha):
        return -1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if e_value(xs, middle) >= 1 / Decimal(alpha) else (low, middle)
    return float(low)


def upper(xs: Sequence[float], alpha: float) -> float:
    return -lower([-x for x in xs], alpha)


def wealths(ends: Sequence[Decimal]) -> list[Decimal]:
    """Wealth at the start of each epoch, given the e-values at the ends of all earlier ones."""
    found = [Decimal(1)]
    for end in ends:
        found.append(found[-1] * (Decimal("0.5") + Decimal("0.5") * min(Decimal(1), end)))
    return found


def cusum(ds: Sequence[float], margin: float) -> list[Decimal]:
    """Average of the bets after each observation."""
    stakes, path = [Decimal(1)] * 8, []
    for d in ds:
        loss = (-Decimal(d) - Decimal(margin)) / (1 + Decimal(margin))
        stakes = [max(m, Decimal(1)) * (1 + k * loss) for m, k in zip(stakes, BETS, strict=True)]
        path.append(sum(stakes) / 8)
    return path


def e_bh(es: Sequence[float], rate: float) -> set[int]:
    """The largest set whose every member is at least K / (rate * its size), found by trying all sizes."""
    claimed: set[int] = set()
    for size in range(1, len(es) + 1):
        bar = Fraction(len(es)) / (Fraction(rate) * size)
        above = {i for i, e in enumerate(es) if Fraction(e) >= bar}
        if len(above) >= size:
            claimed = set(sorted(above, key=lambda i: (-es[i], i))[: max(size, len(claimed))])
    return claimed
