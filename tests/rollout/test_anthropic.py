"""The Anthropic dialect against a server that refuses whatever its reference forbids."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cost import cost_usd
from pipeline.errors import EndpointError
from pipeline.rollout import anthropic
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.conversation import Conversation
from pipeline.rollout.dialect import ANTHROPIC, OPENAI, dialect_of
from pipeline.rollout.endpoint import ContextExceeded, Endpoint, Retry, Usage
from pipeline.rollout.loop import RolloutLimits
from pipeline.rollout.sandbox import Sandbox
from pipeline.rollout.tools import tool_set
from pipeline.rollout.workspace import Workspace
from pipeline.settings import Price
from tests.anthropic_server import SUBMIT, Messages, anthropic_server, check, error, text, turn, use

QUICK = Retry(tries=3, first_seconds=0.001, cap_seconds=0.01)
ASK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
BASH = tool_set("bash").schemas


def endpoint(api: Messages, key: str | None = "", **options: Any) -> Endpoint:
    given_key = api.key if key == "" else key
    return Endpoint(f"anthropic+{api.url}", "claude-test", given_key, retry=QUICK, request_seconds=10, **options)


def test_the_url_tells_the_dialect() -> None:
    assert dialect_of("https://api.anthropic.com/v1") == (ANTHROPIC, "https://api.anthropic.com/v1")
    assert dialect_of("anthropic+http://gate:1/v1") == (ANTHROPIC, "http://gate:1/v1")
    assert dialect_of("https://api.anthropic.com.evil.example/v1")[0] is OPENAI
    assert dialect_of("http://[half")[0] is OPENAI


def test_a_turn_comes_back_in_our_form() -> None:
    thinking = {"type": "thinking", "thinking": "Look first.", "signature": "c2ln"}
    with anthropic_server(turn(thinking, text("I look."), use("ls"))) as api:
        reply = endpoint(api).chat(ASK, BASH)
    assert reply.message == {
        "role": "assistant",
        "content": "I look.",
        "thinking_blocks": [thinking],
        "tool_calls": [
            {"id": "toolu_01A", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
        ],
    }
    assert reply.finish_reason == "tool_calls"
    sent = api.requests[0]
    assert sent["system"] == [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    assert sent["tools"][0]["input_schema"] == BASH[0]["function"]["parameters"]
    assert sent["max_tokens"] == 4096 and "temperature" not in sent
    assert api.headers[0]["anthropic-version"] == "2023-06-01" and "Authorization" not in api.headers[0]


@pytest.mark.parametrize(
    ("stop", "finish"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("refusal", "content_filter"), ("pause_turn", "pause_turn")],
)
def test_stop_reasons(stop: str, finish: str) -> None:
    with anthropic_server(turn(text("Hi."), stop=stop)) as api:
        assert endpoint(api).chat(ASK).finish_reason == finish


def test_what_passes_is_tried_again_and_the_rest_is_final() -> None:
    overloaded = error(529, "overloaded_error", "Overloaded")
    limited = error(429, "rate_limit_error", "slow down", Retry_After="0")
    with anthropic_server(overloaded, limited, turn(text("Hi."))) as api:
        assert endpoint(api).chat(ASK).message["content"] == "Hi."
    with anthropic_server(overloaded) as api, pytest.raises(EndpointError, match=r"HTTP 529: Overloaded.*\(3 tries\)"):
        endpoint(api).chat(ASK)
    with anthropic_server(error(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum")) as api:
        with pytest.raises(ContextExceeded):
            endpoint(api).chat(ASK)
        assert len(api.requests) == 1
    with anthropic_server(turn(text("Hi."))) as api, pytest.raises(EndpointError, match="check the key") as caught:
        endpoint(api, key="sk-ant-wrong").chat(ASK)
    assert "sk-ant" not in str(caught.value)


def test_check_asks_for_the_models() -> None:
    with anthropic_server(turn(text("Hi."))) as api:
        endpoint(api).check()
        assert api.requests == []


def test_a_whole_rollout_reads_its_own_cache(workspace: Workspace, sandbox: Sandbox) -> None:
    """Instructions, several calls at once, a malformed turn, a submission: all by the API's rules."""
    steps = [
        turn(text("Two at once."), use("cat src/app.py", "toolu_1"), use("ls", "toolu_2")),
        turn(text("I forgot the tool.")),
        turn(use("printf 'def add(a, b):\\n\\treturn a + b\\n' > src/app.py; true", "toolu_3")),
        SUBMIT,
    ]
    price = Price(
        usd_per_million_in=3.0, usd_per_million_cached=0.3, usd_per_million_cache_write=3.75, usd_per_million_out=15.0
    )
    with anthropic_server(*steps) as api:
        harness = Harness(endpoint(api), sandbox, limits=RolloutLimits(context_tokens=200_000), price=price)
        rollout = roll_out("Fix add", workspace, harness, id="r", task_id="o/r#1", role="frontier")
    assert api.faults == []
    assert (rollout.exit, rollout.steps, rollout.malformed_calls) == ("submitted", 4, 1)
    assert "+\treturn a + b" in rollout.patch
    usages = [anthropic.usage_of(api_usage) for api_usage in replayed_usages(api)]
    total = sum(usages, Usage())
    assert (rollout.tokens_in, rollout.tokens_cached) == (total.tokens_in, total.tokens_cached)
    assert rollout.tokens_cached > rollout.tokens_cache_written > 0
    fresh = rollout.tokens_in - rollout.tokens_cached - rollout.tokens_cache_written
    assert rollout.cost_usd == pytest.approx(
        (fresh * 3 + rollout.tokens_cached * 0.3 + rollout.tokens_cache_written * 3.75 + rollout.tokens_out * 15) / 1e6
    )
    assert all(turn["tokens_cached"] > 0 for turn in rollout.turns[1:]), "every turn but the first reads the cache"


def replayed_usages(api: Messages) -> list[dict[str, int]]:
    """What the server counted, computed again by a fresh one from the same requests."""
    again = Messages(api.url, api.key, api.steps)
    return [again.usage(body, step["content"]) for body, step in zip(api.requests, api.steps, strict=True)]


CALL = {"id": "t1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
ROUNDS = st.lists(
    st.one_of(
        st.builds(lambda said, out: [
            {"role": "assistant", "content": said, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "t1", "content": out},
        ], st.none() | st.text(max_size=5), st.text(max_size=5)),
        st.builds(lambda said, told: [{"role": "assistant", "content": said}, {"role": "user", "content": told}],
                  st.text(max_size=5), st.text(max_size=5)),
        st.builds(lambda told: [{"role": "user", "content": told}], st.text(max_size=5)),
    ),
    max_size=5,
)  # fmt: skip


@given(ROUNDS, st.text(max_size=5))
def test_any_conversation_of_ours_keeps_the_rules(rounds: list[list[dict[str, Any]]], system: str) -> None:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": "Go"}, *itertools.chain(*rounds)]
    body = b"".join(anthropic.request("m", Conversation(messages), BASH, {"max_tokens": 9, "temperature": 0.0}))
    sent = json.loads(body)
    check(sent)
    assert sent["temperature"] == 0.0


def test_cached_prompts_are_priced_apart() -> None:
    usage = anthropic.usage_of({"input_tokens": 10, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 10})
    assert usage == Usage(tokens_in=100, tokens_cached=80, tokens_cache_written=10)
    price = Price(usd_per_million_in=1e6, usd_per_million_cached=0.0, usd_per_million_out=0.0)
    assert cost_usd(price, usage, 0) == pytest.approx(20), (
        "without a price of its own, writing costs as other tokens do"
    )
