"""The repertoire: one file per kind of change, each a function ``offer(code, target, variant)``.

``target`` is what the change should be about (None: the edit chooses); ``variant`` is 0 for the
usual wording, 1 for another one, 2 for another target where there is one. An offer is None where
the function has nothing for this kind.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.rollout.scripted.code import Code, Edit, parse_python
from pipeline.rollout.scripted.conversation import draw
from pipeline.rollout.scripted.edits import (
    comment,
    constant,
    docstring,
    early_return,
    error_message,
    guard,
    rename,
)
from pipeline.rollout.scripted.symptoms import preferred, rotated
from pipeline.rollout.scripted.task import Task

Offer = Callable[[Code, str | None, int], Edit | None]

KINDS: dict[str, Offer] = {
    "guard": guard.offer,
    "early_return": early_return.offer,
    "error_message": error_message.offer,
    "rename": rename.offer,
    "constant": constant.offer,
    "docstring": docstring.offer,
    "comment": comment.offer,
}

_PROSE = ("docstring", "comment")
"""Nearly every function has room for these, so they come last."""


def choose(code: Code, task: Task) -> Edit | None:
    """The edit for ``task``: of the hinted kind, else of one that the text mentions, else of any."""
    if task.hint is not None:
        roll = draw(task.text, 10)
        edit = _checked(code, task.hint.kind, task.hint.target, 0 if roll < 7 else 1 if roll < 9 else 2)
        if edit is not None:
            return edit
    others = [kind for kind in KINDS if kind not in _PROSE]
    for kind in dict.fromkeys([*preferred(task.text), *rotated(others, task.text), *_PROSE]):
        edit = _checked(code, kind, None, 0)
        if edit is not None:
            return edit
    return None


def _checked(code: Code, kind: str, target: str | None, variant: int) -> Edit | None:
    edit = KINDS[kind](code, target, variant)
    return edit if edit is not None and _still_parses(code, edit) else None


def _still_parses(code: Code, edit: Edit) -> bool:
    if code.tree is None:
        return True
    before, after = edit.first - code.first, edit.last + 1 - code.first
    return parse_python([*code.lines[:before], *edit.lines, *code.lines[after:]]) is not None
