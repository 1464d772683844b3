"""The facts of a new adapter: checked, kept, shown and told once; and everything that is no card."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from bot.handle.change import Context
from bot.intake.runs import Job
from bot.transition import posted
from pipeline.gates.record import EXPECTED, GateResult, Record
from pipeline.store import Store
from pipeline.train.card import AdapterCard
from tests.bot.handle.conftest import rows
from tests.bot.intake.test_queue import answers, say
from tests.bot.intake.world import ROWS, lines, only, over, packed, work
from tests.github.stand_in import Repository, StandIn
from tests.github.stand_in.rest_actions import add_artifact, add_run
from tests.graded import graded

SHA = "ab" * 32
CARD = AdapterCard(
    "2026-01-01T00:00:00Z", "c" * 40, "2026-02-01T00:00:00Z", "small", "d" * 64, SHA, "e" * 64, ("bash",), {"rank": 8},
    {"python": "3.11"}, 0, "cpu", 10, {}, 10, 5, 1000, 400, 1.5, 2.5, 60.0, 0.0, None, ("acme/widgets",),
)  # fmt: skip


def record(passed: bool = True, **changes: Any) -> Record:
    gates = tuple(GateResult(name, passed, {"own": 1.5}, "a bar", "it @reaches it") for name in EXPECTED)
    return dataclasses.replace(Record(SHA, "2026-02-01T00:00:00Z", None, None, gates), **changes)


WHOLE = record()


def artifact(card: dict[str, Any] | None = None, gates: Any = WHOLE) -> bytes:
    files = {"switchover.json": json.dumps(dataclasses.asdict(CARD) | (card or {})).encode()}
    if gates is not None:
        files["gates.json"] = json.dumps(gates.as_json() if isinstance(gates, Record) else gates).encode()
    return packed(files)


def retrained(github: StandIn, context: Context, widgets: Repository, data: bytes, **changes: Any) -> Job:
    """A scheduled retraining leaves ``data``."""
    run = add_run(github, widgets, "switchover-retrain.yml")
    add_artifact(github, widgets, run, data, "switchover-adapter", **changes)
    over(context, widgets, run)
    work(context)
    return only(context)


def issue(store: Store, widgets: Repository) -> None:
    """There is a transition issue."""
    widgets.add_issue(77)
    with store.atomic():
        posted.save(store, dataclasses.replace(posted.load(store, widgets.id), number=77))


def test_it_is_kept_and_told_once_in_the_transition_issue(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    issue(context.store, widgets)
    assert retrained(github, context, widgets, artifact()).state == "taken_in"
    over(context, widgets, widgets.runs[0])
    work(context)
    (row,) = rows(context.store, "adapters", "repo", "sha256", "passed", "trained_until")
    assert row == {"repo": "acme/widgets", "sha256": SHA, "passed": 1, "trained_until": "2026-01-01T00:00:00Z"}
    (said,) = widgets.comments_on(77)
    assert said.startswith("**Switchover: adapter `abababababab` is registered; it has passed all gates.**")
    assert "| `held_out_loss` | passed |" in said.replace("\\", "") and "@reaches" not in said


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (record(False), "it has not passed its gates and is not promoted"),
        (record(gates=record().gates[:1]), "it has not passed its gates and is not promoted"),
        (None, "its gates were not run"),
    ],
)
def test_one_that_did_not_pass_says_so(
    github: StandIn, context: Context, widgets: Repository, gates: Any, words: str
) -> None:
    issue(context.store, widgets)
    retrained(github, context, widgets, artifact(gates=gates))
    assert [row["passed"] for row in rows(context.store, "adapters")] == [0]
    assert words in widgets.comments_on(77)[0]


def test_without_an_issue_it_is_only_kept(github: StandIn, context: Context, widgets: Repository) -> None:
    retrained(github, context, widgets, artifact())
    assert rows(context.store, "adapters") and not widgets.comments


def test_who_asked_for_it_is_told(github: StandIn, context: Context, widgets: Repository) -> None:
    say(context, widgets, "/switchover retrain", 2)
    work(context)
    add_artifact(github, widgets, widgets.runs[0], artifact(), "switchover-adapter")
    add_artifact(github, widgets, widgets.runs[0], packed({ROWS: lines([graded(2), graded(3)])}))
    over(context, widgets, widgets.runs[0])
    work(context)
    assert (only(context).state, only(context).rows) == ("taken_in", 2)
    assert "is registered" in answers(widgets)[1] and rows(context.store, "evaluations")


BAD: list[tuple[str, bytes]] = [
    ("missing_file", packed({"gates.json": b"{}"})),
    ("wrong_schema", packed({"switchover.json": b"[]"})),
    ("wrong_schema", packed({"switchover.json": b"{"})),
    ("wrong_schema", packed({"switchover.json": b'{"a":' * 100_000})),
    ("wrong_schema", artifact({"sha256": "../../x"})),
    ("wrong_schema", artifact({"trained_until": "<script>"})),
    ("wrong_schema", artifact({"trained_until": "2026-02-30T00:00:00Z"})),
    ("wrong_schema", artifact({"loss": "low"})),
    ("wrong_schema", artifact({"samples": -0.5})),
    ("wrong_schema", artifact(gates=record(adapter="f" * 64))),
    ("wrong_schema", artifact(gates=record(gates=record().gates * 6))),
    ("wrong_schema", artifact(gates={"adapter": SHA})),
    ("wrong_repository", artifact({"repos": ["acme/others"]})),
    ("too_large", packed({"switchover.json": json.dumps({"x": list(range(250_000))}).encode()})),
]


@pytest.mark.parametrize(("reason", "data"), BAD, ids=[f"{n} {reason}" for n, (reason, _) in enumerate(BAD)])
def test_what_is_no_adapters_card_is_refused(
    github: StandIn, context: Context, widgets: Repository, reason: str, data: bytes
) -> None:
    job = retrained(github, context, widgets, data)
    assert (job.state, job.reason) == ("refused", reason), job.detail
    assert not rows(context.store, "adapters")
