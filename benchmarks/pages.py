"""Milliseconds per page over a database of 1,000,000 deliveries and 10,000 repositories.

Beside a page of the same server that only opens the database and asks ``SELECT 1``, in the same run.

    python -m benchmarks.pages [--deliveries N] [--repositories N] [--requests N] [--db FILE]
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import time
from pathlib import Path

from fastapi import FastAPI, Response

from benchmarks.crowd import fill
from bot.pages.dashboard import router
from pipeline.app_state import reading
from tests.bot.served import served

PATHS = {
    "select 1": "/select-1",
    "dashboard": "/",
    "repositories": "/repositories?after=org-3",
    "repository": "/repositories/org-5/repository-4",
    "deliveries": "/deliveries",
    "deliveries, deep": "/deliveries?before=100000",
    "deliveries, dead": "/deliveries?state=dead",
    "deliveries, rare event": "/deliveries?event=installation",
    "deliveries, both": "/deliveries?state=ignored&event=installation",
    "deliveries, none": "/deliveries?event=never_heard_of",
    "delivery": "/deliveries/0000c350-0000-4000-8000-00000000c350",
}


def main() -> None:
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        db = given.db or Path(folder) / "crowd.db"
        if not db.exists():
            fill(db, given.deliveries, given.repositories)
        with served(_app(db)) as port:
            times = {name: _times(port, path, given.requests) for name, path in PATHS.items()}
    floor = _middle(times["select 1"])
    for name, taken in times.items():
        wall, cpu = _middle(taken)
        above = {"above_select_1_ms": round(wall - floor[0], 2), "cpu_above_select_1_ms": round(cpu - floor[1], 2)}
        print(json.dumps({"page": name, "ms": round(wall, 2), "cpu_ms": round(cpu, 2), **above}))


def _middle(taken: list[tuple[float, float]]) -> tuple[float, float]:
    walls, cpus = zip(*taken, strict=True)
    return statistics.median(walls), statistics.median(cpus)


def _app(db: Path) -> FastAPI:
    app = FastAPI()
    app.include_router(router(db))

    @app.get("/select-1")
    def select_1() -> Response:
        with reading(db) as read:
            return Response(str(read.value("SELECT 1")))

    return app


def _times(port: int, path: str, requests: int) -> list[tuple[float, float]]:
    """Wall and CPU milliseconds of each request over one connection, after two that are not counted.

    The CPU is that of server and client together, both being here.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port)
    taken = []
    for _ in range(requests + 2):
        began, spent = time.perf_counter(), time.process_time()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        taken.append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - spent)))
        assert answer.status == 200, (path, answer.status)
    connection.close()
    return taken[2:]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--repositories", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--db", type=Path, help="A database that an earlier run has left here, or leave one.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
