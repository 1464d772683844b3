"""From what GitHub tells and a mirror of real git to the pull requests that tasks are made of."""

from __future__ import annotations

from typing import Any

import pytest

from bot.collect import derive, mirror, place, pulls
from bot.errors import Limited, NotFound, Rejected, Unavailable
from pipeline.collect import tasks
from pipeline.collect.clone import Clone
from pipeline.config import CollectConfig
from pipeline.errors import RunError
from pipeline.store import Store
from tests.bot.collect.conftest import Town
from tests.bot.collect.world import NAME
from tests.github.stand_in import faults
from tests.history import run


def test_from_github_to_tasks(town: Town) -> None:
    town.there.add_issue(100, createdAt="2023-01-01T00:00:00Z")
    town.squash(1, closes=[100], body="Fixes #100, thanks to ada@example.org")
    town.squash(2, "Bump x", author={"__typename": "Bot", "login": "renovate"})
    town.squash(3, message="Resolves #101")
    town.there.add_issue(101)
    town.there.add_pull(4, baseRefName="stable", mergeCommit={"oid": "4" * 40})
    town.there.pulls[4]["mergeCommit"]["__typename"] = "Commit"
    town.read_all()
    found = town.derive()
    assert (found.pulls, found.left_out) == (2, {"other_branch": 1, "bot": 1})
    assert {(link.number, link.source) for link in town.pulls()[1].links} == {(100, "forge"), (100, "pull_body")}
    assert [(link.number, link.source) for link in town.pulls()[3].links] == [(101, "commit_message")]
    assert town.pulls()[1].body == "Fixes #100, thanks to [redacted:email]"
    made = {task.number: task for task in tasks(town.store, CollectConfig())}
    assert made[1].prompt_source == "issue"
    assert made[1].files == ("lib/n1.py",)
    assert town.row().dirty == 0


def test_issues_that_only_a_commit_closes_are_asked_for_once(town: Town) -> None:
    town.there.add_issue(101, createdAt="2023-01-01T00:00:00Z", body="It loses the last row, says ada@example.org.")
    town.squash(1, message="Resolves #101, fixes #777, closes #2")
    town.squash(2)
    town.read_all()
    before = town.row().calls
    town.derive()
    assert town.row().calls == before + 2
    issues = town.store.issues(NAME)
    assert issues[101].body == "It loses the last row, says [redacted:email]."
    assert issues[777].created_at is None
    assert [(row.thing, row.id, row.reason) for row in town.store.left_out()] == [("issue", "777", "no_issue")]
    (first, *_) = [task for task in tasks(town.store, CollectConfig()) if task.number == 1]
    assert first.prompt_source == "issue"
    town.derive()
    assert town.row().calls == before + 2


def test_where_issues_may_not_be_read_their_numbers_have_to_do(town: Town) -> None:
    town.squash(1, message="Resolves #101")
    town.read_all()
    denied = faults.graphql("FORBIDDEN", "Resource not accessible by integration")
    town.github.fail(denied, path="/graphql", when=lambda asked: "query Issue" in asked.body["query"])
    assert town.derive().pulls == 1
    assert town.row().dirty == 0
    town.store.change_repository(town.there.id, dirty=1)
    limit = faults.graphql("RATE_LIMITED")
    town.github.fail(limit, path="/graphql", when=lambda asked: "query Issue" in asked.body["query"])
    with pytest.raises(Limited):
        town.derive()
    assert town.row().dirty != 0


def test_it_follows_what_comes_and_what_goes(town: Town) -> None:
    bad = town.squash(1, "Add a bad idea")
    town.squash(2)
    town.read_all()
    town.derive()
    away = town.squash(3, 'Revert "Add a bad idea"', message=f"This reverts commit {bad}.")
    town.there.touch(2, labels=["no-train"])
    town.read_all()
    assert town.row().dirty == 1
    town.derive()
    assert town.pulls()[1].reverted_by == away
    assert set(town.pulls()) == {1, 3}
    assert [(row.id, row.reason) for row in town.store.left_out()] == [("2", "skipped_label")]


def test_the_config_of_the_default_branch_holds(town: Town) -> None:
    town.squash(1)
    town.squash(2, labels=["secret"])
    town.read_all()
    assert not town.row().configured
    town.config("collect: {skip_labels: [secret]}")
    assert town.derive().left_out == {"skipped_label": 1}
    assert (town.row().configured, town.row().config_error) == (True, None)
    town.config("collect: {skip_lables: [secret]}")
    assert town.derive().left_out == {}
    assert not town.row().configured
    assert "did you mean 'skip_labels'?" in (town.row().config_error or "")
    town.config(None)
    town.derive()
    assert (town.row().configured, town.row().config_error) == (False, None)


