"""Repositories and what the forge tells of them, in the database."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.store import Store
from pipeline.store.evaluations import add_evaluations
from pipeline.store.forge import NAMED_BY
from pipeline.types import ForgePull, Issue, LeftOut
from tests.collect.test_store import ISSUE, PULL
from tests.graded import graded

TIME = "2025-06-01T00:00:00Z"
TOLD = ForgePull(7, "Title", "Body \0 ü", "ada", None, TIME, TIME, "a" * 40, None, "work", "main", 2, ("x",), (2, 3))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "so.db") as opened:
        yield opened


def fill(store: Store, name: str) -> None:
    """A row in every table that names a repository."""
    store.save_repo(name, Path("/mirror"))
    store.save_pulls([dataclasses.replace(PULL, repo=name)])
    store.save_issues([dataclasses.replace(ISSUE, repo=name)])
    store.save_left_out(name, [LeftOut("collect", "pull", "9", "bot")])
    store.save_forge_pulls(name, [TOLD])
    store.add_verdict(name, {"at": "2026-01-01T00:00:00Z", "state": "close", "evaluations_sha256": "e" * 64})
    store.add_route(name, "own", by="ada", how="command", at="2026-01-02T00:00:00Z")
    add_evaluations(store, name, [graded(repo=name)], run=9)
    store.db.execute("INSERT INTO opinions VALUES (?, 7, 'ada', 'command', 'fair', '', 1, ?)", [name, TIME])
    store.db.execute("INSERT INTO seals VALUES (?, 7, 'own', 'a', 'm', 0, ?, 'e', 9, ?, '{}')", [name, TIME, TIME])
    store.db.execute("INSERT INTO adapters VALUES (?, 'a', 9, ?, 1, '{}', '[]', ?)", [name, TIME, TIME])


def counts(store: Store, name: str) -> dict[str, int]:
    """Of rows under ``name``, by table."""
    return {
        table: store.db.execute(f"SELECT count(*) FROM {table} WHERE {column} = ?", [name]).fetchone()[0]
        for table, column in NAMED_BY.items()
    }


FULL = dict.fromkeys(NAMED_BY, 1) | {"links": 2}
NONE = dict.fromkeys(FULL, 0)


def test_what_the_forge_told_comes_out_as_it_went_in(store: Store) -> None:
    other = dataclasses.replace(TOLD, number=8, merge_sha=None, commits=None, labels=(), closes=())
    assert store.save_forge_pulls("o/n", [other, TOLD]) == 2
    assert store.forge_pulls("o/n") == [TOLD, other]
    assert store.forge_pulls("o/n", [8, 9]) == [other]
    assert store.forge_pulls("o/n", []) == []
    assert store.forge_pulls_merged_by("o/n", "a" * 40) == [TOLD]
    assert store.count_forge_pulls("o/n") == 2
    assert store.forge_pulls("o/other") == []


def test_only_what_is_new_counts(store: Store) -> None:
    store.save_forge_pulls("o/n", [TOLD])
    assert store.save_forge_pulls("o/n", [TOLD]) == 0
    assert store.save_forge_pulls("o/n", [dataclasses.replace(TOLD, labels=("x", "y"))]) == 1


def test_an_older_page_does_not_undo_what_is_newer(store: Store) -> None:
    newer = dataclasses.replace(TOLD, title="new", updated_at="2999-01-01T00:00:00Z")
    assert store.save_forge_pulls("o/n", [newer]) == 1
    assert store.save_forge_pulls("o/n", [TOLD]) == 0
    assert [pull.title for pull in store.forge_pulls("o/n")] == ["new"]
    assert store.save_forge_pulls("o/n", []) == 0


def test_what_is_told_after_all_is_not_refused_any_more(store: Store) -> None:
    rows = [LeftOut("backfill", "pull", "7", "forge_refuses"), LeftOut("collect", "pull", "7", "bot")]
    store.save_left_out("o/n", rows)
    store.save_forge_pulls("o/n", [TOLD])
    assert [row.stage for row in store.left_out()] == ["collect"]


def test_a_repository_and_what_changes_of_it(store: Store) -> None:
    made = store.save_repository(5, "o/n", 1, private=False, default_branch="main")
    assert (made.id, made.name, made.installation, made.private, made.default_branch) == (5, "o/n", 1, False, "main")
    assert (made.state, made.backfill, made.page_size, made.dirty, made.watermark) == (
        "active",
        "waiting",
        100,
        0,
        None,
    )
    store.change_repository(5, state="removed", paused=1, seen=3)
    again = store.save_repository(5, "o/n", None, private=True)
    assert (again.state, again.paused, again.seen, again.private) == ("active", True, 3, True)
    assert (again.installation, again.default_branch) == (1, "main")
    assert store.repository(5) == store.repository_named("O/N") == again
    assert store.repository(6) is store.repository_named("o/none") is None
    with pytest.raises(InputError, match="repository 6: not in the database"):
        store.change_repository(6, paused=1)


def test_columns_that_do_not_exist_are_a_mistake_of_ours(store: Store) -> None:
    store.save_repository(5, "o/n", 1, private=False)
    for wrong in ({"nope": 1}, {"name": "x/y"}):
        with pytest.raises(AssertionError):
            store.change_repository(5, **wrong)


def test_every_table_with_a_repositorys_name_is_known(store: Store) -> None:
    columns = {
        (table.name, column.name) for table in store.db.tables for column in table.columns if column.name == "repo"
    }
    assert columns <= set(NAMED_BY.items())


def test_a_new_name_is_followed_everywhere(store: Store) -> None:
    store.save_repository(5, "o/n", 1, private=False)
    fill(store, "o/n")
    fill(store, "o/stays")
    store.rename_repo("o/n", "new/name")
    assert (counts(store, "o/n"), counts(store, "new/name"), counts(store, "o/stays")) == (NONE, FULL, FULL)
    assert store.repository_named("new/name") == store.repository(5)
    store.rename_repo("new/name", "new/name")
    store.rename_repo("not/there", "o/stays")
    assert (counts(store, "new/name"), counts(store, "o/stays")) == (FULL, FULL)
    store.save_repository(5, "third/name", 1, private=False)
    assert (counts(store, "new/name"), counts(store, "third/name")) == (NONE, FULL)


def test_rows_that_have_the_new_name_already_give_way(store: Store) -> None:
    store.save_repository(5, "o/n", 1, private=False)
    fill(store, "o/n")
    store.save_forge_pulls("o/new", [dataclasses.replace(TOLD, title="Old"), dataclasses.replace(TOLD, number=8)])
    store.rename_repo("o/n", "o/new")
    assert [(pull.number, pull.title) for pull in store.forge_pulls("o/new")] == [(7, "Title"), (8, "Title")]


def test_two_that_change_names_do_not_mix(store: Store) -> None:
    for id, name in ((1, "o/a"), (2, "o/b")):
        store.save_repository(id, name, 1, private=False)
        store.save_issues([Issue(name, id, name, "", "", TIME)])
    store.rename_repo("o/a", "o/b")
    assert {row.id: row.name for row in store.repositories()} == {1: "o/b", 2: "o/b~2"}
    store.save_repository(2, "o/a", 1, private=False)
    assert {row.id: row.name for row in store.repositories()} == {1: "o/b", 2: "o/a"}
    assert (list(store.issues("o/b")), list(store.issues("o/a"))) == ([1], [2])


def test_a_new_repository_under_the_name_of_an_old_one(store: Store) -> None:
    store.save_repository(1, "o/a", 1, private=False)
    fill(store, "o/a")
    store.save_repository(2, "o/a", 1, private=False)
    assert {row.id: row.name for row in store.repositories()} == {1: "o/a~1", 2: "o/a"}
    assert (counts(store, "o/a~1"), counts(store, "o/a")) == (FULL, NONE)


def test_what_was_taken_back(store: Store) -> None:
    store.save_pulls([PULL, dataclasses.replace(PULL, number=8, reverted_by=None)])
    assert store.reverted("o/n") == {7: "c" * 40}


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Store.open(tmp_path / "own.db").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "own.db").stat().st_mode) == 0o600
