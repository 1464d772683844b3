"""The evaluation end to end: real history, real sandbox, a real server on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.evaluate import fresh
from tests.chat_server import SUBMIT, ChatServer, chat_server, fault, slow
from tests.evaluate.conftest import Collected, rows, words

Line = list[str]


def line(collected: Collected, out: Path, *more: str) -> Line:
    return ["evaluate", "--db", str(collected.db), "--out", str(out), "--config", str(collected.config), *more]


def model(role: str, server: ChatServer) -> Line:
    return ["--model", f"{role}={server.url}#test-model"]


def test_scores_are_those_of_the_patches(
    collected: Collected, server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = line(collected, tmp_path, "--newest", "2", "--json", *model("own", server), *model("frontier", server))
    assert cli.run(asked) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["tasks"], summary["rollouts"], summary["void"]) == (2, 4, 0)
    by_task = {(row["task_id"], row["role"]): row for row in rows(tmp_path / "evaluations.jsonl")}
    solved, missed = collected.tasks[0].id, collected.tasks[1].id
    # The server knows a conversation by its task and counts on, so only the first of two roles is served the solution.
    assert max(by_task[solved, role]["score"] for role in ("own", "frontier")) == 1.0
    for role in ("own", "frontier"):
        row = by_task[missed, role]
        assert (row["score"], row["exit"], row["measure"], row["patch"]) == (0.0, "no_patch", "recall", "")
        assert row["cost_usd"] > 0 and row["tokens_in"] == 100 and row["title"]
    assert len({row["at"] for row in by_task.values()}) == 2


def test_again_makes_nothing_twice(collected: Collected, server: ChatServer, tmp_path: Path) -> None:
    asked = line(collected, tmp_path, "--newest", "2", *model("frontier", server))
    assert cli.run(asked) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    calls = len(server.requests)
    assert cli.run(asked) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")} == before
    assert len(server.requests) == calls


def test_rows_cut_off_half_way_are_completed_with_one_time(
    collected: Collected, server: ChatServer, tmp_path: Path
) -> None:
    asked = line(collected, tmp_path, "--newest", "1", *model("own", server), *model("frontier", server))
    assert cli.run(asked) == 0
    path = tmp_path / "evaluations.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[: first + 40])
    assert cli.run(asked) == 0
    assert [(r["role"], r["score"]) for r in rows(path)] == [
        (r["role"], r["score"]) for r in map(json.loads, whole.splitlines())
    ]


def test_kill_9_and_again_gives_what_an_undisturbed_run_gives(collected: Collected, tmp_path: Path) -> None:
    scripts = {words(t): [slow(0.3, step) for step in collected.perfect(t)] for t in collected.tasks[:4]}
    with chat_server(scripts=scripts) as server:
        asked = line(collected, tmp_path / "killed", "--newest", "4", *model("frontier", server))
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", *asked], start_new_session=True, stderr=subprocess.DEVNULL
        )
        rollouts = tmp_path / "killed" / "rollouts.jsonl"
        deadline = time.monotonic() + 200
        while not (rollouts.exists() and rollouts.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = len(rows(rollouts))
    assert 0 < done < 4, "the kill came too late to show anything"
    with chat_server(scripts=scripts) as server:
        asked[asked.index("--model") + 1] = f"frontier={server.url}#test-model"
        assert cli.run(asked) == 0
        finished_before = {row["id"] for row in rows(rollouts)[:done]}
        assert len(rows(rollouts)) == 4 and len(finished_before) == done
    with chat_server(scripts=scripts) as server:
        asked = line(collected, tmp_path / "whole", "--newest", "4", *model("frontier", server))
        assert cli.run(asked) == 0

    def results(out: str) -> set[tuple[str, float, str]]:
        return {(r["task_id"], r["score"], r["patch"]) for r in rows(tmp_path / out / "evaluations.jsonl")}

    assert results("killed") == results("whole")
    assert {score for _, score, _ in results("whole")} == {1.0}


def test_our_failures_void_a_pull_and_are_never_a_score_in_disguise(collected: Collected, tmp_path: Path) -> None:
    with chat_server(scripts={words(collected.tasks[0]): [fault(400, "bad request")], "": [SUBMIT]}) as server:
        assert cli.run(line(collected, tmp_path, "--newest", "2", *model("own", server))) == 0
    exits = {row["task_id"]: row["exit"] for row in rows(tmp_path / "evaluations.jsonl")}
    assert exits == {collected.tasks[0].id: "error", collected.tasks[1].id: "no_patch"}


def test_an_endpoint_that_is_gone_stops_the_run_before_anything(
    collected: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = line(collected, tmp_path, "--model", "own=http://127.0.0.1:9/v1#m")
    assert cli.run(asked) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "127.0.0.1:9" in error
    assert rows(tmp_path / "evaluations.jsonl") == []


def test_a_budget_stops_between_tasks(
    collected: Collected, server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*model("frontier", server), "--limit-usd", "0.2", "--concurrency", "1", "--json"]
    assert cli.run(line(collected, tmp_path, "--newest", "8", *asked)) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["stopped_for"] == "limit_usd"
    assert 0 < summary["tasks"] < 8
    assert len(rows(tmp_path / "evaluations.jsonl")) == summary["tasks"]


def test_own_is_not_asked_what_it_was_trained_on(
    collected: Collected, server: ChatServer, tmp_path: Path, adapter_until: Path
) -> None:
    asked = [*model("own", server), "--adapter", str(adapter_until), "--newest", "3"]
    assert cli.run(line(collected, tmp_path, *asked)) == 0
    assert {row["task_id"] for row in rows(tmp_path / "evaluations.jsonl")} == {collected.tasks[0].id}
    assert {row["backtest"] for row in rows(tmp_path / "evaluations.jsonl")} == {True}
    left_out = rows(tmp_path / "left_out.jsonl")
    assert {(row["id"], row["reason"]) for row in left_out} == {
        (task.id, fresh.STALE_FOR_OWN) for task in collected.tasks[1:3]
    }


@pytest.fixture
def adapter_until(collected: Collected, tmp_path: Path) -> Path:
    """A card of an adapter that has seen everything but the newest task."""
    from pipeline.train.card import AdapterCard, write_card

    text = {"base": "b", "samples_sha256": "s", "sha256": "a" * 64, "chat_template_sha256": "c", "device": "cpu"}
    counts = dict.fromkeys(("seed", "samples", "sequences", "steps", "tokens", "labelled_tokens"), 0)
    card = AdapterCard(
        trained_until=collected.tasks[1].merged_at,
        trained_until_commit=None,
        made_at="2026-11-23T00:00:00Z",
        tools=("bash",),
        config={},
        versions={},
        left_out={},
        loss=None,
        first_loss=None,
        seconds=0.0,
        gpu_hours=0.0,
        cost_usd=None,
        **text,
        **counts,
    )
    folder = tmp_path / "adapter"
    folder.mkdir()
    write_card(folder, card)
    return folder


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--model", "own=nonsense"], "expected ROLE=URL#NAME"),
        (["--model", "teacher=http://x/v1#m"], "unknown role 'teacher'"),
        (["--model", "own=http://x/v1#m", "--model", "own=http://x/v1#m"], "given twice"),
        (["--model", "own=scripted#scripted", "--attempts", "own=0"], "K from 1 on"),
        (["--model", "own=scripted#scripted", "--attempts", "me=1"], "unknown role 'me'"),
        (["--model", "own=scripted#scripted", "--task", "o/n#99999"], "no such task"),
        (["--model", "own=scripted#scripted", "--adapter", "/nowhere"], "no finished adapter"),
        (["--model", "own=scripted#scripted", "--newest", "0"], "--newest"),
    ],
)
def test_a_mistake_is_one_helpful_line(
    collected: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: Line, says: str
) -> None:
    assert cli.run(line(collected, tmp_path / "out", *more)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err.splitlines()[-1]


def test_a_database_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--model", "own=scripted#scripted", "--out", str(tmp_path / "out")]
    assert cli.run(["evaluate", "--db", str(tmp_path / "none.db"), *asked]) == 2
    assert "none.db" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    (tmp_path / "text.db").write_text("nonsense, and quite a lot of it")
    assert cli.run(["evaluate", "--db", str(tmp_path / "text.db"), *asked]) == 2


def test_out_is_a_file(collected: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("")
    assert cli.run(line(collected, tmp_path / "out", "--model", "own=scripted#scripted")) == 2
    assert "out" in capsys.readouterr().err.splitlines()[-1]
