"""What a Change wants written on the forge: letters in the outbox, one per delivery and kind.

The key holds the delivery's GUID, so a delivery that is worked on again (``replay``) writes nothing twice.
"""

from __future__ import annotations

import re

from bot.handle.events import Event
from bot.write import outbox, posting
from pipeline.store import Store
from pipeline.types import Repository


def key(kind: str, event: Event) -> str:
    """Of the letter of ``kind`` that ``event`` causes."""
    guid = re.sub("-(?=-)", "-.", event.guid)  # "--" would end the comment that the key is hidden in
    return f"{kind}:{guid}"


def answered(store: Store, event: Event) -> bool:
    """Whether it was obeyed and answered before."""
    row = store.db.execute("SELECT 1 FROM outbox WHERE key = ?", [key("answer", event)]).fetchone()
    return row is not None


def answer(store: Store, event: Event, repository: Repository, text: str) -> None:
    """Acknowledge the comment of ``event``, and answer it in one comment on the same issue or pull request."""
    assert event.number and event.comment
    there = (repository.installation or 0, repository.id)
    outbox.put(store, posting.reaction(key("seen", event), *there, "eyes", comment=event.comment))
    outbox.put(store, posting.comment(key("answer", event), *there, event.number, text))
