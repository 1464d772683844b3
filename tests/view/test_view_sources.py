"""What is read from files and folders, and what becomes of each rollout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.types import to_json
from pipeline.view.sources import at, read, sources_of
from pipeline.view.tasks import Attempt, Task, tasks_of
from tests.view.making import FIRST, evaluated, evaluation, generated, lines, rollout, sample


def tasks(*paths: Path, limit: int | None = None) -> list[Task]:
    sources = sources_of(paths)
    return tasks_of(read(sources), sources, limit)


def attempts(*paths: Path) -> dict[str, Attempt]:
    return {one.key: one for task in tasks(*paths) for one in task.attempts}


def test_each_rollout_of_generate_has_its_outcome(tmp_path: Path) -> None:
    found = attempts(generated(tmp_path))
    assert {key: one.outcome for key, one in found.items()} == {
        "t.1.0": "no_patch", "t.1.1": "kept", "t.2.0": "kept", "u.1.0": "long_patch", "u.2.0": "not_submitted",
    }  # fmt: skip
    assert found["u.1.0"].detail == "99 changed lines, at most 40"
    assert [found[key].recall for key in ("t.1.0", "t.1.1", "t.2.0", "u.2.0")] == [None, 0.5, 0.5, None]
    assert found["t.1.1"].verdict == "yes" and found["t.1.0"].verdict is None


def test_what_a_sample_tells_holds_for_the_whole_task_and_a_request_names_the_function(tmp_path: Path) -> None:
    found = attempts(generated(tmp_path))
    assert {(one.name, one.where, one.language) for key, one in found.items() if key < "u"} == {
        ("f", "lib/a.py", "python")
    }
    assert {(one.name, one.where, one.language) for key, one in found.items() if key > "u"} == {("g", "lib/b.go", None)}
    assert [found[key].change_type for key in ("t.1.0", "t.1.1", "t.2.0")] == [None, "edge_cases", "edge_cases"]


def test_targets_name_functions_kinds_and_the_change_type_of_each_try(tmp_path: Path) -> None:
    target = {"id": "u", "path": "lib/b.go", "name": "G.g", "kind": "method", "language": "go",
              "change_types": ["naming", "locks", "cost"]}  # fmt: skip
    lines(generated(tmp_path) / "targets.jsonl", [target])
    one = attempts(tmp_path)["u.1.0"]
    assert (one.name, one.unit, one.language, one.change_type) == ("G.g", "method", "go", "naming")
    assert attempts(tmp_path)["u.2.0"].change_type == "naming"


def test_the_pair_is_what_the_description_lies_between(tmp_path: Path) -> None:
    first, second = tasks(generated(tmp_path))
    assert [one and one.key for one in first.pair] == ["t.1.1", "t.2.0"]
    assert (first.description, second.description) == ("f takes None.", "g is slow.")


def test_attempts_at_a_pull_request_come_as_own_base_frontier(tmp_path: Path) -> None:
    (task,) = tasks(evaluated(tmp_path))
    assert [(one.row.role, one.recall, one.outcome) for one in task.attempts] == [
        ("own", 1.0, None), ("base", 0.0, None), ("frontier", 0.5, None),
    ]  # fmt: skip
    assert {(one.name, one.where) for one in task.attempts} == {("Refuse None in f", "o/n#7")}


def test_evaluations_are_shown_without_their_rollouts(tmp_path: Path) -> None:
    (evaluated(tmp_path) / "rollouts.jsonl").unlink()
    (task,) = tasks(tmp_path / "evaluations.jsonl")
    assert [one.key for one in task.attempts] == ["own", "base", "frontier"]


def test_samples_alone_are_put_together_again(tmp_path: Path) -> None:
    path = lines(tmp_path / "all.jsonl", [sample(rollout("t.2.0"), 2), sample(rollout("t.1.1"), 1),
                                          sample(rollout("t-2.seed3.1.0"), 1)])  # fmt: skip
    assert [[one.key for one in task.attempts] for task in tasks(path)] == [["t.1.1", "t.2.0"], ["t-2.seed3.1.0"]]
    assert attempts(path)["t.1.1"].row.steps == 1, "counted from the messages"


def test_while_the_run_goes_on_nothing_is_decided(tmp_path: Path) -> None:
    lines(tmp_path / "rollouts.jsonl", [{**to_json(rollout()), "rollout": 1}])
    assert attempts(tmp_path)["t.1.0"].outcome == "undecided"


def test_a_torn_last_line_is_reported_and_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = generated(tmp_path) / "rollouts.jsonl"
    path.write_bytes(b"\n" + path.read_bytes()[:-9])
    assert "u.2.0" not in attempts(tmp_path)
    assert "torn last line" in caplog.text


def test_a_row_is_found_again_by_its_place(tmp_path: Path) -> None:
    path = lines(tmp_path / "r.jsonl", [rollout(f"t.1.{n}", attempt=n) for n in range(3)])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n\n  \n"))
    assert [at(found.place)["id"] for found in read(sources_of([path]))] == ["t.1.0", "t.1.1", "t.1.2"]


def test_one_path_stands_for_a_folder_of_folders_and_none_comes_twice(tmp_path: Path) -> None:
    shards = [generated(tmp_path / name) for name in ("one", "deep/two")]
    found = attempts(tmp_path, shards[0], shards[0] / "rollouts.jsonl")
    assert len(found) == 10 and "t.2.0~2" in found
    assert [source.name for source in sources_of([tmp_path])] == ["two", "one"], "by path"


def test_the_limit_counts_rollouts(tmp_path: Path) -> None:
    assert [len(task.attempts) for task in tasks(generated(tmp_path), limit=4)] == [3, 1]
    assert [len(task.attempts) for task in tasks(tmp_path, limit=3)] == [3]


def test_half_a_surrogate_pair_is_read(tmp_path: Path) -> None:
    path = lines(tmp_path / "r.jsonl", [rollout(detail="\ud83d", messages=({"role": "user", "content": "\udcff"},))])
    (found,) = read(sources_of([path]))
    assert at(found.place)["messages"][0]["content"] == "\udcff"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}", "r.jsonl:2: neither a rollout, a sample nor an evaluation"),
        ("[1]", "r.jsonl:2: list where an object was expected"),
        ("{", "r.jsonl:2: "),
        (json.dumps({**to_json(rollout()), "steps": "many"}), "r.jsonl:2: Expected `int | null`, got `str`"),
        (json.dumps({**to_json(rollout()), "messages": 1}), "r.jsonl:2: Expected"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = lines(tmp_path / "r.jsonl", [evaluation(rollout(role="own"), 0.5)])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(InputError) as refused:
        list(read(sources_of([path])))
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("name", "line"), [("journal.jsonl", '{"id": 1}'), ("left_out.jsonl", "{}"), ("samples.jsonl", "no")]
)
def test_a_damaged_file_beside_it_is_named(tmp_path: Path, name: str, line: str) -> None:
    (generated(tmp_path) / name).write_text(line + "\n")
    with pytest.raises(InputError, match=f"{name}:1: "):
        sources_of([tmp_path])


def test_the_patch_is_not_kept_in_memory(tmp_path: Path) -> None:
    path = lines(tmp_path / "r.jsonl", [rollout(patch=FIRST * 1000)])
    (found,) = read(sources_of([path]))
    assert found.row.messages is None and not hasattr(found.row, "patch")
