"""An issue is labelled, attempted and its hashes shown; its fix is merged, and what was sealed is scored."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pipeline.decide.pairs import pairs
from pipeline.decide.stream import fold
from pipeline.report.meaning import marked
from pipeline.store import Store
from pipeline.store.evaluations import evaluations
from pipeline.store.seals import seals
from tests.actions.team import NAME, team
from tests.actions.test_merge_to_comment import CONFIG
from tests.history import HOUR

pytestmark = pytest.mark.timeout(900)

ISSUE = 50


def test_from_the_label_to_the_score(tmp_path: Path) -> None:
    with team(tmp_path, CONFIG) as world:
        for number in (1, 2):
            world.merge(number, f"Count to {number}")
        body = "There is n1 and n2 under lib, and nothing that counts to three."
        world.there.add_issue(ISSUE, title="Count to three", body=body, state="OPEN", labels=["switchover"])
        world.install()
        world.tell("issues", "labeled", issue={"number": ISSUE}, label={"name": "switchover"})
        run = world.asked()
        assert run["path"].endswith("/switchover-evaluate.yml")
        assert run["inputs"] == {"issue": str(ISSUE), "job": f"evaluate-{world.there.id}-issue-{ISSUE}"}

        ran = world.act.dispatch("switchover-evaluate.yml", run["inputs"])
        assert ran.returncode == 0, ran.stdout[-4000:]
        left = {path.name for path in world.act.artifacts.iterdir()}
        assert left == {"switchover-collected", "switchover-sealed", "switchover-history"}
        text = (world.act.artifacts / "switchover-sealed" / "sealed.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        assert {(line["issue"], line["role"]) for line in lines} == {(ISSUE, "own"), (ISSUE, "frontier")}

        world.end(run, *left)
        world.until(lambda store: world.there.comments_on(ISSUE))
        (comment,) = world.there.comments_on(ISSUE)
        assert all(line["patch_sha256"] in comment for line in lines)

        # The fix begins after that: in an hour and a half, so that the clock of the test does not matter.
        world.builder.clock = int(time.time()) + HOUR
        world.merge(3, "Count to three", closes=[ISSUE])
        world.tell("pull_request", "closed", pull_request={"number": 3, "merged": True})
        fixed = world.asked()
        assert fixed["inputs"]["pulls"] == "3"
        ran = world.act.dispatch("switchover-evaluate.yml", fixed["inputs"])
        assert ran.returncode == 0, ran.stdout[-4000:]
        world.end(fixed, "switchover-evaluations", "switchover-history", "switchover-report", "switchover-collected")
        world.until(lambda store: len(evaluations(store, NAME, 3)) == 4)

        with Store.open(world.db) as store:
            shown = {row.role: row.at for row in seals(store, NAME, ISSUE)}
            graded = [row for row in evaluations(store, NAME, 3) if row.task_id == f"{NAME}#3/sealed/{ISSUE}"]
        assert {row.role: row.sealed_at for row in graded} == shown and shown.keys() == {"own", "frontier"}
        assert all("sealed" in row.marks for row in graded)
        world.until(lambda store: world.there.comments_on(3))
        (said,) = world.there.comments_on(3)
        assert marked("sealed") in said, said
        with Store.open(world.db) as store:
            (pair,) = (pair for pair in pairs(fold(evaluations(store, NAME, 3))))
        assert pair.at == graded[0].at == graded[1].at, "the sealed attempts are the ones that count"
        assert world.there.comments_on(ISSUE) == [comment]
