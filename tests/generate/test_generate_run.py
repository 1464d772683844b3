"""Whole runs with the scripted model, the real sandbox and a real repository."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run
from pipeline.errors import EndpointError, InputError
from pipeline.generate import Summary, generate
from pipeline.jsonl import read
from pipeline.rollout import scripted
from pipeline.rollout.endpoint import Endpoint, Retry
from pipeline.rollout.scripted import server
from pipeline.settings import GenerateConfig, Price
from pipeline.types import Rollout, Sample, from_json
from tests.scripted.player import repository

SAMPLES = 5
FREE = Price(0.0, 0.0, 0.0)
FILES = {
    "lib/table.py": '''\
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


def render(table):
    head = table.head
    body = table.body
    return head + body


def reset():
    """Reset."""
    global state, total
    state = ""
    total = 0
''',
    "lib/cart.go": (
        "package cart\n\nfunc Add(cart *Cart, item *Item) {\n"
        "\tcart.items = append(cart.items, item)\n\tcart.count++\n\tcart.sum += item.price\n}\n"
    ),
}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("repo") / "shop", FILES)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with scripted.serve() as base:
        yield base


@pytest.fixture(scope="module")
def made(repo: Path, url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run."""
    out = tmp_path_factory.mktemp("made") / "out"
    assert make(repo, out, url).state == "done"
    return out


def make(repo: Path, out: Path, url: str, **given: Any) -> Summary:
    settings = GenerateConfig(prompt="compact", keep_recall_from=given.pop("keep_recall_from", 0.5))
    retry = Retry(tries=1)
    values = {"samples": SAMPLES, "seed": 0, "concurrency": 2, "prompt": "compact", "price": FREE, **given}
    return generate(repo, out, endpoint=Endpoint(url, "scripted", retry=retry), config=settings, **values)


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in ("samples.jsonl", "left_out.jsonl")}


def patches(out: Path) -> list[str]:
    return [row["patch"] for row in read(out / "samples.jsonl")]


def tasks(out: Path) -> set[str]:
    return {row["task_id"] for row in read(out / "rollouts.jsonl")}


def test_each_rollout_is_kept_or_left_out_once(made: Path) -> None:
    rollouts = Counter(row["id"] for row in read(made / "rollouts.jsonl"))
    kept = Counter(row["id"] for row in read(made / "samples.jsonl"))
    dropped = Counter(row["id"] for row in read(made / "left_out.jsonl") if row["thing"] == "rollout")
    assert kept and rollouts == kept + dropped
    assert set(rollouts.values()) == {1}


def test_the_files_hold_what_the_contract_says(made: Path) -> None:
    rollouts = {row["id"]: from_json(Rollout, row) for row in read(made / "rollouts.jsonl")}
    assert {r.role for r in rollouts.values()} == {"teacher"}
    samples = [from_json(Sample, row) for row in read(made / "samples.jsonl")]
    for sample in samples:
        rollout = rollouts[sample.id]
        assert (sample.messages, sample.tools, sample.patch) == (rollout.messages, rollout.tools, rollout.patch)
        assert sample.path in FILES and sample.path in sample.patch
        assert sample.rollout == 1 or (sample.recall is not None and sample.recall >= 0.5)
    assert {sample.rollout for sample in samples} == {1, 2}
    assert all(set(row) == {"stage", "thing", "id", "reason", "detail"} for row in read(made / "left_out.jsonl"))


def test_rollout_2_was_asked_with_the_description_and_nothing_else(made: Path) -> None:
    for row in read(made / "samples.jsonl"):
        asked = row["messages"][1]["content"]
        assert (row["description"] in asked) == (row["rollout"] == 2)
        assert ("I suspect a problem" in asked) == (row["rollout"] == 1)


def test_the_summary_adds_up(made: Path) -> None:
    summary = json.loads((made / "summary.json").read_text())
    rows = list(read(made / "rollouts.jsonl"))
    assert summary["kept"] == summary["kept_first"] + summary["kept_second"] == len(list(read(made / "samples.jsonl")))
    funnel = [summary[key] for key in ("planned", "tried", "submitted", "verified", "described", "redone")]
    assert funnel == sorted(funnel, reverse=True) and funnel[0] == SAMPLES
    assert sum(summary["left_out"].values()) == len(list(read(made / "left_out.jsonl")))
    questions = list(read(made / "journal.jsonl"))
    for key in ("tokens_in", "tokens_out", "tokens_cached"):
        assert summary[key] == sum(row[key] for row in rows) + sum(row[key] for row in questions)
    assert summary["rollouts"] == len(rows) == sum(summary["exits"].values())


