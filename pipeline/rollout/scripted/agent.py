"""The scripted model at work with tools: find, view, edit, check, submit.

The work is written as one generator that is sent what each call printed. A request carries the
whole conversation, so the generator is simply played from the start up to the next turn: the
model keeps no state of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.rollout.scripted.code import Code, Edit, read_function
from pipeline.rollout.scripted.conversation import is_interrupted, observations, task_text
from pipeline.rollout.scripted.edits import choose
from pipeline.rollout.scripted.hands import Call, Hands, bash, hands_for, sed, submit
from pipeline.rollout.scripted.locate import Place, locate
from pipeline.rollout.scripted.task import Task, understand
from pipeline.rollout.scripted.units import Unit, prepare, unit_in
from pipeline.types import Message

WINDOW = 40
"""Lines of a function that are viewed: what the compact prompt's observations can show uncut."""

ABSTAIN = "ABSTAIN"
"""The word with which a turn declines to change anything."""


@dataclass(frozen=True)
class Turn:
    """What the model says and calls."""

    thought: str
    call: Call


Work = Generator[tuple[str, Call], str, str]
"""Yields (thought, call), is sent what the call printed, returns the last thought."""


def next_turn(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> Turn:
    """The next turn of the conversation."""
    if is_interrupted(messages):
        return Turn("I hand in what I have.", submit())
    task, hands = task_text(messages), hands_for(tools)
    unit = unit_in(task)
    work = _work(understand(task), hands) if unit is None else _work_on_unit(unit, task, hands)
    try:
        step = next(work)
        for printed in observations(messages):
            step = work.send(printed)
    except StopIteration as end:
        return Turn(end.value or "Done.", submit())
    return Turn(*step)


def _work(task: Task, hands: Hands) -> Work:
    places = yield from locate(task)
    for place in places:
        code = yield from _view(place, hands)
        edit = choose(code, task) if code is not None else None
        if code is not None and edit is not None:
            return (yield from _make(code, edit, hands))
    looked = ", ".join(f"`{place.name}`" for place in places)
    return f"{ABSTAIN}: {looked} offers nothing that I would change." if looked else f"{ABSTAIN}: I found no function."


def _work_on_unit(unit: Unit, task: str, hands: Hands) -> Work:
    prepared = yield from prepare(unit, task, hands)
    if prepared is None:
        return f"{ABSTAIN}: `{unit.name}` offers nothing that I would change."
    return (yield from _make(*prepared, hands))


def _make(code: Code, edit: Edit, hands: Hands) -> Work:
    thought = f"Change ({edit.kind} of `{edit.target}`): {edit.thought}"
    printed = yield thought, hands.change(code, edit)
    if "must occur exactly once" in printed:
        yield "The text stands there more than once. I edit by line.", sed(code.path, edit)
    yield "I check the edit.", bash("git diff")
    return "The edit is as I want it."


def _view(place: Place, hands: Hands) -> Generator[tuple[str, Call], str, Code | None]:
    first = max(1, place.line - 1)
    shown = yield f"I read `{place.name}`.", hands.view(place.path, first, first + WINDOW)
    lines = hands.lines(shown)
    more = len(lines) > WINDOW
    above = lines.pop(0) if first < place.line and lines else ""
    return read_function(place.path, place.name, place.line, above, lines, more)
