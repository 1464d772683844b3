"""Reads the reports of other runners: JUnit XML, go test -json, jest's JSON, cargo's text (pure).

The program that writes such a report runs the candidate's code, so a report is a claim: read
defensively, never trusted to be well formed, and a test that is named twice has its worst outcome.
Not covered: a candidate that writes a false report (docs/hard-scores.md); pytest's is sealed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

from pipeline.evaluate.hard.nouns import Outcome
from pipeline.evaluate.hard.results import MOST_TESTS

Outcomes = dict[str, Outcome]

_WORST: tuple[Outcome, ...] = ("failed", "skipped", "passed")
_LONGEST = 4000


def junit(report: bytes) -> Outcomes:
    """``classname::name`` to outcome; nothing from a report that is no XML or that declares entities."""
    text = report.decode("utf-8", "replace")  # and so it is parsed: another encoding would hide what is looked for,
    if "\0" in text or "<!DOCTYPE" in text or "<!ENTITY" in text:  # and the parser guesses UTF-16 from its zeros
        return {}
    try:
        cases = ElementTree.fromstring(text).iter("testcase")  # noqa: S314 - no declaration of entities is let in
    except (ElementTree.ParseError, ValueError, RecursionError):
        return {}
    return _worst((f"{case.get('classname', '')}::{case.get('name', '')}", _of_case(case)) for case in cases)


def _of_case(case: ElementTree.Element) -> Outcome:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def go(report: bytes) -> Outcomes:
    """``package/TestName/sub`` to outcome, from ``go test -json``; a package that does not build is ``package``."""
    known: dict[str, Outcome] = {"pass": "passed", "fail": "failed", "skip": "skipped"}

    def found() -> Iterator[tuple[str, Outcome]]:
        for event in _json_lines(report):
            action, package, test = event.get("Action"), event.get("Package"), event.get("Test")
            if not (isinstance(package, str) and isinstance(action, str) and action in known):
                continue
            if test or action == "fail":
                yield f"{package}/{test}" if test else package, known[action]

    return _worst(found())


def jest(report: bytes) -> Outcomes:
    """``file::full name`` to outcome, from jest's ``--json``."""
    known: dict[str, Outcome] = {"passed": "passed", "failed": "failed"}

    def found() -> Iterator[tuple[str, Outcome]]:
        for suite in _list(_json(report), "testResults"):
            path = str(suite.get("name", "")).removeprefix("/repo/")
            for test in _list(suite, "assertionResults"):
                yield f"{path}::{test.get('fullName', '')}", known.get(str(test.get("status")), "skipped")

    return _worst(found())


_CARGO = re.compile(
    r"^\s*Running (?:unittests )?(?P<target>\S+)(?: \(|$)|^\s*Doc-tests (?P<doc>\S+)"
    r"|^test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<outcome>ok|FAILED|ignored)",
    re.MULTILINE,
)


def cargo(report: bytes) -> Outcomes:
    """``target::name`` to outcome, from what ``cargo test`` prints."""
    known: dict[str, Outcome] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}

    def found() -> Iterator[tuple[str, Outcome]]:
        target = ""
        for line in _CARGO.finditer(report.decode("utf-8", "replace")):
            if line["name"] is None:
                target = line["target"] or f"doc {line['doc']}"
            else:
                yield f"{target}::{line['name']}", known[line["outcome"]]

    return _worst(found())


def _worst(found: Iterable[tuple[str, Outcome]]) -> Outcomes:
    outcomes: Outcomes = {}
    for name, outcome in found:
        key = name[:_LONGEST]
        if key in outcomes or len(outcomes) < MOST_TESTS:
            outcomes[key] = min(outcomes.get(key, "passed"), outcome, key=_WORST.index)
    return outcomes


def _json(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _json_lines(content: bytes) -> Iterator[dict[str, Any]]:
    yield from (_json(line) for line in content.splitlines() if line.startswith(b"{"))


def _list(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
