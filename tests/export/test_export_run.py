"""The whole export: its folder, its cards, what it leaves out, what it refuses."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from pipeline.cli import run
from pipeline.errors import InputError
from pipeline.export import FORMATS, THINK, Mix, Options, export
from pipeline.export import place as placing
from pipeline.folders import held_beside
from pipeline.jsonl import read
from pipeline.types import Sample
from pipeline.verbs import export as verb
from tests.export.conftest import renamed, written

CHAT = Options(("chat",))
EVERY = tuple(name for name in FORMATS if name != "tokens")
"""But the one that needs a model (test_tokens.py)."""


def ids(out: Path) -> list[str]:
    return [row["id"] for row in read(out / "chat" / "train.jsonl")]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_shards_become_one_set(shards: list[Path], tmp_path: Path) -> None:
    done = export(shards, tmp_path / "out", CHAT)
    there = [row["id"] for shard in shards for row in read(shard / "samples.jsonl")]
    left = [row["id"] for row in read(tmp_path / "out" / "left_out.jsonl")]
    assert sorted(ids(tmp_path / "out") + left) == sorted(there)
    assert done.samples == len(ids(tmp_path / "out")) == done.first + done.second
    assert json.loads((tmp_path / "out" / "export.json").read_text())["samples"] == done.samples


def test_the_same_command_gives_the_same_bytes(shards: list[Path], tmp_path: Path) -> None:
    options = Options(EVERY, Mix(first=1, seed=3), all_rollouts=True)
    export(shards, tmp_path / "one", options)
    export(shards, tmp_path / "two", options)
    export(shards, tmp_path / "two", options)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_a_folder_given_twice_counts_once(shards: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    once = export(shards[:1], tmp_path / "once", CHAT)
    caplog.set_level(logging.WARNING)
    assert export([shards[0], shards[0], shards[0] / "samples.jsonl"], tmp_path / "twice", CHAT) == once
    assert "given twice" in caplog.text
    shutil.copytree(shards[0], tmp_path / "copy")
    copied = export([shards[0], tmp_path / "copy"], tmp_path / "out", CHAT)
    assert copied.samples == once.samples
    assert copied.left_out["same_sample"] == len(list(read(shards[0] / "samples.jsonl")))
    counted = [
        (tmp_path / name / "card.md").read_text().split("## Counts")[1].split("###")[0] for name in ("once", "out")
    ]
    assert counted[0] == counted[1]


def test_other_repositories_mix_and_keep_their_own_changes(sample: Sample, tmp_path: Path) -> None:
    other = dataclasses.replace(sample, repo="o/other", id="z.1.0", base_time="2030-01-01T00:00:00Z")
    again = dataclasses.replace(sample, id="y.1.0")
    sources = [written(tmp_path / "a.jsonl", sample, again), written(tmp_path / "b.jsonl", other)]
    done = export(sources, tmp_path / "out", CHAT)
    assert ids(tmp_path / "out") == [sample.id, "z.1.0"]
    assert done.left_out == {"duplicate_patch": 1} and done.repos == sorted([sample.repo, "o/other"])
    assert "nothing newer than 2030-01-01T00:00:00Z" in (tmp_path / "out" / "card.md").read_text()


def test_whole_trajectories_of_all_shards_come_first(sample: Sample, shards: list[Path], tmp_path: Path) -> None:
    for name, shares in (("one", {"a.1.0": 1.0, "b.1.0": 0.9}), ("two", {"c.1.0": 1.0, "d.1.0": 0.95})):
        shutil.copytree(shards[0], tmp_path / name)
        written(tmp_path / name / "samples.jsonl", *(renamed(sample, id) for id in shares))
        with (tmp_path / name / "journal.jsonl").open("a") as journal:
            for id, share in shares.items():
                journal.write(json.dumps({"id": id, "stage": "facts", "result": {"kept_share": share}}) + "\n")
    export([tmp_path / "one", tmp_path / "two"], tmp_path / "out", CHAT)
    assert ids(tmp_path / "out") == ["a.1.0", "c.1.0", "d.1.0", "b.1.0"]


def test_a_torn_last_line_is_reported_and_dropped(
    sample: Sample, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lone = written(tmp_path / "lone.jsonl", sample, renamed(sample, "b.1.0"))
    lone.write_bytes(b"\n" + lone.read_bytes() + b'{"id": "torn')
    export([lone], tmp_path / "out", CHAT)
    assert ids(tmp_path / "out") == [sample.id, "b.1.0"]
    assert "torn last line" in caplog.text


def test_the_card_counts_what_there_is(shards: list[Path], tmp_path: Path) -> None:
    done = export(shards, tmp_path / "out", Options(EVERY))
    card = (tmp_path / "out" / "card.md").read_text()
    summaries = [json.loads((shard / "summary.json").read_text()) for shard in shards]
    samples = list(read(tmp_path / "out" / "chat" / "train.jsonl"))
    for stage in ("planned", "tried", "verified", "described", "redone", "kept", "rollouts"):
        assert f"| {stage} | {sum(summary[stage] for summary in summaries)} |" in card
    assert f"| functions in the code | {summaries[0]['functions']} |" in card
    assert f"| exported | {done.samples} |" in card
    for column in ("language", "change_type", "teacher"):
        for value, count in Counter(row[column] for row in samples).items():
            assert f"| {value} | {count} |" in card
    tokens = sum(summary["tokens_in"] for summary in summaries)
    assert f"| tokens in | {tokens:,} | {sum(row['tokens_in'] for row in samples):,} |" in card
    tenths = [sum(counts) for counts in zip(*(summary["recall_tenths"] for summary in summaries), strict=True)]
    assert f"| 1.0 | {tenths[10]} | {sum(row['rollout'] == 2 and row['recall'] == 1 for row in samples)} |" in card
    for text in (samples[0]["base_sha"], samples[0]["config_sha256"], "sera-2026", "their licences apply", "shard 2/2"):
        assert text in card


@pytest.mark.parametrize("name", ["chat", "datasets"])
def test_the_head_of_a_card_is_read_by_others(shards: list[Path], tmp_path: Path, name: str) -> None:
    done = export(shards, tmp_path / "out", Options((name,)))
    readme = (tmp_path / "out" / name / "README.md").read_text()
    head = yaml.safe_load(readme.split("---\n")[1])
    assert head["dataset_info"]["splits"][0]["num_examples"] == done.samples
    assert head["size_categories"] == ["n<1K"] and head["license"] == "other"
    assert [feature["name"] for feature in head["dataset_info"]["features"]][:3] == ["messages", "tools", "id"]
    assert readme.endswith((tmp_path / "out" / "card.md").read_text())


def test_what_is_there_stays_until_the_new_one_is_whole(sample: Sample, shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(shards, out, CHAT)
    before = snapshot(out)
    broken = written(tmp_path / "broken.jsonl", sample)
    broken.write_text(broken.read_text() + '{"id": "x"}\n')
    with pytest.raises(InputError, match=r"broken\.jsonl:2: field 'repo' is missing"):
        export([broken], out, CHAT)
    assert snapshot(out) == before
    export([written(tmp_path / "lone.jsonl", sample)], out, Options(("hermes",)))
    assert sorted(path.name for path in out.iterdir()) == ["card.md", "export.json", "hermes", "left_out.jsonl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.jsonl", "lone.jsonl", "out"]


def test_where_folders_cannot_be_swapped_they_are_moved(
    shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(shards[:1], tmp_path / "out", CHAT)
    monkeypatch.setattr(placing, "_exchange", lambda *_: False)
    export(shards, tmp_path / "out", CHAT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_killed_it_leaves_what_was_there_and_the_same_command_goes_on(shards: list[Path], tmp_path: Path) -> None:
    out, slow = tmp_path / "out", tmp_path / "slow"
    export(shards, out, CHAT)
    before = snapshot(out)
    shutil.copytree(shards[0], slow)
    (slow / "left_out.jsonl").unlink()
    os.mkfifo(slow / "left_out.jsonl")  # read when all samples are written: the export waits there
    words = [sys.executable, "-m", "pipeline.cli", "export", str(slow), "--format", "chat", "--out", str(out)]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    writer = _reached(slow / "left_out.jsonl", process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    os.close(writer)
    assert snapshot(out) == before and (tmp_path / ".out.part" / "chat" / "train.jsonl").exists()
    export(shards, out, CHAT)
    assert snapshot(out) == before and not (tmp_path / ".out.part").exists()


def test_many_at_once_are_each_whole_or_refused(shards: list[Path], tmp_path: Path) -> None:
    """The one that puts its folder in place deletes the old one, which is no business of the next."""
    out = tmp_path / "out"
    export(shards, out, CHAT)
    before = snapshot(out)

    def again(_: int) -> bool:
        try:
            export(shards, out, CHAT)
        except InputError as error:
            assert "another export" in str(error)
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(again, range(40)))
    assert snapshot(out) == before and list(tmp_path.iterdir()) == [out]


def test_an_old_export_that_a_kill_left_aside_is_no_obstacle(
    shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "_exchange", lambda one, other: False)
    export(shards, tmp_path / "out", CHAT)
    shutil.copytree(tmp_path / "out", tmp_path / ".out.old")
    export(shards, tmp_path / "out", CHAT)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _reached(fifo: Path, process: subprocess.Popen[bytes]) -> int:
    """The writing end, once ``process`` holds the reading one."""
    while process.poll() is None:
        with contextlib.suppress(OSError):
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.02)
    raise AssertionError("it ended without reading that far")


def test_folders_that_are_not_its_own(sample: Sample, shards: list[Path], tmp_path: Path) -> None:
    lone = written(tmp_path / "mine" / "lone.jsonl", sample)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    export([lone], foreign, CHAT)  # an empty folder is free
    (foreign / "export.json").unlink()
    with pytest.raises(InputError, match="--force"):
        export([lone], foreign, CHAT)
    export([lone], foreign, dataclasses.replace(CHAT, force=True))
    for force in (False, True):
        with pytest.raises(InputError, match="holds the source"):
            export([lone], lone.parent, dataclasses.replace(CHAT, force=force))
    (foreign / ".git").mkdir()
    with pytest.raises(InputError, match="git work tree"):
        export([lone], foreign, dataclasses.replace(CHAT, force=True))
    with held_beside(tmp_path / "out", "export"), pytest.raises(InputError, match="another export"):
        export([lone], tmp_path / "out", CHAT)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[]", "list where an object was expected"),
        ("{", "torn"),
        ('{"id": "x"}', "field 'repo' is missing"),
    ],
)
def test_lines_that_are_no_samples(sample: Sample, tmp_path: Path, line: str, says: str) -> None:
    lone = written(tmp_path / "lone.jsonl", sample)
    text = lone.read_text()
    lone.write_text(f"{line}\n{text}" if line != "{" else text)
    if line == "{":
        lone.write_text(text.replace('"rollout": ', '"rollout": 3'))
        says = "expected 1 or 2"
    with pytest.raises(InputError, match=says):
        export([lone], tmp_path / "out", CHAT)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("calls", [[1], [{}], [{"function": {"name": "bash"}}]])
def test_calls_that_are_none(sample: Sample, tmp_path: Path, calls: list[object]) -> None:
    messages = ({"role": "assistant", "content": "", "tool_calls": calls},)
    lone = written(tmp_path / "lone.jsonl", dataclasses.replace(sample, messages=messages))
    with pytest.raises(InputError, match="no list of chat messages"):
        export([lone], tmp_path / "out", CHAT)


def test_nothing_to_export_is_said(shards: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sample to export"):
        export(shards, tmp_path / "out", Options(("chat",), Mix(0, 0)))
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "run.json").write_text("{}")
    with pytest.raises(InputError, match=r"no samples\.jsonl yet; 'switchover generate' writes it when it ends"):
        export([begun], tmp_path / "out", CHAT)


def test_the_verb(shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (verb.FORMATS, verb.THINK) == (FORMATS, THINK)
    words = ["export", *map(str, shards), "--format", "hermes", "--format", "chat", "--out", str(tmp_path / "out")]
    assert run([*words, "--second", "1", "--seed", "2", "--think", "keep_all", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["second"] == 1 and set(shown["bytes"]) == {"hermes", "chat"}
    assert "think keep_all" in (tmp_path / "out" / "card.md").read_text()
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{shown['first']} ") or "samples (" in out
    assert err == ""
