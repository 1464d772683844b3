"""Live rollouts for the gate: real sandbox, real checkout, real HTTP; resumed, counted, errors of ours apart."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import RunError
from pipeline.gates import effect
from pipeline.gates.calls import Calls
from pipeline.gates.live import ROLLOUTS, HeldOutTask, LiveRollouts
from pipeline.rollout.agent import Harness, RolloutLimits
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.sandbox import Sandbox
from pipeline.types import Role
from tests.adapters.made import adapter
from tests.chat_server import SUBMIT, ChatServer, bash, chat_server, fault, say
from tests.history import Builder, code

FIX = bash("echo 'x = 1' >> a.py")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    builder = Builder(tmp_path / "clone")
    builder.commit({"a.py": code("a")}, "Begin")
    return builder.finish()


def tasks(clone: Path, count: int = 2) -> list[HeldOutTask]:
    sha = (clone / ".git" / "refs" / "heads" / "main").read_text().strip()
    return [HeldOutTask(f"o/n:a.py::f{n}", sha, f"mend f{n}") for n in range(count)]


def harness(server: ChatServer) -> Harness:
    endpoint = Endpoint(server.url, "test-model", None, max_output_tokens=64)
    return Harness(endpoint, Sandbox(), prompt="compact", limits=RolloutLimits(steps=4))


def rollouts(clone: Path, out: Path, own: ChatServer, base: ChatServer, adapter: str = "x") -> LiveRollouts:
    harnesses: dict[Role, Harness] = {"own": harness(own), "base": harness(base)}
    return LiveRollouts(clone, out, harnesses, adapter)


def test_valid_calls_of_own_and_base_are_counted_from_rollouts(clone: Path, tmp_path: Path) -> None:
    with chat_server(FIX, SUBMIT) as own, chat_server(say("I cannot call tools.")) as base:
        made = rollouts(clone, tmp_path / "gates", own, base).run(tasks(clone), 2)
        asked = len(own.requests), len(base.requests)
        again = rollouts(clone, tmp_path / "gates", own, base).run(tasks(clone), 2)
        assert again == made and (len(own.requests), len(base.requests)) == asked, "nothing was made again"
        other = rollouts(clone, tmp_path / "gates", own, base, adapter="y").run(tasks(clone), 2)
        assert len(own.requests) > asked[0] and len(base.requests) == asked[1], "base's stand, own's are another's"
    assert Calls.of(made["own"]) == Calls(4, 4)
    assert Calls.of(other["own"]) == Calls(2, 2), "the server's script goes on at its end: it submits at once"
    assert Calls.of(made["base"]).valid == 0 and Calls.of(made["base"]).turns >= 2
    assert all(rollout.patch for rollout in made["own"])
    lines = (tmp_path / "gates" / ROLLOUTS).read_text().splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 6
    assert not (tmp_path / "gates" / "scratch").exists()


def test_a_torn_rollout_is_made_again(clone: Path, tmp_path: Path) -> None:
    path = tmp_path / "gates" / ROLLOUTS
    with chat_server(FIX, SUBMIT) as own, chat_server(SUBMIT) as base:
        rollouts(clone, path.parent, own, base).run(tasks(clone), 2)
        path.write_bytes(path.read_bytes()[:-20])
        rollouts(clone, path.parent, own, base).run(tasks(clone), 2)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({row["id"] for row in rows}) == len(rows) == 4


def test_where_nothing_but_failures_of_ours_came_of_it_nothing_is_known(clone: Path, tmp_path: Path) -> None:
    broken = fault(400, "broken server")
    with chat_server(broken) as own, chat_server(broken) as base, pytest.raises(RunError):
        rollouts(clone, tmp_path / "gates", own, base).run(tasks(clone, 1), 1)


PROBE: dict[str, Any] = {
    "messages": [{"role": "user", "content": "mend it"}], "tools": [], "prompt_token_ids": [1, 2, 3],
    "context_token_ids": [1, 2, 3, 4], "token_id": 7, "own_logprob": -0.1, "base_logprob": -5.0,
}  # fmt: skip


@contextmanager
def probed(own: float, base: float, prompt: list[int]) -> Iterator[str]:
    """A server that finds token 7 so likely under each name, and makes this prompt."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send({"data": []})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            shown = {"token_id:7": own if body["model"] == "own" else base, "token_id:9": -9.0}
            tops = {"choices": [{"logprobs": {"top_logprobs": [shown]}, "message": {"content": "x"}}]}
            self._send(tops | {"prompt_token_ids": prompt})

        def _send(self, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ExitStack() as stack:
        server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"


@pytest.fixture
def probing(tmp_path: Path) -> Path:
    made = adapter(tmp_path / "adapter")
    (made / "probe.json").write_text(json.dumps(PROBE))
    return made


@pytest.mark.parametrize(
    ("own", "base", "prompt", "words"),
    [(-0.1, -5.0, [1, 2, 3], None), (-5.0, -5.0, [1, 2, 3], "changes nothing"), (-0.1, -5.0, [1, 2], "another prompt")],
)
def test_whether_the_adapter_takes_effect(
    probing: Path, own: float, base: float, prompt: list[int], words: str | None
) -> None:
    with probed(own, base, prompt) as url:
        result = effect.ask(url, "base", "own", probing).judge()
    assert result.passed is (words is None) and (words or "") in result.why


def test_a_server_that_is_not_there_is_no_fault_of_the_adapter(probing: Path) -> None:
    with probed(0.0, 0.0, []) as url:
        pass
    with pytest.raises(RunError, match="no answer"):
        effect.ask(url, "base", "own", probing)


def test_an_adapter_without_a_probe_cannot_be_held_against_the_server(tmp_path: Path) -> None:
    with probed(0.0, 0.0, []) as url:
        assert not effect.ask(url, "base", "own", adapter(tmp_path / "a")).judge().passed
