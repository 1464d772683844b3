"""``switchover collect owner/name``, from the command line to its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run as switchover
from pipeline.store import Store
from tests.bot.collect.conftest import Town
from tests.bot.collect.world import NAME
from tests.github.stand_in import faults


@pytest.fixture
def db(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own, and a token for the stand-in."""
    monkeypatch.setenv("SWITCHOVER_GITHUB_URL", town.github.url)
    monkeypatch.setenv("GITHUB_TOKEN", town.github.plain_token)
    return str(tmp_path / "cli.db")


def collected(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert switchover(["collect", NAME, "--json", *words]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def refused(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> str:
    capsys.readouterr()
    assert switchover(["collect", NAME, *words]) == status
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert captured.out == ""
    return str(line)


def test_with_a_token_and_again(town: Town, db: str, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1, 5):
        town.squash(number, closes=[100 + number])
    town.there.touch(4, labels=["no-train"])
    assert collected(capsys, "--db", db) == {"pulls": 3, "issues": 4, "left_out": {"skipped_label": 1}}
    calls = town.github.graphql_calls
    assert collected(capsys, "--db", db) == {"pulls": 3, "issues": 4, "left_out": {"skipped_label": 1}}
    assert town.github.graphql_calls == calls + 2
    town.squash(9)
    assert collected(capsys, "--db", db)["pulls"] == 4
    with Store.open(Path(db)) as store:
        row = store.repository_named(NAME)
        assert row
        assert (row.installation, row.backfill, row.dirty, row.seen) == (None, "done", 0, 5)
        assert store.repos() == {NAME: Path(f"{db}.mirrors/{row.id}.git")}


def test_the_table_for_people(town: Town, db: str, capsys: pytest.CaptureFixture[str]) -> None:
    town.squash(1, closes=[100])
    assert switchover(["collect", NAME, "--db", db]) == 0
    assert capsys.readouterr().out == f"{NAME}\n       1  merged pull requests\n       1  issues\n"
    assert switchover(["tasks", "--db", db]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == f"{NAME}#1"


def test_limit_since_and_config(town: Town, db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1, 6):
        town.squash(number, mergedAt=f"2024-01-0{number}T00:00:00Z")
    assert collected(capsys, "--db", db, "--limit", "2")["pulls"] == 2
    with Store.open(Path(db)) as store:
        assert [pull.number for pull in store.pulls()] == [5, 4]
    since = collected(capsys, "--db", f"{db}.2", "--since", "2024-01-03")
    assert since == {"pulls": 3, "issues": 0, "left_out": {"before_since": 2}}
    town.config("collect: {skip_authors: ['*']}")
    assert collected(capsys, "--db", f"{db}.3")["pulls"] == 0
    given = tmp_path / "given.yml"
    given.write_text("collect: {since: 2024-01-05}\n")
    assert collected(capsys, "--db", f"{db}.4", "--config", str(given))["pulls"] == 1


def test_as_the_app(town: Town, db: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    town.squash(1)
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.setenv("SWITCHOVER_APP_ID", str(town.github.app_id))
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY", town.github.key)
    town.host.tokens.clear()
    assert collected(capsys, "--db", db)["pulls"] == 1
    with Store.open(Path(db)) as store:
        row = store.repository_named(NAME)
        assert row
        assert row.installation == 1
    line = "acme/none: the App is not installed there, or the name is wrong"
    assert switchover(["collect", "acme/none", "--db", f"{db}.2"]) == 1
    assert line in capsys.readouterr().err
    assert not Path(f"{db}.2").exists()


def test_where_the_app_is_not_installed_a_token_helps(
    town: Town, db: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    town.squash(1)
    monkeypatch.setenv("SWITCHOVER_APP_ID", str(town.github.app_id))
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY", town.github.key)
    town.github.fail(faults.status(404), path=f"/repos/{NAME}/installation")
    assert collected(capsys, "--db", db)["pulls"] == 1


def test_no_credentials(db: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    assert "set GITHUB_TOKEN" in refused(capsys, 2, "--db", db)
    assert not Path(db).exists()


def test_a_wrong_token(db: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_wrongwrongwrongwrong")
    said = refused(capsys, 1, "--db", db)
    assert "does not believe the token" in said
    assert "wrongwrong" not in said
    assert not Path(db).exists()


def test_mistakes_are_found_before_anything_is_asked(
    town: Town, db: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    town.github.requests.clear()
    assert "--since: 'soon' is not a date" in refused(capsys, 2, "--db", db, "--since", "soon")
    assert "No such file" in refused(capsys, 2, "--db", db, "--config", str(tmp_path / "none.yml"))
    assert "is a folder" in refused(capsys, 2, "--db", str(tmp_path))
    assert [request.path for request in town.github.requests] == [f"/repos/{NAME}"]


def test_a_limit_says_when_to_come_back_and_the_same_command_goes_on(
    town: Town, db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 4):
        town.squash(number)
    town.github.fail(faults.secondary(3000), path="/graphql", when=lambda asked: "Page" in asked.body["query"])
    assert "it opens again at" in (said := refused(capsys, 1, "--db", db))
    assert "run the same command then" in said
    assert collected(capsys, "--db", db)["pulls"] == 3


def test_a_folder_of_that_name_comes_first(
    town: Town, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme").mkdir()
    town.builder.path.rename(tmp_path / NAME)
    town.github.requests.clear()
    assert switchover(["collect", NAME, "--db", db]) == 0
    assert town.github.requests == []


def test_another_name_and_another_case_are_the_same_repository(
    town: Town, db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    town.squash(1)
    collected(capsys, "--db", db)
    town.github.rename(town.there, "corp/gadgets")
    town.there.clone_url = town.host.add("corp/gadgets", town.builder.path)
    assert collected(capsys, "--db", db)["pulls"] == 1
    with Store.open(Path(db)) as store:
        assert [row.name for row in store.repositories()] == ["corp/gadgets"]
        assert {pull.repo for pull in store.pulls()} == {"corp/gadgets"}


def test_an_open_issue_that_is_asked_for(town: Town, db: str, capsys: pytest.CaptureFixture[str]) -> None:
    town.squash(1, closes=[101])
    town.there.add_issue(50, title="Write to ann@corp.example.org", state="OPEN")
    assert collected(capsys, "--db", db, "--issue", "50", "--issue", "101")["pulls"] == 1
    with Store.open(Path(db)) as store:
        issues = store.issues(NAME)
    assert issues.keys() == {50, 101} and issues[50].created_at and "ann@corp" not in issues[50].title


def test_one_that_is_not_there_is_told_and_no_failure(town: Town, db: str, capsys: pytest.CaptureFixture[str]) -> None:
    town.squash(1)
    assert switchover(["collect", NAME, "--db", db, "--issue", "77"]) == 0
    assert f"{NAME}: there is no issue 77" in capsys.readouterr().err


def test_a_clone_holds_no_issues(town: Town, db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert switchover(["collect", str(tmp_path), "--db", db, "--issue", "5"]) == 2
    assert "holds no issues" in capsys.readouterr().err
