"""Running stages: hardware by the hour is paid once, the cap holds in threads, what a kill loses is counted once."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.ask import Spent, ask
from pipeline.generate.journal import Journal
from pipeline.generate.money.budget import Budget
from pipeline.generate.money.forecast import Moments, PerFunction
from pipeline.generate.money.lost import count_lost
from pipeline.generate.money.meter import Meter, UnderWay
from pipeline.generate.money.past import past
from pipeline.generate.unfinished import Paused
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Endpoint, Usage
from pipeline.settings import Price
from tests.generate.making import parrot, rollout

HOURLY = Price(gpu_usd_per_hour=3600.0)
"""A dollar a second."""


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 5.0)), max_size=30))
def test_each_second_of_the_machine_is_paid_once_by_those_that_run_in_it(steps: list[tuple[int, float]]) -> None:
    at, busy = 0.0, 0.0
    meter = Meter(price=HOURLY, clock=lambda: at)
    stages = {}
    for lane, seconds in steps:
        if lane in stages:
            stages.pop(lane).__exit__(None, None, None)
        else:
            stages[lane] = meter.stage("rollout 1", str(lane))
            stages[lane].__enter__()
        at += seconds
        busy += seconds if stages else 0.0
    for stage in stages.values():
        stage.__exit__(None, None, None)
    assert meter.budget.spent == pytest.approx(busy)


def test_what_is_paid_and_what_runs_on_add_up() -> None:
    meter = Meter(price=Price(1.0, None, 1.0))
    with meter.stage("rollout 1", "a") as running:
        running.watch(Usage(1000, 100, 500))
        running.watch(Usage(2000, 100, 500))
        [one] = meter.under_way()
        assert (one.id, one.usage, one.cost_usd) == ("a", Usage(3000, 200, 1000), pytest.approx(0.0032))
        assert running.pay(Usage(3000, 200, 1000)) == pytest.approx(0.0032)
        running.watch(Usage(1000, 0, 0))
        assert meter.budget.under_way == pytest.approx(0.0042)
        assert running.pay(Usage(1500, 0, 0)) == pytest.approx(0.0015)  # not all was heard of turn by turn
    assert meter.budget.spent == pytest.approx(0.0047) and not meter.under_way()
    assert meter.used() == Usage(4500, 200, 1000)


def test_without_a_price_nothing_costs() -> None:
    meter = Meter()
    with meter.stage("rollout 1", "a") as running:
        running.watch(Usage(1000, 100, 500))
        assert running.pay(Usage(1000, 100, 500)) is None and not running.stop()
    assert not meter.has_price and meter.budget.spent == 0


def test_sixteen_at_once_overshoot_by_no_more_than_their_turns_in_flight() -> None:
    """Stages that cost a hundred times what those before them did, so that only the last resort is left."""
    cap, turn, lanes = 5.0, Usage(100_000, 0, 0), 16  # a turn is 10 cents
    meter = Meter(Budget(cap, 0.0, {"rollout 1": 50.0}, {"rollout 1": [0.01]}), Price(1.0, None, 1.0))
    all_in = threading.Barrier(lanes)
    counts = {"turns": 0, "stopped": 0}
    lock = threading.Lock()

    def stage(number: int) -> None:
        with meter.stage("rollout 1", str(number)) as running:
            all_in.wait(30)
            while not running.stop():
                running.watch(turn)
                with lock:
                    counts["turns"] += 1
            counts["stopped"] += 1

    threads = [threading.Thread(target=stage, args=(number,)) for number in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts["stopped"] == lanes
    assert cap <= meter.budget.spent + 1e-9 and meter.budget.spent <= cap + lanes * 0.1 + 1e-9
    assert meter.budget.spent == pytest.approx(counts["turns"] * 0.1)
    with pytest.raises(Paused), meter.stage("rollout 1", "late"):
        pass


def test_a_question_is_broken_off_before_its_next_answer() -> None:
    with parrot("no tags", "<output>yes</output>") as bird:
        heard: list[Usage] = []
        spent = Spent(watch=heard.append, stop=lambda: len(heard) > 0, deadline=None)
        endpoint = Endpoint(bird.url, "m")
        ask(endpoint, [{"role": "user", "content": "?"}], spent)
        with pytest.raises(Stopped) as stopped:
            ask(endpoint, [{"role": "user", "content": "?"}], spent)
    assert stopped.value.usage == heard[0] == spent.usage and len(bird.asked) == 1


def test_what_was_under_way_when_a_call_was_killed_is_counted_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add_rollout(1, rollout("t.1.0", cost=0.5))
    journal.add_stage("t.1.0", "self_check", {"verdict": "yes"}, Spent(Usage(1, 1, 0), 1.0, 1), 0.25)
    running = [("t.1.0", "rollout 1"), ("t.1.0", "self_check"), ("t.1.0", "description"), ("u.1.0", "rollout 1")]
    rows = [asdict(UnderWay(id, kind, Usage(100, 10, 5), 2.0, 0.125)) for id, kind in running]
    progress = tmp_path / "progress.json"
    count_lost(progress, journal)
    progress.write_text(json.dumps({"started_at": "now", "under_way": rows}))
    for _ in range(2):
        count_lost(progress, journal)
        assert journal.tally.cost_usd == pytest.approx(0.5 + 0.25 + 2 * 0.125)
        assert journal.tally.tokens_in == 10 + 1 + 2 * 100
    assert journal.rollout("u", 1, 0) is None and journal.stage("t.1.0", "description") is None
    progress.write_text("{")
    count_lost(progress, journal)
    assert journal.tally.tokens_in == 10 + 1 + 2 * 100
    journal.close()


def test_other_shards_of_the_same_configuration_tell_what_functions_are_like(tmp_path: Path) -> None:
    one = PerFunction.of([(1.0, 1, 10.0), (3.0, 2, 30.0)])
    for name, config in {"a": "same", "b": "same", "c": "other", "own": "same"}.items():
        (tmp_path / name).mkdir()
        row = {"config_sha256": config, "per_function": asdict(one)}
        (tmp_path / name / "summary.json").write_text(json.dumps(row))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "summary.json").write_text("[")
    found = past(tmp_path / "own", "same")
    assert found is not None and found.kept.n == 4 and found.cost_usd.mean == pytest.approx(2.0)
    assert found.cost_usd.sd == pytest.approx(Moments.of([1.0, 3.0, 1.0, 3.0]).sd)
    assert past(tmp_path / "own", "none") is None
