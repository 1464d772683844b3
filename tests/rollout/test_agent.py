"""Whole rollouts: every exit, what is stored, what is counted. Real sandbox, real checkout, real HTTP."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline import jsonl
from pipeline.errors import InputError, SandboxUnavailable
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Endpoint, Usage
from pipeline.rollout.workspace import Workspace
from pipeline.settings import Price
from pipeline.types import Rollout, from_json, to_json
from tests.chat_server import SUBMIT, Step, bash, chat_server, fault, hang_up, say, slow
from tests.rollout.conftest import Start

FIX = bash("sed -i 's/a - b/a + b/' src/app.py")
LOOK = bash("cat src/app.py")


def contents(rollout: Rollout, role: str) -> list[Any]:
    return [message["content"] for message in rollout.messages if message["role"] == role]


def test_submitted(roll: Start) -> None:
    with chat_server(LOOK, FIX, SUBMIT) as server:
        rollout = roll(server)
    assert rollout.exit == "submitted"
    assert "-\treturn a - b\n+\treturn a + b\n" in rollout.patch
    assert rollout.patch.startswith("diff --git a/src/app.py b/src/app.py\n")
    assert (rollout.steps, rollout.tool_calls, rollout.malformed_calls) == (3, 3, 0)
    assert (rollout.tokens_in, rollout.tokens_out, rollout.tokens_cached) == (300, 30, 120)
    assert (rollout.id, rollout.task_id, rollout.role, rollout.attempt, rollout.seed) == ("r1", "o/r#1", "own", 1, 7)
    assert rollout.model == "test-model"
    assert rollout.cheat_marks == ()
    assert rollout.seconds > 0


def test_messages_are_what_the_endpoint_saw_and_said(roll: Start) -> None:
    with chat_server(say(None, ("bash", {"command": "pwd"}), reasoning="Where am I?"), FIX, SUBMIT) as server:
        rollout = roll(server)
    *seen, last = rollout.messages
    assert seen == server.requests[-1]["messages"]
    assert last == {**SUBMIT["message"]}
    assert list(rollout.tools) == server.requests[-1]["tools"]
    assert [message["role"] for message in rollout.messages] == [
        "system",
        "user",
        *["assistant", "tool"] * 2,
        "assistant",
    ]
    assert rollout.messages[2]["reasoning"] == "Where am I?"
    allowed = {"role", "content", "tool_calls", "tool_call_id", "reasoning"}
    assert all(set(message) <= allowed for message in rollout.messages)


def test_a_conversation_only_grows(roll: Start) -> None:
    """On the wire, byte for byte, by what the model said and then by what it sees: the server's prefix cache fits."""
    unparsed, thought = say("Hm", ("bash", '{"command": "ls')), say(None, ("bash", {"command": "ls"}), reasoning="Hm.")
    both = say(
        "é \ud83d", ("bash", {"command": "true"}), ("bash", {"command": "printf '\\351'"}), reasoning_content="H"
    )
    with chat_server(LOOK, say("Hm."), unparsed, thought, both, FIX, SUBMIT) as server:
        rollout = roll(server)
    sent = [_messages(body) for body in server.bodies]
    for before, after in itertools.pairwise(sent):
        assert after.startswith(before)
    said = [json.dumps(message, separators=(",", ":")).encode() for message in rollout.messages]
    assert sent[-1] == b"[" + b",".join(said[:-1])
    for number, body in enumerate(sent[1:]):
        spoken = [m for m in rollout.messages if m["role"] == "assistant"][number]
        assert body[len(sent[number]) :].startswith(b"," + json.dumps(spoken, separators=(",", ":")).encode())


def _messages(body: bytes) -> bytes:
    """A request's messages as they were sent, without the closing bracket."""
    return body.partition(b',"messages":')[2].rpartition(b'],"tools":')[0]


def test_a_rollout_is_a_line_of_jsonl(roll: Start, tmp_path: Path) -> None:
    with chat_server(bash("printf 'x\\351' > latin.txt; head -c 99 /dev/urandom"), SUBMIT) as server:
        rollout = roll(server)
    with jsonl.Writer(tmp_path / "rollouts.jsonl") as writer:
        writer.write(to_json(rollout))
    (row,) = jsonl.read(tmp_path / "rollouts.jsonl")
    assert from_json(Rollout, row) == rollout
    assert b"+x\xe9\n" in rollout.patch.encode("utf-8", "surrogateescape")


def test_no_patch(roll: Start) -> None:
    with chat_server(LOOK, SUBMIT) as server:
        rollout = roll(server)
    assert (rollout.exit, rollout.patch) == ("no_patch", "")


