"""A purged repository: not a byte of it in the database's files, and no way back but ``--undo``."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from bot.receive import deliveries
from pipeline import cli
from pipeline.collect import collect_clone
from pipeline.config import CollectConfig
from pipeline.errors import InputError, RunError
from pipeline.forget import erase, forget, let_in_again
from pipeline.forget.repositories import purge, subject
from pipeline.store import Store
from pipeline.types import Issue
from tests.forget.made import ID, MARK, OTHER, OTHER_ID, REPO, database, holds

CONFIG = CollectConfig()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return database(tmp_path)


def test_not_a_byte_is_left(db: Path) -> None:
    assert holds(db, MARK)
    outcome = forget(REPO.upper(), db)
    assert not holds(db, MARK)
    assert outcome.subject.name == REPO
    assert outcome.purged.removed == {
        "repos": 1, "pulls": 3, "issues": 2, "links": 0, "left_out": 1, "forge_pulls": 2, "outbox": 1,
        "verdicts": 1, "routes": 1, "evaluations": 2, "adapters": 0, "opinions": 0, "seals": 0,
    }  # fmt: skip
    assert outcome.purged.cleaned == {"deliveries": 3}
    assert [path.name for path in outcome.mirrors] == [f"{ID}.git"]
    assert not outcome.mirrors[0].exists()
    assert any("is a clone of your own" in note for note in outcome.notes)
    assert any("take it out of the installation" in note for note in outcome.notes)


def test_the_others_stay_as_they_are(db: Path) -> None:
    with Store.open(db) as store:
        before = [list(store.pulls(OTHER)), store.issues(OTHER), store.forge_pulls(OTHER), store.repository(OTHER_ID)]
    forget(REPO, db)
    with Store.open(db) as store:
        after = [list(store.pulls(OTHER)), store.issues(OTHER), store.forge_pulls(OTHER), store.repository(OTHER_ID)]
        bodies = store.db.conn.execute("SELECT count(body) FROM deliveries WHERE repo_id = ?", (OTHER_ID,)).fetchone()
    assert before == after and bodies == (3,)
    assert (db.parent / "so.db.mirrors" / f"{OTHER_ID}.git" / "HEAD").exists()


def test_what_waited_is_over_and_nothing_is_posted(db: Path) -> None:
    forget(REPO, db)
    with Store.open(db) as store:
        rows = store.db.conn.execute("SELECT DISTINCT state, body FROM deliveries WHERE repo_id = ?", (ID,)).fetchall()
        assert rows == [("done", None)]
        assert store.db.conn.execute("SELECT count(*) FROM outbox WHERE repo_id = ?", (ID,)).fetchone() == (0,)


def test_the_app_does_not_bring_it_back(db: Path) -> None:
    forget(REPO, db)
    with Store.open(db) as store:
        assert store.save_repository(ID, REPO, 5, True, "main").state == "forgotten"
        assert store.save_repository(ID, "o/renamed", 5, True, "main").state == "forgotten"
        store.save_issues([Issue("o/renamed", 1, MARK, MARK, "ada", "2025-01-01T00:00:00Z")])
        assert store.issues("o/renamed") == {}
        assert store.save_repository(9, REPO, 5, True, "main").state == "active", "another one, under the old name"
        store.save_issues([Issue(REPO, 1, "new", "", "ada", "2025-01-01T00:00:00Z")])
        assert list(store.issues(REPO)) == [1]


def test_what_github_sends_of_it_later_is_thrown_away(db: Path) -> None:
    forget(REPO, db)
    with Store.open(db) as store:
        with store.atomic():
            store.db.conn.execute(
                "INSERT INTO deliveries (guid, event, repo_id, received_at, source, state, body)"
                " VALUES ('late', 'push', ?, '2999-01-01T00:00:00Z', 'webhook', 'done', ?)",
                (ID, MARK.encode()),
            )
        assert deliveries.purge(store, keep_days=14) == 1 + 2  # two of the other repository's are old
        assert store.db.conn.execute("SELECT body FROM deliveries WHERE guid = 'late'").fetchone() == (None,)


def test_a_clone_of_it_is_refused_until_it_is_let_in_again(db: Path) -> None:
    path = db.parent / "purgeme"
    forget(REPO, db)
    with Store.open(db) as store, pytest.raises(InputError, match=f"forget {REPO} --db .* --undo"):
        collect_clone(path, store, config=CONFIG)
    let_in_again(REPO, db)
    with Store.open(db) as store:
        assert collect_clone(path, store, config=CONFIG).pulls == 3
        found = store.repository(ID)
        assert found and (found.state, found.backfill, found.watermark) == ("active", "waiting", None)
    with pytest.raises(InputError, match="was not purged"):
        let_in_again(REPO, db)


def test_once_more_changes_nothing_and_finishes_what_was_cut_short(db: Path) -> None:
    with Store.open(db) as store:
        purge(store, subject(store, REPO))  # killed here: no byte has left the file yet
    outcome = forget(REPO, db)
    assert not holds(db, MARK)
    assert outcome.mirrors and not any(outcome.purged.removed.values()) and not any(outcome.purged.cleaned.values())
    again = forget(REPO, db)
    assert not again.mirrors


def test_a_reader_in_the_way_is_told_and_the_rest_is_done_later(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = sqlite3.connect(db, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM pulls").fetchone()
    with Store.open(db) as store:
        store.db.execute("PRAGMA busy_timeout = 50")
        purge(store, subject(store, REPO))
        with pytest.raises(RunError, match="run the same command again"):
            erase.bytes_of(store)
    reader.close()
    forget(REPO, db)
    assert not holds(db, MARK)


def test_a_repository_that_only_the_app_knows(db: Path) -> None:
    with Store.open(db) as store:
        store.save_repository(8, "o/unseen", 5, True)
    assert forget("o/unseen", db).subject.kind == "repository"
    with Store.open(db) as store:
        found = store.repository(8)
        assert found and found.state == "forgotten"


def test_the_verb_says_it_all(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["forget", REPO, "--db", str(db), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "repository" and found["removed"]["pulls"] == 3 and len(found["mirrors"]) == 1
    assert cli.run(["forget", OTHER, "--db", str(db)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{OTHER}: purged\n       1  removed in repos\n       3  removed in pulls\n")
    assert "note: " in captured.err
    assert cli.run(["forget", OTHER, "--db", str(db), "--undo"]) == 0
