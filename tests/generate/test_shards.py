"""Shards: disjoint and complete for any number of them, and the whole again when their files are put together."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.generate import Summary
from pipeline.generate.plan import plan, shard
from pipeline.jsonl import read
from pipeline.status import status
from pipeline.train.samples import read_conversations
from tests.generate.making import function
from tests.generate.test_generate_run import SAMPLES, contents, made, make, repo, tasks, url

__all__ = ["made", "repo", "url"]  # fixtures
FILES = ("samples.jsonl", "rollouts.jsonl", "left_out.jsonl")
SUMS = ("planned", "tried", "submitted", "verified", "described", "redone", "kept", "kept_first", "kept_second")


def rows(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """By id, without what differs from run to run: seconds."""
    return {row["id"]: {**row, "seconds": 0} for row in read(folder / name)}


def together(shards: Sequence[Path], folder: Path) -> Path:
    """``cat`` of the shards' files."""
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(b"".join((one / name).read_bytes() for one in shards))
    return folder


@given(st.integers(0, 12), st.integers(1, 30), st.integers(0, 5))
def test_shards_of_any_number_are_disjoint_and_complete(functions: int, count: int, seed: int) -> None:
    found = [function(f"{number % 3}.py", f"f{number}") for number in range(functions)]
    texts = {f.path: b"a\nb\n" for f in found}
    whole = plan(found, texts, where="r@s", seed=seed, samples=10)
    shares = [shard(whole, number, count) for number in range(1, count + 1)]
    assert Counter(t.id for share in shares for t in share) == Counter(t.id for t in whole)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert shard(whole, 1, 1) == whole


def test_one_of_one_is_the_whole(repo: Path, made: Path, url: str, tmp_path: Path) -> None:
    make(repo, tmp_path / "out", url, shard=(1, 1))
    assert contents(tmp_path / "out") == contents(made)


def test_more_shards_than_functions_leave_some_empty(repo: Path, url: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    empty = make(repo, out, url, shard=(SAMPLES + 4, SAMPLES + 4))
    assert (empty.state, empty.planned, empty.rollouts, empty.kept) == ("done", 0, 0, 0)
    assert {path.name for path in out.iterdir()} >= {*FILES, "summary.json"}
    assert make(repo, out, url, shard=(SAMPLES + 4, SAMPLES + 4)) == empty


def _shard(repo: Path, out: Path, url: str, number: int) -> Summary:
    return make(repo, out, url, shard=(number, 2))


def test_shards_at_once_put_together_are_the_whole(repo: Path, made: Path, url: str, tmp_path: Path) -> None:
    shards = [tmp_path / "one", tmp_path / "two"]
    with multiprocessing.get_context("spawn").Pool(2) as pool:  # two processes, as two commands on one machine
        pool.starmap(_shard, [(repo, out, url, number) for number, out in enumerate(shards, 1)])
    whole = together(shards, tmp_path / "whole")
    for name in FILES:
        ids = [row["id"] for row in read(whole / name)]
        assert sorted(ids) == sorted(row["id"] for row in read(made / name)), name
        if name != "rollouts.jsonl":
            assert rows(whole, name) == rows(made, name)
    assert not tasks(shards[0]) & tasks(shards[1])
    summaries = [json.loads((out / "summary.json").read_text()) for out in shards]
    undivided = json.loads((made / "summary.json").read_text())
    for key in (*SUMS, "rollouts", "tokens_in", "tokens_out", "tokens_cached"):
        assert sum(one[key] for one in summaries) == undivided[key], key
    assert sum((Counter(one["left_out"]) for one in summaries), Counter()) == Counter(undivided["left_out"])


def test_files_put_together_are_read_by_train_and_status(repo: Path, made: Path, url: str, tmp_path: Path) -> None:
    shards = [tmp_path / "one", tmp_path / "two", tmp_path / "three"]
    for number, out in enumerate(shards, 1):
        make(repo, out, url, shard=(number, 3))
    whole = together(shards, tmp_path / "whole")
    ids = {one.id for one in read_conversations(whole / "samples.jsonl")}
    assert ids == {one.id for one in read_conversations(made / "samples.jsonl")}
    found, expected = status(whole)["generate"], status(made)["generate"]
    keys = ("samples", "rollouts", "exits", "left_out")
    assert {key: found[key] for key in keys} == {key: expected[key] for key in keys}


def test_two_shards_on_one_folder_are_refused(repo: Path, url: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(repo, out, url, shard=(1, 2))
    before = contents(out)
    with pytest.raises(InputError, match="was begun with shard 1/2 and this command has 2/2"):
        make(repo, out, url, shard=(2, 2))
    assert contents(out) == before
