"""What the harness itself costs: own CPU per step, and how near a run comes to the latency-bound ideal.

    python -m benchmarks.rollouts [--quick] [--sandbox] [--stock]

The endpoint is a process of its own that answers each turn after a fixed time, so a run can never be
faster than ``steps x latency``: that is the ideal. Own CPU is this process's, all threads; the
sandbox's children are counted apart. ``--stock`` runs mini-swe-agent's own agent, formatter and per-step
save over the openai package (``benchmarks/stock_mini.py``) against the same endpoint.

Bars: 2.0 ms per step at 128 rollouts (2.5 at 100 steps); 90% of the ideal
with 16 rollouts and 200 ms, 97% with 128 and 3 s, on an idle machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.extract import Extracted
from pipeline.rollout.loop import RolloutLimits
from pipeline.rollout.pool import run_pool
from pipeline.rollout.sandbox import Limits, Ran, Sandbox
from pipeline.rollout.workspace import Workspaces

OUTPUT = b"def add(a, b):\n    return a - b\n" * 25
"""About 800 characters: a usual result of a command."""


def reply(command: str) -> bytes:
    call = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": command})}}
    message = {"role": "assistant", "content": "I look at the file to understand it.", "tool_calls": [call]}
    usage = {"prompt_tokens": 1000, "completion_tokens": 40, "total_tokens": 1040}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    data = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data)


def serve(port: Any, latency: float, steps: int) -> None:
    """The endpoint: a look at the file per turn, and in turn number ``steps`` the submission."""
    look, submit = reply("cat src/app.py"), reply("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                turns = body.count(b'"role":"assistant"') + body.count(b'"role": "assistant"')
                await asyncio.sleep(latency)
                writer.write(submit if turns + 1 >= steps else look)
                await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(converse, "127.0.0.1", 0, backlog=1024, limit=1 << 22)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextlib.contextmanager
def endpoint(latency: float, steps: int) -> Iterator[str]:
    port: Any = multiprocessing.Queue()
    process = multiprocessing.Process(target=serve, args=(port, latency, steps), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{port.get()}/v1"
    process.kill()
    process.join()


class NoSandbox:
    """Answers at once: what is left is the harness."""

    limits = Limits()

    def run(self, command: Any, checkout: Path, **_: Any) -> Ran:
        submit = "COMPLETE_TASK" in command[-1]
        output = b"COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n" if submit else OUTPUT
        return Ran(0, output, len(output), None, 0.0)


class NoWorkspace:
    checkout = tmp = Path("/nowhere")

    def patch(self) -> Extracted:
        return Extracted(b"", ())


@dataclass(frozen=True)
class Measured:
    seconds: float
    own_cpu: float
    child_cpu: float
    memory_mb: float


def measure(work: Callable[[], None]) -> Measured:
    def children() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    memory, child, own, started = resident_mb(), children(), time.process_time(), time.monotonic()
    work()
    seconds, cpu = time.monotonic() - started, time.process_time() - own
    return Measured(seconds, cpu, children() - child, resident_mb() - memory)


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def ours(rollouts: int, latency: float, steps: int, real: bool) -> Measured:
    with endpoint(latency, steps) as url, tempfile.TemporaryDirectory() as folder:
        model = Endpoint(url, "m", pool_size=rollouts)
        sandbox: Any = Sandbox() if real else NoSandbox()
        harness = Harness(model, sandbox, limits=RolloutLimits(steps=steps, context_tokens=10**6))
        repo, sha = repository(Path(folder)) if real else (Path(), "")
        workspaces = Workspaces(repo, Path(folder) / "work") if real else None

        def one(number: int) -> str:
            opened = workspaces.open(sha) if workspaces else contextlib.nullcontext(NoWorkspace())
            with opened as workspace:
                done = roll_out("Fix add", workspace, harness, id=str(number), task_id="t", role="own")  # type: ignore[arg-type]
            assert (done.exit, done.steps) == ("no_patch", steps), done.detail
            return done.exit

        list(run_pool(one, range(min(2, rollouts)), 2))  # imports, templates, the sandbox's self-test
        return measure(lambda: list(run_pool(one, range(rollouts), rollouts)) and None)


def repository(folder: Path) -> tuple[Path, str]:
    repo = folder / "repo"
    (repo / "src").mkdir(parents=True)
    (repo / "src/app.py").write_bytes(OUTPUT)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(repo)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "First"]):
        subprocess.run([*git, *words], check=True)
    return repo, subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def stock(rollouts: int, latency: float, steps: int) -> Measured:
    from benchmarks.stock_mini import run

    with endpoint(latency, steps) as url, tempfile.TemporaryDirectory() as folder:

        def one(number: int) -> str:
            return run(url, Path(folder) / f"{number}.json", OUTPUT.decode())

        list(run_pool(one, range(min(2, rollouts)), 2))
        return measure(lambda: list(run_pool(one, range(rollouts), rollouts)) and None)


def row(name: str, rollouts: int, latency: float, steps: int, seen: Measured) -> None:
    total = rollouts * steps
    ideal = steps * latency / seen.seconds
    per_step = f"{1000 * seen.own_cpu / total:6.2f} {1000 * seen.child_cpu / total:8.2f}"
    memory = seen.memory_mb / rollouts
    print(f"{name:26} {rollouts:5} {steps:5} {latency:5.1f}s {per_step} {ideal:8.0%} {memory:8.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the short runs")
    parser.add_argument("--sandbox", action="store_true", help="also with the real sandbox and checkouts")
    parser.add_argument(
        "--stock",
        action="store_true",
        help="also mini-swe-agent's own parts over the openai package (pip install openai)",
    )
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':26} {'at once':>5} {'steps':>5}  turn  own ms child ms of ideal MB each")
    cases = [(16, 0.2, 20), (128, 0.2, 20)] + ([] if arguments.quick else [(16, 0.2, 100), (128, 3.0, 10)])
    for case in cases:
        row("ours, without sandbox", *case, ours(*case, real=False))
    if arguments.sandbox:
        for case in cases[:1] if arguments.quick else [(16, 0.2, 20), (64, 3.0, 10)]:
            row("ours, in the sandbox", *case, ours(*case, real=True))
    if arguments.stock:
        for case in cases[:1]:
            row("mini-swe-agent + openai", *case, stock(*case))


if __name__ == "__main__":
    main()
