"""Reading evaluations: what is accepted, and how every fault is named."""

import dataclasses
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import evaluations
from pipeline.errors import InputError
from pipeline.types import Evaluation, to_json
from tests.decide.rows import row

CONTRACT = {
    "at": "2026-01-01T00:00:00Z",
    "repo": "o/n",
    "number": 1,
    "task_id": "o/n#1",
    "role": "own",
    "model": "m",
    "adapter": "a",
    "attempt": 0,
    "score": 0.5,
    "measure": "tests",
    "exit": "submitted",
    "tokens_in": 10,
    "tokens_out": 5,
    "tokens_cached": 0,
    "seconds": 1.5,
    "cost_usd": 0.1,
    "cheat_marks": [],
}


FIELDS = [f.name for f in dataclasses.fields(Evaluation)]


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_a_row_with_only_the_contracts_fields(tmp_path: Path) -> None:
    (read,) = evaluations.read([write(tmp_path / "e.jsonl", CONTRACT)])
    assert read == Evaluation(**(CONTRACT | {"cheat_marks": ()}))


def test_every_field_survives_and_unknown_ones_are_dropped(tmp_path: Path) -> None:
    full = row(1, "own", 0.5, steps=3, precision=0.25, patch="x", backtest=True, cheat_marks=("history",))
    (read,) = evaluations.read([write(tmp_path / "e.jsonl", to_json(full) | {"later": 1})])
    assert read == full and not hasattr(read, "later")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"score": 1.0001}, "field 'score' is 1.0001, expected a number from 0 to 1"),
        ({"score": -0.1}, "'score' is -0.1"),
        ({"score": math.nan}, "'score' is nan"),
        ({"score": math.inf}, "'score' is inf"),
        ({"score": None}, "'score' is None"),
        ({"score": "0.5"}, "'score' is '0.5'"),
        ({"score": True}, "'score' is True"),
        ({"role": "teacher"}, "expected own, base or frontier"),
        ({"role": ["own"]}, "'role' is ['own']"),
        ({"measure": "vibes"}, "expected tests or recall"),
        ({"exit": "fine"}, "one of submitted"),
        ({"at": ""}, "'at'"),
        ({"at": 5}, "'at' is 5"),
        ({"number": "1"}, "'number'"),
        ({"number": True}, "'number' is True"),
        ({"attempt": -1}, "'attempt' is -1"),
        ({"attempt": 0.5}, "'attempt' is 0.5"),
        ({"cost_usd": -1}, "'cost_usd' is -1"),
        ({"cost_usd": math.nan}, "'cost_usd' is nan"),
        ({"seconds": math.inf}, "'seconds' is inf"),
        ({"adapter": 3}, "'adapter' is 3"),
        ({"model": ""}, "'model'"),
        ({"cheat_marks": "x"}, "'cheat_marks'"),
        ({"backtest": "no"}, "'backtest'"),
        ({"precision": 2}, "'precision' is 2"),
        ({"title": "x" * 999, "patch": 1}, "'patch' is 1"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_line(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = write(tmp_path / "e.jsonl", CONTRACT, "", CONTRACT | change)
    with pytest.raises(InputError) as caught:
        list(evaluations.read([path]))
    message = str(caught.value)
    assert message.startswith(f"{path}:3: ") and says in message and "\n" not in message


@pytest.mark.parametrize("name", evaluations.REQUIRED)
def test_a_missing_field_is_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "e.jsonl", {key: value for key, value in CONTRACT.items() if key != name})
    with pytest.raises(InputError, match=f":1: field '{name}' is missing"):
        list(evaluations.read([path]))


@pytest.mark.parametrize("line", ["[1, 2]", "3", "not json"])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"e\.jsonl:2: "):
        list(evaluations.read([write(tmp_path / "e.jsonl", CONTRACT, line)]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(evaluations.read([tmp_path / "absent.jsonl"]))


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", CONTRACT)
    path.write_text(path.read_text() + '{"at": "20')
    assert len(list(evaluations.read([path]))) == 1


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just([]))
            for name in CONTRACT
        },
    )
)
def test_the_quick_reader_and_the_thorough_one_agree(changes: dict[str, Any]) -> None:
    candidate = CONTRACT | changes
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "e.jsonl", candidate)
        fault = evaluations.fault_of(candidate)
        if fault is None:
            (lean,) = evaluations.graded([path])
            (full,) = evaluations.read([path])
            assert {name: getattr(lean, name) for name in FIELDS} == {name: getattr(full, name) for name in FIELDS}
        else:
            with pytest.raises(InputError) as caught:
                list(evaluations.graded([path]))
            assert str(caught.value) == f"{path}:1: {fault}; mend or remove that line"


@pytest.mark.parametrize("line", [b"\xff\n", b'{"at": "\xff"}\n', b'{"a": 1}{"b": 2}\n'])
def test_bytes_that_are_no_text_are_named_by_both_readers(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(json.dumps(CONTRACT).encode() + b"\n" + line)
    for reader in (evaluations.read, evaluations.graded):
        with pytest.raises(InputError, match=r"e\.jsonl:2: "):
            list(reader([path]))


def test_a_lone_surrogate_and_a_huge_number_pass_as_they_always_did(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", CONTRACT | {"title": "\ud800", "tokens_in": 2**70, "score": 1})
    (lean,), (full,) = evaluations.graded([path]), evaluations.read([path])
    assert (lean.title, lean.tokens_in, lean.score) == (full.title, full.tokens_in, full.score)


def test_a_field_beside_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", CONTRACT | {"kind": "bug", "a-b": [1]}, CONTRACT | {"kind": None}, CONTRACT)
    assert [value for _, value in evaluations.graded_by([path], "kind")] == ["bug", None, None]
    assert [value for _, value in evaluations.graded_by([path], "a-b")] == [[1], None, None]
    assert [value for _, value in evaluations.graded_by([path], "repo")] == ["o/n"] * 3
    with pytest.raises(InputError, match="no row has a field 'color'; fields here: at, repo"):
        list(evaluations.graded_by([path], "color"))
