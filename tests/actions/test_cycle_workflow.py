"""``switchover-cycle.yml``, executed with nothing in the verb's place: a person starts it and finds the report."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pipeline import demo
from pipeline.adapters import open_registry
from pipeline.jsonl import read
from tests.actions.team import NAME, without_bot
from tests.history import HOUR, Builder
from tests.train.tiny import make_model

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

CONFIG = """
generate: {{teacher: {{url: scripted, model: scripted}}, samples: 4, concurrency: 2, prompt: compact, step_limit: 12}}
train: {{base: {base}, rank: 4, context_tokens: 8192, learning_rate: 0.001, accumulate: 1, max_steps: 4}}
evaluate: {{measure: recall, frontier: {{url: scripted, model: scripted}}, backtest_pulls: 1,
            attempts: {{own: 1, base: 1, frontier: 1}}, limit_usd: null, step_limit: 3, context_tokens: 8192,
            max_output_tokens: 8, concurrency: 2, temperature: 0, prompt: compact}}
serve: {{engine: transformers}}
adapters: {{held_out_share: 0.2, gate_tasks: 1, valid_calls_from: 0}}
"""
"""A model that learns nothing makes no valid call: the bar that only a real one meets is at 0 here."""


def test_every_step_that_is_due_and_the_report(tmp_path: Path) -> None:
    built = demo.build(tmp_path / "demo")
    history = Builder(built.repo, clock=int(time.time()) - 12 * HOUR, heads={"main": demo.HEAD})
    with without_bot(tmp_path, CONFIG.format(base=make_model(tmp_path / "tiny")), history) as world:
        world.act.environment["HF_HUB_OFFLINE"] = "1"
        world.act.git("fetch", "-q", str(history.path), "main")
        world.act.git("reset", "-q", "--hard", "FETCH_HEAD")
        ran = world.act.dispatch("switchover-cycle.yml")
        assert ran.returncode == 0, ran.stdout[-6000:]
        place = world.act.home / "switchover" / NAME
        promoted = open_registry(place / "registry").promoted(NAME)
        assert promoted is not None and promoted.gates is not None and promoted.gates.passed
        rows = list(read(place / "evaluate" / "evaluations.jsonl"))
        assert {row["role"] for row in rows} == {"own", "base", "frontier"}
        report = world.act.artifacts / "switchover-report"
        assert json.loads((report / "transition.json").read_text())["state"] == "collecting"
        assert (report / "report.html").read_text().startswith("<!doctype html>")
        assert (report / "report.md").read_text() in "".join(ran.stdout)
