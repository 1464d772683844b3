"""The description: an issue text made from rollout 1, from which rollout 2 starts."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.generate.ask import Spent, ask
from pipeline.generate.leak import leaked_line
from pipeline.generate.record import as_text, steps_of, without_first_quarter
from pipeline.generate.texts import render
from pipeline.rollout.endpoint import ContextExceeded, Endpoint
from pipeline.types import Message, Rollout

TRIES = 10
"""Answers asked for in all."""
LEAKS = 3
"""Answers that may give the change away before the description is given up."""
_EXAMPLE_CHARACTERS = 6000


@dataclass(frozen=True)
class Description:
    """The text, or why there is none."""

    text: str
    """"" when there is none."""
    reason: str | None
    """None, ``no_description`` or ``description_leaks``."""
    detail: str = ""


def describe(rollout: Rollout, style: str | None, endpoint: Endpoint, spent: Spent) -> Description:
    """An issue text in the manner of ``style`` (None: plain) for what ``rollout`` changed. Raises EndpointError."""
    request, steps = steps_of(rollout.messages)
    messages = _question(request, steps, style)
    leaks = 0
    for _ in range(TRIES):
        try:
            reply, text = ask(endpoint, messages, spent)
        except ContextExceeded:
            if not steps:
                break
            steps = without_first_quarter(steps)
            messages = _question(request, steps, style)
            continue
        leak = leaked_line(text, rollout.patch) if text else None
        if text and leak is None:
            return Description(text, None)
        leaks += leak is not None
        if leaks >= LEAKS:
            return Description("", "description_leaks", f"shows {leak!r}")
        again = render("again_leaks", leak=leak) if leak else render("again_missing")
        messages = [*messages[:1], reply, {"role": "user", "content": again}]
    return Description("", "no_description", f"no text between output tags in {spent.calls} answers")


def _question(request: str, steps: list[str], style: str | None) -> list[Message]:
    manner = render("style", example=style[:_EXAMPLE_CHARACTERS]) if style else render("style_plain")
    record = render("record", record=as_text(request, steps))
    return [{"role": "user", "content": f"{record}\n\n{render('describe', style=manner)}"}]
