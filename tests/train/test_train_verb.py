"""The verb: recipes and flags, the plan as JSON, the comparison with a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run
from pipeline.train.base import load_template
from pipeline.train.samples import read_conversations
from tests.chat_server import chat_server
from tests.train.test_planted_faults import reply_with, served
from tests.train.tiny import row, samples_file


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run(["train", "--plan", *words]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("plan: ")
    return dict(json.loads(out))


def test_a_plan_needs_no_samples_no_gpu_and_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    shown = planned(capsys, "--recipe", "qlora-32b-80gb")
    assert (shown["recipe"], shown["method"], shown["base"]) == ("qlora-32b-80gb", "qlora", "Qwen/Qwen3-32B")
    assert shown["memory"]["total"] > shown["memory"]["weights"] > 15e9 and shown["seconds"] is None


def test_flags_over_the_recipe_over_the_config(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "switchover.yml"
    config.write_text("train: {base: Qwen/Qwen3-8B, rank: 7, gpus: 3}\nprices: {small: {gpu_usd_per_hour: 2}}\n")
    mine = ["--config", str(config)]
    assert planned(capsys, *mine)["gpus"] == 3
    recipe = planned(capsys, *mine, "--recipe", "lora-8b-24gb", "--rank", "8", "--too-long", "drop")
    assert (recipe["gpus"], recipe["too_long"], recipe["context_tokens"]) == (1, "drop", 12288)
    assert recipe["trained_parameters"] == 8 * planned(capsys, *mine, "--rank", "1")["trained_parameters"]
    samples = samples_file(tmp_path / "s.jsonl", *(row(f"s{n}") for n in range(5)))
    small = planned(capsys, *mine, "--recipe", "trial", "--samples", str(samples))
    assert (small["samples"], small["steps"], small["base"]) == (5, 16, "small") and small["cost_usd"] is not None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--recipe", "lora-8b"], "did you mean 'lora-8b-24gb'"),
        (["--plan", "--base", "nobody/none"], "nobody/none: its config.json is not at hand"),
        (["--plan", "--gpus", "0"], "--gpus: 0 is too small"),
        (["--out", "x"], "Missing option '--samples'"),
        (["--samples", "x"], "Missing option '--out'"),
        (["--samples", "x", "--out", "y", "--server", "http://h/v1"], "give URL#NAME"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert run(["train", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_server_of_the_base_is_compared_before_training(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path
) -> None:
    samples = samples_file(tmp_path / "s.jsonl", row("s1"))
    (sample,), template = read_conversations(samples), load_template(str(tiny))
    prompts = [reply_with(served(template, sample, turn)) for turn in (2, 4)]
    words = ["train", "--samples", str(samples), "--base", str(tiny), "--out", str(tmp_path / "a"), "--max-steps", "1"]
    words += ["--context-tokens", "1024", "--rank", "1"]
    with chat_server(*reversed(prompts)) as server:
        assert run([*words, "--server", f"{server.url}#base"]) == 2
    assert "sample s1: rule 6" in capsys.readouterr().err
    assert not (tmp_path / "a").exists(), "nothing was begun"
    with chat_server(*prompts) as server:
        assert run([*words, "--server", f"{server.url}#base"]) == 0
    out, err = capsys.readouterr()
    assert "makes the 2 prompts that were compared as training reads them" in err and out.startswith(str(tmp_path))
    assert server.requests[0]["max_tokens"] == 1 and server.requests[0]["return_token_ids"] is True
