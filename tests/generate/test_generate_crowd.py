"""Thirty rollouts at once, killed again and again (``benchmarks/generate_crowd.py`` is the same with a thousand)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import generate_crowd
from benchmarks.generate_crowd import Seen
from pipeline.generate import generate
from pipeline.rollout import scripted
from pipeline.rollout.endpoint import Endpoint
from pipeline.settings import GenerateConfig, Price

ROOT = Path(__file__).parents[2]
SAMPLES = 12


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    out = folder / "out"
    with scripted.serve() as url:
        generate(
            generate_crowd.repository(folder, SAMPLES),
            out,
            samples=SAMPLES,
            endpoint=Endpoint(url, "scripted"),
            config=GenerateConfig(prompt="compact"),
            seed=0,
            concurrency=4,
            price=Price(0.0, 0.0, 0.0),
            prompt="compact",
        )
    return out


def test_killed_three_times_it_ends_with_the_same_files_and_leaves_nothing() -> None:
    """In a process of its own, which adopts every orphan: what other tests started is not counted, all else is."""
    words = ["--samples", str(SAMPLES), "--concurrency", "16", "--at", "0.1", "0.4", "0.7"]
    command = [sys.executable, "-m", "benchmarks.generate_crowd", *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("left behind: 0 processes, 0 mounts, 0 temporary folders") == 2
    assert "3 times, after" in ended.stdout
    assert ended.stdout.endswith("files that differ: none\n")


def test_growth_is_told_from_being_flat() -> None:
    flat = [Seen(float(n), n, 100.0, 9, 1) for n in range(9)]
    growing = [Seen(float(n), n, 100.0 + n, 9, 1) for n in range(9)]
    assert generate_crowd.slope(flat) == 0.0
    assert generate_crowd.slope(growing) == pytest.approx(1024.0)


def test_what_differs_is_named(undisturbed: Path, tmp_path: Path) -> None:
    for name in (*generate_crowd.RESULTS, "rollouts.jsonl"):
        (tmp_path / name).write_bytes((undisturbed / name).read_bytes())
    assert generate_crowd.differences(tmp_path, undisturbed) == []
    line = (undisturbed / "rollouts.jsonl").read_bytes().splitlines(keepends=True)[0]
    with (tmp_path / "rollouts.jsonl").open("ab") as rollouts:
        rollouts.write(line)
    (tmp_path / "samples.jsonl").write_bytes(b"")
    assert [wrong.split()[0] for wrong in generate_crowd.differences(tmp_path, undisturbed)] == [
        "samples.jsonl",
        "rollouts.jsonl",
    ]
