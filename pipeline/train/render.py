"""A conversation as the model's own chat template writes it, and which characters the model must write.

The text comes from the template that will serve the model, whole, never pieced together from
messages. Where the template marks the assistant's part with ``{% generation %}`` the marks are
taken, and held against the prompts that a server would send; where it has none, or rewrites
history (Qwen3 drops old reasoning), the difference between two renders tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError
from pipeline.train.samples import Conversation, assistant_turns
from pipeline.types import Message

_MARKER = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True)
class Span:
    """One assistant turn in a rendered text: characters ``start`` to ``end``, its stop token included."""

    start: int
    end: int
    turn: int
    """Index of the message."""


@dataclass(frozen=True)
class Rendered:
    """One text to train on. Every span's prefix is the very prompt that a server sends for that turn."""

    text: str
    spans: tuple[Span, ...]
    """In order, at least one, none overlapping."""


class Template:
    """A tokenizer, its chat template, and the tokens that end a turn when the model is served."""

    def __init__(self, tokenizer: Any, stop_ids: Collection[int] = ()) -> None:
        """``stop_ids``: the model's end-of-sequence tokens; the tokenizer's own one where empty.

        Raises InputError when the tokenizer has no template, or cannot tell which characters a token is.
        """
        where = tokenizer.name_or_path
        if not tokenizer.chat_template:
            raise InputError(f"{where}: the base model has no chat template; choose an instruction-tuned model")
        if not tokenizer.is_fast:
            raise InputError(f"{where}: the tokenizer knows no offsets; choose a base model with a tokenizer.json")
        self.tokenizer = tokenizer
        self.where: str = where
        # Asked with a tool: where a tokenizer has several templates, the one for tools is served.
        try:
            self.source: str = tokenizer.get_chat_template(tools=[{}])
        except ValueError as error:
            raise InputError(f"{where}: {_line(error)}; leave the one template that the server uses") from None
        self.has_markers = bool(_MARKER.search(self.source))
        self.stop_ids = frozenset(stop_ids or [tokenizer.eos_token_id])
        self.stops = tuple(tokenizer.convert_ids_to_tokens(sorted(self.stop_ids)))
        special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
        self.control_tokens = tuple(sorted({*special, *tokenizer.all_special_tokens, *self.stops}))
        """Texts that the tokenizer reads as tokens which only a template may write."""

    def text(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], *, prompt: bool) -> str:
        """``messages`` as one text; with ``prompt`` it ends where the assistant starts to write.

        Raises InputError when the template refuses them.
        """
        try:
            text = self.tokenizer.apply_chat_template(
                list(messages),
                tools=list(tools) or None,
                chat_template=self.source,
                tokenize=False,
                add_generation_prompt=prompt,
            )
        except Exception as error:  # whatever a foreign template raises: TemplateError, TypeError, its own
            raise InputError(f"{self.where}: its chat template refuses a sample ({_line(error)})") from None
        return str(text)

    def marked(self, conversation: Conversation) -> Rendered | None:
        """The whole conversation by the template's own marks; None where marks and turns do not pair."""
        from transformers.utils.chat_template_utils import render_jinja_template

        texts, marks = render_jinja_template(
            [list(conversation.messages)],
            tools=list(conversation.tools) or None,
            chat_template=self.source,
            return_assistant_tokens_mask=True,
            **self.tokenizer.special_tokens_map,
        )
        turns = list(assistant_turns(conversation.messages))
        if len(marks[0]) != len(turns):
            return None
        spans = tuple(Span(start, end, turn) for (start, end), turn in zip(marks[0], turns, strict=True))
        return Rendered(texts[0], spans)


def render(template: Template, conversation: Conversation) -> list[Rendered]:
    """The texts to train on: one, or several where the template rewrites earlier turns.

    Raises InputError when the template does not show an assistant turn after its prompt.
    """
    turns = [_Turn(template, conversation, i) for i in assistant_turns(conversation.messages)]
    if not turns:
        return []
    if template.has_markers:
        marked = template.marked(conversation)
        if marked and all(marked.text[: s.start] == t.prompt for s, t in zip(marked.spans, turns, strict=True)):
            return [marked]
    return list(_by_difference(turns))[::-1]


def _by_difference(turns: list[_Turn]) -> Iterator[Rendered]:
    # From the end: the last render shows as many earlier turns as it left unchanged; the rest get their own.
    while turns:
        text = turns[-1].prompt + turns[-1].written
        held = [turn for turn in turns if text.startswith(turn.prompt + turn.written)]
        yield Rendered(text, tuple(Span(len(t.prompt), len(t.prompt + t.written), t.index) for t in held))
        turns = [turn for turn in turns if turn not in held]


class _Turn:
    """One assistant turn: the prompt that a server sends for it, and what the model must write."""

    def __init__(self, template: Template, conversation: Conversation, index: int) -> None:
        messages, tools = conversation.messages, conversation.tools
        self.index = index
        self.prompt = template.text(messages[:index], tools, prompt=True)
        shown = template.text(messages[: index + 1], tools, prompt=False)
        if not shown.startswith(self.prompt):
            raise InputError(
                f"{conversation.id}: message {index} does not follow the prompt that the chat template makes for it; "
                f"this template cannot be trained on"
            )
        self.written = _written(template, conversation, index, self.prompt, shown)


def _written(template: Template, conversation: Conversation, index: int, prompt: str, shown: str) -> str:
    """What the model must write after ``prompt``, its stop token included; ``shown`` ends with the turn."""
    longer = _with_next(template, conversation, index)
    following = longer[len(shown) :] if longer.startswith(shown) else ""
    message, stops = conversation.messages[index], template.stops
    if not following and longer.startswith(prompt) and not message.get("reasoning"):
        # Written otherwise once a message follows: Qwen3 puts an empty think block into the last turn alone. Taken as
        # later prompts show it, the conversation stays one text; with the block every turn would be one of its own.
        held = longer[len(prompt) :]
        end = min((held.find(stop) + len(stop) for stop in stops if stop in held), default=0)
        if end and all(any(form in held[:end] for form in forms) for _, forms in said(message)):
            return held[:end]
    return _to_stop(shown[len(prompt) :], following, stops)


def _with_next(template: Template, conversation: Conversation, index: int) -> str:
    # One more message shows what the template puts after the turn: in some models the next role's marker is the stop.
    messages = conversation.messages
    calls = messages[index].get("tool_calls") or ()
    probe: Message = {"role": "user", "content": "."}
    if calls:
        probe = {"role": "tool", "content": ".", "tool_call_id": calls[0]["id"], "name": calls[0]["function"]["name"]}
    return template.text([*messages[: index + 1], probe], conversation.tools, prompt=False)


def said(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a turn must show: a name for each part, and the forms in which templates write it."""
    if message["content"].strip():
        yield "text", (message["content"].strip(),)
    if message.get("reasoning", "").strip():
        yield "reasoning", (message["reasoning"].strip(),)
    for call in message.get("tool_calls", ()):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        yield f"call of {name}", (name,)
        for key, value in arguments.items():
            yield f"argument {key} of {name}", _forms(value)


def _forms(value: Any) -> tuple[str, ...]:
    return (
        json.dumps(value, ensure_ascii=False),
        json.dumps(value),
        *((value, value.strip()) if isinstance(value, str) else ()),
    )


def _to_stop(written: str, following: str, stops: tuple[str, ...]) -> str:
    end = max((written.rfind(stop) + len(stop) for stop in stops if stop in written), default=0)
    if end:
        return written[:end]
    return written + next((stop for stop in stops if following.startswith(stop)), "")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
