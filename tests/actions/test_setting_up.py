"""How a job comes by Switchover: what is on the runner, else what the repository variable names."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.actions.acting import shipped

STEP = "Set up Switchover"
COMMIT = f"git+https://github.com/acme/switchover@{'a' * 40}"


def scripts() -> Iterator[tuple[str, str]]:
    for name, text in sorted(shipped().items()):
        for key, job in yaml.safe_load(text)["jobs"].items():
            for step in job.get("steps", ()):
                if step.get("name") == STEP:
                    yield f"{name}:{key}", step["run"]


SCRIPTS = [pytest.param(script, id=name) for name, script in scripts()]


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner whose ``python3 -m venv`` makes a pip that only writes down what it is asked for."""
    program(tmp_path / "pip", f'printf "%s\\n" "$@" > {tmp_path}/asked')
    program(tmp_path / "bin" / "python3", f'mkdir -p "$3/bin"; cp {tmp_path}/pip "$3/bin/pip"')
    return tmp_path


def ran(runner: Path, script: str, source: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{runner}/bin:/usr/bin:/bin", "SOURCE": source, "RUNNER_TEMP": str(runner)}
    environment["GITHUB_PATH"] = str(runner / "path")
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(words, env=environment, cwd=runner, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("source", "address"), [("/opt/so.whl", "file:///opt/so.whl"), (COMMIT, COMMIT)])
def test_what_the_variable_names_is_installed(runner: Path, script: str, source: str, address: str) -> None:
    done = ran(runner, script, source)
    assert done.returncode == 0, done.stderr
    (asked,) = [line for line in (runner / "asked").read_text().splitlines() if line.startswith("switchover")]
    assert asked.endswith(f" @ {address}")
    assert (runner / "path").read_text() == f"{runner}/switchover/bin\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_either_the_job_says_what_is_missing(runner: Path, script: str) -> None:
    done = ran(runner, script, "")
    assert done.returncode == 2 and "SWITCHOVER_SOURCE" in done.stderr
    assert not (runner / "asked").exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_on_the_runner_is_used(runner: Path, script: str) -> None:
    program(runner / "bin" / "switchover", "exit 1")
    assert ran(runner, script, COMMIT).returncode == 0
    assert not (runner / "asked").exists() and not (runner / "path").exists()


def test_every_job_that_runs_a_verb_is_set_up() -> None:
    assert len(SCRIPTS) == sum(
        any("switchover " in step.get("run", "") for step in job.get("steps", ()) if step.get("name") != STEP)
        for name, text in shipped().items()
        for job in yaml.safe_load(text)["jobs"].values()
    )
