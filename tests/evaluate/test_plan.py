"""The plan: complete, paired, seeded, and the same for the same question."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.plan import Contender, by_task, plan
from tests.evaluate.tasks import task

OWN = Contender("own", "m", 2, adapter="abc")
BASE = Contender("base", "m", 1)
FRONTIER = Contender("frontier", "f", 1)
TASKS = [task(n) for n in range(1, 9)]


def test_every_contender_attempts_every_task() -> None:
    rows = plan(TASKS, [OWN, BASE, FRONTIER], "c")
    assert len(rows) == len(TASKS) * 4
    assert {(r.task.id, r.contender.role, r.number) for r in rows} == {
        (t.id, role, n) for t in TASKS for role, n in [("own", 0), ("own", 1), ("base", 0), ("frontier", 0)]
    }


def test_tasks_stay_together_and_roles_are_shuffled() -> None:
    rows = plan(TASKS, [OWN, BASE, FRONTIER], "c")
    assert [r.task.id for r in rows[::4]] == [t.id for t in TASKS]
    assert list(by_task(rows)) == [t.id for t in TASKS]
    orders = {tuple((r.contender.role, r.number) for r in group) for group in by_task(rows).values()}
    assert len(orders) > 1


@given(seed=st.integers(0, 99), conditions=st.text(max_size=3))
def test_ids_are_unique_and_stable(seed: int, conditions: str) -> None:
    rows = plan(TASKS, [OWN, BASE], conditions, seed)
    assert len({row.id for row in rows}) == len(rows)
    assert rows == plan(TASKS, [OWN, BASE], conditions, seed)


def test_what_matters_changes_the_id() -> None:
    ids = [
        plan([task(1)], [contender], conditions, seed)[0].id
        for contender, conditions, seed in [
            (FRONTIER, "c", 0),
            (FRONTIER, "d", 0),
            (FRONTIER, "c", 1),
            (Contender("frontier", "g", 1), "c", 0),
            (Contender("frontier", "f", 1, adapter="x"), "c", 0),
        ]
    ]
    assert len(set(ids)) == len(ids)


def test_more_attempts_keep_the_earlier_ones() -> None:
    few = {row.id for row in plan(TASKS, [Contender("own", "m", 1)], "c")}
    more = {row.id for row in plan(TASKS, [Contender("own", "m", 3)], "c")}
    assert few < more
