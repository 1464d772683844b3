"""``action.yml`` executed: set up once, the verb's outputs, its summary, and what is refused."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.types import to_json
from tests.actions.acting import BIN, Act
from tests.actions.test_setting_up import program
from tests.bot.handle.waiting import until
from tests.decide.rows import duels

ROOT = Path(__file__).parents[2]
CONTENT = ("pyproject.toml", "bot/__init__.py", "pipeline/__init__.py", "workflows/__init__.py")
"""Stands for the action's own files, which name the installation that is kept."""


@pytest.fixture
def act(tmp_path: Path) -> Act:
    """With the action in the repository, and on the runner's disk what it would install."""
    act = Act(tmp_path / "act")
    for name in ("action.yml", *CONTENT):
        (act.repo / "switchover" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, act.repo / "switchover" / name)
    listed = "".join(f"{hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(CONTENT))
    content = hashlib.sha256(listed.encode()).hexdigest()[:16]
    python = ".".join(platform.python_version_tuple()[:2])
    tools = act.home / ".cache" / "act" / "tool_cache"  # where act has it, whatever the environment says
    ready = tools / f"switchover-Linux-X64-{python}-rollout-{content}"
    ready.mkdir(parents=True)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (ready / name).symlink_to(BIN.parent / name)
    (ready / ".ready").touch()
    return act


def run(act: Act, **given: str) -> tuple[int, str]:
    steps = [
        {"uses": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"},
        {"id": "it", "uses": "./switchover", "with": given},
        {"run": 'echo "state=[$STATE] url=[$URL]"',
         "env": {"STATE": "${{ steps.it.outputs.state }}", "URL": "${{ steps.it.outputs.url }}"}},
    ]  # fmt: skip
    job = {"runs-on": "ubuntu-latest", "steps": steps}
    (act.workflows / "try.yml").write_text(yaml.safe_dump({"on": "workflow_dispatch", "jobs": {"only": job}}))
    ran = act.dispatch("try.yml")
    return ran.returncode, ran.stdout


def test_a_verb_and_what_it_says(act: Act, tmp_path: Path) -> None:
    rows = duels([0.0] * 25)
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(to_json(row)) + "\n" for row in rows))
    code, log = run(act, verb="decide", arguments=f"--evaluations\n{tmp_path}/e.jsonl\n")
    assert code == 0, log[-3000:]
    assert "state=[close] url=[https://github.com/octo-tally/reckon/actions/runs/" in log
    assert "### Switchover: decide, close" in log
    assert "mermaid" in log


def test_a_failed_verb_fails_the_step(act: Act) -> None:
    (act.repo / "pipeline").mkdir()  # a team's own package of that name: nothing of it is run
    (act.repo / "pipeline" / "__init__.py").write_text("raise SystemExit('the checkout runs here')\n")
    code, log = run(act, verb="decide", arguments="--evaluations\nnowhere.jsonl\n")
    assert code != 0
    assert "nowhere.jsonl: no such file" in log
    assert "the checkout runs here" not in log
    assert "### Switchover: decide" in log


def test_extras_are_names(act: Act) -> None:
    code, log = run(act, verb="decide", extras="rollout]; echo broken; [")
    assert code != 0
    assert "is not a list of names" in log
    assert "| broken" not in log


def setting_up(tmp_path: Path, who: str) -> subprocess.Popen[bytes]:
    """The step of one job of several that share a tool cache."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "Set up"]
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "WHO": who, "EXTRAS": "rollout", "ACTION": "/action"}
    environment["FOLDER"] = str(tmp_path / "tools" / "switchover-here")
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.Popen(words, env=environment, cwd=tmp_path)


def test_of_two_jobs_at_once_one_sets_up_and_the_other_waits(tmp_path: Path) -> None:
    """The first is in its pip until the second either waits for it or sets up as well."""
    program(tmp_path / "bin" / "flock", f'touch "{tmp_path}/$WHO.came"; exec /usr/bin/flock "$@"')
    program(
        tmp_path / "pip", f'touch "{tmp_path}/$WHO.installs"; until [ -e "{tmp_path}/b.came" ]; do sleep 0.01; done'
    )
    makes = f'touch "{tmp_path}/$WHO.came"; mkdir -p "$3/bin"; cp "{tmp_path}/pip" "$3/bin/pip"'
    program(tmp_path / "bin" / "python3", makes)
    with setting_up(tmp_path, "a") as first:
        until((tmp_path / "a.installs").exists)
        with setting_up(tmp_path, "b") as second:
            assert (first.wait(60), second.wait(60)) == (0, 0)
    assert not (tmp_path / "b.installs").exists()
    assert (tmp_path / "tools" / "switchover-here" / ".ready").exists()


def test_a_half_made_installation_is_made_anew(tmp_path: Path) -> None:
    program(tmp_path / "pip", f'touch "{tmp_path}/$WHO.installs"')
    program(tmp_path / "bin" / "python3", f'mkdir -p "$3/bin"; cp "{tmp_path}/pip" "$3/bin/pip"')
    folder = tmp_path / "tools" / "switchover-here"
    (folder / "half").mkdir(parents=True)
    with setting_up(tmp_path, "a") as job:
        assert job.wait(60) == 0
    assert (folder / ".ready").exists() and not (folder / "half").exists()
    with setting_up(tmp_path, "c") as job:
        assert job.wait(60) == 0
    assert not (tmp_path / "c.installs").exists()
