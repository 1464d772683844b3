"""Shards put together: the whole again, what is missing named, and nothing of another run taken in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.errors import InputError
from pipeline.generate.merge import Merged, merge
from pipeline.jsonl import read
from tests.generate.test_generate_run import contents, made, make, repo, url

__all__ = ["made", "repo", "url"]  # fixtures


@pytest.fixture(scope="module")
def shards(repo: Path, url: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shards")
    for number in (1, 2, 3):
        make(repo, folder / str(number), url, shard=(number, 3))
    return [folder / str(number) for number in (1, 2, 3)]


def test_all_shards_are_the_whole(made: Path, shards: list[Path], tmp_path: Path) -> None:
    merged = merge(shards[::-1], tmp_path / "all")
    whole = json.loads((made / "summary.json").read_text())
    assert (merged.state, merged.missing, merged.unfinished) == ("done", (), {})
    for name in ("planned", "tried", "kept", "kept_first", "kept_second", "rollouts", "left_out", "cost_usd"):
        assert getattr(merged, name) == whole[name], name
    for name in ("samples.jsonl", "rollouts.jsonl"):
        assert {row["id"] for row in read(tmp_path / "all" / name)} == {row["id"] for row in read(made / name)}


def test_a_missing_shard_is_named_and_taken_in_later(shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "all"
    first = merge([shards[0], shards[2]], out)
    assert (first.state, first.missing) == ("incomplete", (2,))
    fewer = len(list(read(out / "rollouts.jsonl")))
    assert merge(shards, out).state == "done"
    assert len(list(read(out / "rollouts.jsonl"))) == fewer + len(list(read(shards[1] / "rollouts.jsonl")))


def test_a_cancelled_shard_is_unfinished(shards: list[Path], tmp_path: Path) -> None:
    cut = shutil.copytree(shards[1], tmp_path / "cut")
    summary = json.loads((cut / "summary.json").read_text()) | {"state": "stopped"}
    (cut / "summary.json").write_text(json.dumps(summary))
    merged = merge([shards[0], cut, shards[2]], tmp_path / "all")
    assert (merged.state, merged.unfinished) == ("incomplete", {"2": "stopped"})


def test_twice_changes_nothing(shards: list[Path], tmp_path: Path) -> None:
    merge(shards, tmp_path / "all")
    before = contents(tmp_path / "all")
    merge(shards, tmp_path / "all")
    assert contents(tmp_path / "all") == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"base_sha": "f" * 40}, "base_sha is"),
        ({"seed": 9}, "seed is 9"),
        ({"shard": "2/4"}, "one of 4 shards"),
        ({"shard": "1/3"}, "shard 1/3 is in"),
        ({"planned": 99}, "was to attempt 99"),
        ({"shard": "two"}, "not readable"),
        ({"shard": None}, "not readable"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    shards: list[Path], tmp_path: Path, change: dict[str, object], says: str
) -> None:
    other = shutil.copytree(shards[1], tmp_path / "other")
    summary = json.loads((other / "summary.json").read_text()) | change
    (other / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(InputError, match=says):
        merge([shards[0], other], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_the_verb(shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["merge", str(shards[0]), str(shards[1]), "--out", str(tmp_path / "all")]
    assert cli.run(words) == 0
    assert "missing: shard 3 of 3" in capsys.readouterr().out
    assert cli.run([*words, "--complete", "--json"]) == 1
    told = capsys.readouterr()
    assert set(json.loads(told.out)) == set(Merged.__dataclass_fields__)
    assert cli.run([*words[:3], str(shards[2]), *words[3:], "--complete"]) == 0
    assert cli.run(["merge", str(tmp_path / "nowhere"), "--out", str(tmp_path / "all")]) == 2
