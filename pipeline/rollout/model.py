"""mini-swe-agent's Model over our endpoint.

What it does differently from the stock one: a malformed turn stays in the conversation beside the
error (the stock one keeps the error alone, so the model is told off for words it cannot see, and
training sees a conversation that never was); templates are compiled once; usage is summed from what
the server said, malformed turns included.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.rollout.conversation import Conversation
from pipeline.rollout.endpoint import NoReply, Reply, Usage
from pipeline.rollout.mini import FormatError
from pipeline.rollout.prompts import Prompts
from pipeline.rollout.tools import Tools
from pipeline.types import Message

Chat = Callable[[Conversation, int, int], Reply]
"""The model's next turn, from the conversation, this turn's index (0-based) and a guess at the prompt's tokens."""

_CHARACTERS_PER_TOKEN = 3
"""Low for code and English, so that an estimate errs on the side of a full context."""


class ChatModel:
    """One rollout's model, and the counts of its turns."""

    def __init__(
        self, chat: Chat, tools: Tools, prompts: Prompts, watch: Callable[[Usage], None] | None = None
    ) -> None:
        """``watch`` is called after each turn, malformed ones included, with that turn's usage."""
        self.config = None
        self.turns = 0
        """Replies of the model, malformed ones included."""
        self.tool_calls = 0
        """Turns that were a valid call."""
        self.malformed_calls = 0
        self.usage = Usage()
        """Of all turns, and of tries that gave none."""
        self.used: list[Usage] = []
        """Of each turn."""
        self.prompt_token_ids: Sequence[int] = ()
        """The last turn's prompt as the server read it, which holds all earlier ones; empty where it does not say."""
        self._chat = chat
        self._tools = tools
        self._prompts = prompts
        self._watch = watch
        self._conversation = Conversation()
        self._counted_tokens = 0
        self._counted_messages = 0
        self._schema_characters = len(json.dumps(list(tools.schemas)))

    def query(self, messages: list[dict[str, Any]], **kwargs: Any) -> dict[str, Any]:
        """The model's turn, its calls parsed into ``extra.actions``. Raises FormatError with turn and error."""
        reply = self._reply(messages)
        self.turns += 1
        self.used.append(reply.usage)
        self.prompt_token_ids = reply.message.pop("prompt_token_ids", ())
        self._count(reply.usage)
        self._counted_tokens = reply.usage.tokens_in + reply.usage.tokens_out
        self._counted_messages = len(messages) + 1
        calls = reply.message.get("tool_calls", [])
        actions, problem = self._actions(calls, reply.message)
        if problem:
            self.malformed_calls += 1
            raise FormatError(*self._told_off(reply, problem))
        self.tool_calls += 1
        return {**reply.message, "extra": {"actions": actions}}

    def _reply(self, messages: list[dict[str, Any]]) -> Reply:
        self._conversation.grow(messages)
        try:
            return self._chat(self._conversation, self.turns, self.estimated_tokens(messages))
        except NoReply as error:
            self._count(error.usage)
            raise

    def _count(self, usage: Usage) -> None:
        self.usage += usage
        if self._watch is not None:
            self._watch(usage)

    def counted_tokens(self) -> int:
        """Prompt and reply of the last turn as the server counted them; 0 before the first one."""
        return self._counted_tokens

    def estimated_tokens(self, messages: Sequence[Mapping[str, Any]]) -> int:
        """What a prompt of ``messages`` takes: the server's count of the last turn, and a guess for what came since."""
        fresh = sum(len(str(message.get("content") or "")) for message in messages[self._counted_messages :])
        if not self._counted_messages:
            fresh += self._schema_characters
        return self._counted_tokens + fresh // _CHARACTERS_PER_TOKEN

    def _actions(self, calls: list[dict[str, Any]], message: Message) -> tuple[list[dict[str, Any]], str]:
        if not calls:
            return [], _no_call(str(message["content"]))
        actions = []
        for call in calls:
            name, arguments = call["function"]["name"], arguments_of(call)
            if isinstance(arguments, str):
                return [], arguments
            if problem := self._tools.problem(name, arguments):
                return [], problem
            actions.append({"name": name, "arguments": arguments, "tool_call_id": call["id"]})
        return actions, ""

    def _told_off(self, reply: Reply, problem: str) -> list[dict[str, Any]]:
        turn = replayable(reply.message)
        calls = turn.get("tool_calls", [])
        text = self._prompts.format_error.render(
            error=problem,
            finish_reason=reply.finish_reason,
            has_tool_calls="tool_calls" in reply.message,
            named=self._tools.named,
        )
        if not calls:
            return [turn, {"role": "user", "content": text}]
        return [turn, *({"role": "tool", "tool_call_id": call["id"], "content": text} for call in calls)]

    def format_message(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    def format_observation_messages(
        self, message: dict[str, Any], outputs: list[dict[str, Any]], template_vars: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """One tool message per call, in order."""
        return [
            {
                "role": "tool",
                "tool_call_id": action["tool_call_id"],
                "content": self._prompts.observation.render(output=output),
            }
            for action, output in zip(message["extra"]["actions"], outputs, strict=True)
        ]

    def get_template_vars(self, **kwargs: Any) -> dict[str, Any]:
        return {"named": self._tools.named, **kwargs}

    def serialize(self) -> dict[str, Any]:
        return {}


def arguments_of(call: Mapping[str, Any]) -> dict[str, Any] | str:
    """A call's arguments, or, as a text, what is wrong with them."""
    try:
        arguments = json.loads(call["function"]["arguments"])
    except (ValueError, RecursionError) as error:
        return f"Error parsing tool call arguments: {error}."
    return arguments if isinstance(arguments, dict) else "The arguments of a tool call must be a JSON object."


def replayable(turn: Message) -> Message:
    """``turn`` in a form that every server takes back.

    Servers parse the arguments of earlier calls: one that is no JSON object fails the request, or is
    silently emptied. Such calls go back as the text the model wrote them as, where they can be seen.
    """
    calls = turn.get("tool_calls", [])
    if not any(isinstance(arguments_of(call), str) for call in calls):
        return turn
    written = [_as_written(call["function"]) for call in calls]
    content = "\n".join(part for part in (turn.get("content"), *written) if part)
    return {**{key: value for key, value in turn.items() if key != "tool_calls"}, "content": content}


def _as_written(function: Mapping[str, Any]) -> str:
    name = json.dumps(function["name"])
    return f'<tool_call>\n{{"name": {name}, "arguments": {function["arguments"]}}}\n</tool_call>'


def _no_call(content: str) -> str:
    if "<tool_call>" in content:
        return "Your tool call could not be read: what is between <tool_call> and </tool_call> must be valid JSON."
    return "No tool calls found in the response. Every response MUST include at least one tool call."
