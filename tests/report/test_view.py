"""What of several deliveries on one pull request the report shows."""

import dataclasses
from typing import Any

from pipeline.report.view import PullView, pull_views
from pipeline.types import Evaluation
from tests.decide.rows import duel, row

LATER = "2026-06-01T00:00:00Z"


def view(rows: list[Evaluation]) -> PullView:
    (found,) = pull_views(rows)
    return found


def sealed(rows: list[Evaluation]) -> list[Evaluation]:
    more: dict[str, Any] = {"task_id": "o/n#1/sealed/50", "marks": ("sealed",), "sealed_at": "2026-01-01T00:00:00Z"}
    return [dataclasses.replace(one, **more) for one in rows]


def test_what_was_sealed_is_shown_with_its_mark_and_not_the_same_versions_after_the_merge() -> None:
    after = [*duel(1, 0.0, 1.0, at=LATER), *duel(1, 0.0, 1.0, at=LATER, attempt=1)]
    shown = view([*after, *sealed(duel(1, 1.0, 0.25))])
    assert shown.sealed and shown.marks == ("sealed",) and shown.difference == 0.75
    assert [len(cell.attempts) for cell in shown.cells.values() if cell] == [1, 1]


def test_sealed_and_later_attempts_share_no_cell() -> None:
    failed = duel(1, 0.0, 0.0, exit="error", attempt=1)
    for first in (True, False):
        one, two = duel(1, 1.0, 0.5, at=LATER if first else "2026-01-01T00:00:00Z"), failed
        for cell in view([*sealed(one), *two]).cells.values():
            assert not cell or len({attempt.sealed_at for attempt in cell.attempts}) == 1


def test_where_the_first_are_void_the_others_are_shown() -> None:
    shown = view([*duel(1, 0.0, 0.0, exit="error"), *sealed(duel(1, 1.0, 0.5, at=LATER))])
    assert shown.sealed and shown.difference == 0.5


def test_a_newer_version_after_the_merge_is_shown_without_the_mark() -> None:
    newer = row(1, "own", 0.5, adapter="a2", at=LATER)
    shown = view([*sealed(duel(1, 1.0, 0.25)), newer])
    assert not shown.sealed and shown.difference == 0.25
