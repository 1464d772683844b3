"""Selection by failure cannot cheat: the damage without the guard, and that the guard undoes it.

Each world has own truly worse than the margin. "Unguarded" bets on whatever was delivered, PR by PR, as a plain
script would; "ours" is the verdict on the same delivered rows.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable

from pipeline.decide import judge, trace
from pipeline.decide.bets import Process
from pipeline.evaluate import fresh
from pipeline.types import Evaluation, Task
from tests.decide.rows import duel, row, time_of

STREAMS, PULLS = 20, 300
Selection = Callable[[random.Random], list[Evaluation]]


def unguarded(rows: list[Evaluation], alpha: float = 1 / 40) -> bool:
    """Means over whatever rows there are, one observation per delivery."""
    sides: dict[tuple[str, int], dict[str, list[float]]] = {}
    for r in rows:
        sides.setdefault((r.at, r.number), {}).setdefault(r.role, []).append(r.score)
    process = Process(-0.05)
    for scores in sides.values():
        if {"own", "frontier"} <= scores.keys():
            own, frontier = (sum(scores[role]) / len(scores[role]) for role in ("own", "frontier"))
            process.add(own - frontier)
            if process.reaches(-math.log(alpha)):
                return True
    return False


def ours(rows: list[Evaluation]) -> bool:
    return "noninferior" in judge(rows)["latched"]


def shares(select: Selection) -> tuple[float, float]:
    """Of streams called non-inferior: unguarded, and by the verdict."""
    streams = [select(random.Random(seed)) for seed in range(STREAMS)]
    return sum(map(unguarded, streams)) / STREAMS, sum(map(ours, streams)) / STREAMS


def timeouts(rng: random.Random, dropped: bool = False, kept_score: bool = False) -> list[Evaluation]:
    """Own solves what frontier solves, except that it runs out of time on 15%: 9 points behind."""
    rows = []
    for number in range(PULLS):
        solved = float(rng.random() < 0.6)
        late = rng.random() < 0.15
        own = row(number, "own", solved if kept_score or not late else 0.0, exit="time_limit" if late else "submitted")
        rows += ([] if dropped and late else [own]) + [row(number, "frontier", solved)]
    return rows


def test_timeouts_of_own_that_are_left_out_count_as_failures_until_they_are_there() -> None:
    assert shares(lambda rng: timeouts(rng, dropped=True)) == (1.0, 0.0)
    verdict = judge(timeouts(random.Random(1), dropped=True))
    reason = next(reason for reason in verdict["reasons"] if reason.startswith("own_missing"))
    missing = sum(r.exit == "time_limit" and r.score == 0 for r in timeouts(random.Random(1)))
    assert verdict["left_out"]["unpaired"] == missing and 0 < int(reason.split()[1]) <= missing


def test_a_score_on_a_timeout_counts_as_zero() -> None:
    assert shares(lambda rng: timeouts(rng, kept_score=True)) == (1.0, 0.0)


def test_missing_runs_that_come_in_later_are_forgiven() -> None:
    rows = timeouts(random.Random(1), dropped=True)
    there = {r.number for r in rows if r.role == "own"}
    lost = [n for n in range(PULLS) if n not in there]
    late = [row(n, "own", 1.0, at=time_of(PULLS + 1)) for n in lost]
    verdict = judge([*rows, *late])
    assert "noninferior" in verdict["latched"] and not any(r.startswith("own_missing") for r in verdict["reasons"])


def test_frontier_runs_from_before_own_existed_do_not_count_against_it() -> None:
    before = [row(n, "frontier", 1.0) for n in range(50)]
    rows = [*before, *(r for n in range(50, 200) for r in duel(n, 1.0, 1.0))]
    assert ours(rows) and judge(rows)["left_out"] == {"unpaired": 50}


def best_of_two(rng: random.Random) -> list[Evaluation]:
    """Own is run twice and the better run is delivered; one run is 15 points behind."""
    rows = []
    for number in range(PULLS):
        runs = [float(rng.random() < 0.4) for _ in range(2)]
        best = runs.index(max(runs)) if runs[0] != runs[1] else rng.randrange(2)
        rows += [row(number, "own", runs[best], attempt=best), row(number, "frontier", float(rng.random() < 0.55))]
    return rows


def test_the_better_of_two_runs_does_not_pass_for_one() -> None:
    damage, guarded = shares(best_of_two)
    assert damage >= 0.5 and guarded == 0.0


def test_a_second_better_run_in_a_later_delivery_changes_nothing() -> None:
    once = [r for n in range(PULLS) for r in duel(n, float(n % 3 == 0), float(n % 2 == 0))]
    again = [dataclasses.replace(r, score=1.0, at=time_of(PULLS + r.number)) for r in once if r.role == "own"]
    assert judge([*once, *again])["log_e"] == judge(once)["log_e"]


def test_an_attempt_that_nobody_delivered_is_a_failure_of_own_and_never_of_frontier() -> None:
    (gap,) = trace([row(1, "own", 0.8, attempt=1), row(1, "frontier", 0.6, attempt=2)])
    assert gap["pull"]["own"] == 0.4 and gap["pull"]["frontier"] == 0.6 and gap["pull"]["own_usd"] is None


def at_the_boundary(rng: random.Random) -> list[Evaluation]:
    return [r for n in range(500) for r in duel(n, float(rng.random() < 0.4), float(rng.random() < 0.45))]


def test_a_pull_request_counted_twice_would_double_the_evidence() -> None:
    """Of streams at the boundary far more than 5% are called good at 5% when each PR is counted twice."""
    once = damage = 0
    for seed in range(100):
        rows = at_the_boundary(random.Random(seed))
        twice = [again for r in rows for again in (r, dataclasses.replace(r, at=r.at[:-1] + "+again"))]
        once, damage = once + unguarded(rows, 0.05), damage + unguarded(twice, 0.05)
        if seed < 10:
            assert judge(twice)["log_e"] == judge(rows)["log_e"] and judge(twice)["n"] == 500
    assert once <= 7 and damage >= 12


def leaked(rng: random.Random, trained_until: str | None) -> list[Evaluation]:
    """Own is 15 points behind on PRs it has not seen and solves those it was trained on: three of ten."""
    rows = []
    for number in range(PULLS):
        seen = rng.random() < 0.3
        frontier = rng.random() < 0.45
        own = True if seen else frontier and rng.random() < 0.67
        merged_at = "2025-06-01T00:00:00Z" if seen else "2026-06-01T00:00:00Z"
        if fresh.refusal(task(number, merged_at), trained_until) is None:
            rows += duel(number, float(own), float(frontier))
    return rows


def task(number: int, merged_at: str) -> Task:
    return Task(f"o/n#{number}", "o/n", number, "b", "m", merged_at, "", "pull", None, (), (), 1, 0)


def test_pull_requests_from_training_are_refused_before_they_are_scored() -> None:
    damage = sum(ours(leaked(random.Random(seed), None)) for seed in range(STREAMS))
    guarded = sum(ours(leaked(random.Random(seed), "2026-01-01T00:00:00Z")) for seed in range(STREAMS))
    assert damage >= STREAMS / 2 and guarded == 0
