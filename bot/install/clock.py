"""How far this machine's clock is from GitHub's, and whether GitHub can be reached at all."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from bot.install.http import request


def seconds_ahead(api_url: str) -> float | None:
    """Seconds by which the clock here is ahead of GitHub's (negative: behind), good to about one second.

    None when the answer has no date. Raises Unavailable when there is no answer.
    """
    before = time.time()
    _, date, _ = request("GET", api_url, "")
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    return (before + time.time()) / 2 - (theirs + 0.5)  # the header's seconds are cut off
