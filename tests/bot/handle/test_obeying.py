"""Commands, from the comment to the answer: who is obeyed, what is done, and that it is said once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.handle.change import Context
from bot.receive import deliveries
from pipeline.types import ChangedFile, LeftOut, Link, Pull
from tests.bot.handle.conftest import WORKFLOW, arrive, payload, rows, send, settle, state_of
from tests.github.stand_in import CONFIG, Repository, StandIn, faults

NUMBER = 2


def comment(
    context: Context, repository: Repository, text: str, login: str = "ann", kind: str = "User", number: int = NUMBER
) -> str:
    """Somebody comments; what became of the delivery's GUID."""
    id = 9000 + len(repository.comments)
    who = {"login": login, "type": kind}
    repository.comments.append(
        {"id": id, "issue": number, "body": text, "user": who, "created_at": "", "updated_at": "2026"}
    )
    issue: dict[str, Any] = {"number": number, **({"pull_request": {}} if number in repository.pulls else {})}
    said = payload(repository, "created", comment={"id": id, "body": text}, issue=issue) | {"sender": who}
    guid = arrive(context.store, "issue_comment", said)
    settle(context)
    send(context)
    return guid


def answers(repository: Repository, number: int = NUMBER) -> list[str]:
    """What we have written, without the hidden mark."""
    bodies = [
        c["body"] for c in repository.comments if c["issue"] == number and c["user"]["login"] == "switchover[bot]"
    ]
    assert all(body.count("<!-- switchover:answer:") == 1 for body in bodies)
    return [body.partition("<!--")[0].strip() for body in bodies]


def reactions(repository: Repository) -> list[str]:
    return [each["content"] for found in repository.reactions.values() for each in found]


@pytest.mark.parametrize("login", ["ann", "wim", "max"])
def test_who_may_write_is_acknowledged_and_answered_once(context: Context, widgets: Repository, login: str) -> None:
    guid = comment(context, widgets, "/switchover help", login)
    assert state_of(context.store, guid) == ("done", None)
    assert reactions(widgets) == ["eyes"]
    (said,) = answers(widgets)
    assert said.startswith("**Switchover: commands**") and "| `/switchover why` |" in said
    assert f"@{login}" not in said


@pytest.mark.parametrize("login", ["tri", "rob", "stranger", "../../admin", "ann?x=1"])
def test_who_may_not_gets_no_answer_at_all(context: Context, widgets: Repository, login: str) -> None:
    guid = comment(context, widgets, "/switchover pause", login)
    state, note = state_of(context.store, guid)
    assert state == "done" and note and "may not write to acme/widgets: no answer" in note
    assert not answers(widgets) and not reactions(widgets) and not rows(context.store, "outbox")
    row = context.store.repository(widgets.id)
    assert row and not row.paused


@pytest.mark.parametrize(("login", "kind"), [("switchover[bot]", "Bot"), ("other", "Bot"), ("x[bot]", "User")])
def test_bots_are_not_obeyed(github: StandIn, context: Context, widgets: Repository, login: str, kind: str) -> None:
    widgets.people[login] = "admin"
    github.requests.clear()
    comment(context, widgets, "/switchover help", login, kind)
    assert not rows(context.store, "outbox") and not github.requests


def test_the_permission_is_asked_each_time(context: Context, widgets: Repository) -> None:
    comment(context, widgets, "/switchover help", "wim")
    widgets.people["wim"] = "read"
    comment(context, widgets, "/switchover help", "wim")
    assert len(answers(widgets)) == 1


def test_nothing_is_posted_where_there_is_no_config(github: StandIn, context: Context, widgets: Repository) -> None:
    context.store.change_repository(widgets.id, configured=0)
    github.requests.clear()
    for word in ("status", "evaluate", "why", "retrain", "pause", "resume", "help", "nonsense"):
        guid = comment(context, widgets, f"/switchover {word}")
        assert "has no .github/switchover.yml" in (state_of(context.store, guid)[1] or "")
    assert not github.requests and not rows(context.store, "outbox")


