"""Which API an endpoint speaks: where to post, how to show the key, how a turn is written and read. Pure.

https://host/v1                 OpenAI's chat completions, which nearly every server speaks
https://api.anthropic.com/v1    Anthropic's messages, known by its host
anthropic+https://host/v1       Anthropic's messages on any other host
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipeline.rollout import anthropic, wire
from pipeline.rollout.conversation import Conversation
from pipeline.rollout.wire import Body, Usage
from pipeline.types import Message

_PREFIX = "anthropic+"
_ANTHROPIC_HOSTS = frozenset({"api.anthropic.com"})


@dataclass(frozen=True)
class Dialect:
    """One API for one turn of a model."""

    path: str
    """Below the base URL."""
    headers: Callable[[str | None], dict[str, str]]
    """From the key, or None."""
    request: Callable[[str, Conversation, Sequence[Mapping[str, Any]], Mapping[str, Any]], Body]
    reply: Callable[[bytes, int], tuple[Message, str, Usage]]


def _bearer(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


OPENAI = Dialect("/chat/completions", _bearer, wire.request, wire.reply)
ANTHROPIC = Dialect(anthropic.PATH, anthropic.headers, anthropic.request, anthropic.reply)


def dialect_of(url: str) -> tuple[Dialect, str]:
    """The dialect of an endpoint's URL, and the URL to connect to."""
    plain = url.removeprefix(_PREFIX)
    try:
        known = urlsplit(plain).hostname in _ANTHROPIC_HOSTS
    except ValueError:  # no URL at all: whoever connects says so
        known = False
    return (ANTHROPIC if known or plain != url else OPENAI), plain
