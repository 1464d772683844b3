"""A record against what the same evaluations give today: the numbers that differ. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.decide import Options
from pipeline.errors import InputError
from pipeline.report.transition import Record, judged
from pipeline.settings import DecideConfig, Price
from pipeline.types import Evaluation, from_json

CLOSE = 1e-9
"""Relative; another machine's mathematics may differ in the last digits."""

NOT_COMPARED = frozenset({"versions", "check"})


def again(record: Mapping[str, Any], rows: list[Evaluation]) -> Record:
    """The record of those of ``rows`` that ``record`` is about, under its settings, options and prices.

    Where none is of its repository it is one of all, and named after them. Raises InputError.
    """
    try:
        repo = record["repo"]
        of_it = [row for row in rows if row.repo == repo]
        settings, options = from_json(DecideConfig, record["settings"]), from_json(Options, record["options"])
        prices = {name: from_json(Price, price) for name, price in record["prices"].items()}
        named = repo if of_it else None
        return judged(of_it or rows, settings=settings, options=options, prices=prices, repo=named)
    except KeyError as error:
        raise InputError(f"not a record (no {error}); give a transition.json of 'switchover report'") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise InputError(f"not a record ({error}); give a transition.json of 'switchover report'") from None


def differences(recorded: Any, found: Any, at: str = "") -> Iterator[str]:
    """One line for each value that is not the same: where, what was recorded, what was found."""
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        for name in (*recorded, *(name for name in found if name not in recorded)):
            if at or name not in NOT_COMPARED:
                yield from differences(recorded.get(name), found.get(name), f"{at}.{name}".strip("."))
    elif isinstance(recorded, (list, tuple)) and isinstance(found, (list, tuple)) and len(recorded) == len(found):
        for number, (one, other) in enumerate(zip(recorded, found, strict=True)):
            yield from differences(one, other, f"{at}[{number}]")
    elif not _same(recorded, found):
        yield f"{at}: {_shown(recorded)} was recorded, {_shown(found)} is found"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(one == other) or (isinstance(one, (list, tuple)) and list(one) == list(other or ()))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
