"""Recorded GitHub objects join what the history tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.collect import collect_clone, tasks
from pipeline.collect.payloads import read_payloads
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.store import Store
from pipeline.types import Pull, Task
from tests.history import ADA, BEN, GITHUB, Builder, code

ISSUE_LATE = "2099-01-01T00:00:00Z"


def pull(number: int, **more: Any) -> dict[str, Any]:
    base = {"repo": {"full_name": "team/lib"}}
    row = {"number": number, "title": f"Pull {number}", "body": None, "user": {"login": "ada"}, "base": base}
    return {**row, "created_at": "2023-11-14T23:00:00Z", "merged_at": "2023-11-15T00:00:00Z", "labels": [], **more}


def issue(number: int, **more: Any) -> dict[str, Any]:
    row = {
        "number": number,
        "title": f"Issue {number} of the table",
        "body": "It drops rows.",
        "user": {"login": "eve"},
    }
    url = "https://api.github.com/repos/team/lib"
    return {**row, "repository_url": url, "created_at": "2023-11-01T00:00:00Z", "labels": [{"name": "bug"}], **more}


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    made = Builder(tmp_path / "lib")
    made.commit({"a.py": code("a")}, "Begin")
    return made


def collected(
    builder: Builder, tmp_path: Path, rows: list[Any]
) -> tuple[dict[int, Pull], dict[int, Task], dict[str, int]]:
    with Store.open(tmp_path / "so.db") as store:
        file = write(tmp_path / "payloads.jsonl", rows)
        found = collect_clone(builder.finish(), store, config=CollectConfig(), payloads=file)
        made = {task.number: task for task in tasks(store, CollectConfig())}
        return {p.number: p for p in store.pulls()}, made, found.left_out


def test_texts_labels_and_links_come_from_the_forge(builder: Builder, tmp_path: Path) -> None:
    builder.commit({"b.py": code("b")}, "Stop dropping rows (#2)", committer=GITHUB)
    body = "Closes #1\n\nRows vanish. Mail me: ada@example.org"
    rows = [pull(2, title="Keep all rows", body=body, labels=[{"name": "fix"}], user={"login": "cara"}), issue(1)]
    pulls, made, _ = collected(builder, tmp_path, rows)
    assert (pulls[2].title, pulls[2].author, pulls[2].labels) == ("Keep all rows", "cara", ("fix",))
    assert pulls[2].body == "Closes #1\n\nRows vanish. Mail me: [redacted:email]"
    assert [(link.number, link.source) for link in pulls[2].links] == [(1, "pull_body")]
    assert made[2].prompt == "Issue 1 of the table\n\nIt drops rows."
    assert (made[2].prompt_source, made[2].prompt_written_at) == ("issue", "2023-11-01T00:00:00Z")


def test_an_issue_written_after_the_pull_request_is_not_its_text(builder: Builder, tmp_path: Path) -> None:
    builder.commit({"b.py": code("b")}, "Stop dropping rows (#2)", committer=GITHUB)
    rows = [pull(2, body="Fixes #1\n\nThe last row of each table is lost."), issue(1, created_at=ISSUE_LATE)]
    _, made, _ = collected(builder, tmp_path, rows)
    assert made[2].prompt_source == "pull"
    assert made[2].prompt == "Pull 2\n\nThe last row of each table is lost."
    assert made[2].prompt_written_at == "2023-11-14T23:00:00Z"


def test_an_empty_issue_gives_way_to_the_next_text(builder: Builder, tmp_path: Path) -> None:
    builder.commit({"b.py": code("b")}, "Stop dropping rows of tables (#2)", committer=GITHUB)
    rows = [pull(2, title="Mend", body="Fixes #1"), issue(1, title="Bug", body="## Solution\nuse x")]
    _, made, _ = collected(builder, tmp_path, rows)
    assert (made[2].prompt_source, made[2].prompt) == ("commit", "Mend\n\nStop dropping rows of tables")


def test_the_answer_leaves_the_issue(builder: Builder, tmp_path: Path) -> None:
    builder.commit({"a.py": "def a():\n    return compute(rows) or EMPTY\n"}, "Return rows (#2)", committer=GITHUB)
    text = "It returns nothing.\n\n    return compute(rows) or EMPTY\n\nwould do."
    _, made, _ = collected(builder, tmp_path, [pull(2, body="Fixes #1"), issue(1, body=text)])
    assert made[2].prompt == "Issue 1 of the table\n\nIt returns nothing.\n\nwould do."


def test_a_number_that_is_an_issue_is_no_pull_request(builder: Builder, tmp_path: Path) -> None:
    builder.commit({"b.py": code("b")}, "Stop dropping rows (#1)", committer=GITHUB)
    pulls, _, left_out = collected(builder, tmp_path, [issue(1)])
    assert (pulls, left_out) == ({}, {"issue_number": 1})


def test_a_rebased_pull_request_is_found_by_its_recorded_commit(builder: Builder, tmp_path: Path) -> None:
    base = builder.heads["main"]
    builder.commit({"b.py": code("b")}, "Part one", author=BEN, committer=ADA)
    builder.clock -= 3590
    sha = builder.commit({"c.py": code("c")}, "Part two", author=BEN, committer=ADA)
    pulls, _, _ = collected(builder, tmp_path, [pull(2, merge_commit_sha=sha, commits=2)])
    assert (pulls[2].kind, pulls[2].merge_sha, pulls[2].base_sha, pulls[2].verified) == ("rebase", sha, base, True)
    assert pulls[2].commit_text == "Part two\n\nPart one"


def test_a_squash_of_many_commits_keeps_its_first_parent(builder: Builder, tmp_path: Path) -> None:
    base = builder.commit({"b.py": code("b")}, "An hour before")
    sha = builder.commit({"c.py": code("c")}, "All at once", author=BEN)
    pulls, _, _ = collected(builder, tmp_path, [pull(2, merge_commit_sha=sha, commits=7)])
    assert pulls[2].base_sha == base


def test_one_other_name_is_the_same_repository_but_two_are_not(tmp_path: Path) -> None:
    other = {"base": {"repo": {"full_name": "other/thing"}}}
    alone = read_payloads(write(tmp_path / "a", [pull(1), issue(2)]), "local/lib")
    assert (set(alone.pulls), set(alone.issues), alone.foreign) == ({1}, {2}, 0)
    mixed = read_payloads(write(tmp_path / "b", [pull(1), pull(3, **other), issue(2)]), "Team/Lib")
    assert (set(mixed.pulls), set(mixed.issues), mixed.foreign) == ({1}, {2}, 1)


def test_an_issue_listing_holds_pull_requests_too(tmp_path: Path) -> None:
    listed = issue(7, pull_request={"url": "x"}, title="Really a pull request")
    rows = read_payloads(write(tmp_path / "a", [listed, pull(7, title="Itself"), listed]), "team/lib")
    assert rows.pulls[7].title == "Itself"
    assert not rows.issues


@pytest.mark.parametrize(("row", "what"), [({"title": "x"}, "'number' is None"), ({"number": "1"}, "'number' is '1'")])
def test_a_wrong_line_is_named(tmp_path: Path, row: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=rf"payloads:2: {what}"):
        read_payloads(write(tmp_path / "payloads", [issue(1), row]), "team/lib")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_payloads(tmp_path / "none", "team/lib")


def test_halves_of_characters_are_stored(builder: Builder, tmp_path: Path) -> None:
    builder.commit({"b.py": code("b")}, "Stop dropping rows (#2)", committer=GITHUB)
    pulls, _, _ = collected(builder, tmp_path, [pull(2, title="Half \ud83d of it")])
    assert pulls[2].title == "Half ? of it"
