"""mini-swe-agent's DefaultAgent with our limits; its control flow is used as it is.

Overridden are the parts that cost more than the work itself at many rollouts in one process: a
template compiled on every use, the whole trajectory serialised after every step, a full dump of all
settings as template variables on every observation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.rollout.ending import Ended, Stopped
from pipeline.rollout.endpoint import Usage
from pipeline.rollout.environment import SandboxEnvironment
from pipeline.rollout.mini import DefaultAgent
from pipeline.rollout.model import ChatModel
from pipeline.rollout.prompts import Prompts

_CLOSING_TOKENS = 512
"""Room for the turn that submits."""


@dataclass(frozen=True)
class RolloutLimits:
    """When a rollout is ended. What it has changed by then still is its patch."""

    steps: int = 115
    """Turns of the model."""
    seconds: float = 1800
    """Wall clock of the whole rollout."""
    context_tokens: int = 32768
    """Prompt and reply together; at most what the server allows."""
    output_tokens: int = 4096
    """Of one turn."""
    usd: float | None = None
    """None: no limit. Never reached by a model without a price."""
    tokens: int | None = None
    """In and out, summed over the turns (each sends the whole conversation again); None: no limit."""
    command_seconds: float = 60
    """Wall clock of one command."""


class BudgetedAgent(DefaultAgent):  # type: ignore[misc]  # mini-swe-agent is imported untyped
    """One rollout. ``cost`` gives the dollars for a usage and seconds, None without a price.

    ``stop`` is asked before each turn; True raises Stopped out of ``run``.
    """

    def __init__(
        self,
        model: ChatModel,
        environment: SandboxEnvironment,
        prompts: Prompts,
        limits: RolloutLimits,
        cost: Callable[[Usage, float], float | None],
        stop: Callable[[], bool] | None = None,
    ) -> None:
        # The limits of mini-swe-agent are off (0): ours also say which one it was.
        super().__init__(model, environment, system_template="", instance_template="", step_limit=0, cost_limit=0)
        self.config.system_template, self.config.instance_template = "system", "instance"
        self._prompts = prompts
        self._limits = limits
        self._cost = cost
        self._stop = stop
        self._started = time.monotonic()
        self._told = False

    def query(self) -> dict[str, Any]:
        """The next turn of the model, within the limits. Raises Ended at one of them; Stopped."""
        if self._stop is not None and self._stop():
            raise Stopped(self.model.usage, time.monotonic() - self._started)
        self._stop_at_a_limit()
        self._tell_when_nearly_full()
        turn: dict[str, Any] = super().query()
        return turn

    def _stop_at_a_limit(self) -> None:
        if self.model.turns >= self._limits.steps:
            raise Ended("step_limit")
        seconds = time.monotonic() - self._started
        if seconds >= self._limits.seconds:
            raise Ended("time_limit")
        self._stop_when_spent(seconds)
        # Before the first reply there is only a guess: the server decides then.
        if self.model.counted_tokens() and self.model.estimated_tokens(self.messages) >= self._limits.context_tokens:
            raise Ended("context_limit")

    def _stop_when_spent(self, seconds: float) -> None:
        usage, limits = self.model.usage, self._limits
        if limits.usd is not None and (cost := self._cost(usage, seconds) or 0.0) >= limits.usd:
            raise Ended("cost_limit", f"{cost:.4g} USD of {limits.usd:g} for one rollout are spent")
        if limits.tokens is not None and (tokens := usage.tokens_in + usage.tokens_out) >= limits.tokens:
            raise Ended("cost_limit", f"{tokens} tokens of {limits.tokens} for one rollout are used")

    def _tell_when_nearly_full(self) -> None:
        """Once, while a whole turn, a whole observation and a closing turn still fit.

        A rollout that dies at the wall is lost to training, and its last edits may be half done.
        """
        turn = self._limits.output_tokens + self._prompts.observation_characters // 3
        room = self._limits.context_tokens - self.model.estimated_tokens(self.messages)
        if not self._told and self.model.turns and room < turn + min(_CLOSING_TOKENS, self._limits.output_tokens):
            self._told = True
            self.add_messages({"role": "user", "content": self._prompts.nearly_full.render()})

    def execute_actions(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        observed: list[dict[str, Any]] = super().execute_actions(message)
        message.pop("extra", None)  # the parsed calls are carried out; a long conversation would hold them twice
        return observed

    def add_messages(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        # The stock one logs every message; a verbose run would print whole trajectories.
        self.messages.extend(messages)
        return list(messages)

    def _render_template(self, template: str) -> str:
        variables = {**self.env.get_template_vars(), **self.model.get_template_vars(), **self.extra_template_vars}
        return str(getattr(self._prompts, template).render(variables))

    def get_template_vars(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    def save(self, path: Path | None, *extra_dicts: dict[str, Any]) -> dict[str, Any]:
        return {}
