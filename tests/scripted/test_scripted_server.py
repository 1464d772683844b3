"""The server as any OpenAI client meets it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.rollout.scripted import NAME, serve
from pipeline.rollout.scripted.usage import tokens
from tests.scripted.player import BASH


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve() as base:
        yield base


def post(url: str, body: Any, path: str = "/chat/completions") -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url + path, data), timeout=100) as answer:
        result: dict[str, Any] = json.load(answer)
        return result


ASK = {"model": NAME, "messages": [{"role": "user", "content": "Problem with `f` in `a.py`."}], "tools": [BASH]}


def test_models_lists_the_one_it_has(url: str) -> None:
    with urllib.request.urlopen(url + "/models", timeout=100) as answer:
        assert [model["id"] for model in json.load(answer)["data"]] == [NAME]


def test_a_completion_has_the_protocols_shape(url: str) -> None:
    answer = post(url, ASK)
    choice = answer["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])["command"].startswith("grep")
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_the_prefix_that_was_sent_before_counts_as_cached(url: str) -> None:
    first = post(url, ASK)
    turn = first["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": turn["tool_calls"][0]["id"], "content": "1:def f(x):"}
    second = post(url, {**ASK, "messages": [*ASK["messages"], turn, result]})
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] == first["usage"]["prompt_tokens"]
    grown = second["usage"]["prompt_tokens"] - first["usage"]["prompt_tokens"]
    assert grown == tokens(turn) + tokens(result) + 6


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        (b"{", "/chat/completions", 400),
        ([], "/chat/completions", 400),
        ({**ASK, "model": "other"}, "/chat/completions", 404),
        ({**ASK, "stream": True}, "/chat/completions", 400),
        ({**ASK, "messages": []}, "/chat/completions", 400),
        ({**ASK, "messages": ["x"]}, "/chat/completions", 400),
        (ASK, "/completions", 404),
    ],
)
def test_what_it_cannot_serve_is_refused_with_a_reason(url: str, body: Any, path: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(url, body, path)
    with refused.value as error:
        assert error.code == status
        assert json.load(error)["error"]["message"]


def test_many_clients_at_once_get_the_same_answer(url: str) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(json.dumps(post(url, ASK)))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 40 and len(set(answers)) == 1


def test_the_module_prints_its_url_and_serves() -> None:
    words = [sys.executable, "-m", "pipeline.rollout.scripted", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            assert post(process.stdout.readline().strip(), ASK)["model"] == NAME
        finally:
            process.kill()


def test_a_taken_port_is_one_line(url: str) -> None:
    port = url.split(":")[2].split("/")[0]
    words = [sys.executable, "-m", "pipeline.rollout.scripted", "--port", port]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=200)
    assert ran.returncode != 0
    assert ran.stderr.strip().splitlines() == [
        f"Error: port {port}: Address already in use; choose another with --port"
    ]
