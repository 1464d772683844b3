"""How many pull requests a team merges in a month, from the ones that were evaluated; and dates made of it."""

from __future__ import annotations

import datetime
import math

DAYS_A_MONTH = 365.25 / 12


class Volume:
    """Merge times of distinct PRs, one at a time."""

    def __init__(self) -> None:
        self._first = self._last = ""
        self._count = 0

    def add(self, merged_at: str) -> None:
        """Take a PR's merge time (ISO 8601 in UTC)."""
        self._first = min(self._first or merged_at, merged_at)
        self._last = max(self._last, merged_at)
        self._count += 1

    def per_month(self) -> float | None:
        """PRs a month between the first and the last merge; None below two PRs or a day."""
        first, last = _time(self._first), _time(self._last)
        if first is None or last is None or (last - first).days < 1:
            return None
        return (self._count - 1) / ((last - first).total_seconds() / 86400) * DAYS_A_MONTH

    def date_after(self, pulls: float | None) -> str | None:
        """The day (YYYY-MM-DD) on which so many more PRs will have been merged; None when that is not known."""
        rate, last = self.per_month(), _time(self._last)
        if pulls is None or rate is None or last is None:
            return None
        try:
            return (last + datetime.timedelta(days=math.ceil(pulls / rate * DAYS_A_MONTH))).date().isoformat()
        except OverflowError:  # beyond the year 9999
            return None


def _time(text: str) -> datetime.datetime | None:
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
