"""Token ids that a server gives: asked for only where wanted, kept for training, never sent back."""

from __future__ import annotations

import json
import logging

import pytest

from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.endpoint import Endpoint, Retry
from pipeline.rollout.sandbox import Sandbox
from pipeline.rollout.workspace import Workspace
from pipeline.types import Rollout
from tests.chat_server import SUBMIT, ChatServer, Step, bash, chat_server, fault, raw, say
from tests.rollout.test_agent import FIX

ASK = [{"role": "user", "content": "Hello"}]


def endpoint(server: ChatServer, token_ids: bool = True) -> Endpoint:
    return Endpoint(server.url, "test-model", retry=Retry(tries=2, first_seconds=0.001), token_ids=token_ids)


def with_ids(step: Step, generated: object, prompt: object) -> Step:
    """The reply ``step`` as vLLM gives it when asked for ids."""
    choice = {"index": 0, "message": step["message"], "finish_reason": step["finish"], "token_ids": generated}
    return raw(json.dumps({"choices": [choice], "prompt_token_ids": prompt}).encode())


def rolled(server: ChatServer, workspace: Workspace, sandbox: Sandbox) -> Rollout:
    harness = Harness(endpoint(server), sandbox)
    return roll_out("Fix add", workspace, harness, id="r1", task_id="o/r#1", role="own")


def test_ids_are_asked_for_only_where_wanted() -> None:
    with chat_server(say("Hi.")) as server:
        endpoint(server, token_ids=False).chat(ASK)
        endpoint(server).chat(ASK)
    assert [request.get("return_token_ids") for request in server.requests] == [None, True]


def test_a_server_that_refuses_the_field_is_asked_without_it_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    refused = fault(400, "Unrecognized request argument supplied: return_token_ids")
    with caplog.at_level(logging.WARNING), chat_server(refused, say("Hi."), say("Again.")) as server:
        asked = endpoint(server)
        assert asked.chat(ASK).message == {"role": "assistant", "content": "Hi."}
        asked.chat(ASK)
    assert [request.get("return_token_ids") for request in server.requests] == [True, None, None]
    assert [record.message for record in caplog.records if "gives no token ids" in record.message]


def test_a_rollout_keeps_what_each_turn_was_and_the_last_prompt_and_sends_neither(
    workspace: Workspace, sandbox: Sandbox
) -> None:
    steps = [with_ids(step, [n, 9], list(range(n))) for n, step in enumerate((bash("pwd"), FIX, SUBMIT), 3)]
    with chat_server(*steps) as server:
        rollout = rolled(server, workspace, sandbox)
    turns = [message for message in rollout.messages if message["role"] == "assistant"]
    assert [turn["token_ids"] for turn in turns] == [[3, 9], [4, 9], [5, 9]]
    assert [turn.get("prompt_token_ids") for turn in turns] == [None, None, [0, 1, 2, 3, 4]]
    sent = [message for request in server.requests for message in request["messages"]]
    assert sent and not any({"token_ids", "prompt_token_ids"} & message.keys() for message in sent)
    assert rollout.exit == "submitted"


@pytest.mark.parametrize("ids", [None, [], "12", [1, -2], [1, 2.5], [True], {"a": 1}])
def test_ids_of_another_form_count_as_none(ids: object) -> None:
    with chat_server(with_ids(say("Hi."), ids, ids)) as server:
        assert endpoint(server).chat(ASK).message == {"role": "assistant", "content": "Hi."}


def test_an_endpoint_made_again_elsewhere_asks_as_well() -> None:
    with chat_server(say("Hi.")) as server:
        Endpoint(**endpoint(server).settings()).chat(ASK)
    assert server.requests[0]["return_token_ids"] is True
