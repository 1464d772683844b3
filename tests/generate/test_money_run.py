"""The cap in whole runs: an endpoint that becomes dear all at once, hardware by the hour, and going on afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.generate.summary import sentence
from pipeline.jsonl import read
from pipeline.rollout.scripted import server
from pipeline.settings import Price
from pipeline.status import status
from tests.generate.test_generate_run import FILES, make, patches
from tests.scripted.player import repository

PRICE = Price(usd_per_million_in=100.0, usd_per_million_cached=0.01, usd_per_million_out=0.0)
CHEAP_TURNS = 40


class _Dear(server._Handler):
    """The scripted model, whose cache fails after the first turns: they cost ten thousand times as much then."""

    lock = threading.Lock()
    turns = 0
    dearest = 0
    """Tokens in of one turn."""

    def do_POST(self) -> None:
        reply = server.completion(self._body())
        usage = reply["usage"]
        with self.lock:
            _Dear.turns += 1
            cached = usage["prompt_tokens"] if _Dear.turns <= CHEAP_TURNS else 0
            usage["prompt_tokens_details"] = {"cached_tokens": cached}
            _Dear.dearest = max(_Dear.dearest, usage["prompt_tokens"])
        self._send(200, reply)


@pytest.fixture
def dear() -> Iterator[str]:
    _Dear.turns = _Dear.dearest = 0
    httpd = server._Server(("127.0.0.1", 0), _Dear)
    thread = threading.Thread(target=ThreadingHTTPServer.serve_forever, args=(httpd, 0.01))
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("repo") / "shop", FILES)


def broken_off(out: Path) -> list[str]:
    return [row["id"] for row in read(out / "journal.jsonl") if row["stage"] == "rollout" and row["result"] is None]


def test_at_concurrency_16_the_cap_holds_but_for_the_turns_in_flight(repo: Path, dear: str, tmp_path: Path) -> None:
    out, cap = tmp_path / "out", 4.0
    stopped = make(repo, out, dear, price=PRICE, limit_usd=cap, samples=24, concurrency=16)
    assert stopped.state == "limit_usd" and stopped.failed == 0 and "error" not in stopped.exits
    assert stopped.cost_usd is not None and stopped.cost_usd <= cap + 16 * _Dear.dearest / 1e4
    rows = [*read(out / "rollouts.jsonl"), *read(out / "journal.jsonl")]
    assert stopped.cost_usd == pytest.approx(sum(row["cost_usd"] or 0.0 for row in rows), abs=1e-5)
    assert not set(broken_off(out)) & {row["id"] for row in read(out / "rollouts.jsonl")}
    assert stopped.forecast is not None and stopped.forecast.basis in ("here", "limits")
    progress = json.loads((out / "progress.json").read_text())
    assert progress["state"] == "limit_usd" and not progress["under_way"]
    assert progress["cost_usd"] == pytest.approx(stopped.cost_usd)
    assert status(out)["generate"]["spent_usd"] == pytest.approx(stopped.cost_usd)


def test_what_was_stopped_is_done_by_the_next_call(repo: Path, dear: str, tmp_path: Path) -> None:
    free, out = tmp_path / "free", tmp_path / "out"
    make(repo, free, dear, concurrency=4)
    _Dear.turns = CHEAP_TURNS
    stopped = make(repo, out, dear, price=PRICE, limit_usd=0.01, concurrency=4)  # less than the first turn costs
    assert stopped.state == "limit_usd" and len(broken_off(out)) == 1
    done = make(repo, out, dear, price=PRICE, limit_usd=1e9, concurrency=4)
    assert done.state == "done" and done.forecast is None and done.per_function is not None
    assert done.per_function.kept.n == 5 and patches(out) == patches(free)
    ids = [row["id"] for row in read(out / "rollouts.jsonl")]
    assert len(ids) == len(set(ids))


def test_a_call_that_runs_nothing_leaves_no_word_of_an_earlier_one(
    repo: Path, dear: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    nothing = make(repo, out, dear, price=PRICE, limit_usd=0.0, samples=1)
    assert nothing.state == "limit_usd" and "0 out, $0.00" in sentence(nothing)
    assert run(["status", "--out", str(out)]) == 0
    assert "limit_usd, 0 of 1 functions" in (said := capsys.readouterr().out) and "with a higher limit" in said
    make(repo, out, dear, price=PRICE, samples=1)
    path = out / "progress.json"
    finished = path.read_bytes()
    path.write_bytes(finished.replace(b'"state": "done"', b'"state": "stopped"'))  # killed at the very end
    make(repo, out, dear, price=PRICE, samples=1)
    assert status(out)["generate"]["progress"]["state"] == "done"
    path.write_bytes(finished)
    make(repo, out, dear, price=PRICE, samples=1)
    assert path.read_bytes() == finished


def test_hardware_by_the_hour_is_capped_and_paid_once(repo: Path, dear: str, tmp_path: Path) -> None:
    out, price = tmp_path / "out", Price(gpu_usd_per_hour=3600.0)  # a dollar a second
    done = make(repo, out, dear, price=price, concurrency=4, samples=4)
    progress = json.loads((out / "progress.json").read_text())
    assert done.cost_usd is not None and 0 < done.cost_usd <= progress["elapsed_seconds"] + 0.1
    assert done.cost_usd < done.seconds  # four at once share each second
    stopped = make(repo, tmp_path / "capped", dear, price=price, concurrency=4, samples=20, limit_usd=1.0)
    assert stopped.state == "limit_usd" and stopped.tried < 20
