"""chat and datasets: what the Hugging Face library reads back, and our own training."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.export import Options, export, parquet
from pipeline.export.parquet import Parquet
from pipeline.jsonl import read
from pipeline.train.samples import read_conversations
from pipeline.types import Sample, to_json
from tests.export.conftest import renamed, said, written

KEYS = ["role", "content", "tool_calls", "tool_call_id"]


def load(cache: Path, path: str | Path, **given: Any) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        import datasets

        datasets.disable_progress_bars()
        found = datasets.load_dataset(str(path), split="train", cache_dir=str(cache), **given)
        return list(found)


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    """As the library reads some JSON: to ten digits."""
    return {key: round(value, 9) if isinstance(value, float) else value for key, value in row.items()}


@pytest.fixture
def awkward(tmp_path: Path, real: list[Sample]) -> Path:
    """What breaks columns: numbers that come late, content that is null, two tools, thoughts, broken text."""
    one, two = real[0], next(sample for sample in real if len(sample.tools) == 2)
    return written(
        tmp_path / "awkward.jsonl",
        renamed(one, "plain.1.0", recall=None, cost_usd=None),
        said(renamed(one, "null.1.0", recall=0.5), content=None),
        said(renamed(one, "thinks.1.0"), reasoning="Where is it?", content=""),
        said(renamed(two, "tools.1.0", patch="no text: \udcff\n"), content="broken: \ud800"),
    )


def test_messages_have_one_shape(awkward: Path, tmp_path: Path) -> None:
    export([awkward], tmp_path / "out", Options(("chat",)))
    rows = list(read(tmp_path / "out" / "chat" / "train.jsonl"))
    messages = [message for row in rows for message in row["messages"]]
    assert {tuple(message) for message in messages} == {(*KEYS[:2], "reasoning_content", *KEYS[2:])}
    assert {type(message["content"]) for message in messages} == {str}
    thoughts = [m["reasoning_content"] for m in rows[2]["messages"]]
    assert "Where is it?" in thoughts and thoughts[0] is None
    assert all(m["reasoning_content"] == "" for m in rows[0]["messages"] if m["role"] == "assistant")


def test_a_set_without_thoughts_has_no_key_for_them(shards: list[Path], tmp_path: Path) -> None:
    export(shards, tmp_path / "out", Options(("chat",)))
    assert {tuple(m) for row in read(tmp_path / "out" / "chat" / "train.jsonl") for m in row["messages"]} == {
        tuple(KEYS)
    }


def test_nothing_of_a_sample_is_lost(shards: list[Path], real: list[Sample], tmp_path: Path) -> None:
    export(shards, tmp_path / "out", Options(("chat",)))
    samples = {sample.id: json.loads(json.dumps(to_json(sample))) for sample in real}
    for row in read(tmp_path / "out" / "chat" / "train.jsonl"):
        sample = samples[row["id"]]
        assert {k: v for k, v in row.items() if k != "messages"} == {k: v for k, v in sample.items() if k != "messages"}
        assert [{k: v for k, v in m.items() if v is not None} for m in row["messages"]] == sample["messages"]


def test_the_library_reads_chat_and_datasets_back(awkward: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export([awkward], out, Options(("chat", "datasets")))
    rows = list(read(out / "chat" / "train.jsonl"))
    # Arrow's JSON reader knows times when it sees them; parquet below keeps the text.
    timed = [{**row, "base_time": row["base_time"].replace("T", " ").rstrip("Z")} for row in rows]
    assert list(map(rounded, load(tmp_path / "c", out / "chat"))) == list(map(rounded, timed))
    back = load(tmp_path / "d", out / "datasets")
    assert [{**row, "tools": json.loads(row["tools"])} for row in back] == rows
    plain = load(tmp_path / "p", "json", data_files=str(out / "chat" / "train.jsonl"))
    assert [row["messages"] for row in plain] == [row["messages"] for row in rows]
    assert "\ufffd" in rows[3]["messages"][2]["content"] and "\ufffd" in rows[3]["patch"]


def test_our_training_reads_chat_as_it_reads_samples(shards: list[Path], tmp_path: Path) -> None:
    export(shards[:1], tmp_path / "out", Options(("chat",)))
    assert read_conversations(tmp_path / "out" / "chat" / "train.jsonl") == read_conversations(
        shards[0] / "samples.jsonl"
    )


def test_parquet_is_cut_into_files_and_groups(real: list[Sample], tmp_path: Path) -> None:
    import pyarrow.parquet

    writer = Parquet(tmp_path, False, group_bytes=1, shard_bytes=1)
    for sample in real[:3]:
        writer.add(sample)
    writer.close()
    names = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert names == [f"train-{index:05}-of-00003.parquet" for index in range(3)]
    ids = [pyarrow.parquet.read_table(tmp_path / "data" / name)["id"].to_pylist() for name in names]
    assert ids == [[sample.id] for sample in real[:3]]


def test_without_pyarrow_the_command_that_brings_it_is_named(
    monkeypatch: pytest.MonkeyPatch, shards: list[Path], tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'switchover\[export\]'"):
        export(shards, tmp_path / "out", Options(("datasets",)))
    assert not (tmp_path / "out").exists()
    assert parquet.GROUP_BYTES < parquet.SHARD_BYTES
