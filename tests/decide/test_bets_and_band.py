"""E-values and bounds against an independent high-precision computation, and the laws they must obey."""

import itertools
import math
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decide.band import lower_edge, upper_edge
from pipeline.decide.bets import BETS, Process, log_e, log_mean
from pipeline.decide.edge import Edge
from tests.decide import slow

differences = st.lists(st.floats(-1, 1, allow_subnormal=False), max_size=40)
ties = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 0.0, 1.0, 0.5]), max_size=60)
any_stream = st.one_of(differences, ties)


def test_the_bets_are_those_of_the_page() -> None:
    assert len(BETS) == 8 and BETS[0] == 0.15 and BETS[-1] == pytest.approx(0.95, abs=1e-15)
    ratios = [b / a for a, b in itertools.pairwise(BETS)]
    assert ratios == pytest.approx([ratios[0]] * 7)


@settings(max_examples=60, deadline=None)
@given(any_stream, st.sampled_from([-0.5, -0.05, 0.0, 0.05, 0.7]))
def test_log_e_agrees_with_the_formula(xs: list[float], theta: float) -> None:
    assert log_e(xs, theta) == pytest.approx(float(slow.e_value(xs, theta).ln()), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(any_stream, st.sampled_from([0.05, 0.025, 0.001]))
def test_bounds_agree_with_bisection_of_the_formula(xs: list[float], alpha: float) -> None:
    assert lower_edge(xs, alpha) == pytest.approx(slow.lower(xs, alpha), abs=1e-6)
    assert upper_edge(xs, alpha) == pytest.approx(slow.upper(xs, alpha), abs=1e-6)


@pytest.mark.parametrize("n", [1, 7, 300])
@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.25])
def test_constant_streams(value: float, n: int) -> None:
    xs = [value] * n
    assert lower_edge(xs, 0.025) == pytest.approx(slow.lower(xs, 0.025), abs=1e-6)
    assert -1 <= lower_edge(xs, 0.025) <= value <= upper_edge(xs, 0.025) <= 1


def test_without_observations_every_mean_is_possible() -> None:
    assert (lower_edge([], 0.025), upper_edge([], 0.025)) == (-1.0, 1.0)
    assert log_e([], -0.05) == 0.0


@settings(max_examples=100, deadline=None)
@given(any_stream, st.floats(-0.9, 0.9), st.sampled_from([0.2, 0.025]))
def test_the_band_is_the_verdict(xs: list[float], theta: float, alpha: float) -> None:
    edge = lower_edge(xs, alpha)
    if abs(edge - theta) > 1e-9:
        assert (log_e(xs, theta) >= -math.log(alpha)) == (edge > theta)


@settings(max_examples=60, deadline=None)
@given(any_stream, st.randoms())
def test_the_order_does_not_matter(xs: list[float], rng: random.Random) -> None:
    shuffled = rng.sample(xs, len(xs))
    assert log_e(shuffled, -0.05) == pytest.approx(log_e(xs, -0.05), abs=1e-9)
    assert lower_edge(shuffled, 0.025) == pytest.approx(lower_edge(xs, 0.025), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(any_stream)
def test_swapping_the_arms_mirrors_the_band(xs: list[float]) -> None:
    assert lower_edge([-x for x in xs], 0.025) == -upper_edge(xs, 0.025)
    assert lower_edge(xs, 0.025) <= upper_edge(xs, 0.025) + 1e-9 or len(xs) == 0


@pytest.mark.parametrize("mean", [-0.9, -0.53, 0.3, 0.74])
def test_bounds_far_from_zero_agree_too(mean: float) -> None:
    """Where the search starts far from the root, bets that do not matter at first matter at the end."""
    rng = random.Random(3)
    xs = [max(-1.0, min(1.0, rng.gauss(mean, 0.3))) for _ in range(235)]
    assert lower_edge(xs, 0.025) == pytest.approx(slow.lower(xs, 0.025), abs=1e-6)
    assert upper_edge(xs, 0.025) == pytest.approx(slow.upper(xs, 0.025), abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("law", ["uniform", "ternary", "ties", "mostly bad", "turning"])
def test_an_edge_kept_along_the_way_is_the_edge_made_at_the_end(law: str, seed: int) -> None:
    rng = random.Random(seed)
    draw = {
        "uniform": lambda i: rng.uniform(-1, 1),
        "ternary": lambda i: float(rng.choice([-1, 0, 1])),
        "ties": lambda i: rng.choice([0.0] * 30 + [-1.0]),
        "mostly bad": lambda i: 1.0 if rng.random() < 0.03 else -1.0,
        "turning": lambda i: rng.uniform(0.6, 1) if i < 60 else -1.0,
    }[law]
    edge, seen = Edge(0.025), []
    for i in range(150):
        seen.append(draw(i))
        kept = edge.add(seen[-1])
        if i % 10 == 0 or i < 5:
            assert kept == pytest.approx(lower_edge(seen, 0.025), abs=1e-8)


@pytest.mark.parametrize(
    ("law", "null"),
    [((0.3, 0.45, 0.25), True), ((0.525, 0.0, 0.475), True), ((0.6, 0.3, 0.1), True), ((0.1, 0.2, 0.7), False)],
)
def test_e_expects_at_most_one_under_the_null(law: tuple[float, float, float], null: bool) -> None:
    """Exact enumeration: every path of four PRs on {-1, 0, 1}, each weighed by its probability."""
    paths = itertools.product((-1.0, 0.0, 1.0), repeat=4)
    mean = sum(math.prod(law[int(x) + 1] for x in path) * math.exp(log_e(path, -0.05)) for path in paths)
    assert (law[2] - law[0] <= -0.05 + 1e-12) == null
    assert (mean <= 1 + 1e-12) == null


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.25, 1.0]), max_size=5), st.floats(0, 1))
def test_one_more_pull_never_raises_e_on_average_under_the_null(past: list[float], share: float) -> None:
    """The supermartingale step itself: any past, any two-point law with mean exactly theta."""
    theta = -0.05
    up = theta + share * (1 - theta)
    down = theta - (1 - share) * (1 + theta)
    weight = 0.5 if up == down else (theta - down) / (up - down)
    after = weight * math.exp(log_e([*past, up], theta)) + (1 - weight) * math.exp(log_e([*past, down], theta))
    assert after == pytest.approx(math.exp(log_e(past, theta)), rel=1e-9)


