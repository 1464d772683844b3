"""From the outcomes of repeated runs to a task's proof (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluate.hard.nouns import Grade, Outcome, Proof, TestRun

TIMES = 3
"""Runs at the merge, and runs at base and tests."""


@dataclass(frozen=True)
class Sorted:
    """The tests of a task by what they say."""

    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    thrown_out: Mapping[str, str]
    """Test to reason code."""


def sort(before: Sequence[TestRun], after: Sequence[TestRun]) -> Sorted:
    """Sort every test that was seen at the merge. One that was not reached counts as failing."""
    fail_to_pass, pass_to_pass, thrown_out = [], [], {}
    for test in sorted({test for run in after for test in run.outcomes}):
        verdict = _verdict([run.outcomes.get(test) for run in before], [run.outcomes.get(test) for run in after])
        if verdict == "f2p":
            fail_to_pass.append(test)
        elif verdict == "p2p":
            pass_to_pass.append(test)
        else:
            thrown_out[test] = verdict
    return Sorted(tuple(fail_to_pass), tuple(pass_to_pass), thrown_out)


def _verdict(before: Sequence[Outcome | None], after: Sequence[Outcome | None]) -> str:
    then, now = {outcome == "passed" for outcome in before}, {outcome == "passed" for outcome in after}
    if now == {True}:
        if then == {False}:
            return "skipped" if "skipped" in before else "f2p"
        return "p2p" if then == {True} else "flaky"
    if now == {True, False}:
        return "flaky"
    if "skipped" in after:
        return "skipped"
    return "breaks_at_merge" if then == {True} else "fails_at_merge"


def reason(sorted_: Sorted, before: Sequence[TestRun], after: Sequence[TestRun]) -> tuple[str | None, str]:
    """Why the task cannot be scored, and one line about it; None when it can be."""
    if any(run.timed_out for run in after):
        return "tests_time_out", f"after {after[-1].seconds:.0f} s at the merge"
    if not all(run.complete and "passed" in run.outcomes.values() for run in after):
        return "tests_not_run", _last_line(after[-1].said)
    if sorted_.fail_to_pass:
        return None, ""
    flaky = [test for test, why in sorted_.thrown_out.items() if why == "flaky"]
    mended = [test for test in flaky if _passes(test, after) > _passes(test, before)]
    if mended:
        return "flaky", f"{len(mended)} tests pass more often after the change, and not every time"
    return "no_fail_to_pass", f"{len(sorted_.pass_to_pass)} tests pass before and after"


def _passes(test: str, runs: Sequence[TestRun]) -> int:
    return sum(run.outcomes.get(test) == "passed" for run in runs)


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("E ", "ERROR", "ImportError", "usage"))]
    return (telling or lines or ["nothing was printed"])[-1][:300]


def graded(proof: Proof, run: TestRun) -> Grade:
    """The grade of a patch from one run of a proven task's tests."""
    passed = {test for test, outcome in run.outcomes.items() if outcome == "passed"}
    f2p = sum(test in passed for test in proof.fail_to_pass)
    p2p = sum(test in passed for test in proof.pass_to_pass)
    totals = len(proof.fail_to_pass), len(proof.pass_to_pass)
    why = _why_not(run)
    return Grade(why is None and (f2p, p2p) == totals, f2p, totals[0], p2p, totals[1], why)


def _why_not(run: TestRun) -> str | None:
    if run.tampered:
        return "tampered"
    if run.timed_out:
        return "tests_time_out"
    return None if run.complete else "tests_ended_early"
