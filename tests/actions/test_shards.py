"""Generation in shards, executed: merged, and with a shard that fails, and again after that."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from pipeline import demo
from pipeline.collect import collect_clone
from pipeline.config import CollectConfig
from pipeline.jsonl import read
from pipeline.store import Store
from tests.actions.acting import BIN, Act
from tests.bot.handle.waiting import until

pytestmark = pytest.mark.timeout(900)

CONFIG = "generate: {teacher: {url: scripted, model: scripted}, samples: 6}\n"


@pytest.fixture
def act(tmp_path: Path) -> Act:
    """With what the collecting job hands on."""
    act = Act(tmp_path / "act")
    built = demo.build(tmp_path / "demo")
    collected = tmp_path / "collected"
    mirror = collected / "switchover.db.mirrors" / "1.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(built.repo), str(mirror)], check=True)
    subprocess.run(["git", "-C", str(mirror), "remote", "remove", "origin"], check=True)
    with Store.open(collected / "switchover.db") as store:
        collect_clone(mirror, store, config=CollectConfig())
    (collected / "switchover.yml").write_text(CONFIG)
    (act.artifacts / "switchover-collected").mkdir()
    packed = act.artifacts / "switchover-collected" / "collected.tar"
    subprocess.run(["tar", "-C", str(collected), "-cf", str(packed), "."], check=True)
    return act


def failing(act: Act, folder: Path, shard: str) -> None:
    """Put a ``switchover`` before the real one that dies in one shard as a machine does: after some of its work."""
    folder.mkdir()
    program = folder / "switchover"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in generate*" {shard} "*|generate*" {shard}")\n'
        f'  {BIN}/switchover "$@" --samples 3 >/dev/null; rm "$HOME"/.switchover/*/*/*/2/summary.json\n'
        '  echo "the machine is gone" >&2; exit 137;;\nesac\n'
        f'exec {BIN}/switchover "$@"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    act.programs = [folder]


INPUTS = {"runner": '["self-hosted", "gpu"]', "shards": "3", "job": "made"}


def test_a_failed_shard_is_named_and_the_next_run_does_only_that(act: Act, tmp_path: Path) -> None:
    workflow = act.caller("try.yml", "switchover-run-generate.yml", INPUTS)
    failing(act, tmp_path / "broken", "2/3")
    ran = act.dispatch(workflow)
    assert ran.returncode != 0
    assert "missing: shard 2 of 3" in ran.stdout, ran.stdout[-3000:]
    assert not (act.artifacts / "switchover-samples").exists()
    shards = act.home / ".switchover" / "octo-tally" / "reckon" / "made"
    before = {n: (shards / n / "rollouts.jsonl").read_bytes() for n in ("1", "3")}
    begun = [row["id"] for row in read(shards / "2" / "rollouts.jsonl")]

    act.programs = []
    ran = act.dispatch(workflow)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert {n: (shards / n / "rollouts.jsonl").read_bytes() for n in ("1", "3")} == before
    assert [row["id"] for row in read(shards / "2" / "rollouts.jsonl")][: len(begun)] == begun
    samples = [row["id"] for row in read(act.artifacts / "switchover-samples" / "samples.jsonl")]
    assert len(samples) == len(set(samples)) > 0
    summaries = [json.loads((shards / n / "summary.json").read_text()) for n in ("1", "2", "3")]
    assert sum(one["kept"] for one in summaries) == len(samples)
    assert [one["state"] for one in summaries] == ["done"] * 3


@pytest.mark.parametrize("shards", ["0", "257", "2; echo broken", "-1", ""])
def test_a_number_of_shards_that_is_none_is_refused(tmp_path: Path, shards: str) -> None:
    act = Act(tmp_path / "act")
    workflow = act.caller("try.yml", "switchover-run-generate.yml", INPUTS | {"shards": shards})
    ran = act.dispatch(workflow)
    assert ran.returncode != 0
    assert "shards:" in ran.stdout
    assert "Main Generate" not in ran.stdout


def hanging(act: Act, folder: Path) -> Path:
    """As ``failing``, but shard 2 then hangs; the file that says so."""
    folder.mkdir()
    program, reached = folder / "switchover", folder / "reached"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in generate*" 2/2"*)\n'
        f'  {BIN}/switchover "$@" --samples 3 >/dev/null; rm "$HOME"/.switchover/*/*/*/2/summary.json\n'
        f"  touch {reached}; exec sleep 600;;\nesac\n"
        f'exec {BIN}/switchover "$@"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    act.programs = [folder]
    return reached


def test_a_cancelled_run_goes_on_with_what_is_missing(act: Act, tmp_path: Path) -> None:
    workflow = act.caller("try.yml", "switchover-run-generate.yml", INPUTS | {"shards": "2"})
    reached = hanging(act, tmp_path / "slow")
    shards = act.home / ".switchover" / "octo-tally" / "reckon" / "made"
    with act.running(workflow) as process:
        until(lambda: reached.exists() and (shards / "1" / "summary.json").exists(), 400)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=180)
        assert process.returncode != 0
    assert not (act.artifacts / "switchover-samples").exists()
    before = (shards / "1" / "rollouts.jsonl").read_bytes()
    begun = [row["id"] for row in read(shards / "2" / "rollouts.jsonl")]
    assert begun

    act.programs = []
    ran = act.dispatch(workflow)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert (shards / "1" / "rollouts.jsonl").read_bytes() == before
    ids = [row["id"] for row in read(shards / "2" / "rollouts.jsonl")]
    assert ids[: len(begun)] == begun and len(ids) == len(set(ids))
    assert json.loads((shards / "2" / "summary.json").read_text())["state"] == "done"
