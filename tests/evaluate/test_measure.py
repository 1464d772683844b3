"""Which measure counts, and hard scores in the rows of an evaluation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.errors import InputError
from pipeline.evaluate.hard import Proof
from pipeline.evaluate.measure import Primary, fixed, primary
from tests.chat_server import ChatServer
from tests.evaluate.conftest import Collected, rows


def proofs(provable: int, others: int) -> list[Proof]:
    good = [Proof(f"o/n#{n}", ("t",), (), None) for n in range(provable)]
    return good + [Proof(f"o/n#{n + 99}", (), (), "no_tests") for n in range(others)]


@pytest.mark.parametrize(
    ("provable", "others", "asked", "measure"),
    [
        (7, 3, "auto", "tests"),
        (69, 31, "auto", "recall"),
        (0, 0, "auto", "recall"),
        (1, 9, "tests", "tests"),
        (9, 1, "recall", "recall"),
    ],
)
def test_tests_count_from_seventy_in_a_hundred(provable: int, others: int, asked: Any, measure: str) -> None:
    made = primary(proofs(provable, others), asked)
    assert (made.measure, made.tasks, made.provable) == (measure, provable + others, provable)
    assert made.left_out == ({"no_tests": others} if others else {})


def test_what_was_fixed_first_stays(tmp_path: Path) -> None:
    first = fixed(tmp_path, False, lambda: primary(proofs(7, 3), "auto"))
    assert (
        fixed(tmp_path, True, lambda: primary([], "auto"))
        == first
        == fixed(tmp_path, False, lambda: primary([], "auto"))
    )
    assert json.loads((tmp_path / "measure.json").read_text())["share"] == 0.7


def test_rows_from_before_there_was_a_choice_are_recall(tmp_path: Path) -> None:
    assert fixed(tmp_path, True, lambda: primary(proofs(9, 0), "auto")).measure == "recall"


@pytest.mark.parametrize(
    "text", ["", "{", "3", "{}", '{"measure": "luck", "asked": "auto", "tasks": 1, "provable": 1}']
)
def test_a_broken_record_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "measure.json").write_text(text)
    with pytest.raises(InputError, match="record of a measure"):
        fixed(tmp_path, False, lambda: Primary("recall", "recall", 0, 0))


def evaluate(at: Collected, server: ChatServer, out: Path, *more: str) -> int:
    line = ["evaluate", "--db", str(at.db), "--out", str(out), "--config", str(at.config)]
    return cli.run([*line, "--model", f"frontier={server.url}#test-model", *more])


def test_rows_are_scored_by_tests_with_recall_beside(by_command: Collected, server: ChatServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert evaluate(by_command, server, out, "--newest", "2") == 0
    by_task = {row["task_id"]: row for row in rows(out / "evaluations.jsonl")}
    solved, missed = (by_task[task.id] for task in by_command.tasks[:2])
    assert (solved["measure"], solved["score"], solved["resolved"], solved["recall"]) == ("tests", 1.0, True, 1.0)
    assert (solved["f2p_passed"], solved["f2p_total"], solved["p2p_total"]) == (1, 1, 0)
    assert (missed["measure"], missed["score"], missed["resolved"], missed["recall"]) == ("tests", 0.0, False, 0.0)
    record = json.loads((out / "measure.json").read_text())
    assert (record["measure"], record["tasks"], record["provable"]) == ("tests", 2, 2)
    # Proofs are kept: nothing is run any more for a second folder with the same answer.
    shutil.rmtree(tmp_path / "cache" / "hard" / "command")
    assert evaluate(by_command, server, tmp_path / "again", "--newest", "1") == 0
