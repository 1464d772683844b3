"""Whole runs against an endpoint that does all wrong that it can: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import EndpointError
from pipeline.generate import Summary, generate
from pipeline.jsonl import read
from pipeline.rollout.endpoint import Endpoint, Retry
from pipeline.rollout.scripted import server
from pipeline.settings import GenerateConfig, Price
from tests.rollout.faults import AGAIN, FINAL, Answer, faulty, http
from tests.scripted.player import repository

HANGS = {name for name, answer in AGAIN.items() if answer.end == "hold"}
SLOW = {"slow beyond the time", "endless"}
CODE = '''\
def insert(rows, table):
    """Insert rows."""
    out = []
    for row in rows:
        out.append((table, row))
    return out


def check(size, unit):
    if size < 0:
        raise ValueError("size must not be negative")
    scaled = size * 12
    return scaled, unit
'''


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("repo") / "shop", {"lib/table.py": CODE})


def make(repo: Path, out: Path, url: str) -> Summary:
    endpoint = Endpoint(url, "scripted", retry=Retry(first_seconds=0.001, cap_seconds=0.1), request_seconds=30)
    return generate(
        repo,
        out,
        samples=2,
        endpoint=endpoint,
        config=GenerateConfig(prompt="compact"),
        seed=0,
        concurrency=2,
        price=Price(0.0, 0.0, 0.0),
        prompt="compact",
    )


def state_of_run(repo: Path, out: Path, url: str) -> str:
    """Also of one that gives up because too much fails in a row."""
    try:
        return make(repo, out, url).state
    except EndpointError as error:
        assert url in str(error)
        return str(json.loads((out / "summary.json").read_text())["state"])


def scripted(body: bytes) -> Answer:
    return http(200, json.dumps(server.completion(json.loads(body))).encode(), end="keep")


@pytest.fixture(scope="module")
def undisturbed(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    with faulty(lambda _, body: scripted(body)) as sound:
        assert make(repo, out, sound.url).state == "done"
    return out


def results(out: Path) -> list[dict[str, Any]]:
    """What the model said, saw and changed in every rollout that is a result."""
    keys = ("task_id", "rollout", "attempt", "seed", "exit", "patch", "messages", "steps", "malformed_calls")
    rows = [{key: row[key] for key in keys} for row in read(out / "rollouts.jsonl") if row["exit"] != "error"]
    return sorted(rows, key=lambda row: (row["task_id"], row["rollout"], row["attempt"]))


def accounted_for(out: Path) -> None:
    """Each rollout stands in the file once, and is kept or left out once."""
    rollouts = Counter(row["id"] for row in read(out / "rollouts.jsonl"))
    kept = Counter(row["id"] for row in read(out / "samples.jsonl"))
    dropped = Counter(row["id"] for row in read(out / "left_out.jsonl") if row["thing"] == "rollout")
    assert rollouts == kept + dropped
    assert set(rollouts.values()) == {1}


class Sick:
    """Answers a question that is ``which`` with the next of ``faults`` the first ``times`` times, then soundly."""

    def __init__(self, faults: list[Answer], times: int, which: Callable[[bytes], bool] = lambda _: True) -> None:
        self.faults, self.times, self.which, self.met = faults, times, which, 0
        self._asked: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def __call__(self, _: int, body: bytes) -> Answer:
        with self._lock:
            if not self.which(body) or self._asked[body] == self.times:
                return scripted(body)
            self._asked[body] += 1
            self.met += 1
            return self.faults[self.met % len(self.faults)]


def test_faults_that_pass_leave_no_trace(repo: Path, undisturbed: Path, tmp_path: Path) -> None:
    sick = Sick([answer for name, answer in AGAIN.items() if name not in HANGS], times=2)
    with faulty(sick) as server:
        assert make(repo, tmp_path / "out", server.url).state == "done"
    assert sick.met >= len(sick.faults), "every one of them came"
    assert results(tmp_path / "out") == results(undisturbed)
    accounted_for(tmp_path / "out")


def turns(body: bytes) -> int:
    return body.count(b'"role":"assistant"')


def test_faults_that_stay_lose_no_rollout(repo: Path, undisturbed: Path, tmp_path: Path) -> None:
    """In the second turn of each rollout, until the endpoint heals; the same command then goes on."""
    out = tmp_path / "out"
    sick = Sick([answer for name, (answer, _) in FINAL.items() if name not in SLOW], 1, lambda body: turns(body) == 1)
    with faulty(sick) as server:
        runs = 0
        while state_of_run(repo, out, server.url) == "failed" and runs < 12:
            runs += 1
            accounted_for(out)
    assert state_of_run(repo, out, server.url) == "done" and sick.met >= 2
    assert results(out) == results(undisturbed)
    accounted_for(out)
    errors = [row for row in read(out / "rollouts.jsonl") if row["exit"] == "error"]
    assert len(errors) == sick.met and all(row["tokens_in"] > 0 for row in errors), "what they cost is counted"


def test_an_endpoint_that_dies_in_the_middle(repo: Path, undisturbed: Path, tmp_path: Path) -> None:
    """From its tenth answer on it is gone; another one takes its place."""
    out = tmp_path / "out"
    with faulty(lambda number, body: scripted(body) if number < 10 else Answer(b"", "reset")) as dying:
        assert state_of_run(repo, out, dying.url) == "failed"
    with faulty(lambda _, body: scripted(body)) as sound:
        assert make(repo, out, sound.url).state == "done"
    assert results(out) == results(undisturbed)
    accounted_for(out)
