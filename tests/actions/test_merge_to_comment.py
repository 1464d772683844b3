"""A pull request is merged, and its comment appears: bot, dispatch, workflow, artifact, intake, each the real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.store.evaluations import evaluations
from tests.actions.team import NAME, team

pytestmark = pytest.mark.timeout(900)

CONFIG = """
evaluate:
  measure: recall
  own: {url: scripted, model: own}
  frontier: {url: scripted, model: scripted}
  attempts: {own: 1, base: 1, frontier: 1}
  limit_usd: null
  step_limit: 8
  concurrency: 2
  prompt: compact
"""


def test_from_the_merge_to_the_comment(tmp_path: Path) -> None:
    with team(tmp_path, CONFIG) as world:
        for number in (1, 2):
            world.merge(number, f"Count to {number}")
        world.install()
        world.merge(3, "Count to three")
        world.tell("pull_request", "closed", pull_request={"number": 3, "merged": True})
        run = world.asked()
        assert run["path"].endswith("/switchover-evaluate.yml")
        assert run["inputs"] == {"pulls": "3", "job": f"evaluate-{world.there.id}-pull-3"}

        ran = world.act.dispatch("switchover-evaluate.yml", run["inputs"])
        assert ran.returncode == 0, ran.stdout[-4000:]
        rows = (world.act.artifacts / "switchover-evaluations" / "evaluations.jsonl").read_text().splitlines()
        assert {json.loads(row)["number"] for row in rows} == {3}
        page = (world.act.artifacts / "switchover-report" / "report.html").read_text()
        assert "Count to three" in page

        world.end(run, "switchover-evaluations", "switchover-history", "switchover-report", "switchover-collected")
        world.until(lambda store: evaluations(store, NAME, 3))
        world.until(lambda store: world.there.comments_on(3))
        (comment,) = world.there.comments_on(3)
        assert "own" in comment and "frontier" in comment