def test_a_finished_folder_is_left_alone(repo: Path, made: Path, url: str, caplog: pytest.LogCaptureFixture) -> None:
    before = {
        path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in made.iterdir() if path.name != ".lock"
    }
    with caplog.at_level("INFO"):
        assert make(repo, made, "http://127.0.0.1:9/v1").state == "done"  # nobody is there, and nobody is needed
    assert "nothing to do" in caplog.text
    after = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in made.iterdir() if path.name != ".lock"}
    assert {k: v for k, v in after.items() if k != "run.json"} == {k: v for k, v in before.items() if k != "run.json"}


def test_another_threshold_only_selects_anew(repo: Path, made: Path, url: str) -> None:
    before = (made / "rollouts.jsonl").read_bytes()
    all_kept = make(repo, made, url, keep_recall_from=0.0)
    assert all_kept.kept_second == all_kept.redone
    make(repo, made, url)
    assert (made / "rollouts.jsonl").read_bytes() == before


@pytest.mark.parametrize("change", [{"seed": 1}, {"samples": SAMPLES - 1}, {"shard": (1, 2)}, {"prompt": "mini"}])
def test_other_arguments_on_the_same_folder_are_refused(
    repo: Path, made: Path, url: str, change: dict[str, Any]
) -> None:
    before = contents(made)
    with pytest.raises(InputError, match=next(iter(change))):
        make(repo, made, url, **change)
    assert contents(made) == before


def test_shards_are_disjoint_and_together_the_whole(repo: Path, made: Path, url: str, tmp_path: Path) -> None:
    shares = [tmp_path / "one", tmp_path / "two"]
    for number, out in enumerate(shares, 1):
        make(repo, out, url, shard=(number, 2))
    assert not tasks(shares[0]) & tasks(shares[1])
    assert tasks(shares[0]) | tasks(shares[1]) == tasks(made)
    together = {row["id"]: row for out in shares for row in read(out / "samples.jsonl")}
    assert together == {row["id"]: row for row in read(made / "samples.jsonl")}


