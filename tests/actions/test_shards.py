"""Generation in shards, executed: merged, and with a shard that fails, and again after that."""

from __future__ import annotations

import fcntl
import json
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pipeline import demo
from pipeline.collect import collect_clone
from pipeline.config import CollectConfig
from pipeline.jsonl import read
from pipeline.store import Store
from tests.actions.acting import BIN, Act, shipped
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


@dataclass
class Attempt:
    """One attempt of a shard on a runner: its steps' scripts, with a ``switchover`` that only says it was called."""

    folder: Path

    def __post_init__(self) -> None:
        self.out.mkdir(parents=True)
        (self.temp / "in").mkdir(parents=True)
        subprocess.run(["tar", "-cf", str(self.temp / "in" / "collected.tar"), "-T", "/dev/null"], check=True)
        program = self.folder / "bin" / "switchover"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\ntouch {self.called}\n")
        program.chmod(0o755)

    @property
    def out(self) -> Path:
        return self.folder / "home" / ".switchover" / "octo-tally" / "reckon" / "made" / "1"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    @property
    def called(self) -> Path:
        return self.folder / "called"

    def before(self, **files: str) -> None:
        """The artifact of an earlier attempt."""
        made = self.folder / "made"
        write(made, files)
        (self.temp / "before").mkdir()
        subprocess.run(["tar", "-C", str(made), "-cf", str(self.temp / "before" / "shard.tar"), "."], check=True)

    def step(self, name: str) -> int:
        steps = yaml.safe_load(shipped()["switchover-run-generate.yml"])["jobs"]["shard"]["steps"]
        (script,) = [step["run"] for step in steps if step.get("name") == name]
        environment = {
            "PATH": f"{self.folder}/bin:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_REPOSITORY": "octo-tally/reckon",
            "SHARD": "1",
            "SHARDS": "1",
            "SAMPLES": "",
            "JOB": "made",
        }
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(words, env=environment, cwd=self.folder, check=False).returncode

    def lies(self) -> dict[str, str]:
        """Name to text of what the shard goes on from; nothing of another try lies beside it."""
        assert [path.name for path in self.out.parent.iterdir()] == ["1"]
        return {path.stem: path.read_text() for path in self.out.glob("*.jsonl")}


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.jsonl").write_text(text)


FEW, MANY, TORN = "1\n", "1\n2\n3\n", "1\n2"


@pytest.mark.parametrize(
    ("disk", "artifact", "is_taken"),
    [
        pytest.param({}, {"rollouts": FEW}, True, id="nothing on the disk"),
        pytest.param({"rollouts": FEW, "samples": FEW}, {"rollouts": MANY}, True, id="gone on elsewhere meanwhile"),
        pytest.param({"rollouts": TORN}, {"rollouts": MANY}, True, id="unpacked in part"),
        pytest.param({"rollouts": MANY, "journal": FEW}, {"rollouts": MANY, "journal": MANY}, True, id="later stages"),
        pytest.param({"rollouts": MANY}, {"rollouts": FEW, "samples": MANY}, False, id="not uploaded at the end"),
        pytest.param({"rollouts": MANY}, {}, False, id="an artifact of nothing"),
    ],
)
def test_of_disk_and_artifact_the_one_that_is_further_on_goes_on(
    tmp_path: Path, disk: dict[str, str], artifact: dict[str, str], is_taken: bool
) -> None:
    attempt = Attempt(tmp_path)
    write(attempt.out, disk)
    write(attempt.out.with_name("1.new"), {"left": "by a kill"})
    attempt.before(**artifact)
    assert attempt.step("Generate") == 0
    assert attempt.lies() == (artifact if is_taken else disk)
    assert attempt.called.exists()
    assert (attempt.temp / "shard").resolve() == attempt.out


def test_an_artifact_that_cannot_be_unpacked_is_not_replaced(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    attempt.before(rollouts=MANY * 10_000)
    packed = attempt.temp / "before" / "shard.tar"
    packed.write_bytes(packed.read_bytes()[:20_000])
    assert attempt.step("Generate") != 0
    assert attempt.step("Keep what is finished") == 0
    assert list(attempt.out.iterdir()) in ([], [attempt.out / ".lock"])
    assert not attempt.called.exists() and not (attempt.temp / "shard.tar").exists()


def test_a_folder_at_work_is_not_taken_away(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    write(attempt.out, {"rollouts": FEW})
    attempt.before(rollouts=MANY)
    with (attempt.out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert attempt.step("Generate") != 0
    assert attempt.lies() == {"rollouts": FEW}
    assert not (attempt.temp / "shard").exists()


def test_a_shard_that_cannot_be_packed_leaves_no_part(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    write(attempt.out, {"rollouts": MANY})
    assert attempt.step("Generate") == 0
    assert attempt.step("Keep what is finished") == 0
    assert (attempt.temp / "shard.tar").exists()
    (attempt.temp / "shard.tar").unlink()
    tar = attempt.folder / "bin" / "tar"
    tar.write_text('#!/bin/sh\nfor to; do case "$to" in */shard.*) echo part > "$to" ;; esac; done; exit 2\n')
    tar.chmod(0o755)
    assert attempt.step("Keep what is finished") != 0
    assert not (attempt.temp / "shard.tar").exists()
