"""Proves tasks and grades patches by the tests of the pull request. The one face of this package."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pipeline import whole
from pipeline.collect.gold import gold_patch
from pipeline.evaluate.hard.kit import Environment, Kit, LeftOutTask, Source
from pipeline.evaluate.hard.nouns import Grade, Proof, TestLimits, TestRun
from pipeline.evaluate.hard.placing import DoesNotApply, Placer
from pipeline.evaluate.hard.proof import TIMES, graded, reason, sort
from pipeline.git import GitError, git
from pipeline.trees import CommitTree
from pipeline.types import Task, from_json, to_json

log = logging.getLogger(__name__)

T = TypeVar("T", Proof, Grade)

_FORMAT = 2
"""Of proofs on disk; another number finds them all anew."""


class Grader:
    """Safe to share between threads; several processes may share ``cache``."""

    def __init__(
        self,
        clone: Path,
        cache: Path,
        kits: Sequence[Kit],
        *,
        scratch: Path,
        limits: TestLimits = TestLimits(),  # noqa: B008
    ) -> None:
        """``kits``: asked in order which suits. ``cache``: proofs and grades, kept. ``scratch``: checkouts in use."""
        self._clone, self._kits, self._limits = clone, kits, limits
        self._cache = cache
        self._placer = Placer(clone, scratch)

    def proof(self, task: Task) -> Proof:
        """Whether ``task`` can be scored by its tests; found out by six runs at most, then read from disk.

        Raises InputError when the clone lacks the commits, SandboxUnavailable, and RunError for what may go
        better another time (the package index is out of reach).
        """
        kept = self._cache / "proofs" / f"{self._key(task)}.json"
        if kept.exists():
            return from_json(Proof, json.loads(kept.read_text()))
        found = self._found(task)
        # What the machine lacks today it may have tomorrow.
        return found if found.left_out == "no_toolchain" else _keep(kept, found)

    def grade(self, task: Task, patch: bytes, *, three_way: bool = False, kept: bool = False) -> Grade:
        """What the tests say of ``patch`` on the base of ``task``, in one run.

        ``three_way``: for a patch that was made against another commit of the clone. ``kept``: a grade that
        was given before is read from disk. Raises as ``proof``,
        and ValueError for a task that cannot be scored.
        """
        proof = self.proof(task)
        if proof.left_out is not None:
            raise ValueError(f"{task.id}: cannot be scored by tests ({proof.left_out})")
        try:
            tree = self._placer.tree(task.base_sha, task.merge_sha, patch, three_way=three_way)
        except DoesNotApply:
            totals = len(proof.fail_to_pass), len(proof.pass_to_pass)
            return Grade(False, 0, totals[0], 0, totals[1], "patch_does_not_apply")
        path = self._cache / "grades" / f"{self._key(task)}-{tree}.json"
        if kept and path.exists():
            return from_json(Grade, json.loads(path.read_text()))
        kit, files, where = self._prepared(task)
        grade = graded(proof, self._run(kit, tree, files, where))
        return _keep(path, grade) if grade.reason is None else grade  # a loaded machine may be to blame

    def applied(self, task: Task, patch: bytes) -> bytes:
        """``patch``, made against another commit, as a patch to the base of ``task``, guarded files left out.

        Raises DoesNotApply.
        """
        empty = self._placer.tree(task.base_sha, task.merge_sha, b"")
        return self._placer.diff(empty, self._placer.tree(task.base_sha, task.merge_sha, patch, three_way=True))

    def _key(self, task: Task) -> str:
        kits = [(kit.name, getattr(kit, "settings", ())) for kit in self._kits]
        parts = (_FORMAT, task.id, task.base_sha, task.merge_sha, task.test_files, kits, self._limits)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]

    def _found(self, task: Task) -> Proof:
        try:
            kit, files, where = self._prepared(task)
        except LeftOutTask as error:
            log.info("%s: no hard score: %s (%s)", task.id, error.reason, error.detail)
            return Proof(task.id, (), (), error.reason, error.detail)
        mended, base = self._tree(task, gold_patch(self._clone, task)), self._tree(task, b"")
        after: list[TestRun] = []
        before: list[TestRun] = []
        for seed in range(TIMES):
            after.append(self._run(kit, mended, files, where, seed))
            before.append(self._run(kit, base, files, where, seed))
            if reason(sort(before, after), before, after)[0] is not None:
                break  # more runs cannot make it provable
        found = sort(before, after)
        why, detail = reason(found, before, after)
        return Proof(
            task.id,
            found.fail_to_pass,
            found.pass_to_pass,
            why,
            detail,
            found.thrown_out,
            where.key,
            kit.name,
            len(before) + len(after),
            sum(run.seconds for run in (*before, *after)),
        )

    def _tree(self, task: Task, patch: bytes) -> str:
        return self._placer.tree(task.base_sha, task.merge_sha, patch)

    def _prepared(self, task: Task) -> tuple[Kit, tuple[str, ...], Environment]:
        source = self._source(task)
        kit = next((kit for kit in self._kits if kit.suits(task.test_files)), None)
        if kit is None:
            code = "no_test_kit" if task.test_files else "no_tests"
            raise LeftOutTask(code, f"{len(task.test_files)} test files are changed")
        files = kit.runnable(task.test_files, source.paths)
        if not files:
            raise LeftOutTask("no_tests", f"none of {len(task.test_files)} changed test files can be run by itself")
        return kit, files, kit.environment(source, self._placer)

    def _source(self, task: Task) -> Source:
        tree = git(self._clone, "rev-parse", f"{task.merge_sha}^{{tree}}").decode().strip()
        contents = CommitTree(self._clone, task.merge_sha)
        version = _version(self._clone, task.base_sha)
        return Source(task.merge_sha, tree, self._placer.paths(tree), contents, task.merged_at, version)

    def _run(self, kit: Kit, tree: str, files: Sequence[str], where: Environment, seed: int = 0) -> TestRun:
        with self._placer.checkout(tree) as (checkout, tmp):
            return kit.run(checkout, tmp, files, where, replace(self._limits, seed=seed))


def _version(clone: Path, sha: str) -> str:
    try:
        tag = git(clone, "describe", "--tags", "--abbrev=0", sha).decode()
    except GitError:
        return "0"
    found = re.search(r"\d+(\.\d+)*", tag)
    return found[0] if found else "0"


def _keep(path: Path, found: T) -> T:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.write(path, json.dumps(to_json(found)).encode())
    return found
