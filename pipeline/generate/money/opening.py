"""The meter of a call: its cap, what earlier calls spent and what their stages cost."""

from __future__ import annotations

from pipeline.generate.money.bounds import bounds
from pipeline.generate.money.budget import Budget
from pipeline.generate.money.ledger import Ledger
from pipeline.generate.money.meter import Meter
from pipeline.rollout.agent import Harness


def open_meter(harness: Harness, ledger: Ledger, limit_usd: float | None) -> Meter:
    """``limit_usd`` caps everything that ``ledger`` holds and is going to hold; None: no cap."""
    most = bounds(harness.limits, harness.cost)
    seen = {kind: costs for kind, costs in ledger.recent().items() if kind in most}
    return Meter(Budget(limit_usd, ledger.tally.cost_usd or 0.0, most, seen), harness.price)
