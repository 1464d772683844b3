"""The engines' commands, and the small server end to end with the tiny model and an adapter on it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from pipeline.errors import InputError, RunError
from pipeline.serve import Served, serving
from pipeline.serve.devices import parts
from pipeline.serve.engines import RANKS, Start, vllm
from pipeline.settings import TrainConfig
from pipeline.train import train
from tests.train.tiny import BASH, make_model, row, samples_file


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def adapter(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that has learnt one sample by heart."""
    folder = tmp_path_factory.mktemp("adapter")
    samples = samples_file(folder / "samples.jsonl", row("s1"))
    config = TrainConfig(rank=32, context_tokens=1024, learning_rate=5e-3, epochs=60, accumulate=1)
    train(samples, str(tiny), folder / "out", config=config)
    return folder / "out"


@pytest.fixture(scope="module")
def served(tiny: Path, adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("serve") / "log"
    with serving(str(tiny), adapter, engine="transformers", log=log, max_model_len=1024) as served:
        yield served


def post(served: Served, body: dict[str, Any], path: str = "/chat/completions") -> tuple[int, dict[str, Any]]:
    answer = urllib3.request("POST", served.url + path, json=body, timeout=60, retries=False)
    return answer.status, answer.json()


def ask(served: Served, model: str | None, **more: Any) -> tuple[int, dict[str, Any]]:
    messages = row("s1")["messages"][:2]
    return post(served, {"model": model, "messages": messages, "tools": [BASH], "temperature": 0, **more})


def test_own_has_learnt_the_call_and_base_has_not(served: Served) -> None:
    status, own = ask(served, served.own_model, max_tokens=300)
    message = own["choices"][0]["message"]
    assert status == 200 and own["choices"][0]["finish_reason"] == "tool_calls"
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"command": "grep -n s1 a.py"}
    assert message["content"] == "I look."
    _, base = ask(served, served.base_model, max_tokens=20)
    assert "tool_calls" not in base["choices"][0]["message"] and base["choices"][0]["finish_reason"] == "length"
    assert base["usage"] == {
        "prompt_tokens": own["usage"]["prompt_tokens"],
        "completion_tokens": 20,
        "total_tokens": own["usage"]["prompt_tokens"] + 20,
    }


