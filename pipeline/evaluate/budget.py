"""What an evaluation may still spend: of the folder, and of the calendar month. The owner of both caps."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass, field

from pipeline.store import Store
from pipeline.store.evaluations import evaluations

LIMIT, MONTH = "limit_usd", "limit_usd_per_month"
"""What a run may be stopped for."""


def now() -> str:
    """ISO time in UTC, to the microsecond."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Spending:
    """What was paid: in all, and by calendar month (UTC, ``YYYY-MM``)."""

    usd: float = 0.0
    by_month: dict[str, float] = field(default_factory=dict)

    def add(self, usd: float | None, at: str) -> None:
        """``at``: ISO time; "" counts in no month."""
        if usd:
            self.usd += usd
            self.by_month[at[:7]] = self.by_month.get(at[:7], 0.0) + usd


@dataclass(frozen=True)
class Caps:
    """None: no limit. Amounts in US dollars."""

    limit_usd: float | None = None
    per_month_usd: float | None = None
    elsewhere_usd: float = 0.0
    """Spent in ``month`` by runs in other folders, as the database knows."""
    month: str = ""
    """YYYY-MM (UTC) of ``elsewhere_usd``, which does not count in the next one."""

    def reached(self, spending: Spending) -> str | None:
        """The name of the cap that is reached, or None."""
        if self.limit_usd is not None and spending.usd >= self.limit_usd:
            return LIMIT
        if self.per_month_usd is not None and self._of_month(spending) >= self.per_month_usd:
            return MONTH
        return None

    def sentence(self, name: str, spending: Spending) -> str:
        """What is said when intake stops."""
        if name == MONTH:
            spent = self._of_month(spending)
            return (
                f"${spent:.2f} of evaluate.limit_usd_per_month {self.per_month_usd:.2f} are spent in {now()[:7]} (UTC)"
            )
        return f"${spending.usd:.2f} of the limit of {self.limit_usd:.2f} USD are spent"

    def _of_month(self, spending: Spending) -> float:
        month = now()[:7]
        return (self.elsewhere_usd if month == self.month else 0.0) + spending.by_month.get(month, 0.0)


def spent_elsewhere(store: Store, month: str, here: Collection[str]) -> float:
    """US dollars of the graded attempts that the database holds for ``month`` (YYYY-MM), of all repositories.

    ``here``: rollout ids that are counted already.
    """
    rows = (row for repo in store.repos() for row in evaluations(store, repo))
    return sum(row.cost_usd or 0.0 for row in rows if row.at[:7] == month and row.rollout_id not in here)
