"""``switchover decide`` from the outside."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run
from pipeline.types import Evaluation, to_json
from tests.decide.rows import duels, row

KEYS = {"state", "reasons", "n", "void", "mean_difference", "low", "high", "margin", "alpha", "wealth", "epoch"} | {
    "log_e",
    "own",
    "frontier",
    "base",
    "cost",
    "forecast",
}


def save(path: Path, rows: list[Evaluation]) -> str:
    path.write_text("".join(json.dumps(to_json(r)) + "\n" for r in rows))
    return str(path)


def decide(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(["decide", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_object_with_the_contracts_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "e.jsonl", duels([0.1, 0.0, -0.2]))
    (verdict,) = decide(capsys, "--evaluations", path, "--json")
    assert verdict.keys() >= KEYS
    assert set(verdict["epoch"]) == {"number", "adapter", "frontier"}
    assert set(verdict["log_e"]) == {"noninferior", "better", "worse", "saving"}


def test_several_files_in_either_spelling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = save(tmp_path / "1.jsonl", duels([0.1, 0.0]))
    two = save(tmp_path / "2.jsonl", duels([0.3], 3))
    (repeated,) = decide(capsys, "--evaluations", one, "--evaluations", two, "--json")
    (listed,) = decide(capsys, "--evaluations", one, two, "--json")
    assert repeated == listed and listed["n"] == 3


def test_the_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "e.jsonl", duels([0.0] * 30))
    assert run(["decide", "--evaluations", path]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["state"] == "close"
    first, *reasons = captured.err.splitlines()
    assert first.startswith("close: own is level with frontier (from -17 to +17, 30 PRs); non-inferiority within 5 ")
    assert first.endswith("about 60 more PRs and $132 at this rate")
    early = "undecided: cannot be decided yet; 30 of at least 110 pull requests, which it takes even if own ties"
    assert len(reasons) == 2 and reasons[0].startswith(f"  {early}")
    rule = "rule: better, or non-inferior and cheaper; margin 5 points; error chance 0.025 of this epoch"
    assert reasons[1] == f"  {rule}; 30 PRs by recall, 0 void; epoch 1: a1 against large"


def test_the_trace_has_one_line_per_pull_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "e.jsonl", duels([0.1, 0.0, -0.2]))
    lines = decide(capsys, "--evaluations", path, "--trace")
    assert [line["n"] for line in lines] == [1, 2, 3] and all(line.keys() >= KEYS for line in lines)
    (verdict,) = decide(capsys, "--evaluations", path, "--json")
    assert lines[-1]["log_e"] == verdict["log_e"]


def test_by_a_field_of_the_pull_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*duels([0.5] * 40), *duels([-0.5] * 40, repo="o/m")]
    verdicts = decide(capsys, "--evaluations", save(tmp_path / "e.jsonl", rows), "--by", "repo", "--json")
    assert [(v["by"], v["n"], v["state"]) for v in verdicts] == [("o/n", 40, "ready"), ("o/m", 40, "behind")]
    assert [v["discovery"] for v in verdicts] == [True, False]


def test_by_a_field_of_the_model_follows_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*duels([0.5] * 3), *duels([-0.5] * 4, 4, own_adapter="a2")]
    verdicts = decide(capsys, "--evaluations", save(tmp_path / "e.jsonl", rows), "--by", "adapter", "--json")
    assert [(v["by"], v["n"], v["epoch"]["number"]) for v in verdicts] == [("a1", 3, 1), ("a2", 4, 1)]
    lines = decide(capsys, "--evaluations", str(tmp_path / "e.jsonl"), "--by", "adapter", "--trace")
    assert [line["by"] for line in lines] == ["a1"] * 3 + ["a2"] * 4


def test_by_a_field_outside_of_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(
        "".join(
            json.dumps(to_json(r) | ({"kind": "bug"} if r.number < 3 else {})) + "\n" for r in duels([0.1, 0.2, 0.3])
        )
    )
    verdicts = decide(capsys, "--evaluations", str(path), "--by", "kind", "--json")
    assert [(v["by"], v["n"]) for v in verdicts] == [("bug", 2), (None, 1)]


def test_flags_go_before_the_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "e.jsonl", duels([0.1]))
    (tmp_path / "c.yml").write_text(
        "decide: {margin: 0.2, error_chance: 0.1, value_of_solved_pull_usd: 7}\nserve: {route: own}"
    )
    (verdict,) = decide(capsys, "--evaluations", path, "--config", str(tmp_path / "c.yml"), "--json")
    assert (verdict["margin"], verdict["alpha"], verdict["state"]) == (0.2, 0.05, "switched")
    assert verdict["cost"]["net_usd_per_pull"]["mean"] == pytest.approx(0.7 + 1.8)
    arguments = ["--evaluations", path, "--config", str(tmp_path / "c.yml"), "--margin", "0.1", "--json"]
    assert decide(capsys, *arguments)[0]["margin"] == 0.1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--margin", "5"], "5 points are 0.05"),
        (["--margin", "nan"], "margin: nan"),
        (["--value", "0"], "--value: 0.0 is not above 0"),
        (["--cost-cap-usd", "-1"], "--cost-cap-usd"),
        (["--by", "color"], "no row has a field 'color'; fields here: at, repo"),
        (["absent.jsonl"], "absent.jsonl: no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    path = save(tmp_path / "e.jsonl", duels([0.1]))
    assert run(["decide", "--evaluations", path, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and says in captured.err


def test_nothing_evaluated_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = save(tmp_path / "e.jsonl", [])
    (verdict,) = decide(capsys, "--evaluations", empty, "--json")
    assert verdict["state"] == "training"
    assert decide(capsys, "--evaluations", empty, "--trace") == []
    assert decide(capsys, "--evaluations", empty, "--by", "repo", "--json") == []
    own_only = save(tmp_path / "o.jsonl", [row(1, "own", 0.5)])
    assert decide(capsys, "--evaluations", own_only, "--json")[0]["state"] == "collecting"


def test_a_switch_is_dated_by_a_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "e.jsonl", duels([0.0] * 60))
    (verdict,) = decide(capsys, "--evaluations", path, "--switched-at", "2026-01-02", "--json")
    assert verdict["state"] == "switched" and verdict["audit"]["n"] == 60 - 24
    assert run(["decide", "--evaluations", path, "--switched-at", "yesterday"]) == 2
    assert "--switched-at: 'yesterday' is not a date" in capsys.readouterr().err


def test_what_if_the_hardware_cost_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Own's measured seconds at the new rate, shared by the attempts at once, with the share of idle hours."""
    path = save(tmp_path / "e.jsonl", duels([0.0] * 3, seconds=3600.0))
    config = tmp_path / "c.yml"
    config.write_text('evaluate: {concurrency: 4}\nprices: {"small+a": {gpu_usd_per_hour: 1, gpu_idle_share: 0.5}}')
    arguments = ["--evaluations", path, "--config", str(config), "--json"]
    (recorded,) = decide(capsys, *arguments)
    (what_if,) = decide(capsys, *arguments, "--gpu-usd-per-hour", "2")
    assert recorded["own"]["usd_per_attempt"] == pytest.approx(0.2)
    assert what_if["own"]["usd_per_attempt"] == pytest.approx(2 / 4 / 0.5)
    assert what_if["frontier"] == recorded["frontier"]
    (grouped,) = decide(capsys, *arguments, "--gpu-usd-per-hour", "2", "--by", "repo")
    assert grouped["own"] == what_if["own"]
