"""The geometry of the plot: inside its frame, and true to the numbers."""

import re

import pytest

from pipeline.decide import trace
from pipeline.report.plot import plot
from tests.decide.rows import duel, duels
from tests.report.stories import story


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.e+-]+),([\d.e+-]+)", path)]


@pytest.mark.parametrize("width", [420, 1000])
@pytest.mark.parametrize("pulls", [1, 6, 60])
def test_everything_is_inside_the_frame(pulls: int, width: int) -> None:
    found = plot(list(trace(story(pulls))), width)
    assert found is not None
    for run in found.runs:
        for x, y in places(run.mean) + places(run.band):
            assert found.left <= x <= found.right and found.top <= y <= found.quality_bottom
        for x, y in places(run.own_cost) + places(run.frontier_cost):
            assert found.left <= x <= found.right and found.cost_top <= y <= found.cost_bottom
    assert found.top <= found.zero < found.margin_line <= found.quality_bottom


def test_each_epoch_is_its_own_line() -> None:
    found = plot(list(trace(story(60))), 1000)
    assert found is not None and len(found.runs) == 2 and len(found.epochs) == 1
    assert len(places(found.runs[0].mean)) == 20 and len(places(found.runs[1].mean)) == 40
    assert found.epochs[0].label == "epoch 2 5be07712"


def test_a_higher_mean_is_drawn_higher() -> None:
    found = plot(list(trace(duels([0.2, 0.2, 0.2, -0.9, -0.9]))), 1000)
    assert found is not None
    heights = [y for _, y in places(found.runs[0].mean)]
    assert heights[0] == heights[2] < heights[3] < heights[4]


def test_the_place_of_the_proof() -> None:
    lines = list(trace(duels([0.0] * 130)))
    found = plot(lines, 1000)
    assert found is not None and found.proof is not None
    assert found.proof[2] == f"shown after {lines[-1]['latched']['noninferior']['n']} PRs"
    assert plot(lines[:50], 1000).proof is None  # type: ignore[union-attr]


def test_nothing_to_draw() -> None:
    assert plot([], 1000) is None
    assert plot(list(trace(duel(1, 1.0, 0.0, own_exit="error"))), 1000) is None


def test_without_costs_there_is_no_cost_line() -> None:
    found = plot(list(trace(duels([0.1] * 5, cost_usd=None))), 1000)
    assert found is not None and found.cost_ticks == () and found.runs[0].own_cost == ""


def test_a_long_history_is_thinned_but_keeps_its_end() -> None:
    lines = list(trace(duels([0.1, -0.1] * 900)))
    found = plot(lines, 1000)
    assert found is not None and len(places(found.runs[0].mean)) < 1000 and found.hovers == ()
    assert max(x for x, _ in places(found.runs[0].mean)) > found.right - 2
