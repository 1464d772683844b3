"""The turns of a rollout under way, on disk: a killed one goes on without paying for them again.

After a restart the rollout begins anew in a fresh checkout and its commands are run again; a turn
is taken from here when the conversation before it is the same to the byte. From the first
difference on (a command that prints the time, say) the model is asked again.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from pipeline.jsonl import Writer, read_as
from pipeline.rollout.conversation import Conversation, encoded
from pipeline.rollout.wire import Reply, Usage


def question(model: str, conversation: Conversation, turn: int) -> str:
    """Hash of what is asked; ``turn`` is 0-based."""
    digest = hashlib.sha256(encoded([model, turn]))
    digest.update(conversation.unclosed)
    return digest.hexdigest()


class TurnLog:
    """One rollout's turns by question. Not shared between rollouts."""

    def __init__(self, path: Path) -> None:
        """Goes on with what ``path`` holds. Raises InputError for a path that cannot be used."""
        self._known = dict(read_as(path, lambda row: (str(row["question"]), _reply(row))))
        self._writer = Writer(path)
        self._used: set[str] = set()
        self.replayed_seconds = 0.0
        """That the turns taken from here took when they were asked."""

    def known(self, key: str) -> Reply | None:
        """The reply to a question that was paid for by an earlier try; None when it must be asked."""
        reply = self._known.get(key)
        if reply is not None and key not in self._used:
            self._used.add(key)
            self.replayed_seconds += reply.seconds
        return reply

    def add(self, key: str, reply: Reply) -> None:
        self._writer.write({"question": key, **dataclasses.asdict(reply)})
        self._known[key] = reply
        self._used.add(key)

    def unused(self) -> Usage:
        """What was paid for turns that this try did not come to."""
        return sum((reply.usage for key, reply in self._known.items() if key not in self._used), Usage())

    def close(self) -> None:
        self._writer.close()


def _reply(row: dict[str, object]) -> Reply:
    usage = row["usage"]
    if not isinstance(usage, dict) or not isinstance(row["message"], dict):
        raise TypeError("'message' and 'usage' must be objects")
    return Reply(row["message"], str(row["finish_reason"]), Usage(**usage), float(str(row["seconds"])))