def test_a_new_name_and_a_new_default_branch(town: Town) -> None:
    town.squash(1)
    town.read_all()
    town.derive()
    run(town.builder.path, "branch", "-m", "main", "trunk")
    town.builder.heads["trunk"] = town.builder.heads["main"]
    town.there.default_branch = "trunk"
    town.github.rename(town.there, "corp/gadgets")
    town.there.clone_url = town.host.add("corp/gadgets", town.builder.path)
    town.derive()
    assert [pull.repo for pull in town.store.pulls()] == ["corp/gadgets"]
    assert list(town.store.repos()) == ["corp/gadgets"]
    assert (town.row().name, town.row().default_branch) == ("corp/gadgets", "trunk")
    path = mirror.path_of(town.store.path, town.there.id)
    assert run(path, "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert run(path, "config", "remote.origin.url") == town.there.clone_url


def test_what_becomes_dirty_meanwhile_stays_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.squash(1)
    town.read_all()
    real = derive.collect_forge

    def collect(*given: object, **more: object) -> object:
        assert town.row().dirty == derive.UNDER_WAY
        with Store.open(town.store.path) as other:
            other.change_repository(town.there.id, dirty=1)
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(derive, "collect_forge", collect)
    town.derive()
    assert town.row().dirty == 1


def test_what_is_merged_while_the_mirror_is_fetched_is_not_taken_for_done(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a first clone that takes hours: git has read the branches, then something is merged into one."""
    town.squash(1)
    town.read_all()
    real = place.fetched

    def fetched(*given: Any) -> Clone:
        clone = real(*given)
        monkeypatch.setattr(place, "fetched", real)
        assert town.row().dirty == derive.UNDER_WAY
        town.squash(2)
        with Store.open(town.store.path) as other:
            pulls.take(town.client, other, town.row(), 2)
            other.change_repository(town.there.id, dirty=1)  # as the push that a merge is says
        return clone

    monkeypatch.setattr(place, "fetched", fetched)
    assert town.derive().left_out == {"rewritten": 1}
    assert town.row().dirty == 1
    town.derive()
    assert (set(town.pulls()), town.row().dirty) == ({1, 2}, 0)


def test_what_could_not_be_fetched_is_still_to_be_done(town: Town) -> None:
    town.squash(1)
    town.read_all()
    town.host.broken = "git-upload-pack"
    with pytest.raises(Unavailable):
        town.derive()
    assert town.row().dirty == derive.UNDER_WAY
    town.host.broken = ""
    town.derive()
    assert (set(town.pulls()), town.row().dirty) == ({1}, 0)


def test_a_purge_meanwhile_is_final(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.squash(1)
    town.read_all()
    row = town.row()
    real = derive.collect_forge

    def collect(*given: object, **more: object) -> object:
        from pipeline.collect import forge

        whole = forge.whole

        def purged(*words: object) -> object:
            with town.store.atomic():
                town.store.db.execute("DELETE FROM forge_pulls")
            return whole(*words)  # type: ignore[arg-type]

        monkeypatch.setattr(forge, "whole", purged)
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(derive, "collect_forge", collect)
    with pytest.raises(RunError, match="purged or renamed meanwhile"):
        derive.run(town.client, town.store, row)
    assert town.pulls() == {}
    assert town.store.repos() == {}


def test_a_purged_row_is_not_made_again(town: Town) -> None:
    row = town.row()
    with town.store.atomic():
        town.store.db.execute("DELETE FROM repositories")
    with pytest.raises(NotFound, match="purged"):
        derive.run(town.client, town.store, row)


def test_a_mirror_without_its_branch_empties_nothing(town: Town) -> None:
    town.squash(1)
    town.read_all()
    town.derive()
    town.there.default_branch = "trunk"  # GitHub's API knows, git does not yet
    with pytest.raises(Unavailable, match="renamed"):
        town.derive()
    assert set(town.pulls()) == {1}
    run(town.builder.path, "branch", "-m", "main", "gone")
    run(town.builder.path, "update-ref", "-d", "refs/heads/gone")
    with pytest.raises(Unavailable, match="its mirror is empty"):
        town.derive()
    assert set(town.pulls()) == {1}


def test_an_empty_repository_has_nothing(town: Town) -> None:
    run(town.builder.path, "update-ref", "-d", "refs/heads/main")
    town.read_all()
    assert (town.derive().pulls, town.derive().left_out) == (0, {})


def test_the_token_is_not_sent_where_the_api_is_not(town: Town) -> None:
    town.there.clone_url = f"https://evil.example/{NAME}.git"
    with pytest.raises(Rejected):
        town.derive()
