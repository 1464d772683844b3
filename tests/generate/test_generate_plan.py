"""Laws of the plan: seeded, fair to files, the same for all shards, stable as it grows."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.plan import TRIES, Target, plan, shard
from pipeline.generate.texts import change_types
from tests.generate.making import function

NAMES = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("fghijk")), unique=True, min_size=1)


def planned(names: list[tuple[str, str]], samples: int, seed: int = 0, where: str = "r@1") -> list[Target]:
    functions = [function(f"{path}.py", name) for path, name in names]
    texts = {f.path: f"def {f.path}():\n    pass\n".encode() for f in functions}
    return plan(functions, texts, where=where, seed=seed, samples=samples)


def test_there_are_51_change_types_in_our_words() -> None:
    types = change_types()
    assert len({kind.id for kind in types}) == len({kind.topic for kind in types}) == 51
    assert all(kind.topic and kind.signs and not kind.signs.endswith(".") for kind in types)


@given(NAMES, st.integers(0, 60), st.integers(0, 60), st.integers(0, 3))
def test_a_longer_plan_begins_with_the_shorter(names: list[tuple[str, str]], n: int, more: int, seed: int) -> None:
    assert planned(names, n + more, seed)[:n] == planned(names, n, seed)


@given(NAMES, st.integers(0, 80), st.integers(1, 5))
def test_shards_share_the_plan_out_once(names: list[tuple[str, str]], n: int, count: int) -> None:
    whole = planned(names, n)
    shares = [shard(whole, number, count) for number in range(1, count + 1)]
    assert Counter(target.id for one in shares for target in one) == Counter(target.id for target in whole)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(NAMES)
def test_the_order_of_the_scan_does_not_matter(names: list[tuple[str, str]]) -> None:
    assert planned(names, 20) == planned(names[::-1], 20)


@given(NAMES)
def test_every_function_comes_once_before_any_comes_twice(names: list[tuple[str, str]]) -> None:
    first = planned(names, len(names))
    assert {(t.function.path, t.function.name) for t in first} == {(f"{p}.py", n) for p, n in names}
    again = planned(names, 2 * len(names))[len(names) :]
    assert [t.function for t in again] == [t.function for t in first]
    assert all(t.draw == 1 for t in again)


def test_files_take_turns() -> None:
    names = [("a", name) for name in "fghijk"] + [("b", "f"), ("c", "f")]
    assert {t.function.path for t in planned(names, 3)} == {"a.py", "b.py", "c.py"}


def test_no_function_is_asked_for_the_same_change_twice() -> None:
    targets = planned([("a", "f")], 1000)
    assert len(targets) == targets[0].passes == 17
    asked = [target.change_type(attempt).id for target in targets for attempt in range(TRIES)]
    assert len(set(asked)) == len(asked) == 51


def test_seeds_repositories_and_texts_make_other_plans() -> None:
    names = [(path, name) for path in "abcde" for name in "fghijk"]
    ids = [t.id for t in planned(names, 30)]
    assert ids != [t.id for t in planned(names, 30, seed=1)]
    assert set(ids) == {t.id for t in planned(names, 30, seed=1)}
    assert not set(ids) & {t.id for t in planned(names, 30, where="r@2")}


def test_two_functions_of_one_name_and_text_stay_apart() -> None:
    twins = [function("a.py", "f", 1, 2), function("a.py", "f", 3, 4)]
    targets = plan(twins, {"a.py": b"def f():\n    pass\n" * 2}, where="r", seed=0, samples=2)
    assert len({target.id for target in targets}) == 2


def test_rollout_ids_differ_by_stage_attempt_and_failure() -> None:
    target = planned([("a", "f")], 1)[0]
    ids = [target.rollout_id(which, attempt, again) for which in (1, 2) for attempt in (0, 1) for again in (0, 1)]
    assert len(set(ids)) == len(ids)
