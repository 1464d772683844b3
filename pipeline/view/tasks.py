"""Rollouts put together by what they were asked, each with what became of it. Pure.

A task is one function with its rollouts 1, its description and its rollout 2, or one pull request
with the attempts of own, base and frontier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pipeline.view.notes import Target
from pipeline.view.rows import Row
from pipeline.view.sources import Found, Source

ROLES = ("own", "base", "frontier")
_SAMPLE_ID = re.compile(r"(.+?)\.[12]\.\d+(\.again\d+)?")
"""Rollouts of one function differ in the end of their ids: which of the two, and the attempt."""


@dataclass(frozen=True)
class Attempt:
    """One rollout with everything that is known of it."""

    found: Found
    key: str
    """Its id, made unique within the page: what a link to it ends in."""
    name: str
    """Function, or title of the pull request."""
    where: str
    """Path, or the pull request's id."""
    language: str | None
    unit: str | None
    """function, method, section, ...; None when unknown."""
    change_type: str | None
    which: int | None
    """1 or 2 for generate; None for evaluate."""
    outcome: str | None
    """kept, a reason code, or undecided while the run goes on; None for evaluate."""
    detail: str
    """Why, for a person."""
    verdict: str | None
    """yes, no or unclear; None when its self-check was not made."""
    recall: float | None
    """Own metric: of the task's pair, or the attempt's score."""
    recall_sera: float | None

    @property
    def row(self) -> Row:
        return self.found.row


@dataclass
class Task:
    """What belongs together; ``attempts`` in the order in which they happened."""

    source: int
    id: str
    attempts: list[Attempt] = field(default_factory=list)
    description: str = ""
    description_left_out: str = ""
    """Reason and detail where a description was given up."""

    @property
    def pair(self) -> tuple[Attempt | None, Attempt | None]:
        """Rollout 1 that the description was made from, and rollout 2."""
        firsts = [one for one in self.attempts if one.which == 1 and (one.verdict == "yes" or one.outcome == "kept")]
        seconds = [one for one in self.attempts if one.which == 2 and one.row.exit != "error"]
        return firsts[-1] if firsts else None, seconds[-1] if seconds else None


def tasks_of(found: Iterable[Found], sources: Sequence[Source], limit: int | None = None) -> list[Task]:
    """The tasks in the order in which their first rollouts come; of the first ``limit`` rollouts, None: of all."""
    tasks: dict[tuple[int, str], Task] = {}
    keys: dict[str, int] = {}
    for one in found:
        id = _task_id(one)
        task = tasks.setdefault((one.source, id), Task(one.source, id))
        keys[one.id] = keys.get(one.id, 0) + 1
        key = one.id if keys[one.id] == 1 else f"{one.id}~{keys[one.id]}"
        task.attempts.append(_attempt(one, key, id, sources[one.source]))
    for task in tasks.values():
        _finish(task, sources[task.source])
    return list(_first(tasks.values(), limit))


def _first(tasks: Iterable[Task], limit: int | None) -> Iterable[Task]:
    room = limit
    for task in tasks:
        if room is not None:
            del task.attempts[room:]
            room -= len(task.attempts)
        if task.attempts:
            yield task


def _task_id(found: Found) -> str:
    if found.row.task_id is not None:
        return found.row.task_id
    match = _SAMPLE_ID.fullmatch(found.id)
    return match[1] if match else found.id


def _attempt(found: Found, key: str, task_id: str, source: Source) -> Attempt:
    row, notes = found.row, source.notes
    sample = notes.samples.get(found.id) or (row if row.kind == "sample" else None)
    graded = notes.evaluations.get(found.id) or (row if row.kind == "evaluation" else None)
    target, left_out = notes.targets.get(task_id), notes.left_out.get(found.id)
    which = sample.rollout if sample else row.rollout
    verdict = notes.stage(found.id, "self_check").get("verdict")
    pair = notes.stage(task_id, "compare") if which == 2 or verdict == "yes" else {}
    return Attempt(
        found=found,
        key=key,
        name=(sample and sample.function)
        or (target and target.name)
        or (graded and graded.title)
        or row.asked_function,
        where=(sample and sample.path) or (target and target.path) or row.asked_path or task_id,
        language=(sample and sample.language) or (target and target.language) or None,
        unit=target.kind if target else None,
        change_type=(sample and sample.change_type) or _change_type(row, target),
        which=which,
        outcome="kept" if sample else left_out.reason if left_out else "undecided" if which else None,
        detail=left_out.detail if left_out else "",
        verdict=verdict,
        recall=graded.score if graded else sample.recall if sample else (pair.get("own") or {}).get("recall"),
        recall_sera=sample.recall_sera if sample else pair.get("sera"),
    )


def _change_type(row: Row, target: Target | None) -> str | None:
    types = target.change_types if target else ()
    return types[row.attempt] if row.rollout == 1 and row.attempt < len(types) else None


def _finish(task: Task, source: Source) -> None:
    """Order the attempts, and let each know what only another one of the task tells."""
    task.attempts.sort(key=lambda one: (one.which or 0, _rank(one.row.role), one.row.attempt))
    first, _ = task.pair
    known = first or task.attempts[0]
    told = next((one for one in task.attempts if one.language), known)  # a sample or a target tells most
    for index, one in enumerate(task.attempts):
        name = one if one.name else told
        task.attempts[index] = replace(
            one,
            name=name.name,
            where=name.where,
            language=one.language or told.language,
            change_type=one.change_type or (known.change_type if one.which == 2 else None),
        )
    if first:
        task.description = str(source.notes.stage(first.found.id, "description").get("text") or "")
    task.description = task.description or next(
        (one.row.description for one in task.attempts if one.row.description), ""
    )
    if left_out := source.notes.left_out.get(task.id):
        task.description_left_out = f"{left_out.reason}: {left_out.detail}"


def _rank(role: str | None) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)
