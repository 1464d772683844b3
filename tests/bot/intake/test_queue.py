"""What is started when: once for each wish, one at a time in a repository, and never what somebody wrote."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from bot.handle.change import Context
from bot.intake import queue, runs
from bot.write import checks
from pipeline.types import LeftOut
from tests.bot.handle.conftest import arrive, deliver, know, payload, rows, send, settle, state_of
from tests.bot.intake.conftest import FOLDER
from tests.bot.intake.world import jobs, merge, never_appears, only, over, work
from tests.github.stand_in import CONFIG, Repository, StandIn, faults

_ids = itertools.count(9000)


def say(context: Context, repository: Repository, text: str, number: int = 2, login: str = "ann") -> str:
    """A comment; its delivery's GUID."""
    id, who = next(_ids), {"login": login, "type": "User"}
    comment = {"id": id, "issue": number, "body": text, "user": who, "created_at": "", "updated_at": "2026"}
    repository.comments.append(comment)
    issue: dict[str, Any] = {"number": number, **({"pull_request": {}} if number in repository.pulls else {})}
    said = payload(repository, "created", comment={"id": id, "body": text}, issue=issue) | {"sender": who}
    return arrive(context.store, "issue_comment", said)


def answers(repository: Repository) -> list[str]:
    """What we have written, its first lines."""
    return [c["body"].splitlines()[0] for c in repository.comments if c["user"]["login"] == "switchover[bot]"]


def started(repository: Repository) -> list[str]:
    """By file and pull requests."""
    return [f"{run['path'].removeprefix(FOLDER)} {run['inputs'].get('pulls', '')}".strip() for run in repository.runs]


def test_a_merge_told_twice_is_evaluated_once(context: Context, widgets: Repository) -> None:
    for guid in ("one", "one", "two"):
        merge(context, widgets, 2, guid)
        work(context)
    assert started(widgets) == ["switchover-evaluate.yml 2"]


def test_one_at_a_time_and_none_is_forgotten(context: Context, widgets: Repository) -> None:
    for number in (1, 2, 3):
        merge(context, widgets, number)
    work(context)
    assert [job.state for job in jobs(context)] == ["running", "queued", "queued"]
    for expected in (2, 3, 3):
        over(context, widgets, widgets.runs[-1], "failure")
        work(context)
        assert len(widgets.runs) == expected
    assert started(widgets) == [f"switchover-evaluate.yml {number}" for number in (1, 2, 3)]


def test_repositories_do_not_wait_for_each_other(github: StandIn, context: Context, widgets: Repository) -> None:
    other = github.add("acme/gadgets", pulls=2, files=dict(widgets.files))
    know(context.store, other, configured=1)
    merge(context, widgets, 1)
    merge(context, other, 1)
    work(context)
    assert len(widgets.runs) == len(other.runs) == 1


def test_what_a_person_asks_for_goes_first(context: Context, widgets: Repository) -> None:
    for number in (1, 2, 3):
        merge(context, widgets, number)
    say(context, widgets, "/switchover retrain")
    work(context)
    over(context, widgets, widgets.runs[0], "failure")
    work(context)
    assert started(widgets) == ["switchover-evaluate.yml 1", "switchover-retrain.yml"]
    assert answers(widgets) == [
        "**Switchover: `switchover-retrain.yml` is started as soon as the run before it is over.**"
    ]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"files": {}}, None),
        ({"workflow": None}, "There is no `.github/workflows/switchover-evaluate.yml` on main. Run `switchover init`"),
        ({"paused": 1}, "paused here"),
        ({"permissions": "{}"}, "may not start workflows here"),
        ({"base": "release"}, None),
        ({"author": {"login": "renovate[bot]", "__typename": "Bot"}}, None),
    ],
)
def test_a_merge_that_starts_nothing_says_why(
    context: Context, widgets: Repository, change: dict[str, Any], note: str | None
) -> None:
    if "files" in change:
        widgets.files.clear()
    if "workflow" in change:
        del widgets.files[f"{FOLDER}switchover-evaluate.yml"]
    if "paused" in change:
        context.store.change_repository(widgets.id, paused=1)
    if "permissions" in change:
        context.store.db.execute("UPDATE installations SET permissions = '{}'")
    if "base" in change:
        widgets.touch(2, baseRefName="release")
    if "author" in change:
        widgets.touch(2, author=change["author"])
    guid = merge(context, widgets, 2)
    work(context)
    state, said = state_of(context.store, guid)
    assert state == "done" and (said is None if note is None else note in (said or ""))
    assert not widgets.runs and not jobs(context)


def test_one_that_is_no_task_costs_no_runner(context: Context, widgets: Repository) -> None:

    context.store.save_left_out(widgets.name, [LeftOut("collect", "pull", "2", "skipped_label")])
    guid = merge(context, widgets, 2)
    work(context)
    assert state_of(context.store, guid) == ("done", "not evaluated: it is left out (skipped_label)")
    assert not widgets.runs


def test_events_after_the_merge_start_nothing(context: Context, widgets: Repository) -> None:
    for action in ("edited", "labeled"):
        deliver(context, "pull_request", payload(widgets, action, pull_request={"number": 2, "merged": True}))
    work(context)
    assert not widgets.runs


