"""A repository of one commit, the real sandbox, and a fresh checkout for each test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.rollout.agent import Harness
from pipeline.rollout.endpoint import Endpoint, Retry
from pipeline.rollout.loop import RolloutLimits
from pipeline.rollout.sandbox import Sandbox
from pipeline.rollout.workspace import Workspace, Workspaces
from pipeline.types import Rollout
from tests.chat_server import ChatServer

FILES = {
    "src/app.py": b"def add(a, b):\n\treturn a - b\n",
    "src/dos.py": b"x = 1\r\ny = 2\r\n",
    "notes.txt": "caf\xe9\n".encode("latin-1"),
    "logo.bin": b"\x00\x01\x02",
}


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository and its only commit."""
    folder = tmp_path_factory.mktemp("source")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)

    def git(*words: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "First")
    return folder, git("rev-parse", "HEAD").strip()


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture(scope="session")
def workspaces(source: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Workspaces:
    return Workspaces(source[0], tmp_path_factory.mktemp("workspaces"))


@pytest.fixture
def workspace(workspaces: Workspaces, source: tuple[Path, str]) -> Iterator[Workspace]:
    with workspaces.open(source[1]) as opened:
        yield opened


Start = Callable[..., Rollout]


@pytest.fixture
def roll(workspace: Workspace, sandbox: Sandbox) -> Start:
    """``roll(server, limits fields..., harness=..., given=...)``: one rollout of "Fix add" against the chat server.

    ``given`` are further arguments of roll_out.
    """
    from pipeline.rollout.agent import roll_out

    def start(
        server: ChatServer,
        *,
        harness: dict[str, object] | None = None,
        given: dict[str, Any] | None = None,
        **limits: float,
    ) -> Rollout:
        quick = Retry(tries=2, first_seconds=0.001)
        endpoint = Endpoint(server.url, "test-model", "sk-key", retry=quick, request_seconds=20)
        setup = Harness(endpoint, sandbox, limits=RolloutLimits(**limits), **(harness or {}))  # type: ignore[arg-type]
        values: dict[str, Any] = {"id": "r1", "task_id": "o/r#1", "role": "own", "attempt": 1, "seed": 7}
        return roll_out("Fix add", workspace, setup, **values, **(given or {}))

    return start
