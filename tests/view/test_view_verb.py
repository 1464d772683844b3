"""``switchover view`` from the command line."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import run
from tests.view.making import evaluated, generated


def test_json_names_the_page_and_counts_the_rollouts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    made = [generated(tmp_path / "made"), evaluated(tmp_path / "eval")]
    assert run(["view", *map(str, made), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"page": str(out), "rollouts": 8}


def test_without_json_the_path_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["view", str(generated(tmp_path)), "--limit", "1", "--no-open"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'view.html'}\n"


def view(folder: Path, browser: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    line = [sys.executable, "-m", "pipeline.cli", "view", str(folder), *words]
    return subprocess.run(line, env={**environment, "BROWSER": browser}, capture_output=True, text=True, timeout=200)


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A browser that notes what it is told to open."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


@pytest.mark.parametrize(
    ("words", "opens"), [((), True), (("--open", "--json"), True), (("--json",), False), (("--no-open",), False)]
)
def test_a_browser_opens_unless_told_otherwise(
    tmp_path: Path, browser: Path, words: tuple[str, ...], opens: bool
) -> None:
    folder = generated(tmp_path / "made made")
    done = view(folder, str(browser), *words)
    assert done.returncode == 0, done.stderr
    opened = tmp_path / "opened"
    assert opened.exists() == opens
    if opens:
        assert opened.read_text() == f"{(folder / 'view.html').as_uri()}\n"


@pytest.mark.parametrize("browser", ["no-such-browser", "/bin/false"])
def test_a_machine_without_a_browser_is_no_failure(tmp_path: Path, browser: str) -> None:
    done = view(generated(tmp_path), browser, "--open")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'view.html'}\n"), done.stderr


def test_a_browser_for_the_terminal_is_left_alone(tmp_path: Path, browser: Path) -> None:
    done = view(generated(tmp_path / "made"), str(browser.rename(tmp_path / "w3m")), "--open")
    assert done.returncode == 0 and not (tmp_path / "opened").exists()


def test_a_torn_line_is_told_on_stderr(tmp_path: Path) -> None:
    rollouts = generated(tmp_path) / "rollouts.jsonl"
    rollouts.write_bytes(rollouts.read_bytes()[:-9])
    done = view(tmp_path, "no-such-browser", "--json")
    assert json.loads(done.stdout)["rollouts"] == 4
    assert "torn last line" in done.stderr
