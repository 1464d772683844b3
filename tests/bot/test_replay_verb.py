"""``switchover replay``: chosen deliveries wait again, the others stay; mistakes are one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.receive.inbox import insert
from bot.receive.webhook import Arrival
from pipeline import cli
from pipeline.store import Store


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Four finished deliveries: two dead (one without a body), one done, one ignored."""
    path = tmp_path / "so.db"
    with Store.open(path) as store:
        events = {"g-1": "pull_request", "g-2": "issues", "g-3": "pull_request", "g-4": "star"}
        insert(store.db.conn, [Arrival(guid, event, None, 1, 2, b"{}") for guid, event in events.items()])
        for guid, state in {"g-1": "dead", "g-2": "dead", "g-3": "done", "g-4": "ignored"}.items():
            store.db.execute("UPDATE deliveries SET state = ?, error = 'why' WHERE guid = ?", [state, guid])
        store.db.execute("UPDATE deliveries SET body = NULL WHERE guid = 'g-2'")
        store.db.conn.commit()
    return path


def waiting(path: Path) -> list[str]:
    with Store.open(path) as store:
        query = "SELECT guid FROM deliveries WHERE state = 'waiting' AND tries = 0 AND error IS NULL ORDER BY guid"
        return [row["guid"] for row in store.db.query(query)]


@pytest.mark.parametrize(
    ("words", "expected", "lost"),
    [
        (["--state", "dead"], ["g-1"], 1),
        (["--event", "pull_request"], ["g-1", "g-3"], 0),
        (["--event", "pull_request", "--state", "done"], ["g-3"], 0),
        (["g-4", "g-2"], ["g-4"], 1),
        (["g-9"], [], 0),
    ],
)
def test_only_the_chosen_wait_again(
    db: Path, words: list[str], expected: list[str], lost: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["replay", "--db", str(db), "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out) == {"waiting": len(expected), "without_body": lost}
    assert waiting(db) == expected


def test_a_person_is_told_what_cannot_be(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["replay", "--db", str(db), "--state", "dead"]) == 0
    said = capsys.readouterr().out
    assert said == "1 deliveries will be handled again; 1 cannot be, their bodies are no longer kept\n"


def test_nothing_chosen_and_no_database_are_mistakes(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["replay", "--db", str(db)]) == 2
    assert "nothing is chosen" in capsys.readouterr().err
    assert cli.run(["replay", "--db", str(tmp_path / "none.db"), "--state", "dead"]) == 2
    assert "no such database" in capsys.readouterr().err
    assert waiting(db) == [] and not (tmp_path / "none.db").exists()
