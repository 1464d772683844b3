"""``switchover serve`` as a process: one line, an endpoint, an orderly end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from pipeline import cli
from tests.serve.adapters import tiny


def test_it_prints_one_line_serves_and_ends_when_asked(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--base", str(tiny()), "--engine", "transformers"]
    more = ["--log", str(tmp_path / "log"), "--max-model-len", "512"]
    ours = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert ours.stdout is not None
    line = json.loads(ours.stdout.readline())
    assert line["model"] == "base" and set(line) == {"url", "model"}
    listed = urllib3.request("GET", f"{line['url']}/models", timeout=60).json()
    assert [model["id"] for model in listed["data"]] == ["base"]
    ours.send_signal(signal.SIGTERM)
    out, err = ours.communicate(timeout=120)
    assert (ours.returncode, out) == (0, "") and err.endswith("switchover serve: ended\n")
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"{line['url']}/models", timeout=5, retries=False)


def test_a_router_without_an_adapter_or_a_frontier_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve = ["serve", "--base", "small", "--router-config", str(tmp_path / "litellm.yaml")]
    assert cli.run(serve) == 2
    assert "--adapter" in capsys.readouterr().err
    (tmp_path / "so.yml").write_text("")
    assert cli.run([*serve, "--adapter", str(tmp_path), "--config", str(tmp_path / "so.yml")]) == 2
    assert "evaluate.frontier" in capsys.readouterr().err
