"""The workflows that a person starts, executed: collect, generate, and decide on an earlier run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.jsonl import read
from pipeline.types import to_json
from tests.actions.team import NAME, Team, without_bot
from tests.decide.rows import duels

pytestmark = pytest.mark.timeout(900)

CONFIG = "generate: {teacher: {url: scripted, model: scripted}, samples: 4, concurrency: 2, prompt: compact}\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Team]:
    with without_bot(tmp_path, CONFIG) as made:
        for number in (1, 2):
            made.merge(number, f"Count to {number}")
        yield made


def ran(world: Team, workflow: str, **inputs: str) -> str:
    """act's log."""
    done = world.act.dispatch(workflow, inputs)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_collect_and_generate(world: Team) -> None:
    ran(world, "switchover-collect.yml")
    assert (world.act.artifacts / "switchover-collected" / "collected.tar").is_file()
    ran(world, "switchover-generate.yml", samples="2", job="mine")
    samples = list(read(world.act.artifacts / "switchover-samples" / "samples.jsonl"))
    assert samples and {row["repo"] for row in samples} == {NAME}
    summary = json.loads((world.act.home / ".switchover" / NAME / "mine" / "1" / "summary.json").read_text())
    assert (summary["planned"], summary["state"]) == (2, "done")


def test_an_issue_and_pull_requests_are_two_runs(world: Team) -> None:
    world.there.add_issue(50, title="Count to three", body="Nothing counts to three.", state="OPEN")
    done = world.act.dispatch("switchover-evaluate.yml", {"issue": "50", "pulls": "1"})
    assert done.returncode and "a run attempts one open issue or pull requests" in done.stdout
    assert {path.name for path in world.act.artifacts.iterdir()} == {"switchover-collected"}


def test_the_verdict_on_an_earlier_run(world: Team) -> None:
    earlier = world.act.artifacts / "run-77" / "switchover-history"
    earlier.mkdir(parents=True)
    rows = duels([0.0] * 25)
    (earlier / "evaluations.jsonl").write_text("".join(json.dumps(to_json(row)) + "\n" for row in rows))
    ran(world, "switchover-decide.yml", run="77")
    record = json.loads((world.act.artifacts / "switchover-report" / "verdict.json").read_text())
    assert record["state"] == "close"
