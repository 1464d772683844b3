"""What the tests of the outbox send, and how."""

from __future__ import annotations

from typing import Any

from bot.github import Forge
from bot.write import outbox, posting
from bot.write.outbox import Sender
from bot.write.posting import Letter
from pipeline.store import Store
from tests.github.clock import Clock
from tests.github.stand_in import Repository

WORKFLOW = "switchover-cycle.yml"
COMMENT = posting.comment("c-1", 1, 501, 1, "hello")
REACTION = posting.reaction("r-1", 1, 501, "eyes", comment=1000)
DISPATCH = posting.dispatch("d-1", 1, 501, WORKFLOW, "main", {"mode": "train"})


def know(store: Store, repository: Repository, **changes: Any) -> None:
    row = {"id": repository.id, "installation": repository.installation, "name": repository.name, "state": "active"}
    store.db.table("repositories").upsert(
        {**row, "configured": 1, "paused": 0, "updated_at": "2026-01-01T00:00:00Z", **changes}, pk="id"
    )


def put(store: Store, *letters: Letter) -> None:
    with store.atomic():
        assert all(outbox.put(store, letter) for letter in letters)


def run(store: Store, forge: Forge, clock: Clock, steps: int = 60) -> None:
    """Send until nothing waits, sleeping as long as the sender says."""
    sender = Sender(clock.now)
    for _ in range(steps):
        pause = sender.step(store, forge)
        if pause is None:
            return
        if pause:
            clock.sleep(pause)
    raise AssertionError("still not empty")


def rows(store: Store) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in store.db.query("SELECT * FROM outbox")}
