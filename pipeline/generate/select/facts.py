"""What selection has to know of a rollout's messages and patch: measured once, when it ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.generate.select.recipe import RECIPE, RECIPES
from pipeline.generate.select.secrets import secrets_in
from pipeline.generate.select.tokens import message_tokens, scale, text_tokens
from pipeline.patch.diff import parse
from pipeline.types import Message, Rollout

_SHOWN = ("user", "tool")


@dataclass(frozen=True)
class Facts:
    """Small, so that those of a whole run fit into memory."""

    patch_lines: int
    """Added and removed, blank ones included."""
    tool_output_tokens: float
    """Mean of what was shown per turn, the task included; 0 without messages."""
    context_tokens: int
    """What ``kept_share`` was measured against."""
    kept_share: float
    """Share of the messages within ``context_tokens``, cut after a whole turn of the assistant, 0..1."""
    whole_thoughts: bool
    """False when an assistant message has ``<think>`` and not exactly one closed pair."""
    secrets: tuple[str, ...] = ()
    """Where which kind of secret stands, never its value; the first of each kind."""


def facts_of(rollout: Rollout, context_tokens: int = RECIPES[RECIPE].context_tokens) -> Facts:
    """The facts of a rollout with its messages."""
    messages = rollout.messages
    return Facts(
        patch_lines(rollout.patch),
        round(_mean_shown(messages) * scale(rollout), 3),
        context_tokens,
        _kept_share(messages, message_tokens(rollout), context_tokens),
        all(_is_whole(str(m.get("content") or "")) for m in messages if m.get("role") == "assistant"),
        secrets_in(rollout),
    )


def patch_lines(patch: str) -> int:
    """Added and removed lines of a unified diff, blank ones included."""
    files = parse(patch.encode("utf-8", "surrogateescape"))
    return sum(line[:1] in (b"+", b"-") for file in files for hunk in file.hunks for line in hunk.lines)


def _mean_shown(messages: Sequence[Message]) -> float:
    """The reference's mean: all that is shown, over half of all messages."""
    shown = sum(text_tokens(message) for message in messages if message.get("role") in _SHOWN)
    return shown / max(1, len(messages) // 2)


def _kept_share(messages: Sequence[Message], tokens: Sequence[float], context_tokens: int) -> float:
    used, kept = 0.0, 0
    for index, (message, count) in enumerate(zip(messages, tokens, strict=True)):
        used += count
        if used >= context_tokens:
            return kept / len(messages)
        if message.get("role") == "assistant":
            kept = index + 1
    return 1.0


def _is_whole(text: str) -> bool:
    opened, closed = text.count("<think>"), text.count("</think>")
    return (opened, closed) == (0, 0) or ((opened, closed) == (1, 1) and text.index("<think>") < text.index("</think>"))
