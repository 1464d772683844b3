"""Nobody pays twice: killed at many points and run again, the endpoint is asked as often as in one whole run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, jsonl
from pipeline.errors import RunError
from pipeline.evaluate.run import Evaluator
from tests.bot.handle.waiting import until
from tests.chat_server import ChatServer, chat_server, slow
from tests.evaluate.conftest import Collected, rows, words

TIMES = ("seconds", "at", "cost_usd", "rollout_id")


def scripts(collected: Collected, pause: float) -> dict[str, Any]:
    return {words(task): [slow(pause, step) for step in collected.perfect(task)] for task in collected.tasks[:3]}


def asked(collected: Collected, out: Path, server: ChatServer) -> list[str]:
    line = [
        "evaluate",
        "--db",
        str(collected.db),
        "--out",
        str(out),
        "--config",
        str(collected.config),
        "--newest",
        "3",
    ]
    return [*line, "--model", f"frontier={server.url}#test-model"]


def results(out: Path) -> list[dict[str, Any]]:
    kept = [{k: v for k, v in row.items() if k not in TIMES} for row in rows(out / "evaluations.jsonl")]
    return sorted(kept, key=lambda row: (row["task_id"], row["role"]))


@pytest.fixture(scope="module")
def undisturbed(collected: Collected, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of one whole run, and the turns that it asked for."""
    out = tmp_path_factory.mktemp("whole") / "out"
    with chat_server(scripts=scripts(collected, 0.0)) as server:
        assert cli.run(asked(collected, out, server)) == 0
        return out, len(server.requests)


@pytest.mark.parametrize("after", [1, 3, 5])
def test_killed_after_so_many_turns(
    after: int, collected: Collected, undisturbed: tuple[Path, int], tmp_path: Path
) -> None:
    expected, whole = undisturbed
    with chat_server(scripts=scripts(collected, 0.5)) as server:
        server.by_turn = True
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", *asked(collected, tmp_path / "killed", server)],
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 120
            while answered(tmp_path / "killed") < after and time.monotonic() < deadline:
                time.sleep(0.01)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        paid = answered(tmp_path / "killed")
        assert after <= paid < whole, "the kill came too late to show anything"
        server.scripts, before = scripts(collected, 0.0), settled(server)
        assert before - paid <= 2, "what reached nobody's disk is at most what ran at once"
        assert cli.run(asked(collected, tmp_path / "killed", server)) == 0
        assert len(server.requests) - before == whole - paid
    assert results(tmp_path / "killed") == results(expected)
    assert {row["score"] for row in results(expected)} == {1.0}
    assert list((tmp_path / "killed" / "turns").iterdir()) == []


def test_what_has_ended_is_on_the_disk_while_another_is_judged(
    collected: Collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request's tests may run for minutes; a kill meanwhile must not cost what the others have paid."""
    out, stock, seen = tmp_path / "out", Evaluator._judge, []

    def judge(self: Evaluator, *given: Any) -> None:
        until(lambda: len(rows(out / "rollouts.jsonl")) == 3, 200)
        seen.append(given)
        stock(self, *given)

    monkeypatch.setattr(Evaluator, "_judge", judge)
    with chat_server(scripts=scripts(collected, 0.0)) as server:
        assert cli.run([*asked(collected, out, server), "--concurrency", "3"]) == 0
    assert len(seen) == 3 and not (out / "scratch").exists()


def test_what_attempts_under_way_need_is_not_deleted_under_them(
    collected: Collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would note what a command says in a folder that is gone, and go on from that the next time."""

    def broken(self: Evaluator, *given: Any) -> None:
        raise RunError("the index of packages is out of reach")

    out = tmp_path / "out"
    with chat_server(scripts=scripts(collected, 0.0)) as server:
        with monkeypatch.context() as patched:
            patched.setattr(Evaluator, "_judge", broken)
            assert cli.run(asked(collected, out, server)) == 1
        assert (out / "scratch" / "bases").is_dir()
        assert cli.run(asked(collected, out, server)) == 0
    assert not (out / "scratch").exists()


def answered(out: Path) -> int:
    """Turns on disk: of rollouts that ended, and of those under way."""
    ended = {row["id"]: row["steps"] for row in jsonl.read(out / "rollouts.jsonl")}
    under_way = [path for path in (out / "turns").glob("*.jsonl") if path.stem not in ended]
    try:
        return sum(ended.values()) + sum(path.read_bytes().count(b"\n") for path in under_way)
    except FileNotFoundError:  # one has ended meanwhile
        return answered(out)


def settled(server: ChatServer) -> int:
    """Requests of the server, once those that a killed process has sent last are counted too."""
    before = -1
    while before != (before := len(server.requests)):
        time.sleep(1)
    return before


def test_twice_with_the_scripted_models_gives_the_same_numbers(collected: Collected, tmp_path: Path) -> None:
    models = [word for role in ("own", "base", "frontier") for word in ("--model", f"{role}=scripted#scripted")]
    for name in ("one", "two"):
        out = ["--out", str(tmp_path / name), "--config", str(collected.config), "--newest", "2"]
        assert cli.run(["evaluate", "--db", str(collected.db), *out, *models]) == 0
    one, two = (
        [{k: v for k, v in row.items() if k not in ("at", "seconds")} for row in sorted(
            rows(tmp_path / name / "evaluations.jsonl"), key=lambda row: (row["task_id"], row["role"], row["attempt"]))]
        for name in ("one", "two")
    )  # fmt: skip
    assert one == two and len(one) == 6
    assert {(row["task_id"], row["role"]) for row in one} == {
        (task.id, role) for task in collected.tasks[:2] for role in ("own", "base", "frontier")
    }
    made = rows(tmp_path / "one" / "rollouts.jsonl")
    assert all(row["ended_at"] and row["turns"] for row in made)
