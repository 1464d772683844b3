"""The weekly digest: one issue, one comment for each week in which something was evaluated."""

from __future__ import annotations

import datetime

import pytest

from bot.handle.change import Context
from bot.handle.events import read
from bot.handle.handlers.issues import handle
from pipeline.report.digest import MARKER, TITLE, Week, last_week
from pipeline.store.evaluations import add_evaluations
from tests.bot.handle.conftest import know
from tests.bot.handle.evaluated import NAME, attempts, configure, damage, settle_week
from tests.github.stand_in import CONFIG, Repository, StandIn, faults

MONDAY = datetime.datetime(2026, 11, 23, 6, tzinfo=datetime.UTC).timestamp()
"""Of week 48; the week that is over is 47."""

WEEK = 7 * 86_400.0


@pytest.fixture(autouse=True)
def weekly(widgets: Repository) -> None:
    configure(widgets, "weekly")


def evaluated(context: Context, *numbers: int, day: str = "2026-11-18", **changes: object) -> None:
    for number in numbers:
        rows = attempts(number, at=f"{day}T12:00:00Z", merged_at=f"{day}T10:00:00Z", title=f"Mend {number}", **changes)
        add_evaluations(context.store, NAME, rows, run=None)


def digests(repository: Repository) -> list[str]:
    """Bodies of the comments on the one issue; [] without it."""
    issues = [each for each in repository.issues.values() if MARKER in each["body"]]
    assert len(issues) <= 1
    return repository.comments_on(issues[0]["number"]) if issues else []


def the_issue(repository: Repository) -> dict[str, object]:
    (found,) = [each for each in repository.issues.values() if MARKER in each["body"]]
    return found


def test_one_comment_about_the_week_that_is_over(context: Context, widgets: Repository) -> None:
    evaluated(context, 1, 2)
    evaluated(context, 3, day="2026-11-23")
    settle_week(context, MONDAY)
    (body,) = digests(widgets)
    assert the_issue(widgets)["title"] == TITLE
    assert body.startswith("◔ **Switchover, 2026-11-16 to 2026-11-22: collecting.** Own is 30 points ahead")
    assert "| `2` Mend 2 | 0.80 | 0.20 | 0.50 | +0.30 |" in body and "`3`" not in body
    assert "2 pull requests evaluated. Spent on them: own $0.40, base $0.40, frontier $4.00." in body


def test_the_same_week_is_told_once_and_the_next_one_beside_it(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    evaluated(context, 1)
    for _ in range(20):
        settle_week(context, MONDAY)
    assert len(digests(widgets)) == 1
    evaluated(context, 2, day="2026-11-24")
    settle_week(context, MONDAY + WEEK)
    assert [body.split(":")[0] for body in digests(widgets)] == [
        "◔ **Switchover, 2026-11-16 to 2026-11-22",
        "◔ **Switchover, 2026-11-23 to 2026-11-29",
    ]


def test_a_week_without_evaluations_says_nothing(context: Context, widgets: Repository) -> None:
    evaluated(context, 1, day="2026-11-10")
    settle_week(context, MONDAY)
    assert not widgets.comments and not [each for each in widgets.issues.values() if MARKER in each["body"]]


def test_a_backtest_is_the_reports(context: Context, widgets: Repository) -> None:
    evaluated(context, 1, backtest=True)
    settle_week(context, MONDAY)
    assert digests(widgets) == []


@pytest.mark.parametrize("mode", ["every_pull", "never"])
def test_other_modes_have_none(context: Context, widgets: Repository, mode: str) -> None:
    configure(widgets, mode)
    evaluated(context, 1)
    settle_week(context, MONDAY)
    assert digests(widgets) == []
    configure(widgets, "weekly")
    settle_week(context, MONDAY + 7200)
    assert len(digests(widgets)) == 1, "until the team changes its mind"


def test_what_came_late_on_sunday_is_waited_for(context: Context, widgets: Repository) -> None:
    evaluated(context, 1)
    settle_week(context, MONDAY - 60)
    assert digests(widgets) == []
    evaluated(context, 2, day="2026-11-22")
    settle_week(context, MONDAY)
    (body,) = digests(widgets)
    assert "`1` Mend 1" in body and "`2` Mend 2" in body


def test_a_repository_with_a_damaged_row_holds_up_no_other(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    other = github.add("acme/gears", files={CONFIG: widgets.files[CONFIG]})
    know(context.store, other, configured=1)
    rows = attempts(1, repo=other.name, task_id=f"{other.name}#1", at="2026-11-18T12:00:00Z")
    add_evaluations(context.store, other.name, rows, run=None)
    evaluated(context, 1)
    settle_week(context, MONDAY)  # both have their issues
    damage(context, other)
    evaluated(context, 2, day="2026-11-24")
    settle_week(context, MONDAY + WEEK)
    assert len(digests(widgets)) == 2 and len(digests(other)) == 1


def test_closing_the_issue_ends_it_and_opening_it_brings_it_back(context: Context, widgets: Repository) -> None:
    evaluated(context, 1)
    settle_week(context, MONDAY)
    the_issue(widgets)["state"] = "CLOSED"
    evaluated(context, 2, day="2026-11-24")
    settle_week(context, MONDAY + WEEK)
    assert len(digests(widgets)) == 1
    the_issue(widgets)["state"] = "OPEN"
    evaluated(context, 3, day="2026-12-02")
    settle_week(context, MONDAY + 2 * WEEK)
    assert len(digests(widgets)) == 2


def test_a_lost_answer_and_a_lost_database_make_no_second_issue_or_comment(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    evaluated(context, 1)
    github.fail(faults.lost_answer(), "POST", "/issues", times=2)
    for _ in range(6):
        settle_week(context, MONDAY)
        with context.store.atomic():
            context.store.db.execute("UPDATE outbox SET due_at = 0")
    assert len(digests(widgets)) == 1
    with context.store.atomic():
        context.store.db.execute("DELETE FROM outbox")
        context.store.db.execute("DELETE FROM digests")
    evaluated(context, 2, day="2026-11-24")
    settle_week(context, MONDAY + WEEK)
    assert len(digests(widgets)) == 2 and the_issue(widgets)


def test_our_own_issue_is_not_collected(context: Context, widgets: Repository) -> None:
    evaluated(context, 1)
    settle_week(context, MONDAY)
    body = str(the_issue(widgets)["body"]).replace("\n", "\\n").replace('"', '\\"')
    event = read(
        "g", "issues",
        f'{{"action": "opened", "repository": {{"id": {widgets.id}}}, "issue": {{"number": 9, "body": "{body}"}},'
        ' "sender": {"login": "switchover[bot]", "type": "Bot"}}'.encode(),
    )  # fmt: skip
    assert handle(event, context)(context.store) == "an issue of ours"


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        ("2026-11-23T00:00:00", "2026-11-16"),
        ("2026-11-22T23:59:59", "2026-11-09"),
        ("2027-01-04T05:00:00", "2026-12-28"),
    ],
)
def test_weeks(now: str, monday: str) -> None:
    week = last_week(datetime.datetime.fromisoformat(f"{now}+00:00"))
    assert week == Week(datetime.date.fromisoformat(monday)) and week.start == f"{monday}T00:00:00Z"
    assert Week(datetime.date(2026, 12, 28)).name == "2026-W53" and week.start < week.end
