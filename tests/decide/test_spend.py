"""What attempts took, by role."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decide.spend import Spend, spend
from pipeline.types import Evaluation


def row(role: str = "own", score: float = 1.0, cost: float | None = 0.5, exit: str = "submitted") -> Evaluation:
    values = (
        "2026-01-01T00:00:00Z",
        "o/n",
        1,
        "o/n#1",
        role,
        "m",
        None,
        0,
        score,
        "tests",
        exit,
        100,
        10,
        40,
        2.0,
        cost,
    )
    return Evaluation(*values, steps=3)  # type: ignore[arg-type]


def test_sums_and_shares() -> None:
    found = spend([row(), row(score=0.0), row("frontier", cost=None), row(score=1.0, exit="error")])
    assert found["own"] == Spend(3, 1.0, 300, 120, 30, 9, 6.0, 1.5)
    assert (found["own"].usd_per_attempt, found["own"].usd_per_solved) == (0.5, 1.5)
    assert found["own"].tokens_per_solved == 330
    assert found["frontier"].usd is found["frontier"].usd_per_attempt is found["frontier"].usd_per_solved is None
    nothing = spend([row(score=0.0)])["own"]
    assert nothing.usd_per_solved is nothing.tokens_per_solved is None and spend([]) == {}


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 9)), min_size=1, max_size=6))
def test_order_changes_nothing_and_the_whole_is_its_parts(pairs: list[tuple[float, float]]) -> None:
    rows = [row(score=score, cost=cost) for score, cost in pairs]
    whole = spend(rows)["own"]
    assert spend(rows[::-1])["own"] == whole
    assert whole.usd == pytest.approx(sum(spend([one])["own"].usd or 0.0 for one in rows))
