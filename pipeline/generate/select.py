"""Which rollouts become samples: the filters of a named recipe, each drop with one reason (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.patch.diff import parse
from pipeline.types import Message, Rollout

CHARACTERS_PER_TOKEN = 3.5
"""Estimate for source code and English; limits in tokens are applied without a tokenizer."""


@dataclass(frozen=True)
class Recipe:
    """``sera-2026``: the filters of arXiv 2601.20789 with its numbers."""

    keep_recall_from: float = 0.5
    """Rollout 2 is kept from this recall on, 0..1."""
    max_patch_lines: int = 40
    """Added and removed lines of a patch of rollout 1, blank ones included."""
    max_tool_output_tokens: float = 600
    """Mean over the tool results of a rollout 1, estimated."""
    context_tokens: int = 32768
    """What training reads of a rollout, estimated."""
    min_kept_share: float = 0.88
    """Share of the messages that must lie within ``context_tokens``."""


RECIPE = "sera-2026"


Reason = tuple[str, str]
"""A reason code, and a line for a person."""


@dataclass(frozen=True)
class Facts:
    """What selection has to know of a rollout's messages."""

    tool_output_tokens: float
    """Mean per tool result; 0 without any."""
    kept_share: float
    """Share of messages within the context, cut after a whole turn of the assistant, 0..1."""
    whole_thoughts: bool
    """False when an assistant message has ``<think>`` and not exactly one closed pair."""


def facts(messages: Sequence[Message], context_tokens: int) -> Facts:
    """The facts of one rollout's messages."""
    outputs = [_tokens(m) for m in messages if m.get("role") == "tool"]
    used, kept = 0.0, 0
    for index, message in enumerate(messages, 1):
        used += _tokens(message)
        if used > context_tokens:
            break
        if message.get("role") == "assistant":
            kept = index
    share = 1.0 if used <= context_tokens else kept / len(messages)
    thoughts = all(_is_whole(str(m.get("content") or "")) for m in messages if m.get("role") == "assistant")
    return Facts(sum(outputs) / len(outputs) if outputs else 0.0, share, thoughts)


def first_reason(
    rollout: Rollout, verdict: str | None, duplicate_of: str | None, facts: Facts, recipe: Recipe
) -> Reason | None:
    """Why a rollout 1 is no sample, as (reason code, detail); None when it is one.

    ``verdict`` is the self-check's, None where it was not asked; ``duplicate_of`` is the id of an
    earlier rollout with the same patch.
    """
    lines = patch_lines(rollout.patch)
    rules = (
        *_common(rollout, facts, recipe),
        (verdict is None, "unfinished", "its self-check is still to be made"),
        (verdict == "no", "self_check_no", "the teacher does not stand by it"),
        (verdict == "unclear", "self_check_unclear", "no yes or no could be read"),
        (duplicate_of is not None, "duplicate_patch", f"same patch as {duplicate_of}"),
        (lines > recipe.max_patch_lines, "long_patch", f"{lines} changed lines, at most {recipe.max_patch_lines}"),
        (
            facts.tool_output_tokens > recipe.max_tool_output_tokens,
            "long_tool_output",
            f"about {facts.tool_output_tokens:.0f} tokens a result, at most {recipe.max_tool_output_tokens:g}",
        ),
    )
    return next(((reason, detail) for applies, reason, detail in rules if applies), None)


def second_reason(
    rollout: Rollout, recall: float | None, compared: bool, duplicate_of: str | None, facts: Facts, recipe: Recipe
) -> Reason | None:
    """Why a rollout 2 is no sample, as (reason code, detail); None when it is one.

    ``recall`` is the own metric's headline against rollout 1's patch, None where undefined;
    ``compared`` is False while the comparison is still to be made.
    """
    rules = (
        *_common(rollout, facts, recipe),
        (not compared, "unfinished", "not compared yet"),
        (duplicate_of is not None, "duplicate_patch", f"its rollout 1 has the same patch as {duplicate_of}"),
        (recall is None, "recall_undefined", "rollout 1 changed no countable line"),
        (
            recall is not None and recall < recipe.keep_recall_from,
            "low_recall",
            f"{recall or 0:.3f}, kept from {recipe.keep_recall_from:g}",
        ),
    )
    return next(((reason, detail) for applies, reason, detail in rules if applies), None)


def _common(rollout: Rollout, facts: Facts, recipe: Recipe) -> tuple[tuple[bool, str, str], ...]:
    return (
        (rollout.exit == "error", "failed_by_us", rollout.detail),
        (rollout.exit == "no_patch", "no_patch", "submitted without a change"),
        (rollout.exit != "submitted", "not_submitted", rollout.exit),
        (bool(rollout.cheat_marks), "cheat_marks", ", ".join(rollout.cheat_marks)),
        (not facts.whole_thoughts, "broken_thinking", "a think tag without its pair"),
        (
            facts.kept_share < recipe.min_kept_share,
            "too_long",
            f"{facts.kept_share:.2f} of its messages fit into {recipe.context_tokens} tokens",
        ),
    )


def patch_lines(patch: str) -> int:
    """Added and removed lines of a unified diff, blank ones included."""
    files = parse(patch.encode("utf-8", "surrogateescape"))
    return sum(line[:1] in (b"+", b"-") for file in files for hunk in file.hunks for line in hunk.lines)


def _tokens(message: Message) -> float:
    content = str(message.get("content") or "") + str(
        message.get("reasoning") or message.get("reasoning_content") or ""
    )
    calls = sum(len(str(call.get("function"))) for call in message.get("tool_calls") or ())
    return (len(content) + calls) / CHARACTERS_PER_TOKEN


def _is_whole(text: str) -> bool:
    opened, closed = text.count("<think>"), text.count("</think>")
    return (opened, closed) == (0, 0) or ((opened, closed) == (1, 1) and text.index("<think>") < text.index("</think>"))
