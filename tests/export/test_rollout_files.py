"""atif and mini: one file a rollout, by the rules of those who defined them."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.export import Mix, Options, export
from pipeline.jsonl import read
from pipeline.types import Rollout, Sample, from_json, to_json
from tests.export.conftest import written

AGENT_ONLY = {"tool_calls", "reasoning_content", "metrics", "model_name", "reasoning_effort", "llm_call_count"}
ROOT = {"schema_version", "session_id", "trajectory_id", "agent", "steps", "final_metrics", "extra"}
STEP = {"step_id", "source", "message", "observation", *AGENT_ONLY}
FINAL = {
    "total_prompt_tokens",
    "total_completion_tokens",
    "total_cached_tokens",
    "total_cost_usd",
    "total_steps",
    "extra",
}


def check(document: dict[str, Any]) -> None:
    """The rules of ATIF's own validator (Harbor 0.26) that can apply to a text-only rollout of one agent."""
    assert document["schema_version"] == "ATIF-v1.7" and set(document) <= ROOT
    assert set(document["agent"]) <= {"name", "version", "model_name", "tool_definitions", "extra"}
    assert set(document["final_metrics"]) <= FINAL
    assert [step["step_id"] for step in document["steps"]] == list(range(1, len(document["steps"]) + 1))
    for step in document["steps"]:
        assert set(step) <= STEP and step["source"] in ("system", "user", "agent")
        assert isinstance(step["message"], str)
        assert step["source"] == "agent" or not set(step) & AGENT_ONLY
        calls = {call["tool_call_id"] for call in step.get("tool_calls", ())}
        assert all(isinstance(call["arguments"], dict) for call in step.get("tool_calls", ()))
        for result in step.get("observation", {}).get("results", ()):
            assert result.get("source_call_id") in {None, *calls}


def documents(folder: Path, pattern: str) -> dict[str, dict[str, Any]]:
    return {
        path.name.split(".json")[0].removesuffix(".traj"): json.loads(path.read_text()) for path in folder.glob(pattern)
    }


@pytest.fixture
def folder(shards: list[Path], tmp_path: Path) -> Path:
    """A copy of a shard, to change."""
    shutil.copytree(shards[0], tmp_path / "made")
    return tmp_path / "made"


def test_every_rollout_is_a_valid_trajectory(shards: list[Path], tmp_path: Path) -> None:
    done = export(shards, tmp_path / "out", Options(("atif",), all_rollouts=True))
    rows = {row["id"]: row for shard in shards for row in read(shard / "rollouts.jsonl")}
    made = documents(tmp_path / "out" / "atif", "*.json")
    assert set(made) == set(rows) and done.rollouts == len(rows)
    kept = {row["id"] for shard in shards for row in read(shard / "samples.jsonl")}
    for id, document in made.items():
        check(document)
        row, final = rows[id], document["final_metrics"]
        assert (final["total_prompt_tokens"], final["total_completion_tokens"]) == (row["tokens_in"], row["tokens_out"])
        assert final["total_cached_tokens"] == row["tokens_cached"] and final.get("total_cost_usd") == row["cost_usd"]
        steps = [step["metrics"] for step in document["steps"] if step["source"] == "agent"]
        assert sum(step["prompt_tokens"] for step in steps) == row["tokens_in"]
        assert sum(step["completion_tokens"] for step in steps) == row["tokens_out"]
        assert document["extra"]["exit"] == row["exit"]
        assert document["extra"]["repo"].endswith("shop") and len(document["extra"]["base_sha"]) == 40
        assert document["extra"]["kept"] is (id in kept) or row["exit"] == "submitted"


def test_a_trajectory_says_what_the_messages_say(shards: list[Path], tmp_path: Path) -> None:
    export(shards[:1], tmp_path / "out", Options(("atif",)))
    made = documents(tmp_path / "out" / "atif", "*.json")
    samples = {row["id"]: row for row in read(shards[0] / "samples.jsonl")}
    assert set(made) == set(samples)
    for id, document in made.items():
        assert document["extra"]["recall"] == samples[id]["recall"]
        assert _conversation(document["steps"]) == [
            (m["role"], m["content"] or "", [json.loads(c["function"]["arguments"]) for c in m.get("tool_calls", ())])
            for m in samples[id]["messages"]
        ]


