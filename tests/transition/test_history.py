"""The states that a repository passes through."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decide import Options, judge
from pipeline.decide.changes import Change, changes
from pipeline.decide.history import history
from pipeline.decide.stream import fold
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation
from tests.decide.rows import duels, row, time_of
from tests.transition.lives import LIVES, SWITCH, SWITCHED, code_of, state_of

SETTINGS = DecideConfig()


def passed(rows: list[Evaluation], options: Options | None = None) -> list[Change]:
    return changes(history(fold(rows), SETTINGS, options or Options()))


def options_of(name: str) -> Options:
    return Options(switched=name in SWITCHED, switched_at=SWITCH if name in SWITCHED else None)


@pytest.mark.parametrize("name", LIVES)
def test_the_last_change_is_the_state_of_now(name: str) -> None:
    found = passed(LIVES[name], options_of(name))
    assert found[-1].state == state_of(name)
    assert code_of(name) in (None, found[-1].reasons[0].split(":")[0])


@pytest.mark.parametrize("name", LIVES)
def test_each_change_follows_the_one_before(name: str) -> None:
    found = passed(LIVES[name], options_of(name))
    assert [change.before for change in found] == [None, *(change.state for change in found[:-1])]
    assert [change.at for change in found] == sorted({change.at or "" for change in found})


@pytest.mark.parametrize("name", [name for name in LIVES if name not in SWITCHED])
def test_what_was_known_then_gives_the_same_state(name: str) -> None:
    for change in passed(LIVES[name]):
        then = judge([r for r in LIVES[name] if r.at <= (change.at or "")], SETTINGS)
        assert (then["state"], then["n"], then["low"]) == (change.state, change.n, pytest.approx(change.low))
        assert then["log_e"] == pytest.approx(change.log_e)


def test_frontier_alone_is_training_until_own_comes() -> None:
    alone = [row(number, "frontier", 0.5) for number in (1, 2)]
    found = passed([*alone, *duels([0.2] * 5, 3)])
    assert [(change.at, change.state) for change in found] == [(time_of(1), "training"), (time_of(3), "collecting")]


def test_a_team_was_not_switched_before_it_was() -> None:
    found = passed(LIVES["ready"] + duels([0.2] * 5, 61), Options(switched=True, switched_at=SWITCH))
    assert [change.state for change in found] == ["collecting", "close", "ready", "switched"]
    assert found[-1].at == SWITCH
    unknown = passed(LIVES["ready"], Options(switched=True))
    assert [change.state for change in unknown] == ["collecting", "close", "ready", "switched"]


def test_a_drift_for_another_reason_is_a_change() -> None:
    found = passed(LIVES["drifted: band_empty"], Options(switched=True, switched_at=SWITCH))
    codes = [change.reasons[0].split(":")[0] for change in found if change.state == "drifted"]
    assert codes == ["switch_back", "band_empty"]


@pytest.mark.parametrize("name", LIVES)
def test_time_goes_one_way(name: str) -> None:
    for options in (options_of(name), Options(switched=True), Options(switched=True, switched_at=time_of(30))):
        times = [verdict["at"] for verdict in history(fold(LIVES[name]), SETTINGS, options)]
        assert times == sorted(times)


def test_a_switch_after_the_last_pull_request_counts_from_its_own_time() -> None:
    found = passed(LIVES["ready"], Options(switched=True, switched_at="2027-01-01T00:00:00Z"))
    assert (found[-1].state, found[-1].at, found[-1].n) == ("switched", "2027-01-01T00:00:00Z", 60)


def test_of_two_states_at_one_time_the_last_counts() -> None:
    now = time_of(99)
    found = passed([*duels([0.0] * 19), *duels([0.0] * 5, 20, at=now)])
    assert [(change.at, change.state, change.n) for change in found] == [
        (time_of(1), "collecting", 1),
        (now, "close", 24),
    ]


def test_nothing_at_all() -> None:
    (only,) = passed([])
    assert (only.at, only.state, only.before, only.n) == (None, "training", None, 0)


@settings(max_examples=25)
@given(st.lists(st.sampled_from([-0.9, -0.2, 0.0, 0.3]), min_size=1, max_size=40), st.integers(0, 9))
def test_neither_the_order_of_rows_nor_repetition_matters(differences: list[float], seed: int) -> None:
    rows = duels(differences)
    mixed = rows + rows[: len(rows) // 2]
    random.Random(seed).shuffle(mixed)
    assert [(c.at, c.state, c.n) for c in passed(rows)] == [(c.at, c.state, c.n) for c in passed(mixed)]
