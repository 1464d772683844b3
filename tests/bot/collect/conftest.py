"""Real git, served over HTTP, behind a stand-in that tells of its pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.collect import backfill, derive
from bot.github import Client, Forge, Timing
from pipeline.collect import Collected
from pipeline.store import Store
from pipeline.types import Pull
from pipeline.types import Repository as Row
from tests.bot.collect.world import NAME
from tests.github.clock import Clock
from tests.github.git_host import GitHost
from tests.github.stand_in import Repository, StandIn
from tests.history import GITHUB, Builder, code


@dataclass
class Town:
    """One repository with a history; ``store`` is the database that it is collected into."""

    github: StandIn
    host: GitHost
    builder: Builder
    there: Repository
    store: Store
    client: Client

    def squash(self, number: int, title: str = "", **changes: object) -> str:
        """A merged pull request on GitHub and in the history; its commit."""
        title = title or f"Teach it to count to {number}"
        files = {f"lib/n{number}.py": code(f"n{number}")}
        body = changes.pop("message", "")
        sha = self.builder.commit(files, f"{title} (#{number})\n\n{body}".strip(), committer=GITHUB)
        commit = {"__typename": "Commit", "oid": sha}
        self.there.add_pull(number, **{"title": title, "mergeCommit": commit, "commits": 1, **changes})  # type: ignore[arg-type]
        self.there.touch(number)
        return sha

    def config(self, text: str | None) -> None:
        """Put ``.github/switchover.yml`` on the default branch."""
        path = ".github/switchover.yml"
        self.builder.commit({path: text}, "Set Switchover up")
        self.there.files = {} if text is None else {path: text}

    def row(self) -> Row:
        found = self.store.repository(self.there.id)
        assert found
        return found

    def read_all(self) -> None:
        while backfill.step(self.client, self.store, self.row()).backfill != "done":
            pass

    def derive(self) -> Collected:
        return derive.run(self.client, self.store, self.row())

    def pulls(self) -> dict[int, Pull]:
        return {pull.number: pull for pull in self.store.pulls()}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = Clock()
    with (
        StandIn() as github,
        GitHost() as host,
        Store.open(tmp_path / "so.db") as store,
        Forge.connect(github.credentials(), timing=Timing(clock.now, clock.sleep)) as forge,
    ):
        builder = Builder(tmp_path / "origin")
        builder.commit({"README.md": "# Widgets\n"}, "Begin")
        client = forge.installation(1)
        there = github.add(NAME, clone_url=host.add(NAME, builder.path))
        host.tokens |= {client.token(), github.plain_token}
        store.save_repository(there.id, NAME, 1, private=True)
        yield Town(github, host, builder, there, store, client)
