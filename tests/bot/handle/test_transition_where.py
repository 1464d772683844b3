"""Where the transition issue may be posted, what holds it back, and that nothing in it can act."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.handle.change import Context
from bot.transition import posted
from bot.transition.step import step
from pipeline.forget import repositories
from tests.bot.handle.conftest import rows, send
from tests.bot.handle.transitions import NAME, RUN, decide, duels, ours, post, reach, said, the_issue
from tests.github.stand_in import CONFIG, Repository, StandIn, faults


@pytest.mark.parametrize(
    "row",
    [{"paused": 1}, {"configured": 0}, {"state": "removed"}, {"state": "deleted"}, {"state": "forgotten"}],
    ids=str,
)
def test_nothing_where_nothing_may_be_posted(
    context: Context, github: StandIn, widgets: Repository, row: dict[str, Any]
) -> None:
    decide(context.store, RUN["ready"])
    context.store.change_repository(widgets.id, **row)
    github.requests.clear()
    post(context)
    assert not github.requests and not rows(context.store, "outbox")


def test_a_config_that_went_unseen_stops_it_too(context: Context, widgets: Repository) -> None:
    text = widgets.files.pop(CONFIG)
    reach(context, "ready")
    assert not ours(widgets)
    widgets.files[CONFIG] = text
    context.store.db.execute("UPDATE transitions SET due_at = 0")
    context.store.db.conn.commit()
    post(context)
    assert len(ours(widgets)) == 1, "and is looked at again later"


def test_a_pause_holds_what_was_about_to_be_sent(context: Context, widgets: Repository) -> None:
    decide(context.store, RUN["ready"])
    step(context.store, context.forge)
    context.store.change_repository(widgets.id, paused=1)
    send(context)
    assert not ours(widgets) and rows(context.store, "outbox", "state") == [{"state": "waiting"}]
    context.store.change_repository(widgets.id, paused=0)
    post(context)
    assert len(ours(widgets)) == 1


def test_with_comments_never_the_issue_speaks_alone(context: Context, widgets: Repository) -> None:
    widgets.files[CONFIG] = "report: {comment: never}\n"
    reach(context, "ready")
    reach(context, "drifted")
    assert the_issue(widgets)["state"] == "CLOSED" and not said(widgets)


def test_forgotten_nothing_is_left(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    repositories.purge(context.store, repositories.subject(context.store, NAME))
    assert not rows(context.store, "transitions") and not rows(context.store, "outbox")


def test_issues_switched_off_is_said_once_and_tried_with_the_next_verdict(
    context: Context, github: StandIn, widgets: Repository
) -> None:
    github.fail(faults.status(410, "Issues are disabled for this repo"), "POST", "/issues")
    reach(context, "ready")
    assert [row["state"] for row in rows(context.store, "outbox")] == ["dead"]
    post(context)
    assert not ours(widgets)
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert len(ours(widgets)) == 1


def test_github_down_is_waited_for(context: Context, github: StandIn, widgets: Repository) -> None:
    github.fail(faults.reset(), path="/contents/", times=9)
    reach(context, "ready")
    found = posted.load(context.store, widgets.id)
    assert found == replace(posted.Posted(widgets.id), due_at=found.due_at) and found.due_at > 0


def test_names_that_others_chose_are_inert(context: Context, widgets: Repository) -> None:
    evil = "x](http://evil) @acme/all <img src=y> - [x] <!-- switchover:box=switch --> #1"
    hostile = [replace(each, adapter=each.adapter and evil, title=evil) for each in RUN["ready"]]
    decide(context.store, [replace(each, model=evil if each.role == "frontier" else each.model) for each in hostile])
    post(context)
    body = the_issue(widgets)["body"].partition("<details>")[0]
    assert "acme/a" in body and "@acme" not in body and "<img" not in body
    assert not re.search(r"(?<!\\)\]\(http", body) and body.count("<!-- switchover:box=switch -->") == 1
