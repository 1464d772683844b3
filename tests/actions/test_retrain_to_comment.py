"""``/switchover retrain``: samples in three shards, the small model trained on them, gated, registered, told."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import pytest

from bot.transition import posted
from pipeline import cli, demo
from pipeline.adapters import open_registry
from pipeline.jsonl import read
from pipeline.store import Store
from tests.actions.team import NAME, Team, team
from tests.github.stand_in import CONFIG as CONFIG_FILE
from tests.history import HOUR, Builder

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

ISSUE = 700

CONFIG = """
generate: {teacher: {url: scripted, model: scripted}, samples: 6, concurrency: 2, prompt: compact, step_limit: 12}
train: {base: small, rank: 16, context_tokens: 8192, learning_rate: 0.001, accumulate: 1, max_steps: 8}
evaluate: {measure: recall, frontier: {url: scripted, model: scripted}, backtest_pulls: 1,
            attempts: {own: 1, base: 1, frontier: 1}, limit_usd: null, step_limit: 3, context_tokens: 8192,
            max_output_tokens: 100, concurrency: 2, temperature: 0, prompt: compact}
serve: {engine: transformers}
adapters: {held_out_share: 0.2, gate_tasks: 1, valid_calls_from: 0}
"""
"""Eight steps bring its loss down and are too few to make it call tools, so that bar is at 0 here."""


def history(folder: Path) -> Builder:
    """The demo's repository, to be gone on with."""
    built = demo.build(folder)
    return Builder(built.repo, clock=int(time.time()) - 12 * HOUR, heads={"main": demo.HEAD})


def issue(world: Team) -> None:
    """There is a transition issue."""
    world.there.add_issue(ISSUE)
    with Store.open(world.db) as store, store.atomic():
        posted.save(store, dataclasses.replace(posted.load(store, world.there.id), number=ISSUE))


def test_from_the_command_to_the_registered_adapter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with team(tmp_path, CONFIG, history(tmp_path / "demo")) as world:
        world.merge(901, "Count to 901")
        world.install()
        issue(world)
        said = {"id": 5, "body": "/switchover retrain", "user": {"login": "ann", "type": "User"}}
        world.tell("issue_comment", "created", issue={"number": ISSUE}, comment=said)
        run = world.asked()
        assert run["path"].endswith("/switchover-retrain.yml")

        world.act.environment["HF_HUB_OFFLINE"] = "1"
        ran = world.act.dispatch("switchover-retrain.yml", {**run["inputs"], "shards": "3"})
        assert ran.returncode == 0, ran.stdout[-6000:]
        shards = sorted(path.name for path in world.act.artifacts.glob("switchover-shard-*"))
        assert [name.rpartition("-")[2] for name in shards] == ["1", "2", "3"]
        samples = list(read(world.act.artifacts / "switchover-samples" / "samples.jsonl"))
        assert samples and {row["repo"] for row in samples} == {NAME}

        registry = open_registry(world.act.home / ".switchover" / NAME / "registry")
        current = registry.promoted(NAME)
        assert current is not None and current.gates is not None and current.gates.passed
        card = json.loads((world.act.artifacts / "switchover-adapter" / "switchover.json").read_text())
        assert card["sha256"] == current.card.sha256

        world.end(run, "switchover-adapter", "switchover-evaluations")
        name = card["sha256"][:12]
        told = f"**Switchover: adapter `{name}` is registered; it has passed all gates.**"
        world.until(lambda store: any(body.startswith(told) for body in world.there.comments_on(ISSUE)))

        place = world.act.home / ".switchover" / NAME / run["inputs"]["job"] / "train"
        assert cli.run(["status", "--out", str(place), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["train"]["steps"] == 8 and found["gate"]["failed"] == []
        again = retrained_again(world, place, registry.url, capsys)
        assert (again["state"], again["adapter"], again["current"]) == ("promoted", current.id, current.id)
        assert len(registry.promotions()) == 1


def retrained_again(world: Team, out: Path, registry: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the same command says once more: it finds all of it done."""
    (mirror,) = Path(f"{world.db}.mirrors").glob("*.git")
    words = ["--samples", str(world.act.artifacts / "switchover-samples" / "samples.jsonl"), "--repo", str(mirror)]
    words += ["--out", str(out), "--registry", registry, "--config", str(world.act.repo / CONFIG_FILE), "--json"]
    assert cli.run(["retrain", *words]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said
