"""The comment and the check run of an evaluated pull request, against the GitHub stand-in."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bot.evaluated.step import step
from bot.handle.change import Context
from bot.transition import step as transitions
from bot.write import checks
from bot.write.sticky import MARKER
from pipeline.report.comment import LIMIT
from pipeline.store.evaluations import add_evaluations
from tests.bot.handle.conftest import know, send
from tests.bot.handle.evaluated import NAME, ago, attempts, configure, ours, settle, take_in, the_comment
from tests.github.stand_in import CONFIG, Repository, StandIn, faults


@pytest.fixture
def widgets(widgets: Repository, context: Context) -> Repository:
    """With permission to set checks, and pull request 1 known with the tip of its branch."""
    granted = json.dumps({"actions": "write", "issues": "write", "checks": "write"})
    with context.store.atomic():
        context.store.db.execute("UPDATE installations SET permissions = ?", [granted])
        for number, pull in widgets.pulls.items():
            context.store.db.table("forge_pulls").insert(
                {"repo": NAME, "number": number, "title": pull["title"], "body": "", "author": "ada",
                 "merged_at": pull["mergedAt"], "updated_at": pull["updatedAt"], "base_branch": "main",
                 "merge_sha": pull["mergeCommit"]["oid"], "head_sha": pull["headRefOid"], "labels": "[]",
                 "closes": "[]"},
            )  # fmt: skip
    return widgets


def writes(github: StandIn) -> list[str]:
    return [f"{each.verb} {each.path}" for each in github.requests if each.verb != "GET" and "token" not in each.path]


def test_one_comment_and_one_check_run(github: StandIn, context: Context, widgets: Repository) -> None:
    take_in(context, attempts(1))
    body = the_comment(widgets, 1)["body"]
    assert body.startswith(f"{MARKER}\n\n◔ **Switchover: collecting.** Own is 30 points ahead")
    assert "| own | 0.80 | $0.20 | 30 s |" in body and "👎" in body
    (check,) = widgets.checks
    assert (check["name"], check["conclusion"], check["status"]) == ("Switchover", "neutral", "completed")
    assert check["head_sha"] == widgets.pulls[1]["headRefOid"]
    assert check["output"]["title"] == "collecting; own 0.80, base 0.20, frontier 0.50"
    assert "| own | 0.80 | $0.20 | 30 s |" in check["output"]["summary"] and "👎" not in check["output"]["summary"]
    assert checks.number_of(check["external_id"], widgets.id) == 1
    assert len(writes(github)) == 2


def test_a_repository_with_a_damaged_row_holds_up_no_other(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    other = github.add("acme/gears", pulls=1, files={CONFIG: widgets.files[CONFIG]})
    know(context.store, other, configured=1)
    add_evaluations(context.store, other.name, attempts(1, repo=other.name, task_id=f"{other.name}#1"), run=None)
    with context.store.atomic():
        context.store.db.execute("UPDATE evaluations SET row = '{' WHERE repo = ?", [other.name])
    take_in(context, attempts(1))
    assert len(ours(widgets, 1)) == 1 and ours(other, 1) == []


@pytest.mark.timeout(900)
def test_a_hundred_evaluations_of_one_pull_request_make_one_comment(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    at = ago(hours=1)
    for k in range(100):
        take_in(context, attempts(1, own=k / 99, attempt=k, at=at))
    assert len(ours(widgets, 1)) == 1 and len(widgets.checks) == 1
    assert "| own | 0.50 |" in the_comment(widgets, 1)["body"], "the mean of all"
    made = [each for each in writes(github) if each.startswith("POST")]
    assert len(made) == 2, "one comment, one check run; all else edits them"
    assert len(the_comment(widgets, 1)["body"].encode()) <= LIMIT


@pytest.mark.timeout(900)
def test_what_says_the_same_is_not_written_again(github: StandIn, context: Context, widgets: Repository) -> None:
    rows = attempts(1)
    take_in(context, rows)
    before = len(writes(github))
    for _ in range(100):
        take_in(context, rows)
    assert len(writes(github)) == before
    with context.store.atomic():
        context.store.db.execute("UPDATE evaluated SET again = 1")
    settle(context)
    assert len(writes(github)) == before, "looked at once more, and found the same"


def test_a_comment_is_not_edited_for_another_pull_request(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    take_in(context, attempts(1))
    before, edits = the_comment(widgets, 1)["body"], len(writes(github))
    take_in(context, attempts(2))
    assert the_comment(widgets, 1)["body"] == before and len(writes(github)) == edits + 2
    assert "2 PRs" in the_comment(widgets, 2)["body"]


@pytest.mark.parametrize("change", [{"backtest": True}, {"merged_at": ago(days=40)}, {"at": ago(days=20)}])
def test_nothing_is_posted_on_old_work(
    github: StandIn, context: Context, widgets: Repository, change: dict[str, object]
) -> None:
    take_in(context, attempts(1, **change))
    assert writes(github) == []


@pytest.mark.parametrize(("mode", "comments"), [("every_pull", 1), ("weekly", 0), ("never", 0)])
def test_each_mode(context: Context, widgets: Repository, mode: str, comments: int) -> None:
    configure(widgets, mode)
    take_in(context, attempts(1))
    assert (len(ours(widgets, 1)), len(widgets.checks)) == (comments, 1)


def test_without_the_permission_there_is_no_check_run(context: Context, widgets: Repository) -> None:
    know(context.store, widgets)
    with context.store.atomic():
        context.store.db.execute('UPDATE installations SET permissions = \'{"issues": "write"}\'')
    take_in(context, attempts(1))
    assert len(ours(widgets, 1)) == 1 and not widgets.checks


def test_nothing_while_paused_and_all_after_it(github: StandIn, context: Context, widgets: Repository) -> None:
    context.store.change_repository(widgets.id, paused=1)
    take_in(context, attempts(1))
    assert writes(github) == []
    context.store.change_repository(widgets.id, paused=0)
    settle(context)
    context.store.change_repository(widgets.id, paused=1)
    take_in(context, attempts(1, attempt=1))
    assert len(ours(widgets, 1)) == 1 and len(writes(github)) == 2


def test_a_letter_waits_while_paused(context: Context, widgets: Repository) -> None:
    add_evaluations(context.store, NAME, attempts(1), run=None)
    assert step(context.store, context.forge) == 0
    context.store.change_repository(widgets.id, paused=1)
    send(context)
    assert not ours(widgets, 1) and not widgets.checks
    context.store.change_repository(widgets.id, paused=0)
    settle(context)
    assert len(ours(widgets, 1)) == 1


def test_a_lost_database_finds_its_comment_and_check_run_again(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    at = ago(hours=1)
    take_in(context, attempts(1, at=at))
    with context.store.atomic():
        context.store.db.execute("DELETE FROM evaluated")
        context.store.db.execute("DELETE FROM outbox")
    take_in(context, attempts(1, own=0.1, attempt=1, at=at))
    assert len(ours(widgets, 1)) == 1 and len(widgets.checks) == 1
    assert "| own | 0.45 |" in the_comment(widgets, 1)["body"]
    assert "own 0.45" in widgets.checks[0]["output"]["title"]


def test_a_stranger_who_writes_our_marker_is_not_taken_for_us(context: Context, widgets: Repository) -> None:
    widgets.comments.append(
        {"id": 1, "issue": 1, "body": f"{MARKER}\nmine", "user": {"login": "mallory"}, "created_at": ago(hours=2),
         "updated_at": ago(hours=2)}
    )  # fmt: skip
    take_in(context, attempts(1))
    assert widgets.comments[0]["body"] == f"{MARKER}\nmine" and len(ours(widgets, 1)) == 1


def test_killed_after_sending_makes_no_second_one(github: StandIn, context: Context, widgets: Repository) -> None:
    """The answer is lost: as after a kill between GitHub's work and ours."""
    github.fail(faults.lost_answer(), "POST", "/comments")
    github.fail(faults.lost_answer(), "POST", "/check-runs")
    take_in(context, attempts(1))
    with context.store.atomic():
        context.store.db.execute("UPDATE outbox SET due_at = 0")
    settle(context)
    assert len(ours(widgets, 1)) == 1 and len(widgets.checks) == 1
    assert all(row["state"] == "sent" for row in context.store.db.query("SELECT state FROM outbox"))


