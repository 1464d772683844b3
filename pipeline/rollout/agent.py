"""``roll_out``: one agent's whole attempt, from a prompt and a checkout to a Rollout."""

from __future__ import annotations

import dataclasses
import functools
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.cost import cost_usd
from pipeline.errors import SandboxUnavailable
from pipeline.rollout import prompts
from pipeline.rollout.asking import Asking
from pipeline.rollout.cheating import cheat_marks
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Endpoint, Usage
from pipeline.rollout.environment import SandboxEnvironment
from pipeline.rollout.loop import BudgetedAgent, RolloutLimits
from pipeline.rollout.model import ChatModel
from pipeline.rollout.sandbox import Ran, Sandbox
from pipeline.rollout.tools import tool_set
from pipeline.rollout.turns import TurnLog
from pipeline.rollout.workspace import Workspace
from pipeline.settings import Price
from pipeline.types import Exit, Message, Role, Rollout

__all__ = ["Harness", "RolloutLimits", "roll_out"]

log = logging.getLogger(__name__)

CHECKOUT = Path("/repo")
"""Where the agent sees its checkout: always the same, so that equal rollouts have equal texts."""


@dataclass(frozen=True)
class Harness:
    """All that is the same for own, base and frontier but the endpoint."""

    endpoint: Endpoint
    sandbox: Sandbox
    tools: str = "bash"
    """Tool set: bash, or editor (bash and a file editor)."""
    prompt: str = "mini"
    """mini, or compact for small models."""
    limits: RolloutLimits = field(default_factory=RolloutLimits)
    price: Price | None = None
    project: frozenset[str] = frozenset()
    """What the project may be installed as on this machine (``copies.names_of``): reading it is marked."""
    sharing: int = 1
    """Rollouts at once on the hardware that ``price.gpu_usd_per_hour`` pays: each pays its share."""

    def cost(self, usage: Usage, seconds: float) -> float | None:
        """Dollars, None without a price."""
        return cost_usd(self.price, usage, seconds / self.sharing)


def roll_out(
    prompt: str,
    workspace: Workspace,
    harness: Harness,
    *,
    id: str,
    task_id: str,
    role: Role,
    attempt: int = 0,
    seed: int = 0,
    watch: Callable[[Usage], None] | None = None,
    stop: Callable[[], bool] | None = None,
    turns: TurnLog | None = None,
) -> Rollout:
    """Let the model work on ``prompt`` in ``workspace`` until it submits or meets a limit.

    ``seed`` reaches servers that take seeds (``Endpoint.send_seed``): each turn adds its index to it.
    The patch is read from the checkout after every exit but ``error``; bytes that are not UTF-8 are
    kept as surrogate escapes. A failure of ours is the exit ``error`` with its cause in ``detail``;
    raised are only SandboxUnavailable, and InputError for unknown ``tools`` or ``prompt``.

    ``watch`` is called after each turn with the usage of that turn. ``stop`` is asked before each
    turn: True raises Stopped, which carries what was used so far.

    ``turns`` are those that an earlier, killed try of this rollout has paid for: asked the same again,
    they are not asked of the endpoint. Their seconds count, and so does what was paid in vain.
    """
    started = time.monotonic()
    agent = _agent(workspace, harness, seed, watch, stop, turns)
    exit, detail, patch = _run(agent, prompt, workspace)
    seconds = time.monotonic() - started + (turns.replayed_seconds if turns else 0.0)
    model: ChatModel = agent.model
    usage = model.usage + (turns.unused() if turns else Usage())
    messages = _stored(agent.messages, model.prompt_token_ids)
    return Rollout(
        id=id,
        task_id=task_id,
        role=role,
        model=harness.endpoint.model,
        attempt=attempt,
        seed=seed,
        messages=messages,
        tools=tuple(tool_set(harness.tools).schemas),
        patch=patch,
        exit=exit,
        steps=model.turns,
        **dataclasses.asdict(usage),
        seconds=round(seconds, 3),
        cost_usd=harness.cost(usage, seconds),
        cheat_marks=cheat_marks(messages, str(CHECKOUT), harness.project),
        malformed_calls=model.malformed_calls,
        tool_calls=model.tool_calls,
        detail=detail,
        context_tokens=model.counted_tokens() or None,
        turns=tuple(map(_counts, model.used)),
    )


def _agent(
    workspace: Workspace,
    harness: Harness,
    seed: int,
    watch: Callable[[Usage], None] | None,
    stop: Callable[[], bool] | None,
    turns: TurnLog | None,
) -> BudgetedAgent:
    limits, texts, tools = harness.limits, prompts.load(harness.prompt), tool_set(harness.tools)
    deadline = time.monotonic() + limits.seconds
    environment = SandboxEnvironment(
        functools.partial(_in_sandbox, harness.sandbox, workspace),
        tools,
        deadline=deadline,
        command_seconds=limits.command_seconds,
        characters=texts.observation_characters,
    )

    asking = Asking(harness.endpoint, tools, limits.context_tokens, limits.output_tokens, deadline, seed, turns)
    model = ChatModel(asking, tools, texts, watch)
    return BudgetedAgent(model, environment, texts, limits, harness.cost, stop)


def _in_sandbox(sandbox: Sandbox, workspace: Workspace, command: Sequence[str], seconds: float) -> Ran:
    limits = dataclasses.replace(sandbox.limits, seconds=seconds)
    return sandbox.run(command, workspace.checkout, tmp=workspace.tmp, limits=limits, at=CHECKOUT)


def _run(agent: BudgetedAgent, prompt: str, workspace: Workspace) -> tuple[Exit, str, str]:
    """Exit, detail and patch."""
    try:
        ended = agent.run(prompt)
        exit = _EXITS.get(ended["exit_status"], ended["exit_status"])
        extracted = workspace.patch()
    except (SandboxUnavailable, Stopped):
        raise
    except Exception as error:
        log.debug("rollout failed", exc_info=True)
        return "error", f"{type(error).__name__}: {' '.join(str(error).split())}", ""
    patch = extracted.patch.decode("utf-8", "surrogateescape")
    left_out = [f"{thing.id} ({thing.reason})" for thing in extracted.left_out]
    notes = [ended.get("detail", ""), f"left out of the patch: {', '.join(left_out[:20])}" if left_out else ""]
    return ("no_patch" if exit == "submitted" and not patch else exit), "; ".join(filter(None, notes)), patch


_EXITS: dict[str, Exit] = {"RepeatedFormatError": "malformed"}
"""mini-swe-agent's own exit statuses that can still occur, in the contract's words."""


def _stored(messages: Sequence[dict[str, Any]], prompt_token_ids: Sequence[int]) -> tuple[Message, ...]:
    """What the endpoint saw and said: without the closing pseudo-message and without ``extra``.

    ``prompt_token_ids``, which hold the whole conversation up to the last turn, go to that turn alone.
    """
    kept = [
        {key: value for key, value in message.items() if key != "extra"}
        for message in messages
        if message["role"] != "exit"
    ]
    last = next((message for message in reversed(kept) if message["role"] == "assistant"), None)
    if last and prompt_token_ids:
        last["prompt_token_ids"] = list(prompt_token_ids)
    return tuple(kept)


def _counts(usage: Usage) -> dict[str, int]:
    """The usage of one turn; what was written into a cache only where there was such a thing."""
    return {key: value for key, value in dataclasses.asdict(usage).items() if value or key != "tokens_cache_written"}
