"""The record of where a repository stands: all numbers, hashes and versions, for a check by hand. Pure.

    evaluations ─▶ judged ─▶ transition.json ─▶ issue (in ``report.issue``)

The same evaluations, settings and versions give the same record: there is no clock in it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline import __version__
from pipeline.decide import Options, Verdict, judge
from pipeline.decide.changes import Change, changes
from pipeline.decide.history import history
from pipeline.decide.stream import fold
from pipeline.decide.words import basis, sentence
from pipeline.report.boxes import BOX_MARKERS, BOX_ROUTES, BOX_TEXTS, CANARY, KEEP, SWITCH
from pipeline.report.evidence import evidence, written
from pipeline.report.issue import MARKER, IssueText, issue
from pipeline.report.meaning import meaning
from pipeline.settings import DecideConfig, Price
from pipeline.types import Evaluation, to_json

__all__ = [
    "BOX_MARKERS",
    "BOX_ROUTES",
    "BOX_TEXTS",
    "CANARY",
    "KEEP",
    "MARKER",
    "SWITCH",
    "IssueText",
    "issue",
    "judged",
    "record",
    "versions",
    "written",
]

FORMAT = 1
"""Of the record; a later one may add keys."""

CHECK = "switchover decide --evaluations evaluations.jsonl --check transition.json"
"""Judges the evaluations again under the record's own settings, and compares every number."""

Record = dict[str, Any]


def record(
    verdict: Verdict,
    changes: Sequence[Change],
    *,
    repo: str,
    sha256: str,
    settings: DecideConfig,
    options: Options,
    versions: Mapping[str, str],
    prices: Mapping[str, Price] | None = None,
    scripted: Iterable[str] = (),
) -> Record:
    """The content of transition.json.

    ``sha256``: of all evaluations. ``versions``: of Switchover and Python. ``prices``: the table of
    the config. ``scripted``: roles that a stand-in played for a model.
    """
    newest = changes[-1].at if changes else None
    return {
        "format": FORMAT,
        "repo": repo,
        "state": verdict["state"],
        "since": newest,
        "at": verdict["at"] or newest or "",
        "meaning": meaning(verdict),
        "sentence": sentence(verdict),
        "basis": basis(verdict),
        "reasons": list(verdict["reasons"]),
        "evaluations_sha256": sha256,
        "verdict": verdict,
        "changes": [to_json(change) for change in changes],
        "scripted": list(scripted),
        "settings": to_json(settings),
        "options": to_json(options),
        "prices": {name: to_json(price) for name, price in sorted((prices or {}).items())},
        "versions": dict(versions),
        "check": CHECK,
    }


def judged(
    rows: Iterable[Evaluation],
    *,
    settings: DecideConfig,
    options: Options,
    repo: str | None = None,
    prices: Mapping[str, Price] | None = None,
) -> Record:
    """The record of ``rows``, in whichever order they come. ``repo`` None: those that they name."""
    found = evidence(rows)
    stream = fold(found.rows)
    passed = [_hashed(change, found.until) for change in changes(history(stream, settings, options))]
    return record(
        judge(stream, settings, options),
        passed,
        repo=repo or ", ".join(sorted(stream.repos())),
        sha256=found.sha256,
        settings=settings,
        options=options,
        versions=versions(),
        prices=prices,
        scripted=sorted({row.role for row in found.rows if row.scripted}),
    )


def versions() -> dict[str, str]:
    """Of what makes the numbers here."""
    return {"switchover": __version__, "python": platform.python_version()}


def _hashed(change: Change, until: Callable[[str], str]) -> Change:
    return change if change.at is None else replace(change, evidence_sha256=until(change.at))
