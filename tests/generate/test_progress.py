"""What a run shows: plain lines, a live panel in a terminal, and progress.json for other terminals."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.cli import run
from pipeline.errors import EndpointError
from pipeline.generate.failures import Failures
from pipeline.generate.journal import Journal
from pipeline.generate.money.forecast import Forecast, Range
from pipeline.generate.plan import Target
from pipeline.generate.progress import snapshot, standing
from pipeline.generate.progress.course import Course
from pipeline.generate.progress.lines import Lines
from pipeline.generate.progress.panel import Panel
from pipeline.generate.progress.snapshot import Snapshot
from pipeline.generate.stories import Kept, Outcome
from pipeline.jsonl import read
from pipeline.status import status
from pipeline.types import LeftOut, to_json
from tests.generate.making import function, rollout
from tests.generate.test_generate_run import FILES
from tests.scripted.player import repository

AHEAD = Forecast("here", 30, Range(90, 100, 110), Range(50, 60, 70), Range(60, 90, 120), Range(20, 25, 30))
NOW = Snapshot(
    state="running",
    pid=os.getpid(),
    host="elsewhere",
    started_at="2026-01-01T00:00:00+00:00",
    updated_at="2026-01-01T00:10:00+00:00",
    elapsed_seconds=600,
    planned=100,
    ended=30,
    rollouts_running=8,
    questions_running=1,
    kept_first=12,
    kept_second=7,
    left_out={"low_recall": 9, "abstained": 3, "too_long": 2, "no_patch": 2, "self_check_no": 1},
    failed=0,
    tokens_in=10,
    tokens_out=2,
    tokens_cached=5,
    tokens_in_per_second=12_345.0,
    tokens_out_per_second=678.0,
    cached_share=0.56,
    cost_usd=31.5,
    limit_usd=40.0,
    forecast=AHEAD,
)


def test_a_snapshot_as_words() -> None:
    said = dict(snapshot.rows(NOW))
    assert said["left out"] == "9 low_recall + 3 abstained + 2 too_long + 2 no_patch + 1 others"
    assert said["cost"] == "$31.50 spent of $40.00, $100.00 ($90.00 to $110.00) expected in all"
    assert said["ahead"] == "60 (50 to 70) samples expected, 25 (20 to 30) for $40.00"
    assert said["time"] == "10 min elapsed, 60 s to 2 min left"
    assert said["speed"] == "12.3k tokens/s in (56% cached), 678 out"
    assert "failed" not in said and "failed" in dict(snapshot.rows(replace(NOW, failed=2)))
    free = replace(NOW, cost_usd=None, forecast=None, left_out={}, cached_share=None)
    assert "no price known" in snapshot.sentence(free) and "left out" not in snapshot.sentence(free)
    assert snapshot.money(replace(NOW, forecast=Forecast("limits", 0, Range(0, 9, 9), None, None, None))).endswith(
        "at most $9.00"
    )
    unbound = replace(NOW, forecast=Forecast("limits", 0, Range(0, 900, 900), None, None, None))
    assert snapshot.money(unbound) == "$31.50 spent of $40.00"
    assert [snapshot.duration(s) for s in (45, 600, 12_000, 190_000)] == ["45 s", "10 min", "3 h 20 min", "2 d 4 h"]


def test_lines_come_with_each_tenth_and_each_minute(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        lines = Lines(seconds=1e9)
        for ended in (0, 9, 10, 15, 30, 30):
            lines.show(replace(NOW, ended=ended))
        assert [record.getMessage().split(" of ")[0] for record in caplog.records] == ["generate: 10", "generate: 30"]
        impatient = Lines(seconds=0.0)
        impatient.show(replace(NOW, ended=0))
        impatient.close(NOW)
    assert len(caplog.records) == 4


def test_a_panel_keeps_log_lines_whole_and_above_it() -> None:
    screen = io.StringIO()
    root = logging.getLogger()
    handler = logging.StreamHandler(sys.__stderr__)
    root.addHandler(handler)
    try:
        panel = Panel(Console(file=screen, force_terminal=True, width=80, height=30))
        panel.show(NOW)
        root.warning("something to tell")
        assert handler.stream is not sys.__stderr__
        panel.close(replace(NOW, ended=31))
    finally:
        root.removeHandler(handler)
    assert handler.stream is sys.__stderr__
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "something to tell\n" in text and text.rindex("31 of 100") > text.index("something to tell")
    assert all(len(line.rstrip()) <= 80 for line in re.split(r"[\r\n]", text))


def test_a_forecast_is_made_from_those_that_began_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    targets = [Target(f"t{number}", function("a.py", "f"), 0, 0) for number in range(20)]

    def outcomes(target: Target) -> list[Outcome]:
        if target.id == "t0":
            return [LeftOut("generate", "rollout", "t0.1.0", "no_patch", "")]
        return [Kept(None, rollout(), which, 1.0) for which in (1, 2)]  # type: ignore[arg-type]

    course = Course(20, journal.ledger, outcomes)
    for target in targets:
        course.begin(target)
    for target in targets[10:]:  # the quick ones
        journal.add_rollout(1, rollout(f"{target.id}.1.0", target.id, cost=0.1))
        course.end(target)
    assert course.per_function().kept.n == 0 and course.ended == 10
    for target in targets[:9]:
        journal.add_rollout(1, rollout(f"{target.id}.1.0", target.id, cost=2.0))
        course.end(target)
    per = course.per_function()
    assert per.kept.n == 19 and per.cost_usd.mean == pytest.approx((10 * 0.1 + 9 * 2.0) / 19)
    assert (course.kept_first, course.kept_second, course.left_out) == (18, 18, {"no_patch": 1})
    assert course.ended_usd() == pytest.approx(19.0)
    course.leave(targets[9])
    assert course.per_function().kept.n == 19
    journal.close()


def test_an_outage_is_waited_for_and_other_failures_are_not() -> None:
    target = Target("t", function("a.py", "f"), 0, 0)
    answers = [EndpointError("down"), EndpointError("down"), None]

    def check() -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    patient = Failures(4, check, patience=60, pause=0.001)
    for number in range(7):
        patient.note(replace(target, id=str(number)), "refused")
    assert not answers and not patient.gave_up  # asked when all four that run at once had failed
    patient.note(target, "refused")
    assert patient.gave_up and len(patient.open) == 8 and patient.reports()[0] == "a.py::f: refused"

    answers[:] = [EndpointError("down")] * 50
    hasty = Failures(4, check, patience=0.0, pause=0.001)
    for number in range(4):
        hasty.note(replace(target, id=str(number)), "refused")
    assert hasty.gave_up


def test_who_no_longer_writes_is_said_to_have_stopped(tmp_path: Path) -> None:
    assert standing.read(tmp_path) is None
    path = tmp_path / "progress.json"
    path.write_text(json.dumps(to_json(NOW)))
    old = standing.read(tmp_path)
    assert old is not None and (old["state"], old["rollouts_running"]) == ("stopped", 0)
    path.write_text(json.dumps(to_json(replace(NOW, state="limit_usd"))))
    over = standing.read(tmp_path)
    assert over is not None and over["state"] == "limit_usd"
    assert standing.snapshot_of(over).forecast == AHEAD
    assert (over["rollouts_running"], over["questions_running"]) == (0, 0)
    path.write_text("{")
    assert standing.read(tmp_path) is None


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("repo") / "shop", FILES)


def words(repo: Path, out: Path, samples: int) -> list[str]:
    given = ["generate", "--repo", str(repo), "--out", str(out), "--teacher-model", "scripted", "--prompt", "compact"]
    return [*given, "--samples", str(samples), "--concurrency", "2"]


def started(repo: Path, out: Path, samples: int, **given: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "pipeline.cli", *words(repo, out, samples)], **given)


def test_status_reads_a_run_of_another_process_and_knows_when_it_was_killed(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, quiet = tmp_path / "out", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = started(repo, out, 16, **quiet)
    progress = out / "progress.json"
    while process.poll() is None and not (progress.exists() and json.loads(progress.read_text())["under_way"]):
        time.sleep(0.02)
    process.send_signal(signal.SIGSTOP)
    now = status(out)["generate"]
    assert {"rollouts", "exits", "left_out", "spent_usd", "samples"} <= set(now)
    assert (now["progress"]["state"], now["progress"]["planned"]) == ("running", 16)
    process.kill()
    process.wait()
    assert status(out)["generate"]["progress"]["state"] == "stopped"
    assert run(["status", "--out", str(out)]) == 0
    assert "stopped, " in (said := capsys.readouterr().out) and "the same command goes on" in said

    known = {row["id"] for name in ("rollouts.jsonl", "journal.jsonl") for row in read(out / name)}
    lost = {row["id"] for row in json.loads(progress.read_text())["under_way"]} - known
    assert run(words(repo, out, 16)) == 0
    assert "generate: 16 of 16 functions" in (said := capsys.readouterr().err) and "\x1b" not in said
    assert lost <= {row["id"] for row in read(out / "journal.jsonl") if row["stage"] == "lost"}
    assert run(["status", "--out", str(out)]) == 0 and "done, 16 of 16 functions" in capsys.readouterr().out


def test_a_terminal_gets_a_panel_that_survives_resizing_and_ctrl_c(repo: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = started(
        repo,
        tmp_path / "out",
        40,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(theirs)
    seen: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(ours, seen))
    reader.start()
    _wait_for(process, seen, b"of 40", 2)
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    os.kill(process.pid, signal.SIGWINCH)
    _wait_for(process, seen, b"of 40", 4)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    reader.join(30)
    os.close(ours)
    assert process.stdout is not None and process.stdout.read() == b""
    process.stdout.close()
    text = b"".join(seen)
    assert text.count(b"Traceback") == 0 and b"interrupted; the same command goes on" in text
    assert text.rfind(b"\x1b[?25h") > text.rfind(b"\x1b[?25l")
    assert text.rindex(b"interrupted") > text.rindex(b"of 40")


def _read_all(terminal: int, seen: list[bytes]) -> None:
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            return
        if not data:
            return
        seen.append(data)


def _wait_for(process: subprocess.Popen[bytes], seen: list[bytes], what: bytes, times: int) -> None:
    end = time.monotonic() + 120
    while b"".join(seen).count(what) < times:
        assert process.poll() is None and time.monotonic() < end, b"".join(seen)
        time.sleep(0.05)
