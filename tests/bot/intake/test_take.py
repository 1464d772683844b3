"""From a merge to stored grades, and everything that is refused on the way."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bot.handle.change import Context
from bot.intake import belongs, reasons, take
from bot.receive import deliveries
from pipeline.store.evaluations import evaluated_pulls, evaluations
from tests.bot.handle.conftest import arrive, payload, rows, settle, state_of
from tests.bot.intake.world import ROWS, evaluated, lines, merge, only, over, packed, results, work
from tests.github.stand_in import Repository, StandIn, faults
from tests.github.stand_in.blobs import Blob
from tests.github.stand_in.rest_actions import add_artifact, add_run
from tests.graded import graded


def test_a_merge_is_evaluated_and_its_grades_are_stored(github: StandIn, context: Context, widgets: Repository) -> None:
    job = evaluated(github, context, widgets, results())
    (run,) = widgets.runs
    assert run["inputs"] == {"pulls": "2", "job": f"evaluate-{widgets.id}-pull-2"}
    assert (job.state, job.run, job.rows, job.conclusion, job.reason) == ("taken_in", run["id"], 3, "success", None)
    assert [row.role for row in evaluations(context.store, widgets.name)] == ["own", "base", "frontier"]
    assert evaluated_pulls(context.store, widgets.name) == [2]
    assert not list(context.store.path.parent.glob("*.intake")), "nothing is left on the disk"


def test_the_other_host_is_given_no_token(github: StandIn, context: Context, widgets: Repository) -> None:
    evaluated(github, context, widgets, results())
    (headers,) = github.blobs.seen
    assert "authorization" not in headers and headers["accept-encoding"] == "identity"
    (asked,) = [request for request in github.requests if request.path.endswith("/zip")]
    assert asked.headers["authorization"] == "token"


def test_not_even_one_from_a_netrc_file(
    github: StandIn, context: Context, widgets: Repository, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1\nlogin me\npassword secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert evaluated(github, context, widgets, results()).state == "taken_in"
    assert "authorization" not in github.blobs.seen[0]


def test_the_same_artifact_twice_changes_nothing(github: StandIn, context: Context, widgets: Repository) -> None:
    before = evaluated(github, context, widgets, results())
    stored = rows(context.store, "evaluations")
    over(context, widgets, widgets.runs[0])
    deliveries.replay(context.store, state="done")
    work(context)
    assert rows(context.store, "evaluations") == stored and len(widgets.runs) == 1
    assert dataclasses.replace(only(context), updated_at="") == dataclasses.replace(before, updated_at="")


def changed(**fields: Any) -> dict[str, Any]:
    """Of the run as GitHub tells of it."""
    return {"run": fields}


OTHER = {"id": 999, "full_name": "mallory/widgets"}
FOREIGN = {
    "wrong_run": [
        changed(path=".github/workflows/mine.yml"),
        changed(path=".github/workflows/switchover-retrain.yml"),
        changed(event="pull_request_target"),
        changed(event="schedule"),
        {"workflow_run": {"id": 1, "repository_id": 501}},
        {"workflow_run": None},
    ],
    "wrong_branch": [changed(head_branch="feature"), changed(head_sha="e" * 40)],
    "wrong_repository": [changed(repository=OTHER), changed(head_repository=OTHER), changed(head_repository=None)],
    "expired": [{"expired": True}],
    "too_large": [{"size_in_bytes": belongs.MOST_PACKED + 1}, {"size_in_bytes": 10}],
    "damaged": [{"digest": "sha256:" + "0" * 64}],
    "no_artifact": [{"name": "report"}, {"name": "switchover-evaluationsx"}],
}
CASES = [(reason, case) for reason, cases in FOREIGN.items() for case in cases]


@pytest.mark.parametrize(("reason", "case"), CASES, ids=lambda value: str(value)[:60])
def test_what_does_not_belong_is_refused(
    github: StandIn, context: Context, widgets: Repository, reason: str, case: dict[str, Any]
) -> None:
    merge(context, widgets, 2)
    work(context)
    run = widgets.runs[0]
    add_artifact(github, widgets, run, results(), **{name: value for name, value in case.items() if name != "run"})
    run.update(case.get("run", {}))
    over(context, widgets, run)
    work(context)
    job = only(context)
    assert (job.state, job.reason, job.rows) == ("refused", reason, None), job.detail
    assert not rows(context.store, "evaluations")


def test_an_older_commit_of_the_branch_is_one_of_the_branch(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    merge(context, widgets, 2)
    work(context)
    run = widgets.runs[0]
    widgets.history.append(run["head_sha"])
    widgets.files["new.py"] = "x = 1\n"
    add_artifact(github, widgets, run, results())
    over(context, widgets, run)
    work(context)
    assert only(context).state == "taken_in"


HOSTILE = {
    "not_zip": b"<html>sign in</html>",
    "bad_path": packed({"../../etc/passwd": b"x", ROWS: lines([graded(2)])}),
    "missing_file": packed({"other.jsonl": lines([graded(2)])}),
    "wrong_schema": packed({ROWS: lines([graded(2), graded(2, attempt=1, score=float("nan"))])}),
    "foreign_pull": packed({ROWS: lines([graded(2), graded(3)])}),
    "duplicate_row": packed({ROWS: lines([graded(2), graded(2, score=1.0)])}),
    "wrong_repository": packed({ROWS: lines([graded(2, repo="acme/others")])}),
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_a_hostile_artifact_is_refused_and_nothing_of_it_is_stored(
    github: StandIn, context: Context, widgets: Repository, reason: str
) -> None:
    job = evaluated(github, context, widgets, HOSTILE[reason])
    assert (job.state, job.reason) == ("refused", reason), job.detail
    assert not rows(context.store, "evaluations") and not list(context.store.path.parent.glob("*.intake"))


def test_of_two_artifacts_one_bad_one_stops_both(github: StandIn, context: Context, widgets: Repository) -> None:
    merge(context, widgets, 2)
    work(context)
    run = widgets.runs[0]
    add_artifact(github, widgets, run, results(), "switchover-evaluations-1")
    add_artifact(github, widgets, run, packed({ROWS: b'{"at": 1}\n'}), "switchover-evaluations-2")
    over(context, widgets, run)
    work(context)
    assert only(context).reason == "wrong_schema" and not rows(context.store, "evaluations")


def test_two_artifacts_of_shards_are_taken_in_together(github: StandIn, context: Context, widgets: Repository) -> None:
    run = add_run(github, widgets, "switchover-evaluate.yml")
    add_artifact(github, widgets, run, results(graded(1)), "switchover-evaluations-a")
    add_artifact(github, widgets, run, results(graded(2), graded(3)), "switchover-evaluations-b")
    over(context, widgets, run)
    work(context)
    assert (only(context).state, only(context).rows) == ("taken_in", 3)
    assert evaluated_pulls(context.store, widgets.name) == [1, 2, 3]


def test_the_archive_that_comes_is_not_the_one_that_was_told(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    job = evaluated(github, context, widgets, results(), blob=Blob(results() + b"x" * (1 << 20)))
    assert job.reason == "too_large" and "more bytes than the" in str(job.detail)


def test_a_run_of_a_schedule_is_known_by_its_file(github: StandIn, context: Context, widgets: Repository) -> None:
    ours, foreign = (add_run(github, widgets, f"{name}.yml") for name in ("switchover-evaluate", "tests"))
    for run in (ours, foreign):
        add_artifact(github, widgets, run, results(graded(1), graded(3)))
    guids = [over(context, widgets, run) for run in (ours, foreign)]
    work(context)
    assert [state_of(context.store, guid)[1] for guid in guids] == [None, "not a run that was started from here"]
    assert (only(context).state, only(context).rows) == ("taken_in", 2)


def test_rows_of_a_pull_request_that_is_not_merged_are_refused(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    run = add_run(github, widgets, "switchover-evaluate.yml")
    add_artifact(github, widgets, run, results(graded(1), graded(4)))
    over(context, widgets, run)
    work(context)
    assert (only(context).reason, only(context).detail) == ("unknown_pull", "line 2: #4")


ENDS = {
    "failure": "run_failed", "cancelled": "run_cancelled", "timed_out": "run_timed_out",
    "startup_failure": "run_not_begun", "neutral": "run_failed",
}  # fmt: skip


@pytest.mark.parametrize(("conclusion", "reason"), ENDS.items())
def test_a_run_that_came_to_nothing_says_why(
    github: StandIn, context: Context, widgets: Repository, conclusion: str, reason: str
) -> None:
    merge(context, widgets, 2)
    work(context)
    add_artifact(github, widgets, widgets.runs[0], results())
    over(context, widgets, widgets.runs[0], conclusion)
    work(context)
    job = only(context)
    assert (job.state, job.reason, job.conclusion) == ("failed", reason, conclusion)
    assert not rows(context.store, "evaluations") and not widgets.comments, "nobody asked, nobody is told"


def test_run_again_from_the_actions_tab_a_failed_one_is_taken_in(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    merge(context, widgets, 2)
    work(context)
    run = widgets.runs[0]
    over(context, widgets, run, "cancelled")
    work(context)
    add_artifact(github, widgets, run, results())
    over(context, widgets, run)
    work(context)
    assert (only(context).state, only(context).reason) == ("taken_in", None)


def test_a_lost_delivery_is_made_up_for(github: StandIn, context: Context, widgets: Repository) -> None:
    merge(context, widgets, 2)
    work(context)
    run = widgets.runs[0]
    overdue(context)
    work(context)
    assert only(context).state == "running", "it is still under way"
    add_artifact(github, widgets, run, results())
    run.update(status="completed", conclusion="success")
    overdue(context)
    work(context)
    assert only(context).state == "taken_in"


def test_a_delivery_that_comes_while_its_run_is_looked_at_is_not_lost(
    github: StandIn, context: Context, widgets: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub says that the run is under way; before that is written down, it is over, and GitHub tells."""
    merge(context, widgets, 2)
    work(context)
    run, real = widgets.runs[0], belongs.check_run

    def check_run(*given: Any) -> None:
        real(*given)
        monkeypatch.setattr(take, "check_run", real)
        add_artifact(github, widgets, run, results())
        over(context, widgets, run)
        settle(context)

    monkeypatch.setattr(take, "check_run", check_run)
    overdue(context)
    work(context)
    assert (only(context).state, only(context).rows) == ("taken_in", 3)


