"""The whole cycle on a real history that nobody here wrote, with a real if tiny model; killed in every stage.

The history is src-d/go-git (Go, 43 merged pull requests) out of a Debian package.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.adapters import open_registry
from pipeline.train.card import file_sha256
from pipeline.train.held_out import HELD_OUT, TRAINED, group
from tests.real_histories import DATA, HISTORIES, unpack
from tests.train.tiny import make_model

pytestmark = [
    pytest.mark.model,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not DATA.exists(), reason="needs Debian's golang-github-go-git-go-git-fixtures-dev"),
]

CONFIG = """
generate: {{teacher: {{url: scripted, model: scripted}}, samples: 4, concurrency: 2, prompt: compact, step_limit: 12}}
train: {{base: {base}, rank: 4, context_tokens: 8192, learning_rate: 0.001, accumulate: 1, max_steps: 12}}
evaluate: {{measure: recall, frontier: {{url: scripted, model: scripted}}, backtest_pulls: 3,
            attempts: {{own: 1, base: 1, frontier: 1}},
            limit_usd: null, step_limit: 3, context_tokens: 8192, max_output_tokens: 8, concurrency: 2,
            temperature: 0, prompt: compact}}
serve: {{engine: transformers}}
adapters: {{held_out_share: 0.2, gate_tasks: 1, valid_calls_from: 0}}
"""
"""A model that learns nothing makes no valid call: the bar that only a real one meets is at 0 here."""

Rows = list[dict[str, Any]]


def rows(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Run:
    """A clone, a config, and folders to run the cycle in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clone = unpack(next(real for real in HISTORIES if real.name == "src-d/go-git"), folder / "go-git")
        self.config = folder / "config.yml"
        self.config.write_text(CONFIG.format(base=make_model(folder / "tiny")))

    def arguments(self, out: str) -> list[str]:
        return ["cycle", "--repo", str(self.clone), "--out", str(self.folder / out), "--config", str(self.config)]

    def kill_when(self, out: str, reached: Callable[[], bool]) -> None:
        command = [sys.executable, "-m", "pipeline.cli", *self.arguments(out)]
        log = (self.folder / f"{out}.log").open("a")
        process = subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log)
        deadline = time.monotonic() + 240
        while not reached():
            assert process.poll() is None, (self.folder / f"{out}.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the stage was never reached"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("cycle"))


@pytest.fixture(scope="module")
def whole(run: Run) -> Path:
    """An undisturbed cycle, its folders named as a person at a prompt would: from where one stands."""
    before = Path.cwd()
    os.chdir(run.folder)
    try:
        assert cli.run(["cycle", "--repo", "go-git", "--out", "whole", "--config", "config.yml"]) == 0
    finally:
        os.chdir(before)
    return run.folder / "whole"


def test_a_real_history_goes_through_every_step(whole: Path) -> None:
    evaluations = rows(whole / "evaluate" / "evaluations.jsonl")
    assert {(row["role"], row["scripted"]) for row in evaluations} == {
        ("own", False),
        ("base", False),
        ("frontier", True),
    }
    assert len(evaluations) == 3 * len({row["task_id"] for row in evaluations}) >= 6
    assert all(row["task_id"].startswith("src-d/go-git#") and row["backtest"] for row in evaluations)
    card = json.loads((whole / "epochs/001/adapter/switchover.json").read_text())
    assert all(row["merged_at"] > card["trained_until"] for row in evaluations)
    assert {row["adapter"] for row in evaluations if row["role"] == "own"} == {card["sha256"]}


def test_the_adapter_passed_its_gates_was_registered_and_promoted(whole: Path) -> None:
    card = json.loads((whole / "epochs/001/adapter/switchover.json").read_text())
    gates = json.loads((whole / "epochs/001/adapter/gates.json").read_text())
    assert gates["passed"] and gates["adapter"] == card["sha256"] and len(gates["gates"]) == 4
    registry = open_registry(whole / "registry")
    (entry,), damaged = registry.entries()
    assert entry.card.sha256 == card["sha256"] and not damaged
    assert registry.promoted("src-d/go-git") == entry
    assert entry.scores and entry.scores["pulls"] == len(rows(whole / "evaluate/evaluations.jsonl")) / 3


