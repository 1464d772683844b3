"""What an endpoint can do wrong, in front of a rollout: the right exit or another try, never a crash."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest

from pipeline.errors import EndpointError
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.endpoint import ContextExceeded, Endpoint, NoReply, Retry
from pipeline.rollout.sandbox import Sandbox
from pipeline.rollout.workspace import Workspace
from pipeline.types import Rollout
from tests.chat_server import SUBMIT, bash
from tests.rollout.faults import AGAIN, FINAL, FULL, HELLO, Answer, Faulty, faulty, http, refusal, said

QUICK = Retry(tries=3, first_seconds=0.001, cap_seconds=0.01)
ASK = [{"role": "user", "content": "Hello"}]


def endpoint(server: Faulty, **options: Any) -> Endpoint:
    return Endpoint(server.url, "test-model", **{"retry": QUICK, "request_seconds": 60.0, **options})


@pytest.mark.parametrize("name", AGAIN)
def test_what_passes_is_tried_again(name: str) -> None:
    silent = AGAIN[name].end == "hold"
    with faulty(lambda number, _: AGAIN[name] if number == 0 else http(200, HELLO)) as server:
        assert endpoint(server, request_seconds=3.0 if silent else 60.0).chat(ASK).message["content"] == "Hi."
        assert len(server.seen) == 2
        assert server.seen[0] == server.seen[1]


@pytest.mark.parametrize("name", FINAL)
def test_what_does_not_pass_is_raised_at_once(name: str) -> None:
    answer, words = FINAL[name]
    with faulty(lambda *_: answer) as server:
        with pytest.raises(NoReply, match=words):
            endpoint(server, request_seconds=1.0 if answer.pace else 60.0).chat(ASK)
        assert len(server.seen) == 1


@pytest.mark.parametrize("status", [400, 200])
@pytest.mark.parametrize("name", FULL)
def test_a_full_context_is_known_from_every_server(name: str, status: int) -> None:
    with faulty(lambda *_: refusal(status, FULL[name])) as server:
        with pytest.raises(ContextExceeded):
            endpoint(server).chat(ASK)
        assert len(server.seen) == 1


def test_a_server_without_tls() -> None:
    with faulty(lambda *_: http(200, HELLO)) as server:
        secure = Endpoint(server.url.replace("http:", "https:"), "m", retry=QUICK)
        with pytest.raises(EndpointError, match=r"no TLS there.*\(3 tries\)"):
            secure.chat(ASK)


def test_what_was_billed_in_vain_is_told() -> None:
    broken_off = AGAIN["broken off by the server"]
    with faulty(lambda *_: broken_off) as server, pytest.raises(NoReply) as caught:
        endpoint(server).chat(ASK)
    assert (caught.value.usage.tokens_in, caught.value.usage.tokens_out) == (300, 30)


def completion(step: dict[str, Any]) -> Answer:
    return http(200, said(step["message"], finish_reason=step["finish"]), end="keep")


def roll(server: Faulty, workspace: Workspace, sandbox: Sandbox, **options: Any) -> Rollout:
    harness = Harness(endpoint(server, **options), sandbox)
    return roll_out("Fix add", workspace, harness, id="r", task_id="t", role="own")


def test_a_rollout_outlives_all_of_them(workspace: Workspace, sandbox: Sandbox) -> None:
    """One fault before each turn; what the model said and saw is as if there had been none."""
    faults, turns = list(AGAIN.values()), [bash(f"echo {number} >> log") for number in range(len(AGAIN))]

    def answer(number: int, _: bytes) -> Answer:
        turn, second = divmod(number, 2)
        return faults[turn] if not second and turn < len(faults) else completion([*turns, SUBMIT, SUBMIT][turn])

    turns = turns[:-1]
    with faulty(answer) as server:
        rollout = roll(server, workspace, sandbox, request_seconds=5.0)
        sent = [json.loads(body)["messages"] for body in server.seen]
    assert (rollout.exit, rollout.steps, rollout.malformed_calls) == ("submitted", len(AGAIN), 0)
    assert sent[0::2] == sent[1::2], "the same question again"
    assert list(rollout.messages) == [*sent[-1], SUBMIT["message"]]
    assert rollout.tokens_in == 100 * (len(AGAIN) + 1), "one of them was billed"


@pytest.mark.parametrize("name", ["wrong key", "moved", "streamed"])
def test_what_stays_broken_is_an_error_and_no_result(name: str, workspace: Workspace, sandbox: Sandbox) -> None:
    with faulty(lambda number, _: FINAL[name][0] if number else completion(bash("touch new"))) as server:
        rollout = roll(server, workspace, sandbox)
    assert (rollout.exit, rollout.steps, rollout.patch) == ("error", 1, "")
    assert rollout.detail.startswith(f"NoReply: {server.url}")
    assert rollout.tokens_in == 100


def test_what_is_billed_in_vain_is_on_the_rollouts_bill(workspace: Workspace, sandbox: Sandbox) -> None:
    with faulty(lambda *_: AGAIN["broken off by the server"]) as server:
        rollout = roll(server, workspace, sandbox)
    assert (rollout.exit, rollout.tokens_in) == ("error", 300)


def test_after_an_outage_a_crowd_does_not_come_back_in_step() -> None:
    """Told the same moment to come back at once, they spread, and never are more than the pool at once."""
    crowd, pool = 64, 16
    came: list[float] = []
    open_now, most = 0, 0
    lock = threading.Lock()

    def answer(number: int, _: bytes) -> Answer:
        nonlocal open_now, most
        with lock:
            came.append(time.monotonic())
            open_now += 1
            most = max(most, open_now)
        time.sleep(0.005)
        with lock:
            open_now -= 1
        return refusal(503, "down", "Retry-After: 0") if number < crowd else http(200, HELLO, end="keep")

    with faulty(answer) as server:
        model = endpoint(server, pool_size=pool, request_seconds=30.0, retry=Retry(first_seconds=4.0))
        threads = [threading.Thread(target=model.chat, args=(ASK,)) for _ in range(crowd)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(came) == 2 * crowd
    assert most <= pool
    again = sorted(came[crowd:])
    assert again[-1] - again[0] > 0.2, "half of the pause is chance"


def test_pauses_after_a_retry_after_are_not_the_same() -> None:
    pauses = [Retry().pause(3, 5.0) for _ in range(256)]
    assert min(pauses) >= 5.0
    buckets = {int(pause * 10) for pause in pauses}
    assert len(buckets) > 10, "256 of them spread over two seconds"


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = Endpoint(f"http://127.0.0.1:{free.getsockname()[1]}/v1", "m", retry=QUICK)
        with pytest.raises(NoReply, match=r"connection refused.*\(3 tries\)"):
            gone.chat(ASK)
