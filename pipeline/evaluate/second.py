"""Second opinions on a folder's tasks: which are missing, asking for them, and how they go with the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.evaluate.journal import Journal
from pipeline.evaluate.opinions import SIDES, Agreement, Opinion, Side, agreement, verdicts
from pipeline.evaluate.plan import Attempt
from pipeline.evaluate.questions import Judge, opine
from pipeline.rollout.pool import run_pool
from pipeline.types import Rollout, Task


@dataclass(frozen=True)
class _Question:
    task: Task
    first: Side
    shown: Mapping[Side, Rollout]


class SecondOpinions:
    """Of one judge on the first attempts of own and frontier."""

    def __init__(self, clone: Path, journal: Journal, judge: Judge) -> None:
        self._clone, self._journal, self._judge = clone, journal, judge

    def ask(self, tasks: Sequence[Sequence[Attempt]], concurrency: int, is_spent: Callable[[], bool]) -> None:
        """Ask what is missing, each answer written down as it comes; ends between tasks when ``is_spent``."""

        def answer(question: _Question) -> Opinion | None:
            return opine(self._clone, question.task, question.first, question.shown, self._judge)

        for _, opinion in run_pool(answer, self._missing(tasks, is_spent), concurrency):
            if opinion:
                self._journal.add_opinion(opinion)

    def _missing(self, tasks: Sequence[Sequence[Attempt]], is_spent: Callable[[], bool]) -> Iterator[_Question]:
        for attempts in tasks:
            shown = self._shown(attempts)
            due = [_Question(attempts[0].task, first, shown) for first in SIDES if shown]
            due = [question for question in due if not self._known(question)]
            if due and is_spent():
                return
            yield from due

    def _known(self, question: _Question) -> Opinion | None:
        rollouts = [question.shown[side] for side in SIDES]
        return self._journal.opinion(question.task.id, self._judge.endpoint.model, question.first, rollouts)

    def _shown(self, attempts: Sequence[Attempt]) -> Mapping[Side, Rollout]:
        """Own's and frontier's first rollout; empty where one is missing, void, or both left the same."""
        firsts = {a.contender.role: self._journal.rollouts.get(a.id) for a in attempts if a.number == 0}
        shown: dict[Side, Rollout] = {side: rollout for side in SIDES if (rollout := firsts.get(side)) is not None}
        patches = {rollout.patch for rollout in shown.values() if rollout.exit != "error"}
        return shown if len(shown) == len(SIDES) == len(patches) else {}

    def agreement(self, tasks: Sequence[Sequence[Attempt]]) -> Agreement:
        """Over the tasks whose first attempts were judged."""
        given = (self._known(_Question(rows[0].task, first, shown)) for rows in tasks if (shown := self._shown(rows))
                 for first in SIDES)  # fmt: skip
        return agreement(verdicts(filter(None, given)), dict(self._differences(tasks)))

    def _differences(self, tasks: Sequence[Sequence[Attempt]]) -> Iterator[tuple[str, float]]:
        for attempts in tasks:
            firsts = {a.contender.role: self._journal.judgement(a) for a in attempts if a.number == 0}
            own, frontier = firsts.get("own"), firsts.get("frontier")
            if own and frontier:
                yield own.task_id, own.score - frontier.score
