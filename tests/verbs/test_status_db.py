"""``switchover status --db``: what runs and waits in the bot's database, and each thing that was left out."""

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from pipeline.cli import run
from tests.bot import filled

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled.troubled(tmp_path_factory.mktemp("status") / "so.db")


def told(capsys: Output, *arguments: str | Path) -> str:
    assert run(["status", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_one_object_holds_everything(db: Path, capsys: Output) -> None:
    found = json.loads(told(capsys, "--db", db, "--json"))
    assert found["repositories"] == {"done": 6, "failed": 1, "running": 1, "waiting": 1}
    assert found["deliveries"] == {"dead": 7, "done": 196, "ignored": 65, "running": 1, "waiting": 2}
    assert found["outbox"] == {"dead": 1, "sent": 1, "waiting": 1}
    assert found["left_out"] == {"collect": {name: 2 * count for name, count in filled.REASONS.items()}}
    assert (found["pulls"], found["issues"]) == (180, 180)
    assert {row["guid"] for row in found["dead"]} == {filled.guid(n) for n in range(1000, 1007)}
    assert {row["error"] for row in found["dead"]} > set() and all(row["tries"] == 8 for row in found["dead"])
    assert [row["name"] for row in found["backfills"]] == ["acme/archive", "acme/monolith", "acme/next", "acme/typo"]
    assert found["unsent"][0]["key"] == "help:2" and "observe profile" in found["unsent"][0]["error"]
    low = next(row for row in found["budgets"] if row["remaining"] == 17)
    assert (low["whose"], low["resource"], low["allowed"]) == ("octo-person", "graphql", 5000)
    assert {row["account"]: row["state"] for row in found["installations"]}["suspended-org"] == "suspended"


@pytest.mark.parametrize(
    "line",
    [
        "collected: 180 pull requests, 180 issues",
        "  running acme/monolith: 4,200 of 10,000 pull requests",
        "  failed acme/archive: 300 of 900 pull requests; acme/archive: GitHub answered 451; ask its owner",
        "deliveries: 7 dead, 196 done, 65 ignored, 1 running, 2 waiting",
        "  dead comment help:2: NotAccessible",
        "      282  collect bot: made by a bot",
        "  globex: active; GitHub answered 403",
        "  octo-person graphql: 17 of 5,000 left until 2",
    ],
)
def test_the_text_says_it_to_a_person(db: Path, capsys: Output, line: str) -> None:
    assert any(one.startswith(line) for one in told(capsys, "--db", db).splitlines())


def test_every_thing_left_out_has_one_line_and_one_reason(db: Path, capsys: Output) -> None:
    rows = [json.loads(line) for line in told(capsys, "--db", db, "--left-out", "--json").splitlines()]
    assert Counter(row["reason"] for row in rows) == {name: 2 * count for name, count in filled.REASONS.items()}
    assert len({(row["repo"], row["thing"], row["id"]) for row in rows}) == len(rows)
    lines = told(capsys, "--db", db, "--left-out").splitlines()
    assert len(lines) == len(rows) and "acme/billing#500014: collect never_heard_of" in "".join(lines)


def test_one_reason_is_listed_alone(db: Path, capsys: Output) -> None:
    lines = told(capsys, "--db", db, "--reason", "missing_objects").splitlines()
    assert len(lines) == 6 and all("missing_objects" in line for line in lines)


def test_text_from_outside_stays_one_harmless_line(tmp_path: Path, capsys: Output) -> None:
    db = filled.hostile(tmp_path / "so.db")
    for arguments in ((), ("--left-out",)):
        text = told(capsys, "--db", db, *arguments)
        assert not set(text) & set("\x1b\u202e\r\x00")
        assert max(map(len, text.splitlines())) < 500


def test_an_empty_database_is_no_mistake(tmp_path: Path, capsys: Output) -> None:
    db = filled.empty(tmp_path / "so.db")
    text = told(capsys, "--db", db)
    assert "repositories: none" in text and "left out: none" in text and "rate limits: not known yet" in text
    assert told(capsys, "--db", db, "--left-out") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--db", "none.db"], "none.db: no such database"),
        (["--db", "."], ".: is a folder"),
        (["--db", "text"], "text: cannot be read (file is not a database)"),
        (["--db", "old.db"], "old.db: made by an older version (no such table: installations)"),
        (["--left-out"], "--left-out and --reason need --db FILE"),
        (["--reason", "bot"], "--left-out and --reason need --db FILE"),
        (["--db", "so.db", "--out", "."], "--out and --db exclude each other"),
        (["--db", "so.db", "--reason", "bots"], "--reason bots: nothing was left out for it; reasons in so.db: bot, "),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("not a database, and longer than its header " * 9)
    sqlite3.connect("old.db").execute("CREATE TABLE pulls (x)").connection.close()
    Path("so.db").symlink_to(db)
    assert run(["status", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(f"switchover: {said}") and shown.err.count("\n") == 1


def test_it_writes_nothing(db: Path, capsys: Output) -> None:
    before = db.read_bytes()
    told(capsys, "--db", db)
    assert db.read_bytes() == before
