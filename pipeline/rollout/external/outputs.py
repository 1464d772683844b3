"""What agents of others print about their own run: tokens, cost, commands. One small parser each. Pure.

An output is written inside the sandbox, so it is a claim: where the proxy counted tokens itself,
its count goes before.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError
from pipeline.rollout.anthropic import usage_of
from pipeline.rollout.wire import Usage


@dataclass(frozen=True)
class Claims:
    """What an output says; None where it says nothing."""

    usage: Usage | None = None
    cost_usd: float | None = None
    steps: int | None = None
    """Turns of the model."""
    commands: tuple[str, ...] = ()
    """Shell commands that it ran, in order, as far as it prints them."""
    limit: str = ""
    """A limit of the agent's own that ended it; "" without one."""
    failure: str = ""
    """What it says went wrong; "" when nothing did."""


def claude(output: str) -> Claims:
    """Claude Code's ``--output-format json``, or ``stream-json`` (with ``--verbose``), which shows commands too."""
    events = list(_objects(output))
    results = [event for event in events if event.get("type") == "result"]
    result: dict[str, Any] = results[-1] if results else {}
    usage = result.get("usage")
    subtype = str(result.get("subtype") or "")
    failed = bool(result.get("is_error")) or subtype.startswith("error")
    return Claims(
        usage=usage_of(usage) if isinstance(usage, dict) else None,
        cost_usd=_amount(result.get("total_cost_usd")),
        steps=_count(result.get("num_turns")),
        commands=tuple(_claude_commands(events)),
        limit="step_limit" if subtype == "error_max_turns" else "",
        failure=str(result.get("result") or subtype)[:300] if failed else "",
    )


def _claude_commands(events: list[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        message = event.get("message")
        if event.get("type") != "assistant" or not isinstance(message, dict):
            continue
        for block in message.get("content") or ():
            if isinstance(block, dict) and block.get("type") == "tool_use" and block.get("name") == "Bash":
                arguments = block.get("input")
                yield str(arguments.get("command") or "") if isinstance(arguments, dict) else ""


def codex(output: str) -> Claims:
    """Codex's ``exec --json``: usage per turn, commands as items. It tells no cost."""
    usage, steps, commands, failure = Usage(), 0, [], ""
    for event in _objects(output):
        kind, told, item = event.get("type"), event.get("usage"), event.get("item")
        if kind == "turn.completed" and isinstance(told, dict):
            cached = _count(told.get("cached_input_tokens")) or 0
            usage += Usage(_count(told.get("input_tokens")) or 0, _count(told.get("output_tokens")) or 0, cached)
            steps += 1
        elif kind == "item.completed" and isinstance(item, dict) and item.get("type") == "command_execution":
            commands.append(str(item.get("command") or ""))
        elif kind in ("turn.failed", "error"):
            error = event.get("error")
            failure = str((error.get("message") if isinstance(error, dict) else None) or event.get("message") or kind)
    return Claims(usage if steps else None, None, steps or None, tuple(commands), failure=failure[:300])


def by_patterns(output: str, patterns: Mapping[str, str]) -> Claims:
    """``patterns``: ``PATTERN_NAMES`` to a pattern with one group around the number; its last match counts."""
    found = {name: matches[-1] for name, text in patterns.items() if (matches := compiled(name, text).findall(output))}
    numbers = {name: _number(text) for name, text in found.items()}
    counts = [int(numbers.get(name) or 0) for name in ("tokens_in", "tokens_out", "tokens_cached")]
    known = any(name.startswith("tokens") for name in numbers)
    return Claims(Usage(*counts) if known else None, numbers.get("cost_usd"))


PATTERN_NAMES = ("tokens_in", "tokens_out", "tokens_cached", "cost_usd")


def compiled(name: str, text: str) -> re.Pattern[str]:
    """Raises InputError for an unknown name, a bad pattern, or one without exactly one group."""
    where = f"evaluate.agents: patterns.{name}"
    if name not in PATTERN_NAMES:
        raise InputError(f"{where}: unknown; one of {', '.join(PATTERN_NAMES)}")
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise InputError(f"{where}: {text!r} is no regular expression ({error}); mend it") from None
    if pattern.groups != 1:
        raise InputError(f"{where}: {text!r} has {pattern.groups} groups; put exactly one around the number")
    return pattern


def _number(text: str) -> float | None:
    try:
        return _amount(float(text.replace(",", "").replace("_", "")))
    except ValueError:
        return None


def nothing(output: str) -> Claims:
    return Claims()


PARSERS: dict[str, Callable[[str], Claims]] = {"claude": claude, "codex": codex, "none": nothing}


def _objects(output: str) -> Iterator[dict[str, Any]]:
    """JSON objects, one a line; an output that is one object over many lines counts as well."""
    found = False
    for line in output.splitlines():
        if line.lstrip().startswith("{"):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            found = True
            yield value
    if not found and (start := output.find("{")) >= 0:
        try:
            value = json.loads(output[start : output.rfind("}") + 1])
        except (ValueError, RecursionError):
            return
        yield value


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _amount(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value < math.inf else None
