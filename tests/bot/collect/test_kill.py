"""A real process, killed again and again in the middle, ends with what an undisturbed one has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.store import Store
from tests.bot.collect.conftest import Town
from tests.bot.collect.world import NAME
from tests.github.stand_in import Request, StandIn, faults

PULLS = 800
ROOT = Path(__file__).parents[3]


class Run:
    """``switchover collect`` in a process of its own."""

    def __init__(self, github: StandIn, db: Path) -> None:
        self.words = [sys.executable, "-m", "pipeline.cli", "collect", NAME, "--db", str(db)]
        known = {"SWITCHOVER_GITHUB_URL": github.url, "GITHUB_TOKEN": github.plain_token}
        self.environment = {**os.environ, **known}

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.words, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def finish(self) -> None:
        process = self.start()
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()

    def killed_at(self, github: StandIn, when: Callable[[Request], bool]) -> None:
        """Killed while it waits for the answer to the request that fits."""
        reached = threading.Event()

        def hits(request: Request) -> bool:
            if not when(request):
                return False
            reached.set()
            return True

        github.fail(faults.slow(60), when=hits)
        process = self.start()
        assert reached.wait(200)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL


def pages(github: StandIn) -> list[str | None]:
    """Cursors of the backfill's pages, as they were asked for."""
    asked = [request.body for request in github.requests if request.path == "/graphql"]
    return [
        body["variables"]["cursor"]
        for body in asked
        if "query Page" in body["query"] and body["variables"]["order"]["field"] == "CREATED_AT"
    ]


def content(db: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that was collected, without when."""
    with Store.open(db) as store:
        queries = {
            "forge_pulls": "SELECT repo, number, title, body, merge_sha, closes FROM forge_pulls ORDER BY number",
            "issues": "SELECT * FROM issues ORDER BY number",
            "pulls": "SELECT * FROM pulls ORDER BY number",
            "links": "SELECT * FROM links ORDER BY pull, number, source",
            "left_out": "SELECT repo, stage, thing, id, reason FROM left_out ORDER BY id",
            "repositories": "SELECT id, name, backfill, seen, total, dirty, error, watermark FROM repositories",
        }
        return {name: store.db.execute(query).fetchall() for name, query in queries.items()}


@pytest.fixture
def whole(town: Town) -> Town:
    """Many pull requests, some of them in the history."""
    for number in range(1, 4):
        town.squash(number, closes=[5000 + number])
    for number in range(4, PULLS + 1):
        town.there.add_pull(number, closes=[5000 + number] if number % 3 else [])
    return town


def test_killed_in_every_part_of_it(whole: Town, tmp_path: Path) -> None:
    run = Run(whole.github, tmp_path / "killed.db")
    moments: list[Callable[[Request], bool]] = [
        lambda request: request.path == "/graphql" and "query Start" in request.body["query"],
        lambda request: len(pages(whole.github)) == 4,
        lambda request: len(pages(whole.github)) == 8,
        lambda request: request.path == "/graphql" and "UPDATED_AT" in str(request.body["variables"]),
        lambda request: request.path == f"/repositories/{whole.there.id}",
    ]
    for moment in moments:
        run.killed_at(whole.github, moment)
    run.finish()
    often = Counter(pages(whole.github))
    assert len(often) == PULLS // 100 + 1  # the last: what comes after the end
    # Only what was on its way when the process died is asked for again.
    assert often.total() <= len(often) + len(moments) + 1
    Run(whole.github, tmp_path / "calm.db").finish()
    assert content(tmp_path / "killed.db") == content(tmp_path / "calm.db")


def test_killed_while_it_derives(whole: Town, tmp_path: Path) -> None:
    """The mirror is fetched by a git of its own, and what is derived is one transaction."""
    run = Run(whole.github, tmp_path / "killed.db")
    for _ in range(3):
        process = run.start()
        assert process.stderr
        before = len(whole.host.requests)
        while len(whole.host.requests) == before and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.communicate()
    run.finish()
    Run(whole.github, tmp_path / "calm.db").finish()
    assert content(tmp_path / "killed.db") == content(tmp_path / "calm.db")
