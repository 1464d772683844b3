"""Weights: read from the history before the base commit, and what they do to the order of a plan."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import config_text
from pipeline.errors import InputError
from pipeline.generate.base import open_base
from pipeline.generate.plan import Target, plan, shard
from pipeline.generate.targets import Draw, targets
from pipeline.generate.weights import HALF_LIFE_DAYS, Change, changes, weights
from pipeline.rollout.workspace import Workspaces
from pipeline.settings import WeightsConfig
from tests.generate.making import function

FUNCTION = "def {name}(x):\n    a = x\n    b = a\n    return b\n"
FILES = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 6), min_size=1)
WEIGHTS = st.dictionaries(st.sampled_from("abcdefg"), st.floats(0.01, 50))
DAY = 86400


def commit(repo: Path, day: int, files: dict[str, str], message: str = "m") -> str:
    repo.mkdir(exist_ok=True)
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    time = f"{1_700_000_000 + day * DAY} +0000"
    who = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
    env = {**os.environ, **who, "GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", message]):
        subprocess.run(["git", "-C", str(repo), *words], check=True, env=env)
    return open_base(repo, None).sha


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of three files, ``new.py`` changed last and ``busy.py`` most often; and one commit after the base."""
    repo = tmp_path_factory.mktemp("history") / "repo"
    names = ("old.py", "busy.py", "new.py", "src/ü \n.py")
    commit(repo, 0, {name: FUNCTION.format(name="f") for name in names})
    for day in (1, 2, 3):
        commit(repo, day, {"busy.py": FUNCTION.format(name=f"g{day}")})
    commit(repo, 93, {"new.py": FUNCTION.format(name="h")})
    subprocess.run(["git", "-C", str(repo), "tag", "base"], check=True)
    commit(repo, 94, {"old.py": FUNCTION.format(name="later")})
    return repo


def test_the_history_before_the_base_is_read_and_nothing_later(repo: Path) -> None:
    base = open_base(repo, "base").sha
    found = changes(repo, base)
    assert found == {
        "old.py": Change(93.0, 1),
        "busy.py": Change(90.0, 4),
        "new.py": Change(0.0, 2),
        "src/ü \n.py": Change(93.0, 1),
    }
    assert changes(repo, base, commits=2) == {"busy.py": Change(90.0, 1), "new.py": Change(0.0, 1)}


def test_a_weight_is_the_product_of_its_factors() -> None:
    known = {"a": Change(0, 3), "b": Change(HALF_LIFE_DAYS, 1), "src/c": Change(1e6, 1)}
    paths = (*known, "src/never")
    assert set(weights(paths, known, WeightsConfig()).values()) == {1.0}
    recent = weights(paths, known, WeightsConfig(recent=1))
    assert [recent[path] for path in paths] == pytest.approx([2, 1.5, 1, 1])
    often = weights(paths, known, WeightsConfig(often=1))
    assert [often[path] for path in paths] == pytest.approx([2, 1.5, 1.5, 1])
    globs = WeightsConfig(recent=1, paths={"src/**": 3, "src/c": 0.5, "*": 2})
    assert [weights(paths, known, globs)[path] for path in paths] == pytest.approx([4, 3, 1.5, 3])


def planned(files: dict[str, int], weight: dict[str, float], seed: int = 0, samples: int = 10**6) -> list[Target]:
    functions = [function(path, f"f{number}") for path, count in files.items() for number in range(count)]
    texts = dict.fromkeys(files, b"def f():\n    pass\n")
    return plan(functions, texts, where="r@1", seed=seed, samples=samples, weights=weight)


def round_robin(found: list[Target]) -> list[tuple[str, int]]:
    """The order without weights, from the order of files and of functions in each: one of each file in turn."""
    firsts = [target for target in found if target.draw == 0]
    rows: dict[str, list[str]] = {}
    for target in firsts:
        rows.setdefault(target.function.path, []).append(target.function.name)
    turns = max(map(len, rows.values()))
    return [(path, names[turn]) for turn in range(turns) for path, names in rows.items() if turn < len(names)]


