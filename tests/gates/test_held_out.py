"""Which samples are held out: whole functions, the same ones every time, none of them trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cli
from pipeline.errors import InputError
from pipeline.gates.live import tasks_of
from pipeline.train.held_out import group, held_out, split

NAMES = st.lists(st.text("abc", min_size=1, max_size=4), max_size=30)


def sample(function: str, rollout: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"{function}-{rollout}", "repo": "o/n", "path": "a.py", "function": function, "rollout": rollout,
            "base_sha": "a" * 40, "description": f"mend {function}", "messages": [], **more}  # fmt: skip


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@given(NAMES, st.floats(0, 0.9), st.integers(0, 9))
def test_a_share_is_held_out_and_something_is_left(names: list[str], share: float, seed: int) -> None:
    chosen = held_out(names, share, seed)
    assert chosen <= set(names)
    assert not chosen if share == 0 or len(set(names)) < 2 else 0 < len(chosen) < len(set(names))
    assert held_out(names[::-1], share, seed) == chosen


@given(NAMES, NAMES, st.floats(0.05, 0.9))
def test_what_the_share_holds_out_stays_held_out_as_code_is_added(old: list[str], new: list[str], share: float) -> None:
    before, after = held_out(old, share, 0), held_out(old + new, share, 0)
    if len(before) > 1:
        assert before <= after


def test_the_share_holds_on_average() -> None:
    names = [f"function {n}" for n in range(2000)]
    assert 150 < len(held_out(names, 0.1, 0)) < 250
    assert held_out(names, 0.1, 0) != held_out(names, 0.1, 1)


def test_both_rollouts_of_a_function_go_together(tmp_path: Path) -> None:
    rows = [sample(f"f{n}", rollout) for n in range(40) for rollout in (1, 2)]
    paths = split(write(tmp_path / "samples.jsonl", *rows), tmp_path / "out", share=0.2, seed=3)
    train, kept = ([json.loads(line) for line in path.read_text().splitlines()] for path in paths)
    assert train and kept and train + kept != [] and len(train) + len(kept) == 80
    assert not {group(row) for row in train} & {group(row) for row in kept}
    assert [row for row in rows if row in kept] == kept, "each line as it was, in order"
    again = [path.read_bytes() for path in paths]
    split(tmp_path / "samples.jsonl", tmp_path / "out", share=0.2, seed=3)
    assert [path.read_bytes() for path in paths] == again


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"repo": "o/n", "path": "a.py", "function": "f", "id": "1"}, "o/n:a.py::f"),
        ({"task_id": "o/n#7", "id": "1"}, "o/n#7"),
        ({"id": "1"}, "1"),
    ],
)
def test_what_must_not_be_divided(row: dict[str, Any], name: str) -> None:
    assert group(row) == name


@pytest.mark.parametrize("share", ["1", "-0.1", "nan", "7"])
def test_a_share_that_is_none_is_refused(tmp_path: Path, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    samples = write(tmp_path / "samples.jsonl", sample("f"), sample("g"))
    command = ["adapters", "split", "--samples", str(samples), "--out", str(tmp_path / "out"), "--share", share]
    assert cli.run(command) == 2
    assert "cannot be held out" in capsys.readouterr().err


def test_no_samples_and_broken_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        split(tmp_path / "none.jsonl", tmp_path / "out", share=0.1)
    (tmp_path / "bad.jsonl").write_text("[]\n{}\n")
    with pytest.raises(InputError, match=r"bad\.jsonl:1"):
        split(tmp_path / "bad.jsonl", tmp_path / "out", share=0.1)


def test_a_task_for_each_function_that_has_a_text(tmp_path: Path) -> None:
    rows = [sample("f"), sample("f", 2), sample("g", description=""), sample("g", 2), sample("h", base_sha=None)]
    found = tasks_of(write(tmp_path / "held_out.jsonl", *rows), 8)
    assert [(task.id, task.prompt) for task in found] == [("o/n:a.py::f", "mend f"), ("o/n:a.py::g", "mend g")]
    assert len(tasks_of(tmp_path / "held_out.jsonl", 1)) == 1
