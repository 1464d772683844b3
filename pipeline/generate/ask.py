"""One question to the teacher without tools, its answer between output tags."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.errors import EndpointError
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Endpoint, NoReply, Usage
from pipeline.types import Message

_OUTPUT = re.compile(r"<output>(.*?)</output>", re.DOTALL)
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass
class Spent:
    """What the calls of one question have used, also when the question was not answered in the end."""

    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    calls: int = 0
    watch: Callable[[Usage], None] | None = None
    """Told what each answer used."""
    stop: Callable[[], bool] | None = None
    """Asked before each answer; True breaks the question off."""
    deadline: float | None = None
    """On the monotonic clock, of the whole question; None: each answer has the endpoint's own."""


def ask(endpoint: Endpoint, messages: list[Message], spent: Spent) -> tuple[Message, str | None]:
    """The reply, and the text between its last output tags (None where there are none, or no text).

    Adds to ``spent``. Raises EndpointError (the deadline has passed, among others), ContextExceeded and Stopped.
    """
    if spent.stop is not None and spent.stop():
        raise Stopped(spent.usage, spent.seconds)
    try:
        reply = endpoint.chat(messages, seconds=_left(spent))
    except NoReply as error:
        _book(spent, error.usage)
        raise
    _book(spent, reply.usage)
    spent.seconds += reply.seconds
    spent.calls += 1
    content = str(reply.message.get("content") or "")
    found = _OUTPUT.findall(_THINKING.sub("", content))
    return reply.message, (found[-1].strip() or None) if found else None


def _book(spent: Spent, usage: Usage) -> None:
    spent.usage = spent.usage + usage
    if spent.watch is not None:
        spent.watch(usage)


def _left(spent: Spent) -> float | None:
    if spent.deadline is None:
        return None
    left = spent.deadline - time.monotonic()
    if left <= 0:
        raise EndpointError(f"no usable answer within the time of a question ({spent.calls} came); is the server slow?")
    return left
