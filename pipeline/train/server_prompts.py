"""Rule 6 held against a server: the prompts that training reads are, id for id, those that the server makes.

Asked before training where a server of the base model is at hand (``train --server``), and read from the
samples where their teacher's server was asked for token ids.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline.errors import InputError
from pipeline.rollout.endpoint import ContextExceeded, Endpoint
from pipeline.train.render import Template
from pipeline.train.samples import TOKEN_IDS, Conversation, assistant_turns
from pipeline.types import Message

ASKED = 3
"""Samples whose prompts are asked of a server: a template that differs does so in each."""


def hold_against(endpoint: Endpoint, template: Template, conversations: Sequence[Conversation]) -> int:
    """Ask the server for the prompts of the first and last turn of some samples; how many were compared.

    ``endpoint`` asks for token ids. Raises InputError naming sample, message and the first difference, and
    when the server gives no ids; EndpointError when it does not answer.
    """
    compared = 0
    for conversation in conversations[:ASKED]:
        turns = list(assistant_turns(conversation.messages))
        for turn in dict.fromkeys((*turns[:1], *turns[-1:])):
            served = _asked(endpoint, conversation, turn)
            if served is None:
                continue  # longer than the server's context
            if found := _difference(template, conversation, turn, served):
                raise InputError(f"sample {conversation.id}: rule 6 of docs/training.md: {found} ({endpoint.url})")
            compared += 1
    return compared


def stored_difference(template: Template, conversations: Sequence[Conversation]) -> str | None:
    """Where a teacher with this tokenizer read another prompt than training does; None when nowhere.

    No error: a teacher may have the student's tokenizer and a template of its own.
    """
    for conversation in conversations:
        for turn in assistant_turns(conversation.messages):
            served = conversation.messages[turn].get("prompt_token_ids")
            if served and _is_of(template, served) and (found := _difference(template, conversation, turn, served)):
                return f"sample {conversation.id}: {found}"
    return None


def _asked(endpoint: Endpoint, conversation: Conversation, turn: int) -> list[int] | None:
    messages = [_on_the_wire(message) for message in conversation.messages[:turn]]
    try:
        reply = endpoint.chat(messages, conversation.tools, max_output_tokens=1)
    except ContextExceeded:
        return None
    ids: list[int] | None = reply.message.get("prompt_token_ids")
    if not ids:
        raise InputError(f"{endpoint.url}: gives no prompt_token_ids; give --server a vLLM that serves the base model")
    return ids


def _on_the_wire(message: Message) -> Message:
    """The form that a server takes: arguments as JSON text."""
    sent = {key: value for key, value in message.items() if key not in TOKEN_IDS}
    if calls := message.get("tool_calls"):
        sent["tool_calls"] = [_call(call) for call in calls]
    return sent


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {
        **call,
        "function": {"name": function["name"], "arguments": json.dumps(function["arguments"], ensure_ascii=False)},
    }


def _is_of(template: Template, ids: Sequence[int]) -> bool:
    """Whether the tokenizer makes these ids of their own text, which another's would hardly do."""
    if max(ids) >= len(template.tokenizer):
        return False
    text = template.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return list(template.tokenizer(text, add_special_tokens=False)["input_ids"]) == list(ids)


def _difference(template: Template, conversation: Conversation, turn: int, served: Sequence[int]) -> str | None:
    prompt = template.text(conversation.messages[:turn], conversation.tools, prompt=True)
    read = list(template.tokenizer(prompt, add_special_tokens=False)["input_ids"])
    if read == list(served):
        return None
    at = next((i for i, (a, b) in enumerate(zip(read, served, strict=False)) if a != b), min(len(read), len(served)))
    ours, theirs = (_shown(template, ids[at : at + 12]) for ids in (read, list(served)))
    return (
        f"message {turn}: the server reads another prompt than training would, from token {at} on: "
        f"{theirs} instead of {ours}; start the server with the chat template of {template.where}"
    )


def _shown(template: Template, ids: Sequence[int]) -> str:
    known = [token for token in ids if token < len(template.tokenizer)]
    return repr(template.tokenizer.decode(known)) if known else "nothing"
