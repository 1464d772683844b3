"""The cap: laws of the arithmetic under any schedule, and threads that wait for room."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.money.bounds import bounds, of_function
from pipeline.generate.money.budget import Budget, Claim
from pipeline.rollout.loop import RolloutLimits
from pipeline.rollout.wire import Usage

KINDS = {"rollout 1": 50.0, "self_check": 4.0, "description": 6.0, "rollout 2": 50.0}


@given(
    cap=st.floats(0.1, 30.0),
    spent=st.floats(0.0, 5.0),
    lanes=st.integers(1, 16),
    turn=st.floats(0.001, 2.0),
    seed=st.integers(0, 2**32),
)
def test_whatever_stages_cost_the_cap_holds_but_for_the_turns_in_flight(
    cap: float, spent: float, lanes: int, turn: float, seed: int
) -> None:
    chance = random.Random(seed)
    budget = Budget(cap, spent, KINDS)
    running: list[Claim] = []
    for _ in range(300):
        if len(running) < lanes and not (running and chance.random() < 0.5):
            claim = _without_waiting(budget, chance.choice(list(KINDS)))
            running += [claim] if claim else []
        claim = chance.choice(running) if running else None
        if claim is None:
            continue
        must_stop = budget.must_stop()
        if not must_stop:
            budget.use(claim, claim.used + chance.uniform(0, turn))
        if must_stop or chance.random() < 0.1:
            running.remove(claim)
            budget.settle(claim, claim.used, ended=not must_stop)
    # One turn at a time is answered here, so that at most one was in flight when the cap was reached.
    assert budget.spent + budget.under_way <= max(cap, spent) + turn


def _without_waiting(budget: Budget, kind: str) -> Claim | None:
    return budget.reserve(kind) if budget._may_begin(kind) or not budget._running else None


def test_a_stage_is_expected_to_cost_what_nine_in_ten_of_its_kind_cost_at_most() -> None:
    budget = Budget(1000.0, bounds=KINDS)
    assert budget.expected("rollout 1") == 50.0
    for cents in range(1, 101):
        claim = budget.reserve("rollout 1")
        assert claim is not None
        budget.settle(claim, cents / 100, ended=True)
        if cents == 5:
            assert budget.expected("rollout 1") == 0.05  # of few, the dearest
            assert budget.expected("rollout 2") == 0.05  # none seen: as the dearest of any kind
    assert budget.expected("rollout 1") == pytest.approx(0.90)
    assert budget.expected("self_check") == 1.0


def test_what_was_stopped_says_nothing_of_what_a_stage_costs() -> None:
    budget = Budget(1000.0, bounds=KINDS)
    claim = budget.reserve("rollout 1")
    assert claim is not None
    budget.settle(claim, 0.01, ended=False)
    assert budget.spent == 0.01 and budget.expected("rollout 1") == 50.0


def test_the_very_first_stage_may_try_alone_where_its_bound_has_no_room() -> None:
    budget = Budget(1.0, bounds=KINDS)
    first = budget.reserve("rollout 1")
    assert first is not None and not budget._may_begin("rollout 1")
    budget.settle(first, 0.1, ended=True)
    claims = [budget.reserve("rollout 1") for _ in range(8)]
    assert all(claims) and not budget.is_spent


def test_a_stage_waits_for_one_that_turns_out_cheaper() -> None:
    budget = Budget(10.0, bounds=KINDS, seen={"rollout 1": [6.0]})
    first = budget.reserve("rollout 1")
    assert first is not None
    got: list[Claim | None] = []
    waiting = threading.Thread(target=lambda: got.append(budget.reserve("rollout 1")))
    waiting.start()
    assert not got
    budget.settle(first, 1.0, ended=True)
    waiting.join(30)
    assert got[0] is not None and not budget.is_spent


def test_where_nothing_runs_that_could_turn_out_cheaper_there_is_no_room() -> None:
    budget = Budget(10.0, spent=5.0, bounds=KINDS, seen={"rollout 1": [6.0]})
    assert budget.reserve("rollout 1") is None and budget.is_spent
    assert budget.reserve("description") is None  # none seen yet: as dear as the dearest of any kind
    assert budget.reserve("self_check") is not None  # 4 dollars at most


def test_what_was_begun_is_ended_before_something_new_is_begun() -> None:
    budget = Budget(10.0, bounds=KINDS, seen={"rollout 1": [6.0], "rollout 2": [6.0]})
    first = budget.reserve("rollout 1")
    assert first is not None
    order: list[str] = []

    def wait_for(kind: str) -> None:
        claim = budget.reserve(kind)
        order.append(kind if claim else f"no {kind}")
        if claim:
            budget.settle(claim, 3.0, ended=True)

    threads = [threading.Thread(target=wait_for, args=(kind,)) for kind in ("rollout 1", "rollout 2")]
    for number, thread in enumerate(threads, 1):
        thread.start()
        while sum(budget._waiting.values()) < number:
            pass
    budget.settle(first, 0.5, ended=True)
    for thread in threads:
        thread.join(30)
    assert order == ["rollout 2", "rollout 1"]


def test_close_lets_nothing_begin_and_wakes_who_waits() -> None:
    budget = Budget(10.0, bounds=KINDS, seen={"rollout 1": [6.0]})
    assert budget.reserve("rollout 1")
    got: list[Claim | None] = []
    waiting = threading.Thread(target=lambda: got.append(budget.reserve("rollout 1")))
    waiting.start()
    budget.close()
    waiting.join(30)
    assert got == [None] and not budget.is_spent and Budget().reserve("x")


def test_bounds_follow_the_limits() -> None:
    def cost(usage: Usage, seconds: float) -> float:
        return usage.tokens_in * 1e-6 + usage.tokens_out * 4e-6 + seconds * 1e-3

    most = bounds(RolloutLimits(steps=10, seconds=100, context_tokens=30_000, output_tokens=5_000), cost)
    assert list(most) == list(KINDS)
    assert most["rollout 1"] == pytest.approx(10 * 0.05 + 0.1) == most["rollout 2"]
    assert most["self_check"] == pytest.approx(3 * 0.05 + 0.1)
    assert of_function(most) == pytest.approx(3 * (0.6 + 0.25) + 10 * 0.05 + 0.1 + 0.6)
    limits = RolloutLimits(steps=10, seconds=0, context_tokens=30_000, output_tokens=5_000, tokens=50_000)
    assert bounds(limits, cost)["rollout 1"] == pytest.approx(0.2 + 0.05)
    assert bounds(RolloutLimits(usd=0.1, seconds=0, context_tokens=30_000, output_tokens=5_000), cost)[
        "rollout 1"
    ] == pytest.approx(0.15)
    assert set(bounds(RolloutLimits(), lambda *_: None).values()) == {0.0}
