"""e-CUSUM and e-BH against independent computations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decide.audit import ALARM, Audit
from pipeline.decide.ebh import select
from tests.decide import slow


@given(st.lists(st.sampled_from([-1.0, -0.4, 0.0, 0.2, 1.0]), max_size=40), st.sampled_from([0.0, 0.05, 0.2]))
def test_the_path_of_the_cusum(ds: list[float], margin: float) -> None:
    audit, path = Audit(margin), slow.cusum(ds, margin)
    for n, (d, expected) in enumerate(zip(ds, path, strict=True), 1):
        audit.add(d)
        assert audit.log_mean == pytest.approx(float(expected.ln()), abs=1e-9)
        first = next((i for i, value in enumerate(path[:n], 1) if value >= ALARM), None)
        assert audit.alarmed_at == first


def test_a_dead_model_is_called_back_at_once_and_good_times_are_forgotten() -> None:
    fresh, after_good = Audit(0.05), Audit(0.05)
    for _ in range(200):
        after_good.add(1.0)
    for _ in range(20):
        fresh.add(-1.0)
        after_good.add(-1.0)
    assert fresh.alarmed_at is not None and fresh.alarmed_at <= 15
    assert after_good.alarmed_at == 200 + fresh.alarmed_at


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 19.0, 21.0, 45.0, 90.0, 500.0]), max_size=9))
def test_the_set_of_e_bh(es: list[float]) -> None:
    logs = [math.log(e) if e else -700.0 for e in es]
    assert set(select(logs, 0.05)) == slow.e_bh(es, 0.05)


def test_e_bh_by_hand() -> None:
    assert select([math.log(30), math.log(45), math.log(41)], 0.05) == [0, 1, 2]
    assert select([math.log(19)], 0.05) == [] and select([math.log(21)], 0.05) == [0]
    assert select([math.log(30), 0.0, 0.0], 0.05) == [] and select([], 0.05) == []
