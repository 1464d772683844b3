"""What it costs to take a delivery: ours, durable before the answer, beside Probot's, which stores nothing.

    python -m benchmarks.webhook [--rounds 5] [--seconds 3] [--connections 16] [--storm 20000]

All servers run at once on the first core, idle unless it is their turn; the load comes from another core,
and the rounds are interleaved, so all of them meet the same noise. Beside ours (group commit,
synchronous=FULL): the same with one commit per delivery, the same storing nothing, and Probot with a
handler that does nothing and no log (npm, ``make setup``), as a whole and its middleware alone. CPU is
the server's own, kernel included.
``--storm`` sends so many deliveries to ours, half of them duplicates, and watches its memory.

Bars: at least 1.5 times the rate of ``probot run`` (Probot as its users start it); p99 at most 250 ms at 16
connections; memory flat in the storm. Seen on two cores, with 24 KB per delivery, in three runs on a quiet machine:
1.52 to 1.66 times ``probot run`` and 1.3 to 1.6 times its bare middleware, for 0.5 to 0.6 of its CPU; p99 9 to 89 ms
(by whether a checkpoint fell into a round); 80 MB throughout. With other work on the same cores: 1.0 to 1.6 times.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.webhook_load import SECRET, Load, delivery, drive
from bot.receive import webhook
from tests.github.recordings import webhooks

HERE = Path(__file__).parent
NODE_MODULES = HERE.parent / ".cache" / "npm" / "node_modules"
OURS = "ours: group commit"
PROBOT = {"run": "probot run, stores nothing", "middleware": "probot's bare middleware"}


@dataclass
class Bar:
    name: str
    process: subprocess.Popen[str]
    url: str
    loads: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Microseconds per delivery, one per round."""

    def round(self, body: bytes, connections: int, seconds: float) -> None:
        before = cpu_seconds(self.process.pid)
        load = drive(self.url, body, connections, seconds)
        if load.refused:
            raise SystemExit(f"{self.name}: refused {load.refused} of {load.answered}")
        self.loads.append(load)
        self.cpu.append((cpu_seconds(self.process.pid) - before) / load.answered * 1e6)

    def rate(self) -> float:
        return statistics.median(load.rate for load in self.loads)

    def row(self) -> str:
        best = max(load.rate for load in self.loads)
        p50, p99 = (statistics.median(getattr(load, name) for load in self.loads) for name in ("p50", "p99"))
        cpu = f"{statistics.median(self.cpu):8.0f} {min(self.cpu):6.0f}"
        return f"{self.name:26} {self.rate():8.0f} {best:8.0f} {p50:8.1f} {p99:8.1f} {cpu} {rss(self.process.pid):8.0f}"


def cpu_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def rss(pid: int) -> float:
    """Resident memory in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def commands(folder: Path) -> dict[str, list[str]]:
    found = {
        name: [sys.executable, "-m", "benchmarks.webhook_bar", kind, str(folder / f"{kind}.db")]
        for name, kind in ((OURS, "group"), ("one commit per delivery", "each"), ("verify only", "none"))
    }
    if (NODE_MODULES / "probot").is_dir():
        for way, name in PROBOT.items():
            found[name] = ["node", str(HERE / "probot.mjs"), str(NODE_MODULES), SECRET, way]
    else:
        print("probot is not there: make setup, with npm; without it there is no ratio to it", file=sys.stderr)
    return found


@contextlib.contextmanager
def servers(folder: Path, core: int) -> Iterator[list[Bar]]:
    bars: list[Bar] = []
    try:
        for name, command in commands(folder).items():
            environment = {**os.environ, "SWITCHOVER_WEBHOOK_SECRET": SECRET, "NODE_ENV": "production"}
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
            os.sched_setaffinity(process.pid, {core})
            assert process.stdout is not None
            bars.append(Bar(name, process, process.stdout.readline().strip()))
        yield bars
    finally:
        for bar in bars:
            bar.process.terminate()
        for bar in bars:
            bar.process.wait()


def compare(bars: list[Bar], body: bytes, connections: int) -> None:
    print(f"{len(body)} bytes, {connections} connections, load {os.getloadavg()[0]:.1f}")
    print(f"{'':26} {'per s':>8} {'best':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>8} {'min':>6} {'RSS MB':>8}")
    for bar in bars:
        print(bar.row())
    ours = next(bar for bar in bars if bar.name == OURS)
    for bar in bars:
        if bar is not ours:
            cpu = min(bar.cpu) / min(ours.cpu)
            print(f"ours has {ours.rate() / bar.rate():5.2f} x the rate of: {bar.name} (its CPU: {cpu:.2f} x ours)")


def storm(bar: Bar, body: bytes, count: int, db: Path) -> None:
    """``count`` deliveries in random order, each GUID twice, over 16 connections."""
    before = rows(db)
    guids = [str(uuid.uuid4()) for _ in range(count // 2)] * 2
    random.Random(1).shuffle(guids)
    signature = webhook.sign(body, SECRET).decode()
    lines = threading.local()

    def send(guid: str) -> bool:
        if not hasattr(lines, "line"):
            lines.line = HTTPConnection(urlsplit(bar.url).netloc)
        lines.line.request("POST", "/webhook", body, delivery(guid, signature))
        answer = lines.line.getresponse()
        return "duplicate" in json.loads(answer.read()) if answer.status == 202 else sys.exit(answer.status)

    duplicates, memory = 0, []
    with ThreadPoolExecutor(16) as senders:
        for part in range(4):
            duplicates += sum(senders.map(send, guids[part * count // 4 : (part + 1) * count // 4]))
            memory.append(rss(bar.process.pid))
    wal = db.with_name(db.name + "-wal").stat().st_size / 1e6
    print(f"storm: {count} deliveries, {rows(db) - before} stored, {duplicates} told as duplicates;")
    print(f"  RSS MB after each quarter: {', '.join(f'{mb:.1f}' for mb in memory)}; WAL {wal:.1f} MB")


def rows(db: Path) -> int:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        return int(connection.execute("SELECT count(*) FROM deliveries").fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--storm", type=int, default=20_000, help="deliveries; 0: none")
    given = parser.parse_args()
    payload = next(body for event, body in webhooks() if event == "pull_request" and body["action"] == "closed")
    body = json.dumps(payload, separators=(",", ":")).encode()
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, others or {first})
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder), first) as bars:
        for _ in range(given.rounds):
            for bar in bars:
                bar.round(body, given.connections, given.seconds)
        compare(bars, body, given.connections)
        if given.storm:
            storm(next(bar for bar in bars if bar.name == OURS), body, given.storm, Path(folder, "group.db"))


if __name__ == "__main__":
    main()
