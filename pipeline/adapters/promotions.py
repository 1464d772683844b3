"""Which adapter is promoted, from the events that say so. Pure.

An event is a file that is written once. The order is that of their times; the last one says which adapter
it is, and going through all of them says which was there before.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.types import from_json

TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
"""How ``at`` is written, so that times sort as text."""


@dataclass(frozen=True)
class Promotion:
    """An adapter was made the one that serves and is evaluated, for one repository."""

    at: str
    """ISO 8601 in UTC, to the microsecond."""
    kind: Literal["promote", "rollback"]
    repo: str
    """``owner/name``; of adapters of several, joined by ``+``; "" where nothing says."""
    id: str
    before: str | None
    """Id of the one that it took the place of; None: there was none."""
    forced: bool = False
    """Whether a person overruled an objection."""
    why: str = ""
    """The objection that was overruled, or what made it so."""


def parse(data: bytes) -> Promotion:
    """The event of a file. Raises ValueError or TypeError for another content."""
    event = from_json(Promotion, json.loads(data))
    datetime.datetime.strptime(event.at, TIME)
    return event


def promoted(events: Iterable[Promotion]) -> Mapping[str, str]:
    """The id that is promoted, by repository."""
    return {event.repo: event.id for event in in_order(events)}


def earlier(events: Iterable[Promotion], repo: str) -> list[str]:
    """Ids that ``repo`` can be rolled back to, the one before the present first; each once."""
    stack: list[str] = []
    for event in in_order(events):
        if event.repo != repo:
            continue
        if event.kind == "rollback" and event.id in stack:
            del stack[stack.index(event.id) + 1 :]
        else:
            stack = [id for id in stack if id != event.id] + [event.id]
    return stack[-2::-1]


def time_after(events: Iterable[Promotion], now: str) -> str:
    """When a new event is: ``now``, or just after the newest, which a clock that runs ahead may have written."""
    newest = max((event.at for event in events), default="")
    if now > newest:
        return now
    return (datetime.datetime.strptime(newest, TIME) + datetime.timedelta(microseconds=1)).strftime(TIME)


def in_order(events: Iterable[Promotion]) -> list[Promotion]:
    """Oldest first."""
    return sorted(events, key=lambda event: (event.at, event.id))
