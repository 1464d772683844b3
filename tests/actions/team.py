"""A team's repository: its history served by git over HTTP, its pull requests by a stand-in for GitHub, the App's bot
running as a process, and the workflows that act carries out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.store import Store
from tests.actions.acting import Act, shipped
from tests.bot.handle.conftest import payload
from tests.bot.handle.lives import register
from tests.bot.handle.waiting import until
from tests.bot.intake.world import packed
from tests.bot.receiver import SECRET, signed
from tests.github.git_host import GitHost
from tests.github.stand_in import CONFIG, Repository, StandIn
from tests.github.stand_in.identity import iso
from tests.github.stand_in.rest_actions import add_artifact, finish
from tests.history import GITHUB, HOUR, Builder, code

NAME = "acme/widgets"
PATIENCE = 240.0


@dataclass
class Team:
    """All of it."""

    github: StandIn
    there: Repository
    builder: Builder
    act: Act
    db: Path
    """The bot's."""
    url: str = ""

    def merge(self, number: int, title: str, closes: Sequence[int] = ()) -> None:
        """A pull request is merged now, in the history and on GitHub; nobody is told yet. ``closes``: issues."""
        files = {f"lib/n{number}.py": code(f"n{number}")}
        sha = self.builder.commit(files, f"{title} (#{number})\n", committer=GITHUB)
        times = {"createdAt": iso(self.builder.clock - HOUR / 2), "mergedAt": iso(self.builder.clock)}
        commit = {"__typename": "Commit", "oid": sha}
        self.there.add_pull(number, closes=list(closes), title=title, mergeCommit=commit, commits=1, **times)
        self.there.touch(number)

    def tell(self, event: str, action: str, **more: Any) -> None:
        """Send a webhook to the running bot, as GitHub does."""
        body = json.dumps(payload(self.there, action, **more)).encode()
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=60)) as line:
            line.request("POST", "/webhook", body, signed(body, event=event))
            assert line.getresponse().status == 202

    def install(self) -> None:
        """The App is installed and has collected what there is."""
        self.tell("installation", "created", repositories=[self.there.shown()])
        self.until(lambda store: (row := store.repository(self.there.id)) and row.backfill == "done" and row.configured)

    def until(self, condition: Any) -> None:
        """Wait for what the bot does; ``condition`` is given its database."""

        def holds() -> bool:
            with Store.open(self.db) as store:
                return bool(condition(store))

        until(holds, PATIENCE)

    def asked(self) -> dict[str, Any]:
        """The workflow run that GitHub has been asked for last; waits for one that waits."""
        until(lambda: self.there.runs and self.there.runs[-1]["status"] == "queued", PATIENCE)
        return self.there.runs[-1]

    def end(self, run: dict[str, Any], *artifacts: str) -> None:
        """The run is over and has left those of act's artifacts; the bot is told."""
        for name in artifacts:
            files = {path.name: path.read_bytes() for path in (self.act.artifacts / name).iterdir()}
            add_artifact(self.github, self.there, run, packed(files), name)
        self.tell("workflow_run", "completed", workflow_run=finish(self.there, run))


@contextmanager
def team(folder: Path, config: str, history: Builder | None = None) -> Iterator[Team]:
    """As ``without_bot``, and the bot is running."""
    with without_bot(folder, config, history) as made, _bot(made.db) as made.url:
        yield made


@contextmanager
def without_bot(folder: Path, config: str, history: Builder | None = None) -> Iterator[Team]:
    """With ``config`` on the default branch."""
    with StandIn() as github, GitHost() as host:
        builder = history or Builder(folder / "origin", clock=int(time.time()) - 12 * HOUR)
        files = {CONFIG: config, **{f".github/workflows/{name}": text for name, text in shipped().items()}}
        builder.commit({"README.md": "# Widgets\n", **files}, "Set Switchover up")
        there = github.add(NAME, clone_url=host.add(NAME, builder.path), files=files)
        there.people = {"ann": "admin"}
        act = Act(folder / "act", name=NAME, token=github.plain_token)
        (act.repo / CONFIG).write_text(config)
        act.variables["SWITCHOVER_GITHUB_URL"] = github.url
        made = Team(github, there, builder, act, folder / "so.db")
        register(made.db, github)
        yield made


@contextmanager
def _bot(db: Path) -> Iterator[str]:
    """Where ``switchover bot`` answers."""
    command = [sys.executable, "-m", "pipeline.cli", "bot", "--db", str(db), "--port", "0", "--json"]
    environment = {**os.environ, "SWITCHOVER_WEBHOOK_SECRET": SECRET}
    log = db.with_suffix(".log").open("a")
    with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
            process.wait(60)
