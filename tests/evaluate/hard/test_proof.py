"""What repeated runs prove (pure)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.hard.nouns import Outcome, Proof, TestRun
from pipeline.evaluate.hard.proof import graded, reason, sort

O = tuple[Outcome | None, ...]  # noqa: E741
P, F, S, A = "passed", "failed", "skipped", None


def runs(*tests: O) -> list[TestRun]:
    """One run per column: test ``t0`` has the outcomes of the first argument; None is a test that is absent."""
    columns = zip(*tests, strict=True)
    return [TestRun({f"t{i}": o for i, o in enumerate(column) if o is not None}, True) for column in columns]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((F, F, F), (P, P, P), "f2p"),
        ((A, A, A), (P, P, P), "f2p"),
        ((A, F, A), (P, P, P), "f2p"),
        ((P, P, P), (P, P, P), "p2p"),
        ((F, P, F), (P, P, P), "flaky"),
        ((F, F, F), (P, F, P), "flaky"),
        ((F, F, F), (P, A, P), "flaky"),
        ((F, F, F), (F, F, F), "fails_at_merge"),
        ((P, P, P), (F, F, F), "breaks_at_merge"),
        ((S, S, S), (P, P, P), "skipped"),
        ((F, F, F), (S, S, S), "skipped"),
    ],
)
def test_one_test(before: O, after: O, expected: str) -> None:
    found = sort(runs(before), runs(after))
    where = {**dict.fromkeys(found.fail_to_pass, "f2p"), **dict.fromkeys(found.pass_to_pass, "p2p"), **found.thrown_out}
    assert where == {"t0": expected}


@given(st.lists(st.tuples(*[st.sampled_from([P, F, S, A])] * 6), max_size=8))
def test_every_test_of_the_merge_is_in_one_place_and_the_merge_resolves_itself(rows: list[O]) -> None:
    before, after = runs(*[row[:3] for row in rows]), runs(*[row[3:] for row in rows])
    found = sort(before, after)
    places = [*found.fail_to_pass, *found.pass_to_pass, *found.thrown_out]
    assert sorted(places) == sorted({test for run in after for test in run.outcomes})
    proof = Proof("o/n#1", found.fail_to_pass, found.pass_to_pass, None)
    assert all(graded(proof, run).resolved for run in after)
    assert not (found.fail_to_pass and any(graded(proof, run).resolved for run in before))


def test_reasons_in_the_order_of_what_tells_most() -> None:
    slow = [TestRun({}, False, timed_out=True, seconds=9)]
    assert reason(sort([], slow), [], slow)[0] == "tests_time_out"
    broken = [TestRun({"t": "failed"}, True, said="..\nE   ModuleNotFoundError: x\n1 error\n")]
    assert reason(sort(broken, broken), broken, broken) == ("tests_not_run", "E   ModuleNotFoundError: x")
    cut = [TestRun({"t": "passed"}, False)]
    assert reason(sort(cut, cut), cut, cut)[0] == "tests_not_run"
    before, after = runs((F, F, F), (P, P, P)), runs((P, F, P), (P, P, P))
    assert reason(sort(before, after), before, after)[0] == "flaky"
    same = runs((P, P, P))
    assert reason(sort(same, same), same, same)[0] == "no_fail_to_pass"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (TestRun({"a": "passed", "b": "passed"}, True), (True, 1, 1, None)),
        (TestRun({"a": "passed"}, True), (False, 1, 0, None)),
        (TestRun({"a": "passed", "b": "passed"}, False), (False, 1, 1, "tests_ended_early")),
        (TestRun({"a": "passed", "b": "passed"}, False, timed_out=True), (False, 1, 1, "tests_time_out")),
        (TestRun({"a": "passed", "b": "passed"}, True, tampered=True), (False, 1, 1, "tampered")),
    ],
)
def test_a_grade_needs_every_test_and_an_honest_end(run: TestRun, expected: tuple[bool, int, int, str | None]) -> None:
    grade = graded(Proof("o/n#1", ("a",), ("b",), None), run)
    assert (grade.resolved, grade.f2p_passed, grade.p2p_passed, grade.reason) == expected
    assert grade.score == float(grade.resolved)
