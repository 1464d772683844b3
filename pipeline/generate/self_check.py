"""The self-check: the teacher judges its own rollout 1, yes or no."""

from __future__ import annotations

from typing import Literal

from pipeline.generate.ask import Spent, ask
from pipeline.generate.record import as_text, steps_of, without_first_quarter
from pipeline.generate.texts import render
from pipeline.rollout.endpoint import ContextExceeded, Endpoint
from pipeline.types import Rollout

Verdict = Literal["yes", "no", "unclear"]
TRIES = 3
"""Times that the question is asked; each time after the first without the oldest quarter of the steps."""


def self_check(rollout: Rollout, endpoint: Endpoint, spent: Spent) -> Verdict:
    """The teacher's verdict; ``unclear`` when no answer could be read. Raises EndpointError."""
    request, steps = steps_of(rollout.messages)
    for _ in range(TRIES):
        record = render("record", record=as_text(request, steps))
        question = f"{record}\n\n{render('self_check')}"
        try:
            _, answer = ask(endpoint, [{"role": "user", "content": question}], spent)
        except ContextExceeded:
            answer = None
        word = (answer or "").strip(" .!\"'`*").lower()
        if word == "yes":
            return "yes"
        if word == "no":
            return "no"
        steps = without_first_quarter(steps)
    return "unclear"
