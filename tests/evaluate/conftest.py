"""The demo's history, collected once, and a config that ends rollouts early."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, demo
from pipeline.collect import tasks as tasks_in
from pipeline.git import git
from pipeline.settings import CollectConfig
from pipeline.store import Store
from pipeline.types import Task
from tests.chat_server import SUBMIT, ChatServer, Step, bash, chat_server

CONFIG = """
evaluate: {measure: recall, step_limit: 6, context_tokens: 8000, max_output_tokens: 512, concurrency: 2,
           limit_usd: null, prompt: compact, attempts: {own: 1, base: 1, frontier: 1}}
prices: {test-model: {usd_per_million_in: 1000.0, usd_per_million_out: 1000.0}}
"""


@dataclass(frozen=True)
class Collected:
    db: Path
    clone: Path
    config: Path
    tasks: list[Task]
    """Usable ones, newest first."""

    def perfect(self, task: Task) -> list[Step]:
        """A script that leaves the files as the human left them."""
        steps = []
        for path in task.files:
            text = git(self.clone, "show", f"{task.merge_sha}:{path}").decode()
            steps.append(bash(f"cat > {path} <<'END_OF_FILE'\n{text}END_OF_FILE"))
        return [*steps, SUBMIT]


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    folder = tmp_path_factory.mktemp("evaluate")
    built = demo.build(folder / "demo")
    db, config = folder / "so.db", folder / "config.yml"
    assert cli.run(["collect", str(built.repo), "--db", str(db), "--payloads", str(built.payloads), "--json"]) == 0
    config.write_text(CONFIG)
    with Store.open(db) as store:
        usable = [task for task in tasks_in(store, CollectConfig()) if task.left_out is None]
    return Collected(db, built.repo, config, usable)


def words(task: Task) -> str:
    """What tells a task's conversation apart."""
    return task.prompt.splitlines()[0]


@pytest.fixture
def server(collected: Collected) -> Iterator[ChatServer]:
    """Solves the newest task; gives up on the others at once."""
    newest = collected.tasks[0]
    with chat_server(scripts={words(newest): collected.perfect(newest), "": [SUBMIT]}) as started:
        yield started


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


COMMAND = f"""{sys.executable} -m venv --without-pip {{environment}}"""


@pytest.fixture
def by_command(collected: Collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collected:
    """A config whose tests are run by a command: nothing is fetched."""
    monkeypatch.setenv("SWITCHOVER_CACHE", str(tmp_path / "cache"))
    hard = f'evaluate: {{measure: tests, test_command: "python -m unittest {{files}}", setup_command: "{COMMAND}",'
    config = tmp_path / "hard.yml"
    config.write_text(CONFIG.replace("evaluate: {measure: recall,", hard))
    return Collected(collected.db, collected.clone, config, collected.tasks)
