"""Reads what the tests reported, as something that hostile code may have written (pure).

A report is believed line by line, as long as each line bears the seal over all lines before it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.evaluate.hard.nouns import Outcome

LARGEST = 64 * 2**20
"""Bytes of a report; more is not read."""
MOST_TESTS = 200_000
_LONGEST_NAME = 4000

_WORST: tuple[Outcome, ...] = ("failed", "skipped", "passed")


def unsealed(report: bytes, key: str) -> tuple[list[dict[str, Any]], bool]:
    """The values of a sealed report up to its first line that is not ours, and whether all of it was ours.

    A torn last line (a killed run) is no forgery.
    """
    chain = hmac.new(bytes.fromhex(key), digestmod="sha256")
    values: list[dict[str, Any]] = []
    *lines, torn = report.split(b"\n")
    for line in lines:
        seal, _, text = line.partition(b" ")
        chain.update(text)
        if not hmac.compare_digest(seal, chain.hexdigest().encode()):
            return values, False
        value = json.loads(text)
        if isinstance(value, dict) and len(values) < 4 * MOST_TESTS:
            values.append(value)
    return values, len(torn) < 2 * _LONGEST_NAME + 200


def outcomes(values: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Outcome], bool]:
    """The worst outcome of every test's phases, and whether the end of the run was reported.

    A test counts as passed only when its call passed; one whose set-up alone is known is not there.
    """
    found: dict[str, Outcome] = {}
    called: set[str] = set()
    ended = False
    for value in values:
        ended = ended or "end" in value
        for name, when, outcome in _phase(value):
            if when == "call":
                called.add(name)
            found[name] = min(found.get(name, "passed"), outcome, key=_WORST.index)
    return {name: outcome for name, outcome in found.items() if outcome != "passed" or name in called}, ended


def _phase(value: Mapping[str, Any]) -> Iterator[tuple[str, str, Outcome]]:
    name, outcome = value.get("test"), value.get("outcome")
    known: dict[Any, Outcome] = {"passed": "passed", "failed": "failed", "skipped": "skipped", "expected": "skipped"}
    if isinstance(name, str) and isinstance(outcome, str) and outcome in known:  # "rerun" says nothing yet
        yield name[:_LONGEST_NAME], str(value.get("when")), known[outcome]
