"""The self-check before any training: seven rules whose breach trains a model on the wrong tokens.

1. One text, from the serving template: the token ids decode to it, character for character.
2. Where the sample has the ids that the model's own server generated, those are trained on.
3. Every labelled turn ends with a token at which the server stops.
4. Every labelled turn follows the very prompt that the server makes for it.
5. Every sequence has labels.
6. That prompt, tokenized alone as the server does it, has the ids that training reads.
7. The adapter carries the template that it was trained with.
8. The labelled tokens, decoded, are the assistant's turns, tool calls included: all of them, nothing else.
9. No message holds a control token as text: the tokenizer would read it as the end of a turn.
10. The base model has one chat template (``pipeline.train.one_template``).

Each rule is a known defect of some other trainer; a broken one is an error, never a warning.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import InputError
from pipeline.train.card import TEMPLATE
from pipeline.train.render import Template, said
from pipeline.train.samples import Conversation, assistant_turns
from pipeline.train.tokens import Tokens, Turn, control_token, generated_ids


def check(template: Template, conversation: Conversation, sequences: list[Tokens]) -> None:
    """Hold a sample's sequences to rules 1 to 6, 8 and 9. Raises InputError naming rule, sample and message."""
    holds_no_control_token(template, conversation)
    for tokens in sequences:
        decodes_to_its_text(template, tokens)
        has_labels(tokens)
        for turn in tokens.turns:
            uses_generated_ids(template, conversation, tokens, turn)
            ends_with_stop(template, tokens, turn)
            follows_its_prompt(template, conversation, tokens, turn)
            says_what_the_assistant_said(template, conversation, tokens, turn)
            says_nothing_else(template, tokens, turn)
    covers_every_turn(conversation, sequences)


def decodes_to_its_text(template: Template, tokens: Tokens) -> None:
    """Rule 1. A sequence that was cut decodes to the beginning of its text."""
    decoded = _decode(template, tokens.input_ids)
    if not decoded or not tokens.rendered.text.startswith(decoded):
        raise _broken(1, tokens, "its token ids do not decode to the text of the chat template")


def uses_generated_ids(template: Template, conversation: Conversation, tokens: Tokens, turn: Turn) -> None:
    """Rule 2."""
    read = list(tokens.input_ids[turn.start : turn.end])
    generated = generated_ids(template, conversation.messages[turn.message], read)
    if generated is not None and read != generated:
        raise _broken(2, tokens, f"message {turn.message}: the ids that its server generated are not trained on")


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
    if tokens.generated and turn != tokens.turns[0]:
        return  # generated ids differ from re-tokenized ones by design
    alone = template.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    if list(tokens.input_ids[: turn.start]) != list(alone):
        raise _broken(6, tokens, f"message {turn.message}: the server's prompt has other token ids than training reads")


def has_labels(tokens: Tokens) -> None:
    """Rule 5."""
    if tokens.labelled == 0:
        raise _broken(5, tokens, "no token of it carries loss")


def says_what_the_assistant_said(template: Template, conversation: Conversation, tokens: Tokens, turn: Turn) -> None:
    """Rule 8. The labelled tokens of ``turn`` hold the message's text, reasoning, and each call with each argument."""
    shown = _decode(template, tokens.input_ids[turn.start : turn.end])
    for what, forms in said(conversation.messages[turn.message]):
        if not any(form in shown for form in forms):
            raise _broken(
                8, tokens, f"message {turn.message}: the labelled tokens lack its {what}; the chat template of "
                f"{template.where} drops it, so choose a base model whose template has tools and reasoning",
            )  # fmt: skip


def says_nothing_else(template: Template, tokens: Tokens, turn: Turn) -> None:
    """Rule 8. No token of another message, nor of the template around the turn, is labelled with ``turn``."""
    span = next(span for span in tokens.rendered.spans if span.turn == turn.message)
    if _decode(template, tokens.input_ids[turn.start : turn.end]) != tokens.rendered.text[span.start : span.end]:
        raise _broken(8, tokens, f"message {turn.message}: the labelled tokens are not the turn; the mask is shifted")


def covers_every_turn(conversation: Conversation, sequences: list[Tokens]) -> None:
    """Rule 8. No assistant turn is labelled twice, and none is forgotten (but those behind a cut)."""
    labelled = sorted(turn.message for tokens in sequences for turn in tokens.turns)
    expected = list(assistant_turns(conversation.messages))
    forgotten = len(sequences) == 1 and labelled != expected[: len(labelled)]
    if forgotten or len(labelled) != len(set(labelled)) or not set(labelled) <= set(expected):
        raise _broken(8, sequences[0], f"messages {labelled} carry loss, the assistant's are {expected}")


def holds_no_control_token(template: Template, conversation: Conversation) -> None:
    """Rule 9."""
    if found := control_token(template, conversation):
        raise InputError(f"sample {conversation.id}: rule 9 of docs/training.md: {found}")


def carries_its_template(template: Template, adapter: Path) -> None:
    """Rule 7. Raises InputError unless ``adapter`` holds the template that its training used."""
    path = adapter / TEMPLATE
    if not path.is_file() or path.read_text(encoding="utf-8") != template.source:
        raise InputError(f"{path}: rule 7: not the template that the adapter was trained with; train it again")


def _decode(template: Template, ids: tuple[int, ...]) -> str:
    text = template.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return str(text)


def _broken(rule: int, tokens: Tokens, what: str) -> InputError:
    return InputError(f"sample {tokens.sample}: rule {rule} of docs/training.md: {what}")
