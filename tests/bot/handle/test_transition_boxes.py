"""The checkboxes: who is obeyed, what is done once, and what is taken away without a word."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.handle.change import Context
from bot.receive import deliveries
from bot.transition import boxes, posted
from pipeline.report.transition import BOX_MARKERS
from pipeline.store import Store
from tests.bot.handle.conftest import arrive, deliver, payload, rows, settle, state_of
from tests.bot.handle.transitions import (
    NAME,
    RUN,
    click,
    decide,
    duels,
    edited,
    let_write,
    opened,
    post,
    reach,
    said,
    the_issue,
    tick,
)
from tests.github.stand_in import CONFIG, Repository, Request, StandIn, faults
from tests.github.stand_in.rest_code import merge

TEXT = "# ours\nserve:\n  route: frontier  # for now\ncollect: {since: 2025-01-01}\n"


@pytest.fixture(autouse=True)
def ready(context: Context, github: StandIn, widgets: Repository) -> None:
    """The issue is there, and the App may write."""
    widgets.files[CONFIG] = TEXT
    github.installations[1].permissions["contents"] = "write"
    let_write(context, widgets)
    reach(context, "ready")


def line(repository: Repository, box: str) -> str:
    (found,) = (each for each in the_issue(repository)["body"].split("\n") if BOX_MARKERS[box] in each)
    return found


@pytest.mark.parametrize("login", ["ann", "wim", "max"])
def test_a_writer_s_tick_opens_the_pull_request(context: Context, widgets: Repository, login: str) -> None:
    assert click(context, widgets, "switch", login) == ("done", None)
    post(context)
    (pull,) = opened(widgets)
    assert (pull["title"], pull["headRefName"]) == ("Set serve.route: own", "switchover/route-own-1")
    assert f"Asked for by {login}." in pull["body"] and f"#{the_issue(widgets)['number']}" in pull["body"]
    assert "Evidence up to 2026-01-06" in pull["body"] and "**State: ready.**" in pull["body"]
    assert widgets.branches["switchover/route-own-1"].files == widgets.files | {
        CONFIG: TEXT.replace("frontier", "own")
    }, "one value of one file"
    assert line(widgets, "switch").startswith("- [x]") and f"/pull/{pull['number']})" in line(widgets, "switch")
    assert not said(widgets)


@pytest.mark.parametrize("login", ["tri", "rob", "stranger"])
def test_another_s_tick_goes_at_the_next_edit(context: Context, widgets: Repository, login: str) -> None:
    state, note = click(context, widgets, "switch", login)
    assert state == "done" and note and "the tick goes at the next edit" in note
    post(context)
    assert not opened(widgets) and line(widgets, "switch").startswith("- [x]"), "nothing is written for a stranger"
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert line(widgets, "switch").startswith("- [ ]") and not said(widgets)


@pytest.mark.parametrize(("login", "kind"), [("switchover[bot]", "Bot"), ("other[bot]", "User"), ("app", "Bot")])
def test_a_bot_s_tick_costs_nothing(
    context: Context, github: StandIn, widgets: Repository, login: str, kind: str
) -> None:
    widgets.people[login] = "admin"
    github.requests.clear()
    assert click(context, widgets, "switch", login, kind) == ("done", "an issue of ours")
    assert not github.requests


def test_twice_is_once(context: Context, widgets: Repository) -> None:
    click(context, widgets, "switch", "ann")
    post(context)
    click(context, widgets, "switch", "ann", on=False)
    click(context, widgets, "switch", "wim")
    post(context)
    assert len(opened(widgets)) == 1 and line(widgets, "switch").count("](") == 1


def test_delivered_again_it_is_once(context: Context, widgets: Repository) -> None:
    guid = arrive(context.store, "issues", edited(widgets, tick(the_issue(widgets)["body"], "switch"), "ann"))
    for _ in range(3):
        settle(context)
        post(context)
        deliveries.replay(context.store, guids=[guid])
    assert len(opened(widgets)) == 1


def test_a_tick_is_its_own_editor_s(context: Context, widgets: Repository) -> None:
    """A reader ticks; a writer mends a word before and after: the tick is never taken for the writer's."""
    before = the_issue(widgets)["body"]
    first = edited(widgets, before.replace("evidence", "Evidence"), "ann")
    second = edited(widgets, tick(the_issue(widgets)["body"], "switch"), "rob")
    third = edited(widgets, the_issue(widgets)["body"].replace("Evidence", "evidence"), "ann")
    for told in (first, second, third):
        deliver(context, "issues", told)
    post(context)
    assert not opened(widgets)


