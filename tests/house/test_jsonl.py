"""Append-only files: what survives a kill, and what is said about what did not."""

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jsonl
from pipeline.errors import InputError, RunError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(rows=st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "rows.jsonl"
    with jsonl.Writer(path) as writer:
        for row in rows:
            writer.write(row)
    assert list(jsonl.read(path)) == rows


@settings(deadline=None)
@given(
    rows=st.lists(st.dictionaries(st.text(max_size=5), st.integers(), min_size=1), min_size=1, max_size=4),
    data=st.data(),
)
def test_a_cut_anywhere_loses_at_most_the_last_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "rows.jsonl"
    with jsonl.Writer(path) as writer:
        writer.write(*rows)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    complete = whole[:cut].count(b"\n")
    survivors = list(jsonl.read(path))
    assert survivors[:complete] == rows[:complete] and len(survivors) <= complete + 1
    with jsonl.Writer(path) as writer:
        writer.write({"next": 1})
    assert list(jsonl.read(path)) == [*survivors, {"next": 1}]


def test_a_torn_line_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"b": ')
    with caplog.at_level(logging.WARNING):
        assert list(jsonl.read(path)) == [{"a": 1}]
    assert f"{path}:2" in caplog.text


def test_absent_is_empty(tmp_path: Path) -> None:
    assert list(jsonl.read(tmp_path / "none.jsonl")) == []


@pytest.mark.parametrize("line", ["nonsense", "[1]", "3"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"a": 1}}\n{line}\n{{"b": 2}}\n')
    with pytest.raises(InputError, match=r"rows\.jsonl:2: "):
        list(jsonl.read(path))


def test_unusable_places_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        jsonl.Writer(tmp_path / "file" / "rows.jsonl")
    with pytest.raises(InputError, match="is a folder"):
        list(jsonl.read(tmp_path))


def test_a_full_disk_is_said_and_nothing_is_torn(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    path = tmp_path / "rows.jsonl"
    path.symlink_to(full)
    with jsonl.Writer(path) as writer, pytest.raises(RunError, match="free space"):
        writer.write({"a": 1})


def test_lone_surrogates_survive(tmp_path: Path) -> None:
    row = {"text": b"\xff".decode("utf-8", "surrogateescape")}
    with jsonl.Writer(tmp_path / "rows.jsonl") as writer:
        writer.write(row)
    assert list(jsonl.read(tmp_path / "rows.jsonl")) == [row]
    assert json.loads((tmp_path / "rows.jsonl").read_bytes()) == row


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 17])
@pytest.mark.parametrize("text", [b"", b'{"a":1}\n', b'{"a":1}\n\n{"b":2}\n{"c":', b'\n{"a":1}\n{"b":2}'])
def test_blocks_hold_the_lines_whatever_their_size(tmp_path: Path, text: bytes, size: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(text)
    found = [
        (number + i, line)
        for number, block in jsonl.blocks(path, size)
        for i, line in enumerate(block.splitlines())
        if line
    ]
    assert found == [(number, line.rstrip(b"\n")) for number, line in jsonl.lines(path)]
    assert list(jsonl.blocks(tmp_path / "absent.jsonl")) == []