def test_step_limit_keeps_the_patch(roll: Start) -> None:
    with chat_server(FIX, LOOK) as server:
        rollout = roll(server, steps=4)
        assert len(server.requests) == 4
    assert (rollout.exit, rollout.steps) == ("step_limit", 4)
    assert rollout.messages[-1]["role"] == "tool"
    assert "+\treturn a + b" in rollout.patch


def test_time_limit_between_turns_and_in_a_command(roll: Start) -> None:
    with chat_server(FIX, bash("sleep 600")) as server:
        rollout = roll(server, seconds=8)
    assert rollout.exit == "time_limit"
    assert "+\treturn a + b" in rollout.patch
    assert rollout.seconds < 300


def test_time_limit_in_a_call(roll: Start) -> None:
    with chat_server(FIX, slow(60, SUBMIT)) as server:
        rollout = roll(server, seconds=8)
    assert rollout.exit == "time_limit"
    assert "+\treturn a + b" in rollout.patch


def test_cost_limit(roll: Start) -> None:
    price = Price(usd_per_million_in=10_000, usd_per_million_cached=0, usd_per_million_out=10_000)
    with chat_server(FIX, LOOK) as server:
        rollout = roll(server, usd=1.3, harness={"price": price})
    assert (rollout.exit, rollout.steps) == ("cost_limit", 2)
    assert rollout.cost_usd == pytest.approx(2 * 0.7)
    assert "+\treturn a + b" in rollout.patch


def test_a_limit_says_which_one_it_was(roll: Start) -> None:
    price = Price(usd_per_million_in=10_000, usd_per_million_cached=0, usd_per_million_out=10_000)
    with chat_server(FIX, LOOK) as server:
        assert "1.4 USD of 1.3" in roll(server, usd=1.3, harness={"price": price}).detail


def test_token_limit(roll: Start) -> None:
    with chat_server(FIX, say("a"), LOOK) as server:  # 110 tokens a turn, malformed ones too
        rollout = roll(server, tokens=330)
    assert (rollout.exit, rollout.steps) == ("cost_limit", 3)
    assert rollout.detail == "330 tokens of 330 for one rollout are used"
    assert "+\treturn a + b" in rollout.patch


def test_watched_after_each_turn(roll: Start) -> None:
    seen: list[Usage] = []
    with chat_server(FIX, say("a"), LOOK, SUBMIT) as server:
        rollout = roll(server, given={"watch": seen.append})
    assert seen == [Usage(100, 10, 40)] * rollout.steps


def test_the_usage_of_each_turn_is_kept(roll: Start) -> None:
    with chat_server(FIX, say("a"), SUBMIT) as server:
        rollout = roll(server)
    assert rollout.turns == ({"tokens_in": 100, "tokens_out": 10, "tokens_cached": 40},) * rollout.steps


def test_stopped_by_the_caller_there_is_no_result_but_a_bill(roll: Start) -> None:
    seen: list[Usage] = []
    stop = {"watch": seen.append, "stop": lambda: len(seen) >= 2}
    with chat_server(FIX, LOOK) as server, pytest.raises(Stopped) as stopped:
        roll(server, given=stop)
    assert stopped.value.usage == Usage(200, 20, 80) and stopped.value.seconds > 0
    assert len(server.requests) == 2


def test_a_shared_gpu_is_paid_by_share(roll: Start) -> None:
    with chat_server(SUBMIT) as server:
        rollout = roll(server, harness={"price": Price(gpu_usd_per_hour=3600.0), "sharing": 4})
    assert rollout.cost_usd == pytest.approx(rollout.seconds / 4, abs=0.01)


def test_context_limit_by_the_server(roll: Start) -> None:
    with chat_server(FIX, fault(400, "This model's maximum context length is 8192 tokens.")) as server:
        rollout = roll(server)
    assert (rollout.exit, rollout.steps) == ("context_limit", 1)
    assert "+\treturn a + b" in rollout.patch


def test_context_limit_by_the_count(roll: Start) -> None:
    with chat_server(FIX, LOOK) as server:
        server.usage = {"prompt_tokens": 7000, "completion_tokens": 200}
        rollout = roll(server, context_tokens=7200)
    assert (rollout.exit, rollout.steps) == ("context_limit", 1)


def test_told_once_before_the_context_is_full(roll: Start) -> None:
    with chat_server(FIX, LOOK, LOOK, SUBMIT) as server:
        server.usage = {"prompt_tokens": 6000, "completion_tokens": 100}
        rollout = roll(server, context_tokens=8192, output_tokens=1024, harness={"prompt": "compact"})
    assert rollout.exit == "submitted"
    told = [message for message in rollout.messages[2:] if message["role"] == "user"]
    assert len(told) == 1
    assert "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT" in told[0]["content"]
    assert told[0] in server.requests[1]["messages"]


