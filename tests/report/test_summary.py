"""A verb's result in a job's summary and outputs: a table, a picture, and nothing that acts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cli, job_summary
from pipeline.report.summary import outputs, summary

VERDICT = {
    "state": "close",
    "reasons": ["undecided: not yet shown"],
    "n": 31,
    "mean_difference": -0.0312345,
    "own": {"score": 0.31, "pulls": 31},
    "base": {"score": 0.1},
    "frontier": {"score": 0.34},
    "left_out": {"unpaired": 2},
    "forecast": None,
}


def test_a_verdict_is_a_table_its_reasons_and_a_chart() -> None:
    text = summary("decide", VERDICT)
    assert text.startswith("### Switchover: decide, close\n")
    assert "| mean\\_difference | -0.03123 |" in text
    assert "| left\\_out | unpaired 2 |" in text
    assert "- undecided: not yet shown" in text
    assert "x-axis [own, base, frontier]" in text
    assert "bar [0.310, 0.100, 0.340]" in text
    assert "forecast" not in text


def test_a_result_without_scores_has_no_chart() -> None:
    assert "mermaid" not in summary("generate", {"state": "done", "kept": 11, "exits": {"submitted": 12}})


@given(
    st.dictionaries(st.text(max_size=20), st.one_of(st.text(max_size=60), st.integers(), st.floats(allow_nan=False)))
)
def test_what_it_says_stays_text(result: dict[str, object]) -> None:
    lines = summary("decide", {**result, "evil": "::set-output name=x::y <img src=x> @team | [a](b)"}).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in table)
    assert not re.search(r"(?<!\\)<|@\w|::set-output", "\n".join(table))


@given(st.text(max_size=200), st.text(max_size=50))
def test_an_output_ends_at_its_boundary_alone(state: str, path: str) -> None:
    text = json.dumps({"state": state, "report": path})
    lines = outputs(json.loads(text), text, "https://example.org", "b" * 32).split("\n")
    assert lines[0] == f"state<<{'b' * 32}"
    assert lines.count("b" * 32) == 4


@pytest.mark.parametrize("text", ["", "not json", "[1]", '{"state": "ready", "report": "out/report.html"}'])
def test_the_action_gets_both(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "result.json").write_text(text)
    job_summary.main(["decide", str(tmp_path / "result.json"), "https://example.org/run/1"])
    given = capsys.readouterr().out
    assert "https://example.org/run/1" in given
    assert ("\nready\n" in given) == ("ready" in text)
    assert ("\nout/report.html\n" in given) == ("ready" in text)
    job_summary.main(["decide", str(tmp_path / "result.json")])
    assert capsys.readouterr().out.startswith("### Switchover: decide")


def test_an_adapter_is_shown_with_what_its_gates_found() -> None:
    gates = [
        {"name": "held_out_loss", "passed": True, "why": "1.2 below 1.5", "measured": {}},
        {"name": "valid_calls", "passed": False, "why": "3 of 9 | @team", "measured": {}},
    ]
    card = {"base": "Qwen/Qwen3-32B", "samples": 9, "loss": 0.51239, "config": {"rank": 4}, "trained_until": None}
    text = summary("retrain", {"state": "kept", "why": "valid_calls failed", "card": card, "gates": {"gates": gates}})
    assert text.startswith("### Switchover: retrain, kept\n")
    assert "| adapter's card | base Qwen" in text and "samples 9, loss 0.5124 |" in text
    assert "| held\\_out\\_loss | passed | 1.2 below 1.5 |" in text
    assert "| valid\\_calls | failed |" in text and "@team" not in text


def test_a_training_under_way_says_how_far_it_is() -> None:
    progress = {"state": "interrupted", "step": 12, "of": 240, "loss": 1.5, "ends_at": None}
    text = summary("status", {"train": progress, "gate": None})
    assert "| train | state interrupted, step 12, of 240, loss 1.5 |" in text


def test_missing_shards_are_named() -> None:
    assert "| missing | 2, 3 |" in summary("merge", {"state": "incomplete", "missing": [2, 3]})


def test_a_summary_is_cut_in_bytes() -> None:
    assert len(summary("decide", {"reasons": ["é" * 120] * 9000}).encode()) <= 900_001


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.json").write_text(json.dumps(VERDICT))
    assert cli.run(["summary", "decide", str(tmp_path / "d.json")]) == 0
    assert capsys.readouterr().out == summary("decide", VERDICT)
    assert cli.run(["summary", "decide", str(tmp_path / "d.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"markdown": summary("decide", VERDICT)}
    assert cli.run(["summary", "decide", str(tmp_path / "none")]) == 2