def test_a_tick_that_was_taken_back_is_not_obeyed(context: Context, widgets: Repository) -> None:
    told = edited(widgets, tick(the_issue(widgets)["body"], "switch"), "ann")
    the_issue(widgets)["body"] = tick(the_issue(widgets)["body"], "switch", on=False)
    assert deliver(context, "issues", told) == ("done", "no box that was ticked is so any more")


def test_a_tick_waits_for_its_delivery_before_the_issue_is_edited(context: Context, widgets: Repository) -> None:
    """The worker was down: the newer verdict must not take the tick away before it is known whose it is."""
    guid = arrive(context.store, "issues", edited(widgets, tick(the_issue(widgets)["body"], "switch"), "ann"))
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    settle(context)
    post(context)
    assert state_of(context.store, guid) == ("done", None) and len(opened(widgets)) == 1
    assert line(widgets, "switch").startswith("- [x]") and "121" in the_issue(widgets)["body"]


def test_a_tick_between_the_look_and_the_letters_is_kept(
    context: Context, github: StandIn, widgets: Repository
) -> None:
    """While the issue is read for a newer verdict, another thread obeys a tick."""

    def meanwhile(request: Request) -> bool:
        if request.verb == "GET" and request.path.endswith(f"/issues/{the_issue(widgets)['number']}"):
            with Store.open(context.store.path) as other, other.atomic():
                kept = posted.load(other, widgets.id).epoch
                obeyed = {"keep": posted.Ticked(kept, None)}
                versions = json.dumps(json.loads(kept)[1:])
                posted.save(other, replace(posted.load(other, widgets.id), boxes=obeyed, kept=versions))
        return False

    github.fail(faults.slow(0), when=meanwhile)
    decide(context.store, RUN["ready"] + duels([0.0], 121, repo=NAME))
    post(context)
    assert posted.load(context.store, widgets.id).boxes.keys() == {"keep"}
    assert line(widgets, "keep").startswith("- [x]") and "121" in the_issue(widgets)["body"]


def test_canary_and_switch_at_once_is_the_careful_one(context: Context, widgets: Repository) -> None:
    body = tick(tick(the_issue(widgets)["body"], "switch"), "canary")
    deliver(context, "issues", edited(widgets, body, "ann"))
    post(context)
    (pull,) = opened(widgets)
    assert pull["headRefName"] == "switchover/route-canary-0.1-1"
    assert "route: canary=0.1  # for now" in widgets.branches[pull["headRefName"]].files[CONFIG]
    assert line(widgets, "switch").startswith("- [ ]")


def test_closed_unmerged_it_is_not_opened_again_in_this_epoch(context: Context, widgets: Repository) -> None:
    click(context, widgets, "switch", "ann")
    post(context)
    opened(widgets)[0].update(state="CLOSED")
    click(context, widgets, "switch", "ann", on=False)
    click(context, widgets, "switch", "ann")
    post(context)
    assert len(opened(widgets)) == 1
    decide(context.store, RUN["retrained"] + duels([0.0] * 200, 300, repo=NAME, own_adapter="a2"))
    post(context)
    assert line(widgets, "switch").startswith("- [ ]"), "a new version is a new question"
    click(context, widgets, "switch", "ann")
    post(context)
    assert [pull["headRefName"] for pull in opened(widgets)] == ["switchover/route-own-1", "switchover/route-own-2"]


def test_without_the_permission_it_says_how_by_hand(context: Context, widgets: Repository) -> None:
    context.store.db.execute('UPDATE installations SET permissions = \'{"contents": "read"}\'')
    context.store.db.conn.commit()
    click(context, widgets, "switch", "ann")
    post(context)
    assert not opened(widgets) and line(widgets, "switch").startswith("- [x]")
    assert "run `switchover switch own` in a clone" in line(widgets, "switch")
    assert "/acme/widgets/edit/main/.github/switchover.yml)" in line(widgets, "switch")


def test_a_pull_request_that_is_refused_is_said_in_the_issue(
    context: Context, github: StandIn, widgets: Repository
) -> None:
    github.installations[1].permissions["contents"] = "read"  # what we know of it is old
    click(context, widgets, "switch", "ann")
    post(context)
    assert not opened(widgets) and "could not be opened: `switchover switch` does it by hand" in line(widgets, "switch")