def test_a_turn_is_never_asked_to_grow_beyond_the_context(roll: Start) -> None:
    with chat_server(FIX, SUBMIT) as server:
        server.usage = {"prompt_tokens": 7900, "completion_tokens": 100}
        roll(server, context_tokens=8192, output_tokens=1024)
        first, second = (request["max_tokens"] for request in server.requests)
    assert first == 1024
    assert 128 <= second <= 192


def test_a_turn_that_does_not_fit_is_asked_for_once_more_and_shorter(roll: Start) -> None:
    full = fault(400, "This model's maximum context length is 8192 tokens and your request has 8000 input tokens")
    with chat_server(FIX, full, SUBMIT) as server:
        rollout = roll(server)
        assert [request["max_tokens"] for request in server.requests] == [4096, 4096, 128]
    assert (rollout.exit, rollout.steps) == ("submitted", 2)


BROKEN: list[tuple[Step, int, str]] = [
    (say("I am done."), 0, "No tool calls found"),
    (say('<tool_call>\n{"name": "bash", "arguments": {"command": "ls}\n</tool_call>'), 0, "must be valid JSON"),
    (say("Hm", ("bash", '{"command": "ls')), 0, "Error parsing tool call arguments"),
    (say("Hm", ("bash", "[1]")), 0, "must be a JSON object"),
    (say("Hm", ("bash", "[" * 100_000)), 0, "Error parsing tool call arguments"),
    (say("Hm", ("browser", {"url": "x"})), 1, "Unknown tool 'browser'"),
    (say("Hm", ("bash", {"cmd": "ls"})), 1, "Missing 'command'"),
    (say("Hm", ("bash", {"command": ["ls"]})), 1, "must be a text"),
    (say("Hm", ("bash", {"command": "l\0s"})), 1, "NUL"),
    (say("Hm", ("bash", {"command": "\ud800"})), 1, "surrogate"),
    (say("Hm", ("bash", {"command": "touch ran"}), ("browser", {})), 2, "Unknown tool 'browser'"),
]


@pytest.mark.parametrize(("broken", "answers", "error"), BROKEN)
def test_a_malformed_turn_stays_beside_its_error(roll: Start, broken: Step, answers: int, error: str) -> None:
    with chat_server(broken, FIX, SUBMIT) as server:
        rollout = roll(server)
    assert (rollout.exit, rollout.malformed_calls, rollout.tool_calls, rollout.steps) == ("submitted", 1, 2, 3)
    assert rollout.tokens_in == 300, "a malformed turn is billed"
    turn, reply = rollout.messages[2:4]
    assert turn["role"] == "assistant"
    assert broken["message"]["content"] in turn["content"]
    assert error in reply["content"]
    assert reply["role"] == ("tool" if answers else "user")
    assert len([message for message in rollout.messages[2:6] if error in message["content"]]) == max(1, answers)
    assert "ran" not in rollout.patch, "no call of a malformed turn is carried out"


def test_arguments_that_no_server_takes_back_are_sent_as_the_text_they_were(roll: Start) -> None:
    with chat_server(say("Hm", ("bash", '{"command": "ls')), SUBMIT) as server:
        roll(server)
    turn = server.requests[1]["messages"][2]
    assert turn == {
        "role": "assistant",
        "content": 'Hm\n<tool_call>\n{"name": "bash", "arguments": {"command": "ls}\n</tool_call>',
    }


def test_three_malformed_turns_in_a_row_end_it(roll: Start) -> None:
    with chat_server(FIX, say("a"), say("b"), say("c"), SUBMIT) as server:
        rollout = roll(server)
    assert (rollout.exit, rollout.malformed_calls, rollout.tool_calls) == ("malformed", 3, 1)
    assert contents(rollout, "assistant")[1:] == ["a", "b", "c"]
    assert rollout.messages[-1]["role"] == "user"
    assert "+\treturn a + b" in rollout.patch


def test_a_good_turn_between_forgives(roll: Start) -> None:
    with chat_server(say("a"), say("b"), LOOK, say("a"), say("b"), SUBMIT) as server:
        assert roll(server).malformed_calls == 4


def test_cut_off_by_the_token_limit_says_so(roll: Start) -> None:
    with chat_server(say("I think and think", finish="length"), SUBMIT) as server:
        rollout = roll(server)
    assert "output token limit" in rollout.messages[3]["content"]


