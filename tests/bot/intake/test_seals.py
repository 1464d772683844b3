"""An issue is labelled: attempted once, its hashes checked and shown in one comment; and what is refused on the way."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from bot.handle.change import Context
from bot.intake import runs, seals
from pipeline.store.evaluations import evaluations
from pipeline.store.seals import seals as stored
from pipeline.types import ForgePull, Sealed, to_json
from tests.bot.handle.conftest import arrive, payload, rows, settle, state_of
from tests.bot.intake.conftest import TIME
from tests.bot.intake.world import jobs, lines, never_appears, only, over, packed, results, work
from tests.github.stand_in import Repository, StandIn, faults
from tests.github.stand_in.rest_actions import add_artifact, add_run
from tests.graded import graded

ISSUE = 50
PATCH = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n"
SHA256 = hashlib.sha256(PATCH.encode()).hexdigest()


def iso(seconds: float = 0.0) -> str:
    """So long from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def sealed(**fields: Any) -> Sealed:
    """As ``switchover evaluate --sealed`` writes it."""
    values: dict[str, Any] = {
        "issue": ISSUE, "at": iso(), "repo": "acme/widgets", "base_sha": "b" * 40, "role": "own", "model": "own-model",
        "adapter": "a" * 64, "attempt": 0, "patch_sha256": SHA256, "rollout_id": "r1", "exit": "submitted",
        "tokens_in": 900, "tokens_out": 100, "tokens_cached": 0, "seconds": 12.5, "cost_usd": 0.01, "title": "Secret",
        **fields,
    }  # fmt: skip
    return Sealed(**values)


def archive(*lines_: Sealed | dict[str, Any] | bytes) -> bytes:
    told = [to_json(line) if isinstance(line, Sealed) else line for line in lines_]
    return packed(
        {"sealed.jsonl": b"".join(x if isinstance(x, bytes) else json.dumps(x).encode() + b"\n" for x in told)}
    )


def label(context: Context, there: Repository, name: str = "switchover", **more: Any) -> str:
    """The delivery's GUID."""
    said = payload(there, "labeled", issue={"number": ISSUE}, label={"name": name}) | more
    return arrive(context.store, "issues", said)


@pytest.fixture
def issue(widgets: Repository) -> dict[str, Any]:
    """It is open and labelled."""
    return widgets.add_issue(ISSUE, state="OPEN", closed=False, labels=["bug", "Switchover"])


def taken(github: StandIn, context: Context, there: Repository, data: bytes) -> runs.Job:
    """Label it, let its run leave ``data``; what became of that."""
    label(context, there)
    work(context)
    run = there.runs[-1]
    add_artifact(github, there, run, data, "switchover-sealed")
    over(context, there, run)
    work(context)
    return only(context)


def test_a_labelled_issue_is_attempted_once(context: Context, widgets: Repository, issue: dict[str, Any]) -> None:
    for guid in [label(context, widgets), label(context, widgets), label(context, widgets, "SwitchOver")]:
        work(context)
        assert state_of(context.store, guid) == ("done", None)
    (run,) = widgets.runs
    assert run["path"].endswith("/switchover-evaluate.yml")
    assert run["inputs"] == {"issue": "50", "job": f"evaluate-{widgets.id}-issue-50"}
    assert context.store.issues(widgets.name)[ISSUE].title == issue["title"]
    over(context, widgets, run, "failure")
    work(context)
    label(context, widgets)
    work(context)
    assert len(widgets.runs) == 1 and only(context).state == "failed" and not widgets.comments, "nobody is told"