def test_a_pause_holds_what_waits(context: Context, widgets: Repository) -> None:
    merge(context, widgets, 1)
    merge(context, widgets, 2)
    work(context)
    context.store.change_repository(widgets.id, paused=1)
    over(context, widgets, widgets.runs[0], "failure")
    work(context)
    assert len(widgets.runs) == 1
    context.store.change_repository(widgets.id, paused=0)
    work(context)
    assert len(widgets.runs) == 2


def test_evaluate_on_a_pull_request_is_of_that_one(context: Context, widgets: Repository) -> None:
    guid = say(context, widgets, "/switchover evaluate", 3)
    work(context)
    (run,) = widgets.runs
    assert run["inputs"] == {"pulls": "3", "job": runs.key_of("evaluate", widgets.id, guid)}
    say(context, widgets, "/switchover evaluate", 3)
    work(context)
    assert len(widgets.runs) == 1 and "It was asked for before" in answers(widgets)[1]


def test_on_an_issue_the_workflow_chooses(context: Context, widgets: Repository) -> None:
    say(context, widgets, "/switchover evaluate", 100001)
    work(context)
    assert widgets.runs[0]["inputs"].keys() == {"job"}


def test_what_is_not_merged_is_not_evaluated(context: Context, widgets: Repository) -> None:
    widgets.add_pull(9, merged=False, mergedAt=None, state="OPEN")
    say(context, widgets, "/switchover evaluate", 9)
    work(context)
    assert not widgets.runs and "Only what is merged is evaluated" in answers(widgets)[0]


def test_without_their_files_the_simple_workflow_does(context: Context, widgets: Repository) -> None:
    for name in ("evaluate", "retrain"):
        del widgets.files[f"{FOLDER}switchover-{name}.yml"]
    say(context, widgets, "/switchover retrain")
    work(context)
    assert [(run["path"], run["inputs"]) for run in widgets.runs] == [(f"{FOLDER}switchover-cycle.yml", {})]


def test_no_text_of_anybodys_is_handed_on(context: Context, widgets: Repository) -> None:
    widgets.touch(2, title="$(id)", headRefName="$(id)", body="$(id)")
    merge(context, widgets, 2)
    guid = say(context, widgets, "/switchover evaluate $(id)", 3)
    work(context)
    assert state_of(context.store, guid)[0] == "done" and "$(id)" not in json.dumps(widgets.runs[0]["inputs"])
    assert started(widgets) == ["switchover-evaluate.yml 2"]


def test_the_checks_button_is_the_same_command(context: Context, widgets: Repository) -> None:
    external = checks.external_id(widgets.id, 3)
    said = payload(widgets, "rerequested", check_run={"id": 1, "external_id": external})
    assert deliver(context, "check_run", said) == ("done", None)
    work(context)
    assert started(widgets) == ["switchover-evaluate.yml 3"]
    assert "It was asked for before" in (deliver(context, "check_run", said)[1] or "")


def test_a_start_that_github_refuses_is_a_failure_with_its_words(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    github.fail(faults.status(422, "Unexpected inputs provided"), "POST", "/dispatches")
    merge(context, widgets, 2)
    work(context)
    job = only(context)
    assert (job.state, job.reason) == ("failed", "not_started") and "Unexpected inputs" in (job.detail or "")


def test_a_server_that_tells_no_id_is_looked_through(github: StandIn, context: Context, widgets: Repository) -> None:
    github.fail(faults.no_content(), "POST", "/dispatches")
    merge(context, widgets, 2)
    work(context)
    assert (only(context).state, only(context).run) == ("running", widgets.runs[0]["id"])


def test_a_run_that_never_appears_is_given_up(github: StandIn, context: Context, widgets: Repository) -> None:
    github.fail(faults.no_content(), "POST", "/dispatches")
    widgets.runs.clear()
    merge(context, widgets, 2)
    settle(context)

    never_appears(context, widgets)
    assert (only(context).state, only(context).reason) == ("failed", "run_unknown")


def test_who_asked_is_told_once_that_nothing_came_of_it(context: Context, widgets: Repository) -> None:
    say(context, widgets, "/switchover evaluate", 3)
    work(context)
    for _ in range(3):
        over(context, widgets, widgets.runs[0], "failure")
        work(context)
    said = answers(widgets)
    assert len(said) == 2 and "has left nothing here: a step of it failed" in said[1]


def test_a_run_that_ends_before_its_id_is_known_is_no_stranger(context: Context, widgets: Repository) -> None:

    merge(context, widgets, 2)
    settle(context)
    send(context)  # and nobody has looked at what came back
    over(context, widgets, widgets.runs[0], "cancelled")
    work(context)
    assert (only(context).state, only(context).reason) == ("failed", "run_cancelled")


def test_a_strangers_run_that_turns_out_to_be_ours_is_one_row(context: Context, widgets: Repository) -> None:

    merge(context, widgets, 2)
    settle(context)
    send(context)
    run = widgets.runs[0]["id"]
    context.store.db.execute("UPDATE outbox SET remote_id = NULL")
    over(context, widgets, widgets.runs[0], "cancelled")
    settle(context)
    assert [job.job for job in jobs(context)][1] == f"run-{widgets.id}-{run}"
    context.store.db.execute("UPDATE outbox SET remote_id = ?", [str(run)])
    queue.follow(context.store)
    assert (only(context).job, only(context).state) == (f"evaluate-{widgets.id}-pull-2", "finished")


def test_only_where_there_is_a_config(context: Context, widgets: Repository) -> None:
    del widgets.files[CONFIG]
    merge(context, widgets, 2)
    work(context)
    assert not widgets.runs and not rows(context.store, "outbox")
