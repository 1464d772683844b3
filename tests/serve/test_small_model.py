"""The small real model, end to end: train, hot-load into vLLM, and ask held-out tasks with tools."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3

from pipeline.config import cache_dir
from pipeline.serve import serving
from pipeline.settings import TrainConfig
from pipeline.train import train
from pipeline.train.small_model import small_model
from tests.train.tiny import BASH, SUBMIT, call, result, row, samples_file

pytestmark = pytest.mark.model

SYSTEM = {"role": "system", "content": "You are a programmer working in a code repository with a shell."}
WORDS = ("parse_date", "read_config", "split_words", "close_file", "to_json", "find_root", "open_socket", "sum_rows")
HELD_OUT = ("draw_line", "merge_lists", "load_image", "send_mail", "count_bits", "make_token")


def task(word: str) -> dict[str, Any]:
    return {
        "role": "user",
        "content": f"Mend this: `{word}` in src/{word[:4]}.py is not safe. Find it, edit it, submit.",
    }


def learnt(word: str) -> dict[str, Any]:
    path = f"src/{word[:4]}.py"
    return row(
        word,
        SYSTEM,
        task(word),
        call(f"grep -nw {word} {path}", f"I look for `{word}`."),
        result(f'{{"returncode": 0, "output": "7:def {word}(value):\\n"}}'),
        call(f"sed -n '7,20p' {path}", f"I read `{word}`."),
        result(f'{{"returncode": 0, "output": "def {word}(value):\\n    return value\\n"}}'),
        call(SUBMIT, "The edit is as I want it."),
    )


def valid(url: str, model: str, word: str) -> bool:
    """Whether the model's first turn is a call of bash with a command."""
    asked = {"model": model, "messages": [SYSTEM, task(word)], "tools": [BASH], "temperature": 0, "max_tokens": 96}
    answer = urllib3.request("POST", f"{url}/chat/completions", json=asked, timeout=120, retries=False)
    assert answer.status == 200, answer.data
    calls = answer.json()["choices"][0]["message"].get("tool_calls") or []
    try:
        return bool(calls) and isinstance(json.loads(calls[0]["function"]["arguments"])["command"], str)
    except (ValueError, KeyError, TypeError):
        return False


@pytest.mark.timeout(900)
def test_training_teaches_the_small_model_to_call_tools_through_vllm(tmp_path: Path) -> None:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    base = str(small_model(cache_dir()))
    samples = samples_file(tmp_path / "samples.jsonl", *map(learnt, WORDS))
    config = TrainConfig(rank=16, context_tokens=1024, learning_rate=3e-3, epochs=2.0, accumulate=1)
    card = train(samples, base, tmp_path / "adapter", config=config)
    assert card.steps == 2 * len(WORDS) and card.loss is not None and card.first_loss is not None
    assert card.loss < card.first_loss / 2
    with serving(base, tmp_path / "adapter", log=tmp_path / "log", max_model_len=2048) as served:
        assert served.own_model is not None
        asked = [(name, word) for word in HELD_OUT for name in (served.own_model, served.base_model)]
        with ThreadPoolExecutor(len(asked)) as pool:  # in one batch: base must not answer with own's adapter
            answers = list(pool.map(lambda ask: valid(served.url, *ask), asked))
    own, untrained = answers[0::2], answers[1::2]
    assert sum(own) >= 5, own
    assert sum(untrained) <= 1, untrained
