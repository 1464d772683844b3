"""From stored verdicts to the posted issue: in every state, once, silently, and only where it may be."""

from __future__ import annotations

import pytest

from bot.handle.change import Context
from pipeline.report.transition import MARKER
from tests.bot.handle.conftest import deliver, know, payload, rows
from tests.bot.handle.transitions import (
    NAME,
    RUN,
    decide,
    duels,
    ours,
    post,
    reach,
    said,
    the_issue,
)
from tests.github.stand_in import Repository, StandIn
from tests.github.stand_in.rest_issues import set_state


@pytest.mark.parametrize("name", ["training", "collecting", "close", "behind", "drifted"])
def test_before_the_first_ready_there_is_none(context: Context, widgets: Repository, name: str) -> None:
    assert decide(context.store, RUN[name]) == name
    post(context)
    assert not ours(widgets) and not rows(context.store, "outbox")


def test_a_switch_without_a_flag_opens_none(context: Context, widgets: Repository) -> None:
    context.store.add_route(NAME, "own", by="ann", how="command", at="2026-01-01T00:00:00Z")
    assert decide(context.store, RUN["ready"]) == "switched"
    post(context)
    assert not ours(widgets)


def test_ready_opens_one_with_the_evidence(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    issue = the_issue(widgets)
    assert (issue["state"], issue["title"]) == ("OPEN", "Switchover: your own model is ready to take over")
    assert issue["body"].startswith(MARKER) and issue["body"].count("- [ ]") == 3
    assert "### The evidence" in issue["body"] and "2026-" in issue["body"]
    assert not said(widgets), "the issue itself is the news"


def test_the_same_evidence_again_writes_nothing(context: Context, github: StandIn, widgets: Repository) -> None:
    reach(context, "ready")
    github.requests.clear()
    reach(context, "ready")
    post(context)
    assert not github.requests


def test_new_evidence_edits_in_place_without_a_word(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    before = the_issue(widgets)["body"]
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert the_issue(widgets)["body"] != before and "121" in the_issue(widgets)["body"]
    assert not said(widgets)


def test_a_switch_is_told_and_the_boxes_go(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    context.store.add_route(NAME, "own", by="ann", how="command", at="2027-01-01T00:00:00Z")
    reach(context, "ready")
    issue = the_issue(widgets)
    assert issue["state"] == "OPEN" and "- [ ]" not in issue["body"] and "runs on its own model" in issue["title"]
    (news,) = said(widgets)
    assert news.startswith("**Switchover: the team is served by own.")


def test_drifted_closes_it_with_the_reason(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    reach(context, "drifted")
    issue = the_issue(widgets)
    assert (issue["state"], issue["rest"]["reason"]) == ("CLOSED", "not_planned")
    (news,) = said(widgets)
    assert news.startswith("**Switchover: the verdict no longer holds.") and "frontier model changed" in news


def test_after_a_switch_own_falls_behind(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    context.store.add_route(NAME, "own", by="ann", how="pull", at="2026-01-07T00:00:00Z")
    decide(context.store, RUN["ready"] + duels([-1.0] * 40, 300, repo=NAME))
    post(context)
    assert the_issue(widgets)["state"] == "CLOSED" and "go back to frontier" in the_issue(widgets)["title"]
    assert "fallen beyond the margin" in said(widgets)[-1]


def test_ready_again_opens_the_same_one_again(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    reach(context, "drifted")
    decide(context.store, RUN["drifted"] + duels([0.0] * 200, 130, repo=NAME, frontier_model="larger"))
    post(context)
    assert the_issue(widgets)["state"] == "OPEN" and len(said(widgets)) == 2
    assert said(widgets)[-1].startswith("**Switchover: own is ready.")


def test_a_new_version_is_judged_in_silence(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    assert decide(context.store, RUN["retrained"]) == "close"
    post(context)
    assert the_issue(widgets)["state"] == "OPEN" and not said(widgets)
    assert "is not ready" in the_issue(widgets)["title"] and "- [ ]" not in the_issue(widgets)["body"]


def test_a_hundred_updates_make_one_issue(context: Context, widgets: Repository) -> None:
    decide(context.store, RUN["ready"])
    newest = context.store.verdict(NAME)
    assert newest
    for place in range(100):
        context.store.add_verdict(NAME, newest.record | {"at": f"2026-02-01T00:{place // 60:02d}:{place % 60:02d}Z"})
        if place % 3:
            post(context)
    assert len(ours(widgets)) == 1 and not said(widgets)
    assert len(rows(context.store, "transitions")) == 1


def test_never_two_even_when_the_database_was_lost(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    number = the_issue(widgets)["number"]
    for table in ("transitions", "outbox", "verdicts"):
        context.store.db.execute(f"DELETE FROM {table}")
    context.store.db.conn.commit()
    the_issue(widgets)["body"] = f"{MARKER}\n\nstale"
    reach(context, "ready")
    assert the_issue(widgets)["number"] == number and "### The evidence" in the_issue(widgets)["body"]


def test_an_issue_that_quotes_the_marker_is_not_ours(context: Context, widgets: Repository) -> None:
    widgets.add_issue(900, body=f"{MARKER} I copied this", state="OPEN")
    reach(context, "ready")
    assert len(ours(widgets)) == 1 and widgets.issues[900]["body"].endswith("I copied this")


def test_it_survives_being_edited(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    the_issue(widgets).update(title="Our switch", body="all gone")
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert the_issue(widgets)["title"] == "Our switch", "a person's title stays"
    assert the_issue(widgets)["body"].startswith(MARKER)


def close(context: Context, widgets: Repository, login: str = "ann") -> None:
    issue = the_issue(widgets)
    set_state(issue, False, login)
    deliver(context, "issues", payload(widgets, "closed", issue={"number": issue["number"]}))
    post(context)


def test_closed_by_a_person_it_stays_so_in_the_epoch(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    close(context, widgets)
    decide(context.store, RUN["ready"] + duels([0.0] * 2, 121, repo=NAME))
    post(context)
    assert the_issue(widgets)["state"] == "CLOSED" and not said(widgets)
    assert "122" in the_issue(widgets)["body"], "and is still kept true"
    reach(context, "drifted")
    assert not said(widgets), "the flag that nobody wanted comes down in silence"
    decide(context.store, RUN["drifted"] + duels([0.0] * 200, 130, repo=NAME, frontier_model="larger"))
    post(context)
    assert the_issue(widgets)["state"] == "OPEN", "a new epoch is a new question"


def test_closed_after_the_switch_a_switch_back_is_still_told(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    context.store.add_route(NAME, "own", by="ann", how="pull", at="2026-01-07T00:00:00Z")
    reach(context, "ready")
    close(context, widgets)
    decide(context.store, RUN["ready"] + duels([-1.0] * 40, 300, repo=NAME))
    post(context)
    assert len(said(widgets)) == 2 and the_issue(widgets)["state"] == "CLOSED"


def test_opened_again_by_a_person_it_is_not_closed_again(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    reach(context, "drifted")
    set_state(the_issue(widgets), True, "ann")
    decide(context.store, RUN["drifted"] + duels([0.0], 130, repo=NAME, frontier_model="larger"))
    post(context)
    assert the_issue(widgets)["state"] == "OPEN" and len(said(widgets)) == 1


def test_deleted_it_comes_back_only_in_a_new_epoch(context: Context, widgets: Repository) -> None:
    reach(context, "ready")
    number = the_issue(widgets)["number"]
    widgets.issues.pop(number)
    widgets.gone.add(number)
    deliver(context, "issues", payload(widgets, "deleted", issue={"number": number}))
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert not ours(widgets)
    decide(context.store, RUN["retrained"] + duels([0.0] * 200, 300, repo=NAME, own_adapter="a2"))
    post(context)
    assert the_issue(widgets)["number"] > number


def test_moved_elsewhere_it_is_let_alone(context: Context, github: StandIn, widgets: Repository) -> None:
    other = github.add("acme/other")
    know(context.store, other)
    reach(context, "ready")
    number = the_issue(widgets)["number"]
    other.issues[7] = widgets.issues.pop(number) | {"number": 7}
    widgets.moved[number] = ("acme/other", 7)
    before = dict(other.issues[7])
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert other.issues[7] == before and not ours(widgets)


def test_a_renamed_repository_keeps_its_issue(context: Context, github: StandIn, widgets: Repository) -> None:
    reach(context, "ready")
    github.rename(widgets, "acme/gadgets")
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert "121" in the_issue(widgets)["body"]
    context.store.rename_repo(NAME, "acme/gadgets")
    newest = context.store.verdict("acme/gadgets")
    assert newest
    context.store.add_verdict("acme/gadgets", newest.record | {"at": "2026-09-09T00:00:00Z"})
    post(context)
    assert "2026-09-09" in the_issue(widgets)["body"]