def test_a_run_that_was_deleted(context: Context, widgets: Repository) -> None:
    merge(context, widgets, 2)
    work(context)
    widgets.runs.clear()
    overdue(context)
    work(context)
    assert (only(context).state, only(context).reason) == ("failed", "run_gone")


def overdue(context: Context) -> None:
    """As if the time had passed in which a delivery should have come."""
    context.store.db.execute("UPDATE runs SET due_at = 1 WHERE state IN ('running', 'finished')")


@pytest.mark.parametrize("blob", [Blob(results(), cut=100), Blob(b"", 500), Blob(b"", 403)], ids=["cut", "500", "403"])
def test_a_host_that_is_down_is_asked_again_and_given_up_in_the_end(
    github: StandIn, context: Context, widgets: Repository, blob: Blob
) -> None:
    data = results()
    job = evaluated(github, context, widgets, data, blob=blob)
    assert (job.state, job.tries) == ("finished", 1) and "sig=" not in str(job.detail)
    widgets.artifacts[0]["blob"] = Blob(data)
    overdue(context)
    work(context)
    assert only(context).state == "taken_in"
    for _ in range(9):
        widgets.artifacts[0]["blob"] = blob
        context.store.db.execute("UPDATE runs SET state = 'finished', due_at = 1, tries = 7")
        work(context)
    assert (only(context).state, only(context).reason) == ("failed", "unreachable")
    assert len(rows(context.store, "evaluations")) == 3, "what was taken in stays"


