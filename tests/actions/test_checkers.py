"""Every shipped workflow and the action, as three checkers and our own rules see them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.actions.acting import BIN, shipped

ROOT = Path(__file__).parents[2]
FILES = sorted(shipped())
TOKENS = re.compile(r"github\.token|GITHUB_TOKEN|secrets\.")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that has just been given the workflows, with the action beside them."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / ".github" / "workflows").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for name, text in shipped().items():
        (folder / ".github" / "workflows" / name).write_text(text)
    (folder / "action.yml").write_text((ROOT / "action.yml").read_text())
    return folder


def checked(folder: Path, *words: str) -> None:
    ran = subprocess.run([BIN / words[0], *words[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_actionlint(repository: Path) -> None:
    checked(repository, "actionlint", "-no-color", "-oneline")


def test_zizmor(repository: Path) -> None:
    checked(repository, "zizmor", "--offline", "--no-progress", "--min-severity", "medium", ".")


def test_the_vendored_schemas(repository: Path) -> None:
    files = [f".github/workflows/{name}" for name in FILES]
    checked(repository, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files)
    checked(repository, "check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")


def test_the_checkers_find_what_is_wrong(repository: Path, tmp_path: Path) -> None:
    """So that a checker that checks nothing is noticed."""
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".github" / "workflows" / "bad.yml").write_text(
        "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v4\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n"
    )
    for words in (["actionlint", "-oneline"], ["zizmor", "--offline", "--min-severity", "medium", "."]):
        ran = subprocess.run([BIN / words[0], *words[1:]], cwd=tmp_path, capture_output=True, check=False)
        assert ran.returncode != 0, words[0]


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, text in sorted(shipped().items()):
        for key, job in yaml.safe_load(text)["jobs"].items():
            yield name, key, job


JOBS = [pytest.param(*job, id=f"{job[0]}:{job[1]}") for job in jobs()]


@pytest.mark.parametrize(("name", "key", "job"), JOBS)
def test_a_job_has_a_token_or_a_model_never_both(name: str, key: str, job: dict[str, Any]) -> None:
    text = yaml.safe_dump(job)
    has_model = bool(re.search(r"switchover (generate|train|retrain|serve|evaluate|cycle)\b", text))
    if has_model and name != "switchover-cycle.yml":  # the simple one, on a runner that is trusted with both
        assert job["permissions"] == {}, f"{name}: {key} has a model's tools and a token's rights"
        assert not TOKENS.search(text), f"{name}: {key} has a model's tools and a token or secret"
    if TOKENS.search(text):
        assert set(job["permissions"].values()) == {"read"}, f"{name}: {key} may write"


@pytest.mark.parametrize(("name", "key", "job"), JOBS)
def test_a_job_ends_by_itself_and_pins_what_it_uses(name: str, key: str, job: dict[str, Any]) -> None:
    if "uses" in job:
        assert job["uses"].startswith("./.github/workflows/switchover-run-")
        assert job["uses"].rpartition("/")[2] in FILES
        return
    assert job["timeout-minutes"] <= 4320
    for step in job["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), f"{name}: {step['uses']}"
        assert "${{" not in step.get("run", ""), f"{name}: an expression in a script can carry a command"


@pytest.mark.parametrize("name", FILES)
def test_only_safe_events_start_one_and_a_group_loses_no_run(name: str) -> None:
    workflow = yaml.safe_load(shipped()[name])
    events = workflow[True]  # YAML 1.1 reads the key "on" as a truth value
    assert set(events if isinstance(events, dict) else [events]) <= {"workflow_dispatch", "workflow_call", "schedule"}
    assert workflow["permissions"] == {}
    if "concurrency" in workflow:
        assert workflow["concurrency"]["cancel-in-progress"] is False