@pytest.mark.parametrize("broken", [fault(500, "Out of memory"), hang_up(), fault(401, "sk-key is wrong")])
def test_a_failure_of_ours_is_the_exit_error(roll: Start, broken: Step) -> None:
    with chat_server(FIX, broken) as server:
        rollout = roll(server)
    assert (rollout.exit, rollout.patch, rollout.steps) == ("error", "", 1)
    assert rollout.detail.startswith(f"NoReply: {server.url}")
    assert "sk-key" not in json.dumps(to_json(rollout))
    assert rollout.tokens_in == 100, "what was billed before the failure counts"
    assert rollout.messages[-1]["role"] == "tool"


def test_a_sandbox_that_is_missing_is_no_result(workspace: Workspace) -> None:
    class Missing:
        from pipeline.rollout.sandbox import Limits

        limits = Limits()

        def run(self, *args: object, **kwargs: object) -> None:
            raise SandboxUnavailable("no bubblewrap")

    with chat_server(FIX) as server, pytest.raises(SandboxUnavailable):
        harness = Harness(Endpoint(server.url, "m"), Missing())  # type: ignore[arg-type]
        roll_out("x", workspace, harness, id="r", task_id="t", role="base")


@pytest.mark.parametrize("wrong", [{"tools": "emacs"}, {"prompt": "shakespeare"}])
def test_an_unknown_setup_is_the_users_mistake(roll: Start, wrong: dict[str, str]) -> None:
    with chat_server(FIX) as server, pytest.raises(InputError, match="choose one of"):
        roll(server, harness=wrong)


def test_marks_of_attempts_at_the_answer(roll: Start) -> None:
    with chat_server(bash("git log --all -p"), bash("curl -m 2 https://example.org/fix.patch"), SUBMIT) as server:
        rollout = roll(server)
    assert {"git_history", "network"} <= set(rollout.cheat_marks)


def test_a_command_limit_is_told_and_does_not_end_the_rollout(roll: Start) -> None:
    with chat_server(bash("echo before; sleep 600"), FIX, SUBMIT) as server:
        rollout = roll(server, command_seconds=6)
    observation = json.loads(contents(rollout, "tool")[0])
    assert observation["returncode"] == 124
    assert observation["output"] == "before\n"
    assert observation["exception_info"] == "The command was stopped after 6 seconds."
    assert rollout.exit == "submitted"


def test_a_long_output_is_cut_and_counted(roll: Start) -> None:
    with chat_server(bash("seq 1 1000000"), SUBMIT) as server:
        rollout = roll(server)
    observation = json.loads(contents(rollout, "tool")[0])
    assert observation["output_head"].startswith("1\n2\n")
    assert observation["output_tail"].endswith("999999\n1000000\n")
    assert len(observation["output_head"]) == len(observation["output_tail"]) == 5000
    assert observation["elided_chars"] == 6888896 - 10000


def test_a_command_longer_than_an_argument_may_be(roll: Start) -> None:
    with chat_server(bash("echo " + "x" * 200_000), SUBMIT) as server:
        rollout = roll(server)
    assert json.loads(contents(rollout, "tool")[0])["returncode"] == 126
    assert rollout.exit == "no_patch"


def test_several_calls_in_one_turn(roll: Start) -> None:
    both = say("Both.", ("bash", {"command": "echo one"}), ("bash", {"command": "echo two; exit 3"}))
    with chat_server(both, SUBMIT) as server:
        rollout = roll(server)
    answers = [message for message in rollout.messages if message["role"] == "tool"]
    assert [(m["tool_call_id"], json.loads(m["content"])["output"]) for m in answers] == [
        ("id0", "one\n"),
        ("id1", "two\n"),
    ]
    assert rollout.tool_calls == 2


@pytest.mark.parametrize(
    ("command", "exit"),
    [
        ("echo; echo '  COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT '; echo more", "submitted"),
        ("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT; exit 1", "step_limit"),
        ("echo so: COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "step_limit"),
        ("echo more; echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "step_limit"),
    ],
)
def test_the_words_of_submission(roll: Start, command: str, exit: str) -> None:
    with chat_server(FIX, bash(command)) as server:
        assert roll(server, steps=3).exit == exit


def test_rollouts_in_threads_do_not_mix(workspaces: Any, source: tuple[Path, str], sandbox: Any) -> None:
    scripts = {f"task {n}.": (bash(f"echo {n} > mine.txt"), SUBMIT) for n in range(6)}
    results: dict[int, Rollout] = {}
    with chat_server(scripts=scripts) as server:
        harness = Harness(Endpoint(server.url, "test-model"), sandbox)

        def work(number: int) -> None:
            with workspaces.open(source[1]) as opened:
                text = f"task {number}."
                results[number] = roll_out(text, opened, harness, id=str(number), task_id="t", role="own")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {n: r.patch.splitlines()[-1] for n, r in results.items()} == {n: f"+{n}" for n in range(6)}