def _conversation(steps: list[dict[str, Any]]) -> list[tuple[str, str, list[Any]]]:
    said = []
    for step in steps:
        role = {"agent": "assistant"}.get(step["source"], step["source"])
        said.append((role, step["message"], [call["arguments"] for call in step.get("tool_calls", ())]))
        said += [("tool", result["content"], []) for result in step.get("observation", {}).get("results", ())]
    return said


def test_tokens_of_each_turn_where_they_were_kept(folder: Path, tmp_path: Path) -> None:
    rows = list(read(folder / "rollouts.jsonl"))
    usage = {"tokens_in": 10, "tokens_out": 2, "tokens_cached": 4}
    rollouts = [dataclasses.replace(from_json(Rollout, row), turns=(usage,) * row["steps"]) for row in rows]
    lines = [{**to_json(rollout), "rollout": row["rollout"]} for rollout, row in zip(rollouts, rows, strict=True)]
    (folder / "rollouts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    export([folder], tmp_path / "out", Options(("atif",)))
    for document in documents(tmp_path / "out" / "atif", "*.json").values():
        check(document)
        metrics = [step["metrics"] for step in document["steps"] if step["source"] == "agent"]
        assert metrics == [{"prompt_tokens": 10, "completion_tokens": 2, "cached_tokens": 4}] * len(metrics) != []


def test_mini_has_config_version_and_the_exit_message(shards: list[Path], tmp_path: Path) -> None:
    export(shards, tmp_path / "out", Options(("mini",), all_rollouts=True))
    made = documents(tmp_path / "out" / "mini", "*/*.traj.json")
    rows = {row["id"]: row for shard in shards for row in read(shard / "rollouts.jsonl")}
    assert set(made) == set(rows)
    for id, document in made.items():
        info, row = document["info"], rows[id]
        assert document["trajectory_format"] == "mini-swe-agent-1.1" and info["mini_version"].startswith("2.")
        assert info["config"]["agent"]["step_limit"] == 115 and info["config"]["model"]["model_name"] == "scripted"
        assert info["exit_status"] == "Submitted" and info["submission"] == row["patch"]
        assert info["model_stats"] == {"instance_cost": row["cost_usd"], "api_calls": row["steps"]}
        *said, ending = document["messages"]
        assert [{k: v for k, v in m.items() if k != "extra"} for m in said] == row["messages"]
        assert ending["role"] == "exit" and ending["extra"]["submission"] == row["patch"]
        actions = [a["command"] for m in said for a in m.get("extra", {}).get("actions", ())]
        assert actions[-1].startswith("echo COMPLETE_TASK")


def test_a_file_of_samples_alone_is_enough_and_tells_no_more_than_it_knows(sample: Sample, tmp_path: Path) -> None:
    lone = written(tmp_path / "lone" / "some.jsonl", dataclasses.replace(sample, id="../x"))
    export([lone], tmp_path / "out", Options(("atif", "mini")))
    document = json.loads((tmp_path / "out" / "atif" / "__x.json").read_text())
    check(document)
    assert "total_cached_tokens" not in document["final_metrics"]
    assert list((tmp_path / "out" / "mini").iterdir()) == [tmp_path / "out" / "mini" / "__x"]


def test_a_result_of_no_call_belongs_to_none(sample: Sample, tmp_path: Path) -> None:
    messages = [dict(message) for message in sample.messages]
    result = next(message for message in messages if message["role"] == "tool")
    result["tool_call_id"] = "of another turn"
    lone = written(tmp_path / "lone.jsonl", dataclasses.replace(sample, messages=tuple(messages)))
    export([lone], tmp_path / "out", Options(("atif",)))
    (document,) = documents(tmp_path / "out" / "atif", "*.json").values()
    check(document)
    results = [r for step in document["steps"] for r in step.get("observation", {}).get("results", ())]
    assert [r["content"] for r in results if "source_call_id" not in r] == [result["content"]]


def test_of_what_was_left_out_only_all_tells(shards: list[Path], tmp_path: Path) -> None:
    some = export(shards, tmp_path / "some", Options(("atif",), mix=Mix(first=1, second=0)))
    assert (some.rollouts, some.samples) == (1, 1)
    with pytest.raises(InputError, match="--all"):
        export(shards, tmp_path / "out", Options(("chat",), all_rollouts=True))
