"""One question to the teacher without tools, its answer between output tags."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.rollout.endpoint import Endpoint, Usage
from pipeline.types import Message

_OUTPUT = re.compile(r"<output>(.*?)</output>", re.DOTALL)
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass
class Spent:
    """What the calls of one question have used, also when the question was not answered in the end."""

    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    calls: int = 0


def ask(endpoint: Endpoint, messages: list[Message], spent: Spent) -> tuple[Message, str | None]:
    """The reply, and the text between its last output tags (None where there are none, or no text).

    Adds to ``spent``. Raises EndpointError and ContextExceeded.
    """
    reply = endpoint.chat(messages)
    spent.usage = spent.usage + reply.usage
    spent.seconds += reply.seconds
    spent.calls += 1
    content = str(reply.message.get("content") or "")
    found = _OUTPUT.findall(_THINKING.sub("", content))
    return reply.message, (found[-1].strip() or None) if found else None