def test_a_config_that_cannot_be_read_makes_it_wait(github: StandIn, context: Context, widgets: Repository) -> None:
    widgets.files[".github/switchover.yml"] = "report: {comment: daily}\n"
    take_in(context, attempts(1))
    assert writes(github) == []
    configure(widgets, "every_pull")
    with context.store.atomic():
        context.store.db.execute("UPDATE evaluated SET due_at = 0")
    settle(context)
    assert len(ours(widgets, 1)) == 1


def test_long_patches_stay_within_the_limit(context: Context, widgets: Repository) -> None:
    patch = "\n".join("+" + "漢" * 250 for _ in range(400))
    rows = [dataclasses.replace(each, attempt=k, patch=patch) for k in range(30) for each in attempts(1)]
    take_in(context, rows)
    assert len(the_comment(widgets, 1)["body"].encode()) <= LIMIT
    assert len(widgets.checks[0]["output"]["summary"].encode()) <= LIMIT


def test_results_that_are_taken_in_raise_the_flag(context: Context, widgets: Repository) -> None:
    """From rows in the database to the issue on the day of the transition point; a backtest posts no comment."""
    rows = [row for number in range(1, 41) for row in attempts(number, own=1.0, frontier=0.0, backtest=True, f1=0.9)]
    take_in(context, rows)
    assert not widgets.comments
    kept = context.store.verdict(NAME)
    assert kept and kept.state == "ready"
    while transitions.step(context.store, context.forge) == 0:
        send(context)
    (issue,) = [each for each in widgets.issues.values() if "transition" in each["body"]]
    assert "40" in issue["body"]
    before = kept.seq
    take_in(context, rows)
    assert context.store.verdict(NAME).seq == before  # type: ignore[union-attr]