def test_no_held_out_function_was_trained_on(whole: Path) -> None:
    place = whole / "epochs/001/generate"
    trained, held_out = ({group(row) for row in rows(place / name)} for name in (TRAINED, HELD_OUT))
    assert trained and held_out and not trained & held_out
    card = json.loads((whole / "epochs/001/adapter/switchover.json").read_text())
    assert card["samples_sha256"] == file_sha256(place / TRAINED)
    asked = {row["task_id"] for row in rows(whole / "epochs/001/gates/rollouts.jsonl")}
    assert asked and asked <= held_out


def test_the_page_shows_the_numbers_of_the_evaluations(whole: Path) -> None:
    page = (whole / "report" / "report.html").read_text()
    block = re.search(r'<script type="application/json" id="evaluations">(.*?)</script>', page, re.S)
    assert block is not None
    shown = {(row["task_id"], row["role"], row["score"]) for row in json.loads(block[1])}
    assert shown == {
        (row["task_id"], row["role"], row["score"]) for row in rows(whole / "evaluate" / "evaluations.jsonl")
    }
    verdict = json.loads((whole / "verdict.json").read_text())
    assert verdict["state"] == "collecting"
    assert verdict["n"] == len(shown) / 3


def test_the_record_holds_against_the_evaluations(whole: Path) -> None:
    arguments = ["decide", "--evaluations", str(whole / "evaluate" / "evaluations.jsonl"), "--check"]
    for folder in (whole, whole / "report"):
        assert cli.run([*arguments, str(folder / "transition.json")]) == 0


def test_again_changes_nothing(run: Run, whole: Path) -> None:
    before = {path: path.read_bytes() for path in whole.rglob("*.jsonl")}
    assert cli.run(run.arguments("whole")) == 0
    assert {path: path.read_bytes() for path in whole.rglob("*.jsonl")} == before


def test_kill_9_in_each_stage_and_again_gives_the_same(run: Run, whole: Path) -> None:
    out = run.folder / "killed"
    epoch = out / "epochs" / "001"
    run.kill_when("killed", lambda: (out / "switchover.db").exists())
    run.kill_when("killed", lambda: bool(rows_so_far(epoch / "generate" / "journal.jsonl")))
    run.kill_when("killed", lambda: any((epoch / "adapter").rglob("checkpoint-*")))
    run.kill_when("killed", lambda: bool(rows_so_far(epoch / "gates" / "rollouts.jsonl")))
    run.kill_when("killed", lambda: bool(rows_so_far(out / "evaluate" / "rollouts.jsonl")))
    assert cli.run(run.arguments("killed")) == 0
    samples = "epochs/001/generate/samples.jsonl"
    assert (out / samples).read_bytes() == (whole / samples).read_bytes()
    weights = "epochs/001/adapter/adapter_model.safetensors"
    assert (out / weights).read_bytes() == (whole / weights).read_bytes()
    assert results(out) == results(whole)
    assert (out / samples).with_name(HELD_OUT).read_bytes() == (whole / samples).with_name(HELD_OUT).read_bytes()
    assert len(open_registry(out / "registry").entries()[0]) == len(open_registry(out / "registry").promotions()) == 1
    ids = [row["id"] for name in ("evaluate", "epochs/001/gates") for row in rows(out / name / "rollouts.jsonl")]
    assert len(ids) == len(set(ids)), "a rollout was made twice"


def rows_so_far(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def results(out: Path) -> list[tuple[str, str, float, str, str]]:
    keys = ("task_id", "role", "score", "exit", "patch")
    return sorted(tuple(row[key] for key in keys) for row in rows(out / "evaluate" / "evaluations.jsonl"))  # type: ignore[misc]
