"""A stand-in for GitHub with one repository, and a database that it is collected into."""

from __future__ import annotations

from bot.collect import backfill
from bot.github import Client
from pipeline.store import Store
from pipeline.types import Repository as Row
from tests.github.stand_in import StandIn

NAME = "acme/widgets"


class World:
    """A stand-in with one repository, and a database."""

    def __init__(self, github: StandIn, store: Store, client: Client, pulls: int) -> None:
        self.github = github
        self.store = store
        self.client = client
        self.there = github.add(NAME, pulls=pulls)
        self.row = store.save_repository(self.there.id, NAME, 1, private=True)

    def step(self) -> Row:
        self.row = backfill.step(self.client, self.store, self.now())
        return self.row

    def now(self) -> Row:
        row = self.store.repository(self.row.id)
        assert row
        return row

    def finish(self) -> Row:
        for _ in range(400):
            if self.step().backfill == "done":
                return self.row
        raise AssertionError("it does not end")

    def told(self) -> dict[int, str]:
        return {pull.number: pull.title for pull in self.store.forge_pulls(self.now().name)}

    def asked(self) -> list[int]:
        """The page sizes so far."""
        queries = [request.body["variables"] for request in self.github.requests if request.path == "/graphql"]
        return [variables["size"] for variables in queries if "size" in variables]

    def is_whole(self) -> bool:
        merged = {n: row["title"] for n, row in self.there.pulls.items() if row["state"] == "MERGED"}
        closed = {n for row in self.there.pulls.values() if row["state"] == "MERGED" for n in row["closes"]}
        return self.told() == merged and closed <= self.store.issues(self.now().name).keys()