def test_nothing_is_posted_where_the_app_is_not_granted_any_more(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    context.store.change_repository(widgets.id, state="removed")
    guid = comment(context, widgets, "/switchover help")
    assert state_of(context.store, guid) == ("done", "not a repository that the App may work on")
    assert not github.requests


def test_a_comment_without_a_command_costs_nothing(github: StandIn, context: Context, widgets: Repository) -> None:
    guid = comment(context, widgets, "I would run /switchover retrain now")
    assert state_of(context.store, guid) == ("done", "no command") and not github.requests


def test_delivered_again_or_replayed_it_is_answered_once(context: Context, widgets: Repository) -> None:
    guid = comment(context, widgets, "/switchover pause")
    comment(context, widgets, "/switchover resume")
    deliveries.replay(context.store, guids=[guid])
    settle(context)
    send(context)
    assert state_of(context.store, guid) == ("done", "obeyed before")
    row = context.store.repository(widgets.id)
    assert row and not row.paused, "an old pause is not obeyed a second time"
    assert len(answers(widgets)) == 2


def test_status_tells_counts_progress_and_state(context: Context, widgets: Repository) -> None:
    collect(context, widgets)
    comment(context, widgets, "/switchover status")
    (said,) = answers(widgets)
    assert said.splitlines()[0] == "**Switchover: everything that is merged is collected.**"
    assert "| merged pull requests collected | 1 |" in said and "| newest merge | 2026-02-01T00:00:00Z |" in said
    assert "Left out: `bot` 1." in said and "Paused" not in said


def test_status_tells_what_is_wrong(context: Context, widgets: Repository) -> None:
    context.store.change_repository(
        widgets.id, backfill="running", seen=2100, total=10000, paused=1, config_error="unknown key @all <img src=x>"
    )
    comment(context, widgets, "/switchover status")
    (said,) = answers(widgets)
    assert "collecting. 2,100 of 10,000 merged pull requests are read." in said and "Paused: nothing is" in said
    assert "@all" not in said and "\\<img src=x\\>" in said
    context.store.change_repository(widgets.id, backfill="done", error="the mirror is *full*")
    comment(context, widgets, "/switchover status")
    assert "did not succeed, and is tried again: the mirror is \\*full\\*" in answers(widgets)[-1]
    context.store.change_repository(widgets.id, backfill="failed", error="no access")
    comment(context, widgets, "/switchover status")
    assert "collecting has failed. no access" in answers(widgets)[-1]


def test_why_of_a_collected_pull_request(context: Context, widgets: Repository) -> None:
    collect(context, widgets)
    comment(context, widgets, "/switchover why")
    assert answers(widgets) == [
        "**Switchover: this pull request is collected: merged 2026-02-01T00:00:00Z, 1 file.**\n\n"
        "Its issues:\n\n- closes issue 100002 (GitHub's own link)\n- mentions issue 5 (named in its description)"
    ]


def test_why_of_one_that_is_left_out(context: Context, widgets: Repository) -> None:
    collect(context, widgets)
    comment(context, widgets, "/switchover why", number=3)
    assert answers(widgets, 3) == [
        "**Switchover: this pull request is left out: `bot` (made by a bot; renovate\\[bot\\]).**"
    ]


def test_why_of_an_open_pull_request_and_of_an_issue(context: Context, widgets: Repository) -> None:
    collect(context, widgets)
    widgets.add_pull(9)
    comment(context, widgets, "/switchover why", number=9)
    assert "not known here as merged" in answers(widgets, 9)[0]
    comment(context, widgets, "/switchover why", number=100002)
    assert answers(widgets, 100002) == ["**Switchover: issue 100002 is linked with pull request 2.**"]
    comment(context, widgets, "/switchover why", number=100001)
    assert "no collected pull request is linked with issue 100001" in answers(widgets, 100001)[0]


@pytest.mark.parametrize("word", ["evaluate", "retrain"])
def test_the_workflow_is_started_once(context: Context, widgets: Repository, word: str) -> None:
    comment(context, widgets, f"/switchover {word}")
    (run,) = widgets.runs
    assert (run["path"], run["head_branch"], run["inputs"]) == (WORKFLOW, "main", {})
    assert answers(widgets)[0].startswith("**Switchover: starting `switchover-cycle.yml` on main.**")


def test_a_second_start_waits_for_the_first(context: Context, widgets: Repository) -> None:
    guids = [
        arrive(context.store, "issue_comment", _said(widgets, "/switchover evaluate", 9000 + place))
        for place in range(3)
    ]
    settle(context)
    send(context)
    assert len(widgets.runs) == 1 and len(guids) == 3
    assert ["starting" in said for said in answers(widgets)] == [True, False, False]


def _said(repository: Repository, text: str, id: int) -> dict[str, Any]:
    repository.comments.append(
        {"id": id, "issue": NUMBER, "body": text, "user": {"login": "ann"}, "updated_at": "2026"}
    )
    return payload(repository, "created", comment={"id": id, "body": text}, issue={"number": NUMBER})


def test_without_its_file_it_says_what_to_do(context: Context, widgets: Repository) -> None:
    del widgets.files[WORKFLOW]
    comment(context, widgets, "/switchover evaluate")
    assert (
        "There is no `.github/workflows/switchover-evaluate.yml` on main. Run `switchover init`" in answers(widgets)[0]
    )
    assert not widgets.runs


def test_without_the_permission_it_says_who_can_grant_it(context: Context, widgets: Repository) -> None:
    permissions = json.dumps({"issues": "write", "actions": "read"})
    context.store.db.execute("UPDATE installations SET permissions = ?", [permissions])
    comment(context, widgets, "/switchover evaluate")
    assert "may not start workflows here: an owner can grant it" in answers(widgets)[0] and not widgets.runs


def test_a_pause_stops_starts_and_its_end_allows_them(context: Context, widgets: Repository) -> None:
    for word in ("pause", "pause", "evaluate", "resume", "resume", "evaluate"):
        comment(context, widgets, f"/switchover {word}")
    first, second, third, fourth, fifth, sixth = answers(widgets)
    assert "is paused here" in first and "is paused already here" in second
    assert "paused here: `/switchover resume` ends that" in third
    assert "goes on here" in fourth and "was not paused" in fifth and "starting" in sixth
    assert len(widgets.runs) == 1


def test_an_unknown_word_is_shown_without_effect(context: Context, widgets: Repository) -> None:
    comment(context, widgets, "/switchover @acme/everybody <b>")
    (said,) = answers(widgets)
    assert "@acme" not in said and "“@\u200bacme/everybody \\<b\\>”" in said


def test_the_observe_profile_cannot_answer_and_the_row_says_so(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    github.installations[1].permissions["issues"] = "read"
    guid = comment(context, widgets, "/switchover help")
    assert state_of(context.store, guid)[0] == "done"
    assert {row["state"] for row in rows(context.store, "outbox")} == {"dead"}
    assert all("lacks the permission" in row["error"] for row in rows(context.store, "outbox"))
    assert not answers(widgets)


def test_a_permission_that_cannot_be_asked_is_asked_later(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    github.fail(faults.reset(), path="/collaborators/", times=9)
    guid = comment(context, widgets, "/switchover pause")
    state, error = state_of(context.store, guid)
    assert state == "waiting" and error and "no whole answer came" in error
    row = context.store.repository(widgets.id)
    assert row and not row.paused and not rows(context.store, "outbox")


def collect(context: Context, widgets: Repository) -> None:
    """PR 2 collected with two links, PR 3 left out."""
    pull = Pull(
        widgets.name, 2, "t", "b", "ada", "2026-02-01T00:00:00Z", None, "squash", "f" * 40, "e" * 40, None, True, "c",
        (ChangedFile("a.py", "source", 1, 0),), (Link(100002, True, "forge"), Link(5, False, "pull_body")),
    )  # fmt: skip
    context.store.save_pulls([pull])
    context.store.save_left_out(widgets.name, [LeftOut("collect", "pull", "3", "bot", "renovate[bot]")])


def test_the_config_of_these_tests_is_where_it_is_looked_for(widgets: Repository) -> None:
    assert CONFIG in widgets.files