def test_long_streams_do_not_overflow() -> None:
    assert log_e([1.0] * 5000, -0.05) > 700 and math.isfinite(log_e([1.0] * 5000, -0.05))
    assert math.isfinite(log_e([-1.0] * 5000, -0.05)) and upper_edge([-1.0] * 5000, 0.025) < -0.9


def test_moving_the_threshold_moves_e_the_other_way() -> None:
    xs = [0.3, -0.2, 0.0, 1.0, -1.0]
    values = [log_e(xs, theta) for theta in (-0.5, -0.1, 0.0, 0.1, 0.5)]
    assert values == sorted(values, reverse=True)


def test_at_margin_zero_ties_prove_nothing() -> None:
    """With hard scores and one attempt this is the mixture form of a sequential McNemar test."""
    assert log_e([0.0] * 500, 0.0) == 0.0
    assert log_e([1.0, 0.0, -1.0, 0.0], 0.0) == pytest.approx(log_e([1.0, -1.0], 0.0))


def test_a_threshold_at_minus_one_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        Process(-1.0)


@given(any_stream, st.sampled_from([-0.5, -0.05, 0.0, 0.3]), st.sampled_from([-1.0, 0.0, 1.0, 3.0]), st.data())
def test_when_a_process_is_asked_changes_nothing(
    xs: list[float], theta: float, goal: float, data: st.DataObject
) -> None:
    """Observations wait inside a process; what it says is what one that never waits says, to the last bit."""
    lazy, eager = Process(theta), [0.0] * 8
    asked = data.draw(st.lists(st.booleans(), min_size=len(xs), max_size=len(xs)))
    for x, now in zip(xs, asked, strict=True):
        lazy.add(x)
        eager = [log + math.log1p(k / (1 + theta) * (x - theta)) for log, k in zip(eager, BETS, strict=True)]
        if now:
            assert lazy.reaches(goal) == (log_mean(eager) >= goal)
    assert lazy.logs == eager and lazy.n == len(xs)


@pytest.mark.parametrize("n", [600, 3000])
def test_long_streams_wait_in_batches_and_many_bets_are_negligible(n: int) -> None:
    rng = random.Random(n)
    xs = [round(rng.uniform(-1, 1), 3) for _ in range(n)]
    process = Process(-0.05)
    process.extend(xs)
    one_by_one = Process(-0.05)
    for x in xs:
        one_by_one.add(x)
        one_by_one.reaches(3.7)
    assert process.logs == one_by_one.logs
    edge = lower_edge(xs, 0.025)
    assert log_e(xs, edge) == pytest.approx(math.log(40), abs=1e-6)
    assert log_e(xs, -upper_edge([-x for x in xs], 0.025)) == pytest.approx(math.log(40), abs=1e-6)


def test_growth_is_that_of_the_best_bet() -> None:
    process = Process(0.0)
    assert process.growth is None
    process.add(1.0)
    assert process.growth == pytest.approx(math.log1p(0.95))
    assert log_mean([0.0, 0.0]) == 0.0


def test_the_slow_reference_is_itself_right_on_a_case_done_by_hand() -> None:
    by_hand = sum(1 + k * Decimal("0.5") for k in slow.BETS) / 8
    assert slow.e_value([0.5], 0) == by_hand
