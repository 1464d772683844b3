"""The promise itself, by simulation: own exactly at the boundary is rarely called good enough.

300 streams of 200 PRs, looked at after every one, at alpha 0.05. If the true chance of a false
alarm were 5%, more than 29 alarms would be seen with probability 1 in 1,000 (binomial tail), so a
failure of this test is evidence, and the fixed seed makes it repeatable.
"""

import math
import random
from collections.abc import Callable

import pytest

from pipeline.decide.bets import Process

STREAMS, PULLS, MOST = 300, 200, 29
MARGIN = 0.05


def test_the_bound_has_the_chance_that_it_claims() -> None:
    tail = sum(math.comb(STREAMS, k) * 0.05**k * 0.95 ** (STREAMS - k) for k in range(MOST, STREAMS + 1))
    assert tail < 2e-3


def smooth(rng: random.Random) -> float:
    return max(-1.0, min(1.0, rng.uniform(-0.55, 0.45)))


def ties_and_rare_disasters(rng: random.Random) -> float:
    return -1.0 if rng.random() < MARGIN else 0.0


def hard_scores(rng: random.Random) -> float:
    return rng.choices([-1.0, 0.0, 1.0], [0.175, 0.7, 0.125])[0]


def alarms(draw: Callable[[random.Random], float], seed: int) -> int:
    rng, goal = random.Random(seed), math.log(20)
    count = 0
    for _ in range(STREAMS):
        process = Process(-MARGIN)
        for _ in range(PULLS):
            process.add(draw(rng))
            if process.reaches(goal):
                count += 1
                break
    return count


@pytest.mark.parametrize("law", [smooth, ties_and_rare_disasters, hard_scores])
def test_false_alarms_stay_below_the_promise(law: Callable[[random.Random], float]) -> None:
    assert alarms(law, seed=1) < MOST


def test_the_simulation_would_notice_a_broken_rule() -> None:
    """The same count for a model just 10 points better than the boundary is far above the bound."""
    assert alarms(lambda rng: smooth(rng) + 0.1, seed=1) > 2 * MOST
