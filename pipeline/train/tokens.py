"""Conversations to token ids and labels: loss on what the assistant writes, on nothing else.

A text is tokenized once, whole; a token carries loss when all its characters lie in an assistant
turn. A turn's text, reasoning, tool calls and the token that ends it are all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.train.render import Rendered, Span, Template, render
from pipeline.train.samples import Conversation
from pipeline.types import LeftOut, Message

IGNORED = -100
"""Label of a token without loss, as torch's cross entropy has it."""

TooLong = Literal["drop", "cut"]


@dataclass(frozen=True)
class Turn:
    """Tokens ``start`` to ``end`` of a sequence, which assistant message ``message`` is."""

    start: int
    end: int
    message: int


@dataclass(frozen=True)
class Tokens:
    """One training sequence."""

    input_ids: tuple[int, ...]
    turns: tuple[Turn, ...]
    """The labelled parts, in order, at least one."""
    rendered: Rendered
    sample: str
    generated: int = 0
    """Turns whose ids are those that the model's own server generated."""

    @property
    def labels(self) -> list[int]:
        """As many as ``input_ids``: the id itself where it carries loss, else ``IGNORED``."""
        labels = [IGNORED] * len(self.input_ids)
        for turn in self.turns:
            labels[turn.start : turn.end] = self.input_ids[turn.start : turn.end]
        return labels

    @property
    def labelled(self) -> int:
        return sum(turn.end - turn.start for turn in self.turns)


class Skipped(Exception):
    """A sample that cannot be learnt from; ``reason`` is its code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def encode(
    template: Template, conversation: Conversation, context_tokens: int, too_long: TooLong = "drop"
) -> list[Tokens] | LeftOut:
    """The sample's training sequences, or why it has none.

    ``context_tokens``: longest sequence; a sample with a longer one is dropped, or with ``cut`` the sequence
    ends after the last assistant turn that fits whole. Reason codes: malformed_call, no_assistant_turn,
    turn_not_separable, stop_token_inside_turn, control_token_in_text, too_long. Raises InputError where the
    template cannot be trained on at all.
    """
    try:
        if conversation.malformed:
            raise Skipped("malformed_call", "a call's arguments are no JSON object, or its tool is not offered")
        texts = render(template, conversation)
        if not texts:
            raise Skipped("no_assistant_turn", "no message of the assistant, so nothing to learn")
        whole = [_tokens(template, text, conversation) for text in texts]
        if found := control_token(template, conversation):
            raise Skipped("control_token_in_text", found)
        return _fit(whole, context_tokens, too_long)
    except Skipped as skipped:
        return LeftOut("train", "sample", conversation.id, skipped.reason, str(skipped))


def _tokens(template: Template, rendered: Rendered, conversation: Conversation) -> Tokens:
    encoded = template.tokenizer(rendered.text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = list(encoded["input_ids"]), encoded["offset_mapping"]
    turns = tuple(_turn(span, offsets) for span in rendered.spans)
    for turn in turns:
        if template.stop_ids & set(ids[turn.start : turn.end - 1]):
            raise Skipped("stop_token_inside_turn", f"message {turn.message} holds the stop token as text")
    return _as_generated(template, Tokens(tuple(ids), turns, rendered, conversation.id), conversation)


def _turn(span: Span, offsets: list[tuple[int, int]]) -> Turn:
    inside = [i for i, (start, end) in enumerate(offsets) if start < span.end and end > span.start]
    first, last = inside[0], inside[-1]
    if offsets[first][0] < span.start or offsets[last][1] > span.end:
        # The server tokenizes the prompt alone, so such a token never stands there when the model is asked.
        raise Skipped("turn_not_separable", f"message {span.turn}: a token spans its border with the prompt")
    return Turn(first, last + 1, span.turn)


def _as_generated(template: Template, tokens: Tokens, conversation: Conversation) -> Tokens:
    """Put the ids that the model's own server generated in place of re-tokenized ones, where they spell the turn."""
    ids, turns, shift, generated = list(tokens.input_ids), [], 0, 0
    for turn in tokens.turns:
        start, end = turn.start + shift, turn.end + shift
        own = generated_ids(template, conversation.messages[turn.message], ids[start:end])
        if own is not None:
            ids[start:end] = own
            shift += len(own) - (end - start)
            end = start + len(own)
            generated += 1
        turns.append(Turn(start, end, turn.message))
    return Tokens(tuple(ids), tuple(turns), tokens.rendered, tokens.sample, generated)


def generated_ids(template: Template, message: Message, read: list[int]) -> list[int] | None:
    """The message's ``token_ids`` where they are the turn that ``read`` is, its stop token included, else None.

    None too where a teacher with another tokenizer made them, or the server gave the turn back in
    another form than the model wrote it (a call's JSON with other blanks, say): later prompts show
    that form, so it is the one to learn.
    """
    own = message.get("token_ids")
    if not own or max(own) >= len(template.tokenizer):
        return None
    whole = [*own] if own[-1] in template.stop_ids else [*own, read[-1]]
    decode = template.tokenizer.decode
    return whole if decode(whole) == decode(read) else None


def control_token(template: Template, conversation: Conversation) -> str | None:
    """Which message (or tool) holds which control token as text; None when none does.

    The server reads such a text as the token itself, as training does: the output of a command could
    end its own turn and open one of the assistant's.
    """
    if not template.control_tokens:
        return None
    control = re.compile("|".join(map(re.escape, template.control_tokens)))
    named = [(f"message {i} ({m['role']})", m) for i, m in enumerate(conversation.messages)]
    for where, thing in [*named, *(("a tool's description", tool) for tool in conversation.tools)]:
        for text in _texts(thing):
            if found := control.search(text):
                return f"{where} holds the control token {found[0]} as text; leave the sample out or change the text"
    return None


def _texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            if not isinstance(value, int):
                yield from _texts(value)


def _fit(whole: list[Tokens], context_tokens: int, too_long: TooLong) -> list[Tokens]:
    longest = max(len(tokens.input_ids) for tokens in whole)
    if longest <= context_tokens:
        return whole
    cut = [part for tokens in whole if (part := _cut(tokens, context_tokens))]
    if too_long == "drop" or not cut:
        raise Skipped("too_long", f"{longest} tokens, {context_tokens} allowed")
    return cut


def _cut(tokens: Tokens, context_tokens: int) -> Tokens | None:
    """``tokens`` up to the last turn that ends within the context; None without one: nothing would carry loss."""
    if len(tokens.input_ids) <= context_tokens:
        return tokens
    kept = tuple(turn for turn in tokens.turns if turn.end <= context_tokens)
    if not kept:
        return None
    ids = tokens.input_ids[: kept[-1].end]
    return Tokens(ids, kept, tokens.rendered, tokens.sample, min(tokens.generated, len(kept)))