def test_a_redirect_of_the_other_host_is_not_followed(github: StandIn, context: Context, widgets: Repository) -> None:
    there = Blob(b"", 302, headers={"Location": f"{github.url}/app"})
    job = evaluated(github, context, widgets, results(), blob=there)
    assert job.state == "finished" and "answered 302" in str(job.detail)


def test_a_limit_lets_it_wait(github: StandIn, context: Context, widgets: Repository) -> None:
    from bot.errors import Limited

    merge(context, widgets, 2)
    work(context)
    add_artifact(github, widgets, widgets.runs[0], results())
    over(context, widgets, widgets.runs[0])
    github.fail(faults.secondary(3600), path="/artifacts")
    with pytest.raises(Limited):
        work(context)
    job = only(context)
    assert (job.state, job.tries) == ("finished", 0) and job.due_at > 1e9


def test_a_repository_that_is_purged_meanwhile_gets_nothing(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    merge(context, widgets, 2)
    work(context)
    add_artifact(github, widgets, widgets.runs[0], results())
    over(context, widgets, widgets.runs[0])
    context.store.change_repository(widgets.id, state="forgotten")
    work(context)
    assert not rows(context.store, "evaluations") and not github.blobs.seen


def test_no_runs_delivery_is_believed(github: StandIn, context: Context, widgets: Repository) -> None:
    """Its conclusion and its commit are read from GitHub; what the delivery says of them is only a hint."""
    merge(context, widgets, 2)
    work(context)
    run = widgets.runs[0]
    said = {"id": run["id"], "conclusion": "success", "path": run["path"]}
    arrive(context.store, "workflow_run", payload(widgets, "completed", workflow_run=said))
    work(context)
    assert only(context).state == "running"


def test_every_reason_says_what_to_do() -> None:
    assert not reasons.REFUSED.keys() & reasons.FAILED.keys()
    assert all(reason.meaning and reason.do.endswith(".") for reason in reasons.ALL.values())
    assert set(reasons.CONCLUSIONS.values()) <= reasons.FAILED.keys()