def test_keep_is_silent_until_the_next_version(context: Context, widgets: Repository) -> None:
    click(context, widgets, "keep", "ann")
    post(context)
    assert line(widgets, "keep").startswith("- [x]")
    reach(context, "drifted")  # another frontier: these versions are not judged any more
    assert len(said(widgets)) == 1 and the_issue(widgets)["state"] == "CLOSED"
    decide(context.store, RUN["drifted"] + duels([0.0] * 200, 130, repo=NAME, frontier_model="larger"))
    post(context)
    assert the_issue(widgets)["state"] == "OPEN" and line(widgets, "keep").startswith("- [ ]")


def test_keep_says_nothing_about_the_same_versions(context: Context, widgets: Repository) -> None:
    click(context, widgets, "keep", "ann")
    post(context)
    decide(context.store, RUN["ready"] + duels([-1.0] * 90, 121, repo=NAME))
    found = context.store.verdict(NAME)
    assert found and found.state == "behind"
    post(context)
    assert not said(widgets)


def test_once_the_flag_is_down_a_late_tick_opens_nothing(context: Context, widgets: Repository) -> None:
    told = edited(widgets, tick(the_issue(widgets)["body"], "switch"), "ann")
    decide(context.store, RUN["drifted"])
    assert deliver(context, "issues", told)[1] == "own is not ready any more: the boxes are about to go"
    assert not opened(widgets)


def test_paused_no_pull_request_is_opened(context: Context, widgets: Repository) -> None:
    context.store.change_repository(widgets.id, paused=1)
    click(context, widgets, "switch", "ann")
    post(context)
    assert not opened(widgets) and not rows(context.store, "outbox", "kind", "state")[1:]


def test_merged_the_team_is_switched(context: Context, widgets: Repository) -> None:
    click(context, widgets, "switch", "ann")
    post(context)
    commit = merge(widgets, opened(widgets)[0]["number"], "wim", at="2026-01-07T00:00:00Z")
    deliver(context, "push", push(widgets, commit))
    (row,) = context.store.routes(NAME)
    assert (row.route, row.by, row.how, row.at, row.verdict_seq) == ("own", "wim", "pull", "2026-01-07T00:00:00Z", 1)
    assert decide(context.store, RUN["ready"]) == "switched"
    post(context)
    assert "runs on its own model" in the_issue(widgets)["title"] and "served by own" in said(widgets)[0]


def test_a_route_that_a_person_pushed_is_theirs(context: Context, widgets: Repository) -> None:
    for text in (TEXT.replace("frontier", "own"), TEXT, TEXT, "not: [valid"):
        widgets.files[CONFIG] = text
        deliver(context, "push", push(widgets, "f" * 40))
    assert [(row.route, row.by, row.how) for row in context.store.routes(NAME)] == [
        ("own", "ann", "config"),
        ("frontier", "ann", "config"),
    ]


@pytest.mark.parametrize("commits", [[], [{"modified": ["a.py"]}], "x", [None], [{"modified": 5}]], ids=str)
def test_a_push_that_leaves_the_config_alone_asks_nothing(
    context: Context, github: StandIn, widgets: Repository, commits: Any
) -> None:
    github.requests.clear()
    deliver(context, "push", push(widgets, "f" * 40) | {"commits": commits})
    assert not github.requests and not context.store.routes(NAME)


def push(repository: Repository, commit: str) -> dict[str, Any]:
    changed = [{"id": commit, "added": [], "modified": [CONFIG], "removed": []}]
    return payload(repository, ref="refs/heads/main", after=commit, commits=changed)


def test_boxes_in_odd_texts() -> None:
    marker = BOX_MARKERS["switch"]
    assert boxes.ticked(f"* [X] what they made of it {marker}\r\n") == {"switch"}
    for text in (None, "", marker, f"[x] {marker}", f"- [x]{marker}", f"- [ ] {marker}", f"text - [x] {marker}"):
        assert not boxes.ticked(text)
    assert boxes.newly(f"- [ ] a {marker}", f"- [x] a {marker}") == {"switch"}
    assert not boxes.newly(f"- [x] a {marker}", f"- [x] a {marker}")
    assert boxes.same("a\r\nb\n", "a\nb") and not boxes.same("a", "b")
