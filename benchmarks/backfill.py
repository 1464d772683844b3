"""How long the backfill of 10,000 merged pull requests takes, next to the same pages fetched and thrown away.

    python -m benchmarks.backfill [PULLS [SECONDS]]

A stand-in for GitHub answers in a process of its own; its answers are recorded in a first run, so
that what is measured is not the stand-in. The floor asks the same questions over one connection
and drops the answers unread. Ours parses, redacts and stores them, one transaction a page. Each answer
takes SECONDS (default 0.3; GitHub itself takes about a second for such a page). The ratio is ours
to the floor, lower is better.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import urllib3

from bot.collect import backfill
from bot.github import Forge
from pipeline.store import Store
from tests.github.stand_in import Repository, StandIn

NAME = "acme/widgets"
WAIT = 0.3
TOKEN = "ghp_plain"
TEXT = "the row of each table is lost when a value has no unit and nobody asks for it in `parse_rows` again"
WORDS = TEXT.split()


@dataclass(frozen=True)
class Cost:
    seconds: float
    cpu: float
    """Of our process alone."""


def main() -> None:
    pulls = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    wait = float(sys.argv[2]) if len(sys.argv) > 2 else WAIT
    with served(pulls, wait) as (url, id), tempfile.TemporaryDirectory() as folder:
        in_child(collect, url, id, Path(folder) / "first.db")  # records the answers
        asked = json.loads(urllib3.request("GET", f"{url}/asked").data)
        floor, size = in_child(drop, url, asked)
        ours, row = in_child(collect, url, id, Path(folder) / "second.db")
        peak, base = row.pop("peak"), row.pop("base")
    ratio = f"ratio {ours.seconds / floor.seconds:.2f}"
    print(f"{pulls} pull requests, {len(asked)} questions, {size / 1e6:.1f} MB of answers, {wait:g} s each: {row}")
    print(f"fetched and thrown away  {floor.seconds:7.2f} s  {floor.cpu:7.2f} s CPU")
    print(f"backfill                 {ours.seconds:7.2f} s  {ours.cpu:7.2f} s CPU  {ratio}")
    print(f"peak memory              {peak:7.0f} MB, of which {base:.0f} MB before the first question")


def collect(url: str, id: int, db: Path) -> tuple[Cost, dict[str, Any]]:
    with Store.open(db) as store, Forge.with_token(TOKEN, url) as forge:
        repo = store.save_repository(id, NAME, None, private=True)
        base = megabytes()
        clock = Stopwatch()
        while repo.backfill != "done":
            repo = backfill.step(forge.installation(0), store, repo)
        cost = clock.cost()
        return cost, {"seen": repo.seen, "total": repo.total, "calls": repo.calls, "peak": megabytes(), "base": base}


def drop(url: str, asked: list[str]) -> tuple[Cost, int]:
    pool = urllib3.PoolManager(headers={"Authorization": f"token {TOKEN}"})
    clock = Stopwatch()
    size = sum(len(pool.request("POST", f"{url}/graphql", body=body).data) for body in asked)
    return clock.cost(), size


class Stopwatch:
    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def cost(self) -> Cost:
        return Cost(time.perf_counter() - self._start[0], time.process_time() - self._start[1])


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_child(work: Any, *arguments: Any) -> Any:
    """``work(*arguments)`` in a fresh process: its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


@contextmanager
def served(pulls: int, wait: float) -> Iterator[tuple[str, int]]:
    """Address of the recorder in front of a stand-in, and the repository's id."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, pulls, wait), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def serve(pipe: Connection, pulls: int, wait: float) -> None:
    with StandIn() as github:
        there = github.add(NAME, pulls=pulls)
        fill(there)
        recorder = ThreadingHTTPServer(("127.0.0.1", 0), recording(github.url, wait))
        recorder.daemon_threads = True
        pipe.send((f"http://127.0.0.1:{recorder.server_address[1]}", there.id))
        recorder.serve_forever()


def fill(there: Repository) -> None:
    """Texts as long as people's: about 600 characters, each another one."""
    dice = random.Random(7)
    for row in (*there.pulls.values(), *there.issues.values()):
        row["body"] = " ".join(dice.choices(WORDS, k=120)) + f"\n\nSee https://example.org/{row['number']}"


def recording(upstream: str, wait: float) -> type[BaseHTTPRequestHandler]:
    answers: dict[bytes, bytes] = {}
    pool = urllib3.PoolManager()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send(json.dumps([body.decode() for body in answers]).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if body not in answers:
                headers = {"Authorization": self.headers["Authorization"]}
                answers[body] = pool.request("POST", f"{upstream}/graphql", body=body, headers=headers).data
            else:
                time.sleep(wait)
            self.send(answers[body])

        def send(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


if __name__ == "__main__":
    main()
