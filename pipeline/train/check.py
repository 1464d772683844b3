"""The self-check before any training: seven rules whose breach trains a model on the wrong tokens.

1. One text, from the serving template: the token ids decode to it, character for character.
2. Where the sample has the ids that the model's own server generated, those are trained on.
3. Every labelled turn ends with a token at which the server stops.
4. Every labelled turn follows the very prompt that the server makes for it.
5. Every sequence has labels.
6. That prompt, tokenized alone as the server does it, has the ids that training reads.
7. The adapter carries the template that it was trained with.

And the aim of them all: the labelled tokens, decoded, are the assistant's turns, tool calls included.
Each rule is a known defect of some other trainer; a broken one is an error, never a warning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.train.card import TEMPLATE
from pipeline.train.render import Template
from pipeline.train.samples import Conversation, assistant_turns
from pipeline.train.tokens import Tokens, Turn
from pipeline.types import Message


def check(template: Template, conversation: Conversation, sequences: list[Tokens]) -> None:
    """Hold a sample's sequences to rules 1 to 6. Raises InputError naming rule, sample and message."""
    for tokens in sequences:
        decodes_to_its_text(template, tokens)
        has_labels(tokens)
        for turn in tokens.turns:
            uses_generated_ids(conversation, tokens, turn)
            ends_with_stop(template, tokens, turn)
            follows_its_prompt(template, conversation, tokens, turn)
            says_what_the_assistant_said(template, conversation, tokens, turn)
    covers_every_turn(conversation, sequences)


def decodes_to_its_text(template: Template, tokens: Tokens) -> None:
    """Rule 1. A sequence that was cut decodes to the beginning of its text."""
    decoded = _decode(template, tokens.input_ids)
    if not decoded or not tokens.rendered.text.startswith(decoded):
        raise _broken(1, tokens, "its token ids do not decode to the text of the chat template")


def uses_generated_ids(conversation: Conversation, tokens: Tokens, turn: Turn) -> None:
    """Rule 2."""
    own = conversation.messages[turn.message].get("token_ids")
    if own and list(tokens.input_ids[turn.start : turn.end]) != list(own):
        raise _broken(2, tokens, f"message {turn.message}: its token_ids do not spell the turn; remove them")


def ends_with_stop(template: Template, tokens: Tokens, turn: Turn) -> None:
    """Rule 3."""
    if tokens.input_ids[turn.end - 1] not in template.stop_ids:
        stops = " or ".join(template.stops)
        raise _broken(
            3, tokens, f"message {turn.message}: ends without {stops}, so the model would never learn to stop"
        )


def follows_its_prompt(template: Template, conversation: Conversation, tokens: Tokens, turn: Turn) -> None:
    """Rules 4 and 6."""
    prompt = template.text(conversation.messages[: turn.message], conversation.tools, prompt=True)
    start = next(span.start for span in tokens.rendered.spans if span.turn == turn.message)
    if tokens.rendered.text[:start] != prompt:
        raise _broken(4, tokens, f"message {turn.message}: follows another text than the server's prompt for it")
    if any(message.get("token_ids") for message in conversation.messages[: turn.message]):
        return  # generated ids differ from re-tokenized ones by design
    alone = template.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    if list(tokens.input_ids[: turn.start]) != list(alone):
        raise _broken(6, tokens, f"message {turn.message}: the server's prompt has other token ids than training reads")


def has_labels(tokens: Tokens) -> None:
    """Rule 5."""
    if tokens.labelled == 0:
        raise _broken(5, tokens, "no token of it carries loss")


def says_what_the_assistant_said(template: Template, conversation: Conversation, tokens: Tokens, turn: Turn) -> None:
    """The labelled tokens of ``turn`` hold the message's text, its reasoning, and each call with each argument."""
    said = _decode(template, tokens.input_ids[turn.start : turn.end])
    for what, forms in _parts(conversation.messages[turn.message]):
        if not any(form in said for form in forms):
            raise InputError(
                f"sample {tokens.sample}, message {turn.message}: the labelled tokens lack its {what}; the chat "
                f"template of {template.where} drops it, so choose a base model whose template has tools and reasoning"
            )


def covers_every_turn(conversation: Conversation, sequences: list[Tokens]) -> None:
    """No assistant turn is labelled twice, and none is forgotten (but those behind a cut)."""
    labelled = sorted(turn.message for tokens in sequences for turn in tokens.turns)
    expected = list(assistant_turns(conversation.messages))
    if labelled != expected[: len(labelled)] and len(sequences) == 1:
        raise InputError(f"sample {conversation.id}: messages {labelled} carry loss, the assistant's are {expected}")
    if len(labelled) != len(set(labelled)) or not set(labelled) <= set(expected):
        raise InputError(f"sample {conversation.id}: messages {labelled} carry loss, the assistant's are {expected}")


def carries_its_template(template: Template, adapter: Path) -> None:
    """Rule 7. Raises InputError unless ``adapter`` holds the template that its training used."""
    path = adapter / TEMPLATE
    if not path.is_file() or path.read_text(encoding="utf-8") != template.source:
        raise InputError(f"{path}: rule 7: not the template that the adapter was trained with; train it again")


def _parts(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a turn must show: a name for it, and the forms in which templates write it."""
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


def _decode(template: Template, ids: tuple[int, ...]) -> str:
    text = template.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return str(text)


def _broken(rule: int, tokens: Tokens, what: str) -> InputError:
    return InputError(f"sample {tokens.sample}: rule {rule} of docs/training.md: {what}")
