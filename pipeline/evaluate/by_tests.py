"""Hard scores into evaluation rows: which row is graded by tests, and what it then says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from pipeline.errors import InputError, RunError
from pipeline.evaluate.hard import Grade, Grader, Proof, grader
from pipeline.evaluate.measure import Primary, fixed, primary
from pipeline.settings import EvaluateConfig
from pipeline.types import Evaluation, Task

log = logging.getLogger(__name__)


def by_tests(clone: Path, settings: EvaluateConfig, scratch: Path) -> ByTests:
    """The measure as ``settings`` ask for it. Raises InputError for a command that makes no sense."""
    wanted = settings.measure != "recall"
    return ByTests(grader(clone, settings, scratch=scratch) if wanted else None, settings.measure)


class ByTests:
    """The measure of one evaluation and, unless it is asked for recall alone, its hard scores."""

    def __init__(self, grader: Grader | None, asked: Literal["auto", "tests", "recall"]) -> None:
        """``grader`` None: no test is run, as with ``asked`` recall."""
        self._grader = grader if asked != "recall" else None
        self._asked = asked
        self._primary: Primary | None = None

    def fix(self, out: Path, begun: bool, tasks: Sequence[Task]) -> Primary:
        """Fix the measure of the folder ``out`` on ``tasks``, or read what was fixed there; see ``measure.fixed``."""
        self._primary = fixed(out, begun, lambda: self._decide(tasks))
        if self._is("tests") and self._grader is None:
            raise InputError(
                f"{out}: its scores are by tests (measure.json), and evaluate.measure is recall; give another --out"
            )
        return self._primary

    def can_grade(self, task: Task) -> bool:
        """Whether ``task`` is scored by its tests in this folder, so that it needs no countable line."""
        return self._is("tests") and self._proof(task) is not None

    def row(self, row: Evaluation, task: Task, recall: float | None) -> Evaluation:
        """``row`` with what the tests say of its patch; as it is where they cannot be run, or we failed.

        ``recall``: of the patch. Raises as ``Grader.grade``.
        """
        try:
            proof = self._proof(task)
        except RunError as error:
            if self._is("tests"):
                raise
            log.warning("evaluate: %s has no hard score beside its recall: %s", task.id, error)
            return row
        if proof is None:
            return row
        if row.exit == "error":
            return replace(row, measure="tests" if self._is("tests") else row.measure)
        grade = self._grade(row, task, proof)
        graded = replace(
            row,
            recall=recall,
            resolved=grade.resolved,
            f2p_passed=grade.f2p_passed,
            f2p_total=grade.f2p_total,
            p2p_passed=grade.p2p_passed,
            p2p_total=grade.p2p_total,
            marks=(*row.marks, "tampered") if grade.reason == "tampered" else row.marks,
        )
        return replace(graded, measure="tests", score=grade.score) if self._is("tests") else graded

    def _is(self, measure: str) -> bool:
        return self._primary is not None and self._primary.measure == measure

    def _proof(self, task: Task) -> Proof | None:
        found = self._grader.proof(task) if self._grader else None
        return found if found and found.left_out is None else None

    def _grade(self, row: Evaluation, task: Task, proof: Proof) -> Grade:
        assert self._grader is not None
        if row.exit != "submitted" or not row.patch:  # what a limit cut off is not scored; nothing changed the base
            return Grade(False, 0, len(proof.fail_to_pass), len(proof.pass_to_pass), len(proof.pass_to_pass))
        patch = row.patch.encode("utf-8", "surrogateescape")
        return self._grader.grade(task, patch, three_way=row.sealed_at is not None)  # sealed on an older base

    def _decide(self, tasks: Sequence[Task]) -> Primary:
        if self._grader is None:
            return Primary("recall", "recall", 0, 0)
        proofs = [self._grader.proof(task) for task in tqdm(tasks, desc="prove", unit="task", disable=None)]
        made = primary(proofs, self._asked)
        log.info("evaluate: %d of %d tasks can be run by their tests: the measure is %s",
                 made.provable, made.tasks, made.measure)  # fmt: skip
        return made