def test_growing_adds_to_what_is_there(repo: Path, made: Path, url: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(repo, out, url, samples=2)
    small = contents(out)["samples.jsonl"]
    make(repo, out, url)
    assert contents(out) == contents(made)
    assert contents(out)["samples.jsonl"].startswith(small)


@pytest.mark.parametrize("lines", [1, 4])
def test_killed_at_any_moment_it_goes_on_to_the_same_files(repo: Path, made: Path, tmp_path: Path, lines: int) -> None:
    out = tmp_path / "out"
    words = [sys.executable, "-m", "pipeline.cli", "generate", "--repo", str(repo), "--out", str(out)]
    words += ["--samples", str(SAMPLES), "--teacher-model", "scripted", "--concurrency", "2", "--prompt", "compact"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and _lines(out / "rollouts.jsonl") < lines:
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = [row["id"] for row in read(out / "rollouts.jsonl")]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = [row["id"] for row in read(out / "rollouts.jsonl")]
    assert after[: len(before)] == before and len(set(after)) == len(after)
    assert contents(out) == contents(made)
    assert not (out / ".work").exists()


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_the_spending_limit_stops_the_intake_and_can_be_raised(
    repo: Path, made: Path, url: str, tmp_path: Path
) -> None:
    out, price = tmp_path / "out", Price(1000.0, None, 1000.0)
    stopped = make(repo, out, url, price=price, limit_usd=0.5, concurrency=1)
    assert stopped.state == "limit_usd" and stopped.cost_usd is not None and stopped.cost_usd >= 0.5
    assert stopped.tried < SAMPLES and stopped.failed == 0
    assert make(repo, out, url, price=price, limit_usd=0.5).rollouts == stopped.rollouts
    finished = make(repo, out, url, price=price, limit_usd=1e6)
    assert finished.state == "done"
    assert patches(out) == patches(made)


def test_a_limit_that_cannot_be_kept_is_refused(repo: Path, url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no price"):
        make(repo, tmp_path / "out", url, price=None, limit_usd=1.0)
    assert not (tmp_path / "out").exists()


HEALTHY = b"<never said>"


class _Ailing(server._Handler):
    """The scripted model, refusing what speaks of ``sick``."""

    sick = HEALTHY

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.sick in data:
            self._send(500, {"error": {"message": "out of order"}})
        else:
            self._send(200, server.completion(json.loads(data)))


@pytest.fixture
def ailing() -> Iterator[str]:
    import threading

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Ailing)
    httpd.daemon_threads, httpd.block_on_close = True, False
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_failures_of_ours_are_shown_and_made_good(repo: Path, made: Path, ailing: str, tmp_path: Path) -> None:
    _Ailing.sick = b"`render`"
    out = tmp_path / "out"
    failed = make(repo, out, ailing, concurrency=1)
    assert (failed.state, failed.failed) == ("failed", 1)
    assert "render" in failed.failures[0] and "out of order" in failed.failures[0]
    _Ailing.sick = HEALTHY
    healed = make(repo, out, ailing, concurrency=1)
    assert (healed.state, healed.failed) == ("done", 0)
    assert patches(out) == patches(made)
    ids = [row["id"] for row in read(out / "rollouts.jsonl")]
    assert len(set(ids)) == len(ids)
    errors = [row["id"] for row in read(out / "rollouts.jsonl") if row["exit"] == "error"]
    dropped = [row["id"] for row in read(out / "left_out.jsonl") if row["reason"] == "failed_by_us"]
    assert sorted(errors) == sorted(dropped) and errors


def test_when_everything_fails_the_run_gives_up_and_can_go_on(
    repo: Path, made: Path, ailing: str, tmp_path: Path
) -> None:
    _Ailing.sick = b"Request:"  # the questions, not the rollouts
    out = tmp_path / "out"
    with pytest.raises(EndpointError, match="in a row"):
        make(repo, out, ailing, concurrency=1)
    assert json.loads((out / "summary.json").read_text())["state"] == "failed"
    _Ailing.sick = HEALTHY
    make(repo, out, ailing, concurrency=1)
    assert contents(out) == contents(made)


def test_an_endpoint_that_is_down_is_said_before_anything_is_run(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9"):
        make(repo, tmp_path / "out", "http://127.0.0.1:9/v1")


def test_two_runs_do_not_share_a_folder(repo: Path, made: Path, url: str) -> None:
    import fcntl

    with (made / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another generate"):
            make(repo, made, url)


def cli(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    code = run(["generate", *words])
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err.strip().splitlines()


SCRIPTED = ("--teacher-model", "scripted")


def test_bad_input_is_one_line_and_exit_2(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, bare, file = tmp_path / "empty", tmp_path / "bare", tmp_path / "file"
    for folder in (empty, bare):
        folder.mkdir()
    subprocess.run(["git", "init", "-q", str(empty)], check=True)
    prose = repository(tmp_path / "prose", {"a.md": "text"})
    file.write_text("")
    out = str(tmp_path / "out")
    cases: list[tuple[str, tuple[str, ...]]] = [
        ("no such folder", ("--repo", str(tmp_path / "gone"), "--out", out, *SCRIPTED)),
        ("not a git repository", ("--repo", str(bare), "--out", out, *SCRIPTED)),
        ("is a file", ("--repo", str(file), "--out", out, *SCRIPTED)),
        ("no commit", ("--repo", str(empty), "--out", out, *SCRIPTED)),
        ("no commit", ("--repo", str(repo), "--out", out, "--base", "feedbeef", *SCRIPTED)),
        ("no function", ("--repo", str(prose), "--out", str(tmp_path / "o2"), *SCRIPTED)),
        ("is a file", ("--repo", str(repo), "--out", str(file), *SCRIPTED)),
        ("no teacher", ("--repo", str(repo), "--out", out)),
        ("no model", ("--repo", str(repo), "--out", out, "--teacher-url", "http://127.0.0.1:9/v1")),
        ("http", ("--repo", str(repo), "--out", out, "--teacher-url", "gpu:1", "--teacher-model", "m")),
        ("--shard", ("--repo", str(repo), "--out", out, "--shard", "3/2", *SCRIPTED)),
        ("--shard", ("--repo", str(repo), "--out", out, "--shard", "one", *SCRIPTED)),
        ("--samples", ("--repo", str(repo), "--out", out, "--samples", "0", *SCRIPTED)),
    ]
    for expected, words in cases:
        code, lines = cli(capsys, *words)
        assert (code, len(lines)) == (2, 1), words
        assert expected in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_not_served_is_named(
    repo: Path, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--repo", str(repo), "--out", str(tmp_path / "out"), "--samples", "2", "--teacher-url", url)
    code, lines = cli(capsys, *words, "--teacher-model", "glm")
    assert code == 1 and len(lines) == 1 and "glm" in lines[0] and "scripted" in lines[0]


def test_json_is_one_object_on_stdout(repo: Path, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--repo", str(repo), "--out", str(made), "--samples", str(SAMPLES), "--prompt", "compact", "--json"]
    assert run(["generate", *words, *SCRIPTED]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((made / "summary.json").read_text())
