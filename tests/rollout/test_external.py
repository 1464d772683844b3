"""Agents of others: a real process in the real sandbox, and its one way out to a real server."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.rollout.external import CommandAgent, gate, outputs
from pipeline.rollout.external.metering import Reading
from pipeline.rollout.wire import Usage
from pipeline.rollout.workspace import Workspace
from pipeline.settings import AgentConfig, Price
from pipeline.types import Rollout
from tests.anthropic_server import anthropic_server, error, text, turn, use

KEY = "sk-ant-held-outside"

AGENT = textwrap.dedent('''
    """An agent as others write them: asks, runs what it is told, asks again, reports."""
    import json, os, subprocess, sys, urllib.error, urllib.request

    def ask(messages, **more):
        body = {"model": "claude-test", "max_tokens": 99, "messages": messages, **more}
        request = urllib.request.Request(
            os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages?beta=true",
            json.dumps(body).encode(),
            {"content-type": "application/json", "x-api-key": os.environ["ANTHROPIC_API_KEY"],
             "anthropic-version": "2023-06-01"})
        return urllib.request.urlopen(request, timeout=60).read().decode()

    messages = [{"role": "user", "content": [{"type": "text", "text": open(sys.argv[1]).read()}]}]
    usage, turns = {}, 0
    while True:
        reply = json.loads(ask(messages))
        turns += 1
        messages.append({"role": "assistant", "content": reply["content"]})
        calls = [block for block in reply["content"] if block["type"] == "tool_use"]
        print(json.dumps({"type": "assistant", "message": {"content": [
            {**call, "name": "Bash"} for call in calls]}}), flush=True)
        if not calls:
            break
        results = []
        for call in calls:
            out = subprocess.run(["bash", "-c", call["input"]["command"]], capture_output=True, text=True)
            said = out.stdout + out.stderr or "-"
            results.append({"type": "tool_result", "tool_use_id": call["id"], "content": said})
        messages.append({"role": "user", "content": results})
    if "stream" in sys.argv:
        ask(messages[:1], stream=True)
    if "search" in sys.argv:
        try:
            ask(messages[:1], tools=[{"type": "web_search_20250305", "name": "web_search"}])
        except urllib.error.HTTPError as error:
            print(error.code, error.read().decode(), file=sys.stderr)
    print(json.dumps({"type": "result", "subtype": "success", "is_error": False, "num_turns": turns,
                      "total_cost_usd": 0.0123, "usage": {"input_tokens": 5, "output_tokens": 6}}))
''')  # fmt: skip

EDIT = turn(use("printf 'def add(a, b):\\n\\treturn a + b\\n' > src/app.py", "toolu_1"))
DONE = turn(text("Done."))


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "agent.py").write_text(AGENT)
    return folder


def agent(programs: Path, more: str = "", **settings: Any) -> CommandAgent:
    values = {"command": f"/usr/bin/env python3 {programs}/agent.py {{prompt_file}} {more}", "output": "claude"}
    config = AgentConfig(**{**values, "toolchains": (str(programs),), "model": "claude-test", **settings})  # type: ignore[arg-type]
    return CommandAgent("claude", config, seconds=60, key=KEY)


def run(command: CommandAgent, workspace: Workspace) -> Rollout:
    command.check()
    return command.roll_out("Fix add", workspace, id="r", task_id="o/r#1", role="frontier", attempt=0, seed=0)


def test_an_agent_works_through_the_proxy(programs: Path, workspace: Workspace) -> None:
    with anthropic_server(EDIT, DONE, key=KEY) as api:
        rollout = run(agent(programs, "stream", url=api.url), workspace)
        served = sum(1 for _ in api.requests)
    assert (rollout.exit, rollout.detail, api.faults) == ("submitted", "", [])
    assert "+\treturn a + b" in rollout.patch and "task.md" not in rollout.patch
    assert served == rollout.steps == 3, "two turns and a streamed one, counted by the proxy, not by the agent's word"
    assert rollout.tokens_in > 300 and rollout.tokens_out > 100
    assert rollout.cost_usd == 0.0123, "without a price, the agent's word"
    assert rollout.tool_calls == 1 and rollout.cheat_marks == ()
    assert api.requests[0]["messages"][0]["content"][0]["text"] == "Fix add"
    assert KEY not in json.dumps(dataclasses.asdict(rollout))


def test_with_a_price_the_proxys_count_is_paid(programs: Path, workspace: Workspace) -> None:
    with anthropic_server(EDIT, DONE, key=KEY) as api:
        command = dataclasses.replace(
            agent(programs, url=api.url), price=Price(usd_per_million_in=1e6, usd_per_million_out=0.0)
        )
        rollout = run(command, workspace)
    assert rollout.cost_usd == pytest.approx(rollout.tokens_in)


def test_the_key_stays_outside_and_nothing_else_is_reached(programs: Path, workspace: Workspace) -> None:
    dig = (
        "env; cat /proc/*/environ /tmp/.switchover/*; curl -sS -m 3 https://github.com; "
        "curl -s -m 5 --unix-socket /tmp/.switchover/api.sock http://x/v1/files; "
        "curl -s -m 5 --unix-socket /tmp/.switchover/api.sock http://x/v1/../admin; "
        "curl -s -m 5 --unix-socket /tmp/.switchover/api.sock -H 'Host: evil.example' http://evil.example/v1/models"
    )
    with anthropic_server(turn(use(dig)), DONE, key=KEY) as api:
        rollout = run(agent(programs, "search", url=api.url), workspace)
        told = json.dumps(api.requests)
    assert rollout.exit == "no_patch"
    assert KEY not in told and "held-outside" in told, "the agent saw its environment, and no key in it"
    assert "this sandbox reaches model turns only" in told and "claude-test" in told
    assert {"network", "network_refused", "process_files"} <= set(rollout.cheat_marks)
    assert "3 requests did not pass" in rollout.detail
    assert all("web_search" not in json.dumps(body.get("tools", [])) for body in api.requests)


@pytest.mark.parametrize(
    ("command", "settings", "exit", "says"),
    [
        ("nosuchprogram {prompt_file}", {}, "error", "could not be started"),
        ("cat {prompt_file} >> notes.txt", {"output": "none"}, "submitted", ""),
        ("cat {prompt_file}", {"output": "none"}, "no_patch", ""),
        ("echo x > y; cat {prompt_file}; exit 3", {"output": "none"}, "malformed", "exit status 3: Fix add"),
        ("sleep 60 # {prompt_file}", {"output": "none"}, "time_limit", ""),
    ],
)
def test_how_a_command_ends(
    command: str, settings: dict[str, Any], exit: str, says: str, programs: Path, workspace: Workspace
) -> None:
    seconds = 3 if exit == "time_limit" else 60
    rollout = run(dataclasses.replace(agent(programs, **settings, command=command), seconds=seconds), workspace)
    assert (rollout.exit, says in rollout.detail) == (exit, True)


def test_an_api_that_is_down_is_our_failure(programs: Path, workspace: Workspace) -> None:
    with anthropic_server(error(529, "overloaded_error", f"Overloaded, says {KEY}"), key=KEY) as api:
        rollout = run(agent(programs, url=api.url), workspace)
    assert rollout.exit == "error" and "HTTP 529" in rollout.detail
    assert KEY not in json.dumps(dataclasses.asdict(rollout))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"command": "claude -p"}, "lacks {prompt_file}"),
        ({"output": "regex"}, "'patterns' is empty"),
        ({"output": "regex", "patterns": {"cost": "(1)"}}, "patterns.cost: unknown; one of tokens_in"),
        ({"output": "regex", "patterns": {"cost_usd": "("}}, "is no regular expression"),
        ({"output": "regex", "patterns": {"cost_usd": "[0-9]"}}, "has 0 groups"),
    ],
)
def test_settings_that_cannot_work_are_told(settings: dict[str, Any], says: str, programs: Path) -> None:
    with pytest.raises(InputError) as caught:
        agent(programs, **settings).check()
    assert says in str(caught.value)


ASK = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
REACHING = [
    {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
    {"tools": [{"type": "code_execution_20250522", "name": "code"}]},
    {"tools": [{"type": "mcp", "server_url": "https://x"}]},
    {"tools": [{"type": "web_search_preview"}]},
    {"tools": "web"},
    {"mcp_servers": [{"type": "url", "url": "https://x"}]},
    {"web_search_options": {"x": 1}},
    {"plugins": [{"id": "web"}]},
    {"model": "gpt-4o-search-preview"},
    {"model": "some/model:online"},
    {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "url", "url": "https://x"}}]}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/a.png"}}]}]},
    {"input": [{"type": "input_file", "file_url": "https://x/a.patch"}]},
]


@pytest.mark.parametrize("more", REACHING)
def test_the_models_server_is_no_way_around_the_sandbox(more: dict[str, Any]) -> None:
    with pytest.raises(gate.Refused, match="no network"):
        gate.body(json.dumps({**ASK, **more}).encode(), "/messages")


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"name": "Bash", "input_schema": {"type": "object", "properties": {"image_url": {"x": 1}}}}]},
        {"tools": [{"type": "function", "function": {"name": "shell"}}, {"type": "custom", "name": "x"}]},
        {"tools": [{"type": "bash_20250124", "name": "bash"}, {"type": "text_editor_20250728", "name": "e"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png"}}]}]},
        {"mcp_servers": []},
    ],
)  # fmt: skip
def test_plain_turns_pass_unchanged(more: dict[str, Any]) -> None:
    data = json.dumps({**ASK, **more}).encode()
    assert gate.body(data, "/messages") == data


def test_a_streamed_chat_is_asked_for_its_usage() -> None:
    sent = json.loads(gate.body(json.dumps({**ASK, "stream": True}).encode(), "/chat/completions"))
    assert sent == {**ASK, "stream": True, "stream_options": {"include_usage": True}}


PATHS = [
    "/v1/files",
    "/",
    "//messages",
    "/v1/messages/../files",
    "/v1/messages?x=%0d",
    "/v1/messages/batches",
    "http://evil/v1/messages",
]


@pytest.mark.parametrize("path", PATHS)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(gate.Refused):
        gate.target("POST", path)


def test_usage_of_three_apis_whole_and_streamed() -> None:
    def read(streamed: bool, *parts: Any) -> Usage | None:
        reading = Reading(streamed)
        data = (
            b"".join(b"data: %b\n\n" % json.dumps(p).encode() for p in parts)
            if streamed
            else json.dumps(parts[0]).encode()
        )
        for at in range(0, len(data), 7):
            reading.feed(data[at : at + 7])
        return reading.usage()

    chat = {"usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}}
    responses = {"usage": {"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}}}
    claude = {
        "usage": {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2}
    }
    assert read(False, chat) == read(False, responses) == Usage(9, 2, 4)
    assert read(False, claude) == Usage(9, 2, 4, 2)
    assert (
        read(True, {"choices": []}, chat)
        == read(True, {"type": "response.completed", "response": responses})
        == Usage(9, 2, 4)
    )
    start = {"type": "message_start", "message": {"usage": {**claude["usage"], "output_tokens": 1}}}
    assert read(True, start, {"type": "message_delta", "usage": {"output_tokens": 2}}) == Usage(9, 2, 4, 2)
    assert read(True, {"choices": []}) is None and read(False, {"data": []}) is None


def test_what_agents_print() -> None:
    usage = {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 3}
    result = {"type": "result", "subtype": "success", "num_turns": 3, "total_cost_usd": 0.5, "usage": usage}
    said = outputs.claude(f"npm warning\n{json.dumps(result)}\n")
    assert (said.usage, said.cost_usd, said.steps, said.failure) == (Usage(3, 3, 2), 0.5, 3, "")
    assert outputs.claude(json.dumps(result, indent=1)).cost_usd == 0.5
    assert outputs.claude(json.dumps({**result, "subtype": "error_max_turns", "is_error": True})).limit == "step_limit"
    events = [
        {"type": "thread.started"},
        {"type": "item.completed", "item": {"type": "command_execution", "command": "bash -lc 'git reflog'"}},
        {"type": "turn.completed", "usage": {"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2}},
        {"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 1}},
    ]
    said = outputs.codex("\n".join(map(json.dumps, events)))
    assert (said.usage, said.steps, said.commands) == (Usage(10, 3, 4), 2, ("bash -lc 'git reflog'",))
    assert outputs.codex('{"type": "turn.failed", "error": {"message": "no"}}').failure == "no"
    patterns = {"tokens_in": r"in: ([\d,]+)", "tokens_out": r"out: (\d+)", "cost_usd": r"\$([\d.]+)"}
    said = outputs.by_patterns("in: 5\nin: 1,234 out: 7 $0.25", patterns)
    assert (said.usage, said.cost_usd) == (Usage(1234, 7), 0.25)
    assert (
        outputs.by_patterns("nothing", patterns)
        == outputs.nothing("x")
        == outputs.claude("{broken")
        == outputs.Claims()
    )