def test_a_seed_repeats(served: Served) -> None:
    drawn = [ask(served, served.base_model, max_tokens=12, temperature=1.0, seed=s)[1]["choices"] for s in (5, 5, 6)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_mistakes_are_answered(served: Served) -> None:
    assert ask(served, "other")[0] == 404
    assert post(served, {"model": "own"})[0] == 400
    assert post(served, {}, "/nothing")[0] == 404
    status, body = post(served, {"model": "own", "messages": [{"role": "user", "content": "x y z " * 2000}]})
    assert status == 400 and "maximum model length" in body["error"]["message"]


def test_it_says_what_it_cannot_do(served: Served) -> None:
    for beyond in (
        {"stream": True},
        {"n": 2},
        {"tool_choice": "required"},
        {"tool_choice": {"type": "function", "function": {"name": "bash"}}},
        {"response_format": {"type": "json_object"}},
        {"stop": ["x"]},
    ):
        status, body = ask(served, "own", **beyond)
        assert status == 400 and "--engine vllm" in body["error"]["message"], beyond
        assert next(iter(beyond)) in body["error"]["message"]
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    assert "image_url" in ask(served, "own", messages=image)[1]["error"]["message"]
    for path in ("/messages", "/load_lora_adapter"):
        status, body = post(served, {}, path)
        assert status == 404 and "--engine vllm" in body["error"]["message"]
    assert ask(served, "own", stream=False, n=1, tool_choice="auto", stop=None, max_tokens=1)[0] == 200


def test_bodies_that_are_none(served: Served) -> None:
    for body in (b"", b"{", b"[]", b"3", b"\xff"):
        answer = urllib3.request("POST", served.url + "/chat/completions", body=body, timeout=60, retries=False)
        assert answer.status == 400 and "bad request" in answer.json()["error"]["message"], body
    chunked = iter([b"{", b"}"])
    assert urllib3.request("POST", served.url + "/completions", body=chunked, retries=False).status == 411


def test_the_models_are_listed(served: Served) -> None:
    listed = urllib3.request("GET", served.url + "/models").json()["data"]
    assert [model["id"] for model in listed] == ["base", "own"]


def changed(adapter: Path, folder: Path, **values: Any) -> Path:
    shutil.copytree(adapter, folder)
    probe = json.loads((folder / "probe.json").read_text()) | values
    (folder / "probe.json").write_text(json.dumps(probe))
    return folder


def test_an_adapter_without_effect_is_refused(tiny: Path, adapter: Path, tmp_path: Path) -> None:
    dead = changed(adapter, tmp_path / "dead")
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(dead / "adapter_model.safetensors")
    save_file({name: torch.zeros_like(w) for name, w in weights.items()}, dead / "adapter_model.safetensors")
    with (
        pytest.raises(RunError, match="changes nothing"),
        serving(str(tiny), dead, engine="transformers", log=tmp_path / "log", max_model_len=1024),
    ):
        pytest.fail("served an adapter that does nothing")


def test_another_prompt_than_in_training_is_refused(tiny: Path, adapter: Path, tmp_path: Path) -> None:
    other = changed(adapter, tmp_path / "other", prompt_token_ids=[1, 2, 3])
    with (
        pytest.raises(RunError, match="another prompt"),
        serving(str(tiny), other, engine="transformers", log=tmp_path / "log", max_model_len=1024),
    ):
        pytest.fail("served a prompt that was not trained on")


def test_users_mistakes(tiny: Path, tmp_path: Path) -> None:
    def fails(says: str, base: str = str(tiny), adapter: Path | None = None, engine: str = "transformers") -> None:
        with pytest.raises(InputError, match=says), serving(base, adapter, engine=engine, log=tmp_path / "log"):
            pytest.fail("served")

    fails("not known", engine="magic")
    fails("no such model folder", base="./nowhere")
    fails("no adapter", adapter=tmp_path)


def test_the_small_server_takes_nothing_of_vllms(tiny: Path, tmp_path: Path) -> None:
    def fails(says: str, **more: Any) -> None:
        with (
            pytest.raises(InputError, match=says),
            serving(str(tiny), None, engine="transformers", log=tmp_path / "log", **more),
        ):
            pytest.fail("served")

    fails("loads no adapter while it runs", follow=True)
    fails("--gpu-memory-utilization", more=("--gpu-memory-utilization", "0.9"))
    import torch

    if not torch.cuda.is_available():
        fails("this machine shows none", tensor_parallel=2)


def test_gpus_are_dealt_out_in_order() -> None:
    assert parts(("4", "5", "6", "7"), 2, 2) == [("4", "5"), ("6", "7")]
    assert parts(("GPU-a", "GPU-b", "GPU-c"), 3, 1) == [("GPU-a",), ("GPU-b",), ("GPU-c",)]


def test_what_a_replica_gets_reaches_vllm(tiny: Path) -> None:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    start = Start(str(tiny), None, 8000, 4096, tensor_parallel=2, devices=("6", "7"), more=("--seed", "3"))
    command = vllm(start)
    assert command.environment["CUDA_VISIBLE_DEVICES"] == "6,7"
    assert "--tensor-parallel-size 2" in " ".join(command.arguments) and command.arguments[-2:] == ("--seed", "3")
    assert "CUDA_VISIBLE_DEVICES" not in vllm(Start(str(tiny), None, 8000, 4096)).environment


def test_vllm_gets_the_adapters_own_template_and_a_rank_it_has_kernels_for(tiny: Path, adapter: Path) -> None:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    command = vllm(Start(str(tiny), adapter, 8000, 4096))
    flags = " ".join(command.arguments)
    assert f"--chat-template {adapter / 'chat_template.jinja'}" in flags
    assert f"--max-lora-rank {RANKS[2]} " in flags and "--enable-auto-tool-choice" in flags
    assert "--enable-lora" not in " ".join(vllm(Start(str(tiny), None, 8000, 4096)).arguments)
