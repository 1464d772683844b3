"""The bars: what passes, what fails, and what is said of it. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.gates.calls import Calls, ValidCalls
from pipeline.gates.effect import TakesEffect
from pipeline.gates.loss import SLACK, HeldOutLoss, SampleLoss
from pipeline.gates.record import EXPECTED, GateResult, Record, merged, read_record, write_record
from pipeline.gates.skill import Answer, GeneralSkill, questions


def losses(base: Sequence[float], own: Sequence[float], last: Sequence[float] = ()) -> HeldOutLoss:
    named = [("base", base), ("own", own), *([("last", last)] if last else [])]
    rows = [{name: values[i] for name, values in named} for i in range(len(own))]
    return HeldOutLoss([SampleLoss(100, row) for row in rows])


def test_it_must_beat_its_base() -> None:
    assert losses([2.0, 2.0], [1.0, 1.5]).judge().passed
    for own in ([2.0, 2.0], [2.5, 2.5]):
        result = losses([2.0, 2.0], own).judge()
        assert not result.passed and "learnt nothing" in result.why


def test_it_must_be_no_worse_than_the_last_beyond_chance() -> None:
    base = [2.0] * 4
    assert losses(base, [1.0] * 4, [1.0 - SLACK / 2] * 4).judge().passed
    worse = losses(base, [1.0, 1.01, 0.99, 1.0], [0.8] * 4).judge()
    assert not worse.passed and "worse than the last" in worse.why and worse.measured["last"] == 0.8
    scattered = losses(base, [1.4, 0.6, 1.5, 0.7], [0.8, 1.0, 0.9, 1.1]).judge()
    assert scattered.passed, "a difference of 0.1 with an error of 0.3 is chance"


def test_long_samples_weigh_more() -> None:
    samples = [SampleLoss(900, {"base": 1.0, "own": 0.5}), SampleLoss(100, {"base": 1.0, "own": 9.0})]
    assert HeldOutLoss(samples).judge().measured["own"] == pytest.approx(1.35)


def test_nothing_held_out_is_no_pass() -> None:
    assert not HeldOutLoss([]).judge().passed
    assert not GeneralSkill([]).judge().passed


@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=9), st.floats(0.001, 3))
def test_a_last_adapter_that_is_the_same_or_worse_never_fails_it(own: list[float], more: float) -> None:
    base = [loss + more for loss in own]
    assert losses(base, own).judge().passed
    assert losses(base, own, own).judge().passed
    assert losses(base, own, base).judge().passed


def calls(own: Calls, base: Calls | None = None, last: Calls | None = None, least: float = 0.5) -> GateResult:
    return ValidCalls(own, base, last, least, rollouts=4).judge()


@pytest.mark.parametrize(
    ("own", "base", "last", "words"),
    [
        (Calls(20, 20), Calls(0, 20), None, None),
        (Calls(9, 20), Calls(0, 20), None, "below 50%"),
        (Calls(0, 0), Calls(0, 20), None, "made no turn"),
        (Calls(150, 200), Calls(199, 200), None, "below base"),
        (Calls(150, 200), Calls(0, 200), Calls(190, 200), "below last"),
        (Calls(190, 200), Calls(199, 200), None, None),
        (Calls(3, 4), Calls(4, 4), Calls(4, 4), None),
        (Calls(10, 10), Calls(0, 0), None, None),
    ],
)
def test_valid_calls(own: Calls, base: Calls | None, last: Calls | None, words: str | None) -> None:
    result = calls(own, base, last)
    assert result.passed is (words is None) and (words or "") in result.why
    assert f"own {own.valid} of {own.turns}" in result.why
    json.dumps(result.measured, allow_nan=False)


@given(st.integers(0, 40), st.integers(0, 40))
def test_as_good_as_base_and_last_passes_every_bar_but_the_least(valid: int, malformed: int) -> None:
    same = Calls(valid, valid + malformed)
    assert calls(same, same, same, least=0.0).passed is (same.turns > 0)


def answers(own: Sequence[float], base: Sequence[float]) -> GeneralSkill:
    """Log-probabilities of right endings; the wrong one has -3 everywhere."""
    return GeneralSkill([Answer((b, -3.0), (o, -3.0)) for o, b in zip(own, base, strict=True)])


def test_what_is_known_stays_known() -> None:
    assert answers([-1.0] * 20, [-1.1] * 20).judge().passed
    assert answers([-1.0] * 18 + [-4.0] * 2, [-1.0] * 20).judge().passed, "two of twenty may be chance"
    lost = answers([-1.0] * 14 + [-3.1] * 6, [-1.0] * 14 + [-2.9] * 6).judge()
    assert not lost.passed and "questions lost" in lost.why
    assert (lost.measured["base_right"], lost.measured["own_right"]) == (20, 14)
    forgotten = answers([-2.0] * 20, [-1.0] * 20).judge()
    assert not forgotten.passed and "forgotten" in forgotten.why


def test_the_questions_are_well_formed() -> None:
    found = questions()
    assert len(found) >= 30 and len({question.id for question in found}) == len(found)
    for question in found:
        assert question.text and question.right not in question.wrong and len(question.wrong) >= 2
        assert len({question.right, *question.wrong}) == 1 + len(question.wrong)
        assert not question.text.endswith(" "), "a space belongs to the ending, as tokenizers have it"


def record(*gates: GateResult, **changes: Any) -> Record:
    values = {"adapter": "a", "at": "2026-01-01T00:00:00Z", "held_out_sha256": None, "last": None, "gates": gates}
    return Record(**{**values, **changes})


def result(name: str, passed: bool = True) -> GateResult:
    return GateResult(name, passed, {"x": 1, "y": None}, "a bar", f"why of {name}")


def test_a_record_passes_when_every_gate_was_run_and_passed(tmp_path: Path) -> None:
    whole = record(*(result(name) for name in EXPECTED))
    assert whole.passed and whole.objection() is None
    part = record(*(result(name) for name in EXPECTED[:2]))
    assert not part.passed and part.objection() == "takes_effect was not run; valid_calls was not run"
    failed = record(result(EXPECTED[0], passed=False))
    assert f"{EXPECTED[0]} failed (why of {EXPECTED[0]})" in (failed.objection() or "")
    for written in (whole, part, failed):
        write_record(tmp_path, written)
        assert read_record(tmp_path) == written


def test_no_record_is_none_and_a_broken_one_is_named(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    for text in ("{", "[]", '{"gates": [{}]}'):
        (tmp_path / "gates.json").write_text(text)
        with pytest.raises(InputError, match=r"gates\.json: not the record"):
            read_record(tmp_path)


def test_the_newest_result_of_a_gate_counts() -> None:
    kept = merged([result("valid_calls", False), result("held_out_loss")], [result("valid_calls")])
    assert [(gate.name, gate.passed) for gate in kept] == [("held_out_loss", True), ("valid_calls", True)]


def test_an_adapter_that_changes_nothing_fails_with_the_servers_words() -> None:
    assert TakesEffect(None).judge().passed
    assert TakesEffect("it changes nothing").judge().why == "it changes nothing"
    assert not TakesEffect("it changes nothing").judge().passed
    assert math.isfinite(SLACK)