def test_a_label_asks_anew_where_no_run_has_come_of_the_first(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    for times in (1, 2):
        github.fail(faults.status(422, "Unexpected inputs provided"), "POST", "/dispatches")
        label(context, widgets)
        work(context)
        assert (only(context).state, only(context).reason) == ("failed", "not_started") and not widgets.runs
        sent = rows(context.store, "outbox")
        assert [row["state"] for row in sent] == ["dead"] * times
    label(context, widgets)
    work(context)
    (run,) = widgets.runs
    assert run["inputs"] == {"issue": "50", "job": f"evaluate-{widgets.id}-issue-50"}
    assert (only(context).state, only(context).run, only(context).reason) == ("running", run["id"], None)
    label(context, widgets)
    work(context)
    assert len(widgets.runs) == 1


def test_a_label_asks_anew_where_no_run_has_appeared(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    github.fail(faults.no_content(), "POST", "/dispatches")
    label(context, widgets)
    settle(context)
    never_appears(context, widgets)
    before = only(context)
    assert (before.state, before.reason) == ("failed", "run_unknown")
    label(context, widgets)
    work(context)
    (run,) = widgets.runs
    assert (only(context).state, only(context).run) == ("running", run["id"])
    assert only(context).asked_at == before.asked_at, "the run that nobody saw may have sealed since then"


def test_it_waits_its_turn_beside_pull_requests(context: Context, widgets: Repository, issue: dict[str, Any]) -> None:
    said = payload(widgets, "closed", pull_request={"number": 2, "merged": True})
    arrive(context.store, "pull_request", said)
    label(context, widgets)
    work(context)
    assert [(job.pulls, job.issue, job.state) for job in jobs(context)] == [((2,), None, "running"), ((), 50, "queued")]
    over(context, widgets, widgets.runs[0], "failure")
    work(context)
    assert [run["inputs"].get("issue") for run in widgets.runs] == [None, "50"]


@pytest.mark.parametrize(
    ("case", "note"),
    [
        ({"closed": True}, None),
        ({"unlabelled": True}, None),
        ({"other": True}, None),
        ({"bot": True}, None),
        ({"paused": 1}, "Switchover is paused here"),
        ({"permissions": "{}"}, "may not start workflows here"),
        ({"no_file": True}, "There is no `.github/workflows/switchover-evaluate.yml`"),
        ({"no_config": True}, None),
    ],
    ids=str,
)
def test_what_is_not_attempted(
    context: Context, widgets: Repository, issue: dict[str, Any], case: dict[str, Any], note: str | None
) -> None:
    if "closed" in case:
        issue.update(state="CLOSED", closed=True)
    if "unlabelled" in case:
        issue["labels"] = ["bug"]
    if "bot" in case:
        issue["author"] = {"__typename": "Bot", "login": "renovate"}
    if "paused" in case:
        context.store.change_repository(widgets.id, paused=1)
    if "permissions" in case:
        context.store.db.execute("UPDATE installations SET permissions = '{}'")
    if "no_file" in case:
        del widgets.files[".github/workflows/switchover-evaluate.yml"]
    if "no_config" in case:
        del widgets.files[".github/switchover.yml"]
    guid = label(context, widgets, "bug" if "other" in case else "switchover")
    work(context)
    state, said = state_of(context.store, guid)
    assert state == "done" and (said is None) is (note is None) and (note or "") in (said or "")
    assert not widgets.runs and not jobs(context), "the cycle's workflow is no way either"
    assert context.store.issues(widgets.name)[ISSUE].number == ISSUE


def test_the_hashes_are_stored_and_shown_in_one_comment(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    evil = "@ann <img src=x> | [x](http://e)"
    at = iso()
    found = [sealed(at=at), sealed(at=at, role="frontier", adapter=None, model=evil, exit="no_patch")]
    job = taken(github, context, widgets, archive(*found))
    assert (job.state, job.rows, job.reason) == ("taken_in", 2, None)
    assert [row.role for row in stored(context.store, widgets.name, ISSUE)] == ["frontier", "own"]
    assert {row.title for row in stored(context.store, widgets.name, ISSUE)} == {""}
    (text,) = widgets.comments_on(ISSUE)
    assert f"| own | 1 | own-model | `{SHA256}` | `submitted` |" in text and at in text
    assert "`no_patch`" in text and "when a pull request that closes this issue is merged" in text
    assert "@ann" not in text and "\\<img" in text and "\\](http" in text and "Secret" not in text

    over(context, widgets, widgets.runs[0])  # the same artifact again
    work(context)
    assert widgets.comments_on(ISSUE) == [text] and only(context).state == "taken_in"


def test_a_rerun_that_has_more_brings_the_comment_up_to_date(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    one, two = sealed(), sealed(role="frontier", adapter=None, model="f")
    taken(github, context, widgets, archive(one))
    widgets.artifacts.clear()
    add_artifact(github, widgets, widgets.runs[0], archive(one, two), "switchover-sealed")
    over(context, widgets, widgets.runs[0])
    work(context)
    (text,) = widgets.comments_on(ISSUE)
    assert "2 attempts" in text and "| frontier |" in text


@pytest.mark.parametrize("change", [{"patch_sha256": lambda: "0" * 64}, {"at": lambda: iso(200)}], ids=["hash", "time"])
def test_a_hash_that_was_shown_does_not_change(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any],
    change: dict[str, Callable[[], Any]],
) -> None:  # fmt: skip
    taken(github, context, widgets, archive(sealed()))
    before = widgets.comments_on(ISSUE), rows(context.store, "seals")
    widgets.artifacts.clear()
    later = [dataclasses.replace(sealed(), **{name: made() for name, made in change.items()}), sealed(attempt=1)]
    add_artifact(github, widgets, widgets.runs[0], archive(*later), "switchover-sealed")
    over(context, widgets, widgets.runs[0])
    work(context)
    assert (only(context).state, only(context).reason) == ("refused", "broken_seal")
    assert (widgets.comments_on(ISSUE), rows(context.store, "seals")) == before


def test_hashes_that_come_after_the_fix_are_not_shown(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    one, two = sealed(), sealed(attempt=1)
    taken(github, context, widgets, archive(one))
    fix = ForgePull(2, "Fix", "", "ada", TIME, TIME, iso(), None, None, "", "main", 1, (), (ISSUE,))
    context.store.save_forge_pulls(widgets.name, [fix])
    for data, end in ((archive(one), ("taken_in", None)), (archive(one, two), ("refused", "sealed_after_fix"))):
        widgets.artifacts.clear()
        add_artifact(github, widgets, widgets.runs[0], data, "switchover-sealed")
        over(context, widgets, widgets.runs[0])
        work(context)
        assert (only(context).state, only(context).reason) == end
    (text,) = widgets.comments_on(ISSUE)
    assert text.count(SHA256) == 1 and len(rows(context.store, "seals")) == 1


def test_where_nothing_was_sealed_nothing_is_said(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    job = taken(github, context, widgets, archive())
    assert (job.state, job.rows) == ("taken_in", 0) and not widgets.comments


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in to_json(sealed()).items() if key != name}


# Made inside the test: hashes carry the time, and a suite may take longer than a clock may differ.
BAD: list[tuple[str, Callable[[], Any]]] = [
    ("wrong_repository", lambda: sealed(repo="acme/others")),
    ("foreign_issue", lambda: sealed(issue=51)),
    ("wrong_time", lambda: sealed(at=iso(-3600))),
    ("wrong_time", lambda: sealed(at=iso(3600))),
    ("wrong_schema", lambda: sealed(at="soon")),
    ("wrong_schema", lambda: sealed(at="")),
    ("wrong_schema", lambda: sealed(patch_sha256="A" * 64)),
    ("wrong_schema", lambda: sealed(patch_sha256="a" * 63)),
    ("wrong_schema", lambda: sealed(base_sha="main")),
    ("wrong_schema", lambda: sealed(role="teacher")),
    ("wrong_schema", lambda: sealed(role="judge")),
    ("wrong_schema", lambda: sealed(exit="won")),
    ("wrong_schema", lambda: sealed(model="")),
    ("wrong_schema", lambda: sealed(model="a\u202eb")),
    ("wrong_schema", lambda: sealed(model=7)),
    ("wrong_schema", lambda: sealed(attempt=-1)),
    ("wrong_schema", lambda: sealed(attempt=True)),
    ("wrong_schema", lambda: sealed(attempt=10**6)),
    ("wrong_schema", lambda: sealed(tokens_in=1.5)),
    ("wrong_schema", lambda: sealed(seconds=-1.0)),
    ("wrong_schema", lambda: sealed(seconds=float("inf"))),
    ("wrong_schema", lambda: sealed(cost_usd=float("nan"))),
    ("wrong_schema", lambda: sealed(cheat_marks=("Look at [this](x)",))),
    ("wrong_schema", lambda: without("patch_sha256")),
    ("wrong_schema", lambda: b"[]\n"),
    ("wrong_schema", lambda: b"{\n"),
    ("wrong_schema", lambda: b'{"seconds": 1e999}\n'),
    ("too_long", lambda: sealed(model="m" * 301)),
    ("too_long", lambda: {**to_json(sealed()), "more": "x" * 301}),
    ("too_long", lambda: b" " * (seals.MOST_LINE + 1) + b"\n"),
    ("duplicate_row", lambda: sealed(exit="no_patch")),
]


@pytest.mark.parametrize(("reason", "line"), BAD, ids=[f"{n}-{case[0]}" for n, case in enumerate(BAD)])
def test_a_line_that_cannot_be_believed_is_refused_with_all_others(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any], reason: str, line: Callable[[], Any]
) -> None:
    job = taken(github, context, widgets, archive(sealed(), line()))
    assert (job.state, job.reason, job.rows) == ("refused", reason, None), job.detail
    assert not rows(context.store, "seals") and not widgets.comments
    assert str(job.detail).startswith("line ")


def test_too_many_lines_are_refused(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    many = [sealed(attempt=n, model="m" * 300) for n in range(seals.MOST_ROWS + 1)]
    assert taken(github, context, widgets, archive(*many)).reason == "too_many_rows"
    assert not widgets.comments


def test_those_of_earlier_runs_are_among_them(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    at = iso()
    many = [sealed(attempt=n, at=at) for n in range(seals.MOST_ROWS + 1)]
    for some, end in ((many[:-1], ("taken_in", None)), (many[2:], ("refused", "too_many_rows"))):
        if not widgets.artifacts:
            taken(github, context, widgets, archive(*some))
        else:
            widgets.artifacts.clear()
            add_artifact(github, widgets, widgets.runs[0], archive(*some), "switchover-sealed")
            over(context, widgets, widgets.runs[0])
            work(context)
        assert (only(context).state, only(context).reason) == end
    assert len(rows(context.store, "seals")) == seals.MOST_ROWS


def test_as_many_as_may_be_fit_into_a_comment(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    many = [sealed(attempt=n, model="#*[|" * 75, exit="context_limit") for n in range(seals.MOST_ROWS)]
    assert taken(github, context, widgets, archive(*many)).state == "taken_in"
    (text,) = widgets.comments_on(ISSUE)
    assert text.count(SHA256) == seals.MOST_ROWS and len(text.encode()) < 65_536


def test_another_artifact_of_such_a_run_is_not_looked_at(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    label(context, widgets)
    work(context)
    add_artifact(github, widgets, widgets.runs[0], results())
    over(context, widgets, widgets.runs[0])
    work(context)
    assert (only(context).reason, rows(context.store, "evaluations")) == ("no_artifact", [])


def test_hashes_of_a_run_that_was_not_asked_for_are_not_published(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    """Somebody may have started it by hand, long after the patches were made."""
    run = add_run(github, widgets, "switchover-evaluate.yml")
    add_artifact(github, widgets, run, archive(sealed()), "switchover-sealed")
    over(context, widgets, run)
    work(context)
    assert (only(context).state, rows(context.store, "seals"), widgets.comments) == ("taken_in", [], [])


def test_while_it_is_paused_the_comment_waits(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any]
) -> None:
    label(context, widgets)
    work(context)
    context.store.change_repository(widgets.id, paused=1)
    one = sealed()
    add_artifact(github, widgets, widgets.runs[0], archive(one), "switchover-sealed")
    over(context, widgets, widgets.runs[0])
    work(context)
    assert only(context).state == "taken_in" and not widgets.comments
    widgets.artifacts.clear()
    more = archive(one, sealed(role="frontier", adapter=None, model="f"))
    add_artifact(github, widgets, widgets.runs[0], more, "switchover-sealed")
    over(context, widgets, widgets.runs[0])
    work(context)
    waiting = [row for row in rows(context.store, "outbox") if row["state"] == "waiting"]
    assert len(waiting) == 1 and "2 attempts" in waiting[0]["body"], "the one with fewer is not sent after it"
    context.store.change_repository(widgets.id, paused=0)
    work(context)
    (text,) = widgets.comments_on(ISSUE)
    assert "2 attempts" in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"patch": PATCH.replace("2", "3")}, "broken_seal"),
        ({"patch": "\ud800"}, "broken_seal"),
        ({"sealed_at": "2026-01-01T00:00:00Z"}, "broken_seal"),
        ({"attempt": 1, "patch": "another"}, None),
        ({"task_id": "acme/widgets#2/sealed/51", "patch": "another"}, "broken_seal"),
        ({"task_id": "acme/widgets#2", "patch": "another", "sealed_at": None, "marks": ()}, None),
        ({"task_id": "acme/widgets#2/sealed"}, "wrong_schema"),
    ],
    ids=[
        "as it was",
        "another patch",
        "no bytes",
        "another time",
        "one that nobody has shown",
        "of another issue",
        "after the merge",
        "of no issue",
    ],
)
def test_a_score_of_another_patch_than_the_one_that_was_shown_is_refused(
    github: StandIn, context: Context, widgets: Repository, issue: dict[str, Any], change: dict[str, Any],
    reason: str | None,
) -> None:  # fmt: skip
    first = sealed()
    taken(github, context, widgets, archive(first))
    fix = ForgePull(2, "Fix", "", "ada", TIME, TIME, iso(), None, None, "", "main", 1, (), (ISSUE,))
    context.store.save_forge_pulls(widgets.name, [fix])
    run = add_run(github, widgets, "switchover-evaluate.yml")
    fields = {
        "task_id": "acme/widgets#2/sealed/50",
        "patch": PATCH,
        "sealed_at": first.at,
        "marks": ("sealed",),
        **change,
    }
    add_artifact(github, widgets, run, packed({"evaluations.jsonl": lines([graded(2, **fields)])}))
    over(context, widgets, run)
    settle(context)
    work(context)
    job = jobs(context)[-1]
    assert (job.reason, len(evaluations(context.store, widgets.name))) == (reason, 0 if reason else 1), job.detail
