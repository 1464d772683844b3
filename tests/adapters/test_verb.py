"""``switchover adapters`` and ``forget --registry`` by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.store import Store
from pipeline.types import to_json
from tests.adapters.made import REPO, adapter, gated
from tests.graded import graded

Said = pytest.CaptureFixture[str]


class Line:
    """The command line on one registry; ``json`` gives what it printed."""

    def __init__(self, registry: Path, capsys: Said) -> None:
        self.registry, self.capsys = registry, capsys

    def run(self, *arguments: str) -> int:
        return cli.run(["adapters", *arguments, "--registry", str(self.registry)])

    def json(self, *arguments: str) -> dict[str, Any]:
        self.capsys.readouterr()
        assert self.run(*arguments, "--json") == 0, self.capsys.readouterr().err
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found


@pytest.fixture
def line(tmp_path: Path, capsys: Said) -> Line:
    return Line(tmp_path / "registry", capsys)


def test_from_the_first_to_the_roll_back(line: Line, tmp_path: Path) -> None:
    a = line.json("add", str(gated(tmp_path / "a")))["id"]
    b = line.json("add", str(gated(tmp_path / "b", weights=b"b", loss=0.25)))["id"]
    assert line.json("promote", a)["before"] is None
    assert line.json("promote", b[:8])["before"] == a
    rows = {row["id"]: row for row in line.json("list")["adapters"]}
    assert (rows[a]["promoted"], rows[b]["promoted"], rows[b]["gates"]) == ([], [REPO], "passed")
    assert line.json("compare", a, b)["differs"]["loss"] == {"loss": [0.5, 0.25]}
    shown = line.json("show", b)
    assert shown["card"]["seed"] == 0 and shown["objection"] is None and shown["promotions"][0]["before"] == a
    assert {"samples_sha256", "trained_until_commit", "config", "versions", "chat_template_sha256", "cost_usd"} <= set(
        shown["card"]
    )
    assert line.json("rollback")["id"] == a
    assert line.json("remove", b)["removed"]
    assert line.json("fetch", a, str(tmp_path / "got"))["id"] == a
    assert [row["id"] for row in line.json("list")["adapters"]] == [a]


def test_for_people(line: Line, tmp_path: Path) -> None:
    ids = [line.json("add", str(made))["id"] for made in (gated(tmp_path / "a"), adapter(tmp_path / "b", seed=1))]
    for arguments in (["promote", ids[0]], ["list"], ["show", ids[0]], ["compare", *ids], ["add", str(tmp_path / "a")]):
        line.capsys.readouterr()
        assert line.run(*arguments) == 0
        assert line.capsys.readouterr().out.strip()
    line.run("list")
    first, second = line.capsys.readouterr().out.splitlines()
    assert "promoted for o/n, gates passed" in first and "gates not run" in second


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "abcdef"], "no such adapter"),
        (["promote", "ab"], "no such adapter"),
        (["rollback"], "promotions of one repository are needed, found none"),
        (["add", "nowhere"], "no finished adapter"),
        (["remove", "feedfeed"], "no such adapter"),
    ],
)
def test_a_mistake_is_one_line(line: Line, arguments: list[str], words: str) -> None:
    assert line.run(*arguments) == 2
    err = line.capsys.readouterr().err
    assert words in err and err.count("\n") == 1


def test_the_registry_is_named_or_configured(tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["adapters", "list"]) == 2
    assert "--registry" in capsys.readouterr().err
    (tmp_path / "config.yml").write_text(f"adapters: {{registry: {tmp_path / 'registry'}}}\n")
    assert cli.run(["adapters", "add", str(gated(tmp_path / "a")), "--config", "config.yml"]) == 0
    assert (tmp_path / "registry" / "adapters").is_dir()


def test_what_is_overruled_is_on_the_record(line: Line, tmp_path: Path) -> None:
    id = line.json("add", str(gated(tmp_path / "a", failing="valid_calls")))["id"]
    assert line.run("promote", id) == 2
    assert "valid_calls failed" in line.capsys.readouterr().err
    event = line.json("promote", id, "--force")
    assert event["forced"] and "valid_calls failed" in event["why"]
    assert line.json("show", id)["promotions"] == [event]


def test_scores_by_evaluations(line: Line, tmp_path: Path) -> None:
    entry = line.json("add", str(gated(tmp_path / "a")))
    rows = [graded(n, adapter=entry["sha256"], score=0.75) for n in (1, 2)] + [graded(1, role="frontier", score=0.5)]
    path = tmp_path / "evaluations.jsonl"
    path.write_text("".join(json.dumps(to_json(row)) + "\n" for row in rows))
    (row,) = line.json("list", "--evaluations", str(path))["adapters"]
    assert row["scores"]["score"] == {"own": 0.75, "base": None, "frontier": 0.5} and row["scores"]["pulls"] == 2
    assert line.json("list")["adapters"][0]["scores"] is None


def test_a_damaged_one_does_not_take_the_list_down(line: Line, tmp_path: Path) -> None:
    ids = [line.json("add", str(gated(tmp_path / name, weights=name.encode())))["id"] for name in "ab"]
    (line.registry / "adapters" / ids[0] / "entry.json").write_text("{")
    found = line.json("list")
    assert [row["id"] for row in found["adapters"]] == ids[1:]
    assert found["damaged"][0]["id"] == ids[0] and "not JSON" in found["damaged"][0]["why"]
    assert line.run("list") == 0
    assert "damaged" in line.capsys.readouterr().err


def test_forget_marks_what_is_registered(line: Line, tmp_path: Path) -> None:
    ids = [line.json("add", str(gated(tmp_path / r[-1], weights=r.encode(), repos=(r,))))["id"] for r in (REPO, "o/x")]
    with Store.open(tmp_path / "so.db") as store:
        store.save_repo(REPO, tmp_path)
    arguments = ["forget", REPO, "--db", str(tmp_path / "so.db"), "--registry", str(line.registry), "--json"]
    line.capsys.readouterr()
    assert cli.run(arguments) == 0
    assert json.loads(line.capsys.readouterr().out)["stale_in_registry"] == ids[:1]
    assert line.run("promote", ids[0]) == 2
    assert "stale since" in line.capsys.readouterr().err
    assert line.run("promote", ids[1]) == 0
