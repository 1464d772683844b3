"""A purged person: what is theirs goes, others' texts lose the name, and nothing collected later has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.collect import collect_clone, collect_forge, open_clone
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.forget import forget, let_in_again
from pipeline.forgotten import AUTHOR, Forgotten, fingerprint
from pipeline.store import Store
from pipeline.types import Issue, LeftOut
from tests.forget.made import ID, LOGIN, MARK, OTHER, REPO, THEIRS, database, holds

CONFIG = CollectConfig()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return database(tmp_path)


def test_not_a_byte_of_theirs_is_left(db: Path) -> None:
    assert holds(db, THEIRS) and holds(db, LOGIN)
    outcome = forget(LOGIN.swapcase(), db)
    assert not holds(db, THEIRS)
    assert holds(db, MARK), "what others wrote stays"
    assert outcome.purged.removed == {"pulls": 2, "forge_pulls": 2, "issues": 2, "opinions": 0}
    assert outcome.purged.cleaned == {
        "pulls": 4, "forge_pulls": 2, "issues": 2, "outbox": 2, "left_out": 2, "deliveries": 2,
        "evaluations": 4, "opinions": 0, "routes": 2,
    }  # fmt: skip
    assert outcome.subject.repositories == (OTHER, REPO)


def test_the_name_is_nowhere_but_in_longer_ones(db: Path) -> None:
    forget(LOGIN, db)
    with Store.open(db) as store:
        assert (
            store.issues(REPO)[10].body == f"{MARK}: see what @{AUTHOR} and @{LOGIN}-2 say, https://github.com/{AUTHOR}"
        )
        texts = " ".join(pull.commit_text for pull in store.pulls())
    assert f"@{AUTHOR}" in texts and f"Co-authored-by: {AUTHOR}" in texts
    assert LOGIN not in texts
    left = b"".join(path.read_bytes() for path in db.parent.glob("so.db*") if path.is_file())
    assert left.lower().count(LOGIN.encode()) == left.count(f"@{LOGIN}-2".encode())


def test_each_pull_request_is_left_out_for_a_reason_that_does_not_name_them(db: Path) -> None:
    forget(LOGIN, db)
    with Store.open(db) as store:
        assert LeftOut("collect", "pull", "2", "forgotten", "") in list(store.left_out(REPO))
        assert {row.detail for row in store.left_out()} == {""}


def test_collecting_again_does_not_bring_it_back(db: Path) -> None:
    forget(LOGIN, db)
    with Store.open(db) as store:
        found = collect_clone(db.parent / "purgeme", store, config=CONFIG)
        assert (found.pulls, found.left_out) == (2, {"forgotten": 1})
        store.save_issues([Issue(REPO, 12, "new", f"@{LOGIN} again", "ada", "2025-01-01T00:00:00Z"),
                           Issue(REPO, 13, THEIRS, "", LOGIN.upper(), "2025-01-01T00:00:00Z")])  # fmt: skip
        assert store.issues(REPO)[12].body == f"@{AUTHOR} again"
        assert 13 not in store.issues(REPO)
        store.save_left_out(REPO, [LeftOut("collect", "pull", "91", "skipped_author", LOGIN)])
    assert not holds(db, THEIRS)


def test_what_the_forge_tells_of_theirs_is_a_number_and_no_task(db: Path) -> None:
    forget(LOGIN, db)
    with Store.open(db) as store:
        told = {pull.number: pull for pull in store.forge_pulls(REPO)}
        assert (told[2].author, told[2].title, told[2].body, told[2].head_branch) == (AUTHOR, "", "", "")
        assert store.count_forge_pulls(REPO) == 2, "or the backfill would look for it for ever"
        shas = store.merge_shas(REPO)
        clone = open_clone(db.parent / "purgeme")
        store.db.conn.execute("UPDATE forge_pulls SET merge_sha = ? WHERE repo = ?", (clone.tip, REPO))
        store.db.conn.execute("DELETE FROM forge_pulls WHERE number = 1")
        assert shas and collect_forge(clone, "main", store, config=CONFIG).left_out == {"forgotten": 1}


def test_what_waited_is_caught_up_on(db: Path) -> None:
    with Store.open(db) as store, store.atomic():
        store.db.conn.execute("UPDATE deliveries SET state = 'waiting' WHERE guid = ?", (f"{ID}-0",))
    forget(LOGIN, db)
    with Store.open(db) as store:
        row = store.db.conn.execute("SELECT state, body FROM deliveries WHERE guid = ?", (f"{ID}-0",)).fetchone()
        assert row == ("done", None)
        repository = store.repository(ID)
        assert repository and repository.backfill == "waiting"
        untouched = "SELECT count(body) FROM deliveries WHERE repo_id = ?"
        assert store.db.conn.execute(untouched, (ID,)).fetchone() == (2,)


def test_once_more_changes_nothing_and_undo_lets_them_in(db: Path) -> None:
    forget(LOGIN, db)
    again = forget(LOGIN, db)
    assert not any((*again.purged.removed.values(), *again.purged.cleaned.values()))
    let_in_again(LOGIN.upper(), db)
    with Store.open(db) as store:
        assert collect_clone(db.parent / "purgeme", store, config=CONFIG).pulls == 3


def test_somebody_unknown_is_refused_and_not_remembered(db: Path) -> None:
    with pytest.raises(InputError, match="nothing known of this login"):
        forget("nobody", db)
    with Store.open(db) as store:
        assert not store.forgotten().people


def test_their_own_account_and_repositories_are_pointed_out(db: Path) -> None:
    assert any("the App is installed on the account o" in note for note in forget_o(db))


def forget_o(db: Path) -> tuple[str, ...]:
    with Store.open(db) as store:
        store.save_issues([Issue(REPO, 20, "mine", "", "o", "2025-01-01T00:00:00Z")])
    notes = forget("o", db).notes
    assert f"{OTHER} is a repository of that account: purge it by its own name" in notes
    return notes


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@Eve, @eve-x @eve_ eve@host x@eve", f"@{AUTHOR}, @eve-x @eve_ eve@host x@eve"),
        ("(@eve)", f"(@{AUTHOR})"),
        ("Merge pull request #1 from eve/fix", f"Merge pull request #1 from {AUTHOR}/fix"),
        ("from eve on, the eve of", "from eve on, the eve of"),
        ("[x](https://git.example/Eve)", f"[x](https://git.example/{AUTHOR})"),
        ("Signed-off-by: Eve <x>\nReviewed-by: Eve", f"Signed-off-by: {AUTHOR} <x>\nReviewed-by: {AUTHOR}"),
        ("Co-authored-by: Eve Adams <x>", f"Co-authored-by: {AUTHOR} <x>"),
    ],
)
def test_where_a_name_is_found(text: str, left: str) -> None:
    people = frozenset(fingerprint("s", name) for name in ("eve", "Eve Adams"))
    assert Forgotten("s", people).text(text) == left


def test_the_hash_is_another_in_each_database(tmp_path: Path) -> None:
    marks = []
    for name in ("a.db", "b.db"):
        with Store.open(tmp_path / name) as store:
            store.remember_forgotten_person("eve")
            marks.append(store.forgotten().people)
    assert len(marks[0] | marks[1]) == 2