@given(FILES, st.integers(0, 5))
def test_without_weights_files_take_turns_in_one_order(files: dict[str, int], seed: int) -> None:
    for even in ({}, dict.fromkeys(files, 1.0)):
        found = planned(files, even, seed)
        order = [(target.function.path, target.function.name) for target in found if target.draw == 0]
        assert order == round_robin(found)


@given(FILES, WEIGHTS, st.integers(0, 40), st.integers(0, 40), st.integers(1, 5))
def test_prefixes_and_shards_hold_with_weights(
    files: dict[str, int], weight: dict[str, float], n: int, more: int, count: int
) -> None:
    whole = planned(files, weight, samples=n + more)
    assert whole[:n] == planned(files, weight, samples=n)
    shares = [shard(whole, number, count) for number in range(1, count + 1)]
    assert Counter(target.id for one in shares for target in one) == Counter(target.id for target in whole)
    first = [target for target in whole if target.draw == 0]
    assert len({target.id for target in first}) == len(first)


@given(FILES, WEIGHTS, st.data())
def test_a_function_that_goes_leaves_the_order_of_the_others(
    files: dict[str, int], weight: dict[str, float], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(files)))
    fewer = {**files, path: files[path] - 1}
    with_it, without = (planned(one, weight, samples=sum(one.values())) for one in (files, fewer))
    ids = {target.id for target in without}
    assert ids < {target.id for target in with_it}
    for own in (True, False):
        orders = [[t.id for t in one if t.id in ids and (t.function.path == path) is own] for one in (with_it, without)]
        assert orders[0] == orders[1]


def test_who_is_drawn_first_follows_the_weights_exactly() -> None:
    weight = {"a": 1.0, "b": 2.0, "c": 5.0, "d": 0.5}
    seeds = 4000
    firsts = Counter(planned(dict.fromkeys(weight, 2), weight, seed, 1)[0].function.path for seed in range(seeds))
    for path, one in weight.items():
        share = one / sum(weight.values())
        deviation = (share * (1 - share) / seeds) ** 0.5
        assert abs(firsts[path] / seeds - share) < 4 * deviation, path


def test_a_file_has_turns_by_its_weight_and_not_by_its_size() -> None:
    found = planned({"huge": 500, "wanted": 60, "rare": 60}, {"wanted": 3.0, "rare": 0.25}, samples=85)
    turns = Counter(target.function.path for target in found)
    assert [turns[path] for path in ("huge", "wanted", "rare")] == pytest.approx([20, 60, 5], abs=1)


def drawn(repo: Path, tmp_path: Path, **given: object) -> tuple[list[Target], list[tuple[str, str]]]:
    found, scan = targets(
        open_base(repo, "base"),
        Workspaces(repo, tmp_path / "work"),
        Draw(weights=WeightsConfig(**given), samples=50, seed=1),  # type: ignore[arg-type]
    )
    return found, [(row.id, row.reason) for row in scan.left_out]


def test_a_weight_of_zero_is_never_drawn_and_counted(repo: Path, tmp_path: Path) -> None:
    found, left_out = drawn(repo, tmp_path, recent=1.0, paths={"busy.py": 0.0})
    assert {target.function.path for target in found} == {"old.py", "new.py", "src/ü \n.py"}
    assert left_out == [("busy.py::g3", "weight_zero")]


def test_nothing_to_draw_says_why(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="weight_zero 4"):
        drawn(repo, tmp_path, paths={"**": 0.0})


def test_a_weight_below_zero_is_refused_with_its_key() -> None:
    with pytest.raises(InputError, match=r"generate\.weights\.paths\.src/\*: -1"):
        config_text.parse("generate:\n  weights:\n    paths:\n      src/*: -1\n")
