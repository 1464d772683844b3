"""Does a model know the human patch by heart? Asked without the repository: text and file names alone. Pure.

A declared knowledge cut-off is the vendor's word; this is a look. It errs both ways: a model may
know a patch and not say it, and a patch may follow from its description. So it marks, and never
refuses. Lines that the task's own text shows do not count, nor do short ones, which are everywhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pipeline.collect.gold import changed_lines
from pipeline.types import Message, Role, Task

LEAST_CHARACTERS = 12
"""Of a line that counts, white space aside: shorter ones are everywhere."""

LEAST_LINES = 3
"""A patch with fewer such lines cannot tell memory from a lucky guess."""


@dataclass(frozen=True)
class Recollection:
    """What a model said about one task without seeing the repository: one line of recollections.jsonl."""

    at: str
    task_id: str
    role: Role
    model: str
    adapter: str | None
    recall: float | None
    """Share of the human patch's added lines that it wrote, 0..1; None where the patch has too few to tell."""
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    seconds: float
    cost_usd: float | None
    answer: str = ""


def question(task: Task) -> list[Message]:
    """What the model is asked: the task's text and the names of the files, nothing of their content."""
    files = "\n".join(f"- {path}" for path in task.files)
    text = (
        f"This is a change that was made in the repository {task.repo}. You cannot see the repository.\n"
        "From memory alone, write the change as its maintainers made it: a unified diff with the exact lines "
        "they added, in one code block. If you do not remember it, write: I do not know.\n\n"
        f"Files that were changed:\n{files}\n\nDescription:\n{task.prompt}"
    )
    return [{"role": "user", "content": text}]


def recall(gold: bytes, answer: str, task: Task) -> float | None:
    """Share of the added lines of ``gold``'s source part that stand in ``answer``, 0..1; each matches once.

    None when fewer than ``LEAST_LINES`` lines count.
    """
    shown = {_plain(line) for line in task.prompt.splitlines()}
    added = (_plain(text) for path, sign, text in changed_lines(gold) if sign == "+" and path in task.files)
    wanted = Counter(line for line in added if len("".join(line.split())) >= LEAST_CHARACTERS and line not in shown)
    if wanted.total() < LEAST_LINES:
        return None
    said = Counter(_plain(line.removeprefix("+")) for line in answer.splitlines() if not line.startswith("-"))
    return (wanted & said).total() / wanted.total()


def _plain(line: str) -> str:
    return " ".join(line.split())
