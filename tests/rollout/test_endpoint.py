"""The endpoint against a real HTTP server: every fault it knows, and that the key shows nowhere."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Sequence

import pytest

from pipeline.errors import EndpointError, InputError
from pipeline.rollout.endpoint import ContextExceeded, Endpoint, Retry
from tests.chat_server import ChatServer, Step, chat_server, fault, hang_up, raw, say, slow, torn, trickle

QUICK = Retry(tries=4, first_seconds=0.001, cap_seconds=0.05)
ASK = [{"role": "user", "content": "Hello"}]
KEY = "sk-very-secret-1234"


def endpoint(server: ChatServer, **options: object) -> Endpoint:
    return Endpoint(server.url, "test-model", KEY, **{"retry": QUICK, "request_seconds": 5.0, **options})  # type: ignore[arg-type]


def test_a_turn_is_what_the_server_said_and_nothing_else() -> None:
    step = say("Hi.", ("bash", {"command": "ls"}), reasoning="I think.", refusal=None, annotations=[], audio=None)
    with chat_server(step) as server:
        reply = endpoint(server).chat(ASK, [{"type": "function"}])
    assert reply.message == {
        "role": "assistant",
        "content": "Hi.",
        "reasoning": "I think.",
        "tool_calls": [
            {"id": "id0", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
        ],
    }
    assert (reply.usage.tokens_in, reply.usage.tokens_out, reply.usage.tokens_cached) == (100, 10, 40)
    assert reply.finish_reason == "tool_calls"
    assert reply.seconds > 0


def test_the_request_is_plain_and_not_streamed() -> None:
    with chat_server(say("Hi.")) as server:
        endpoint(server, temperature=0.5).chat(ASK, max_output_tokens=7, seed=3)
    assert server.requests == [{"model": "test-model", "messages": ASK, "max_tokens": 7, "temperature": 0.5}]


def test_a_seed_is_sent_only_where_the_server_takes_seeds() -> None:
    with chat_server(say("Hi.")) as server:
        endpoint(server, send_seed=True).chat(ASK, seed=3)
        endpoint(server, send_seed=True).chat(ASK)
    assert [request.get("seed") for request in server.requests] == [3, None]


@pytest.mark.parametrize(
    "broken",
    [
        fault(408),
        fault(409),
        fault(429),
        fault(500),
        fault(503),
        hang_up(),
        torn(),
        raw(b"{not json"),
        raw(b'{"choices": []}'),
    ],
    ids=["408", "409", "429", "500", "503", "hang up", "torn", "not json", "no choice"],
)
def test_what_passes_is_tried_again(broken: Step) -> None:
    with chat_server(broken, broken, say("Hi.")) as server:
        assert endpoint(server).chat(ASK).message["content"] == "Hi."
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_final(status: int) -> None:
    with chat_server(fault(status, "Not like this")) as server:
        with pytest.raises(EndpointError, match=rf"test-model.*HTTP {status}: Not like this; "):
            endpoint(server).chat(ASK)
        assert len(server.requests) == 1


def test_the_tries_are_capped() -> None:
    with chat_server(fault(500, "Broken")) as server:
        with pytest.raises(EndpointError, match=r"Broken.*\(4 tries\)"):
            endpoint(server).chat(ASK)
        assert len(server.requests) == QUICK.tries


def test_a_malformed_reply_is_billed_too() -> None:
    billed = raw(b'{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 1}}')
    with chat_server(billed, say("Hi.")) as server:
        usage = endpoint(server).chat(ASK).usage
    assert (usage.tokens_in, usage.tokens_out) == (107, 11)


def test_retry_after_is_honoured_up_to_the_cap() -> None:
    patient = Retry(first_seconds=1, cap_seconds=30)
    assert 12.5 <= patient.pause(0, 12.0) <= 13.0
    assert 30.5 <= patient.pause(0, 3600.0) <= 31.0
    assert 0.5 <= patient.pause(0, None) <= 1.0
    assert 15.0 <= patient.pause(50, None) <= 30.0
    assert 0.5 <= patient.pause(0, 0.0) <= 1.0


def test_a_pause_asked_beyond_the_deadline_ends_the_call() -> None:
    with chat_server(fault(429, "Slow down", Retry_After="20")) as server:
        with pytest.raises(EndpointError, match="Slow down"):
            endpoint(server, retry=Retry()).chat(ASK, seconds=15)
        assert len(server.requests) == 1


@pytest.mark.parametrize("value", ["soon", "nan", "inf", "-5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_is_ignored(value: str) -> None:
    with chat_server(fault(429, Retry_After=value), say("Hi.")) as server:
        assert endpoint(server).chat(ASK).message["content"] == "Hi."


@pytest.mark.parametrize(
    "text",
    [
        "This model's maximum context length is 8192 tokens. However, your prompt contains 9000 input tokens",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "prompt is too long: 208310 tokens > 200000 maximum",
        "the request exceeds the available context size, try increasing it",
    ],
)
def test_a_full_context_has_an_error_of_its_own(text: str) -> None:
    with chat_server(fault(400, text)) as server:
        with pytest.raises(ContextExceeded, match="test-model"):
            endpoint(server).chat(ASK)
        assert len(server.requests) == 1


def test_a_slow_server_meets_the_deadline() -> None:
    with chat_server(slow(60, say("Hi."))) as server, pytest.raises(EndpointError, match="no reply in time"):
        endpoint(server).chat(ASK, seconds=2)


def test_a_trickling_server_meets_the_deadline() -> None:
    with chat_server(trickle(0.02)) as server, pytest.raises(EndpointError, match="too slowly"):
        endpoint(server).chat(ASK, seconds=3)


def test_nobody_listening() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(EndpointError, match=r"connection refused.*\(4 tries\)"):
            Endpoint(url, "test-model", retry=QUICK).chat(ASK)


def test_the_name_of_the_length_option_is_learned_once() -> None:
    refusal = fault(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    with chat_server(refusal, say("Hi.")) as server:
        model = endpoint(server, max_output_tokens=9)
        model.chat(ASK)
        model.chat(ASK)
    assert [("max_tokens" in body, body.get("max_completion_tokens")) for body in server.requests] == [
        (True, None),
        (False, 9),
        (False, 9),
    ]


@pytest.mark.parametrize(
    "broken", [fault(401, f"Incorrect API key: {KEY}"), fault(500, f"bad {KEY}"), hang_up(), torn()]
)
def test_the_key_is_in_the_header_and_nowhere_else(broken: Step, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with chat_server(broken) as server:
        model = endpoint(server)
        with pytest.raises(EndpointError) as caught:
            model.chat(ASK)
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in f"{caught.value} {caught.value!r} {model!r} {caplog.text}"
    assert KEY not in str(server.requests)


def test_without_a_key_no_header_is_sent() -> None:
    with chat_server(say("Hi.")) as server:
        Endpoint(server.url, "test-model").chat(ASK)
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("url", ["", "gpu:8001/v1", "ftp://gpu/v1", "http://", "http://me:pass@gpu/v1"])
def test_an_unusable_url_is_the_users_mistake(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Endpoint(url, "m")
    assert "pass@" not in str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    away = fault(307, "elsewhere", Location="http://127.0.0.1:9/v1")
    with chat_server(away) as server, pytest.raises(EndpointError, match="HTTP 307"):
        endpoint(server).chat(ASK)


CHECKS: list[tuple[Sequence[str] | None, Step, str]] = [
    (("test-model",), fault(500), ""),
    (("test-model-2026-01-01",), say("H"), ""),
    (None, say("H"), ""),
    (("other", "more"), fault(404, "no such model"), "no such model.*it serves other, more"),
    (None, fault(401, "bad key"), "bad key; check the key"),
]


@pytest.mark.parametrize(("served", "answer", "error"), CHECKS)
def test_check(served: Sequence[str] | None, answer: Step, error: str) -> None:
    with chat_server(answer) as server:
        server.models = served
        if not error:
            endpoint(server).check()
        else:
            with pytest.raises(EndpointError, match=error):
                endpoint(server).check()


def test_check_names_a_server_that_is_down() -> None:
    with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:9/v1: model 'm': connection refused"):
        Endpoint("http://127.0.0.1:9/v1", "m").check()


def test_threads_share_one_pool() -> None:
    with chat_server(say("Hi.")) as server:
        model = endpoint(server, pool_size=4)
        threads = [threading.Thread(target=model.chat, args=(ASK,)) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.requests) == 32
