"""One pull request that was just merged, into ``pulls`` within seconds."""

from __future__ import annotations

import pytest

from bot.collect import mirror, pulls
from bot.errors import NotFound
from tests.bot.collect.conftest import Town


def ready(town: Town) -> None:
    town.squash(1)
    town.read_all()
    town.derive()


def test_it_is_there_at_once_and_is_what_deriving_makes_of_it(town: Town) -> None:
    ready(town)
    town.squash(2, closes=[200], message="See #201, fixes #202, fixes #203")
    town.there.add_issue(202)
    facts = pulls.take(town.client, town.store, town.row(), 2)
    assert facts.pull
    assert (facts.name, facts.pull.closes, [issue.title for issue in facts.issues]) == (
        "acme/widgets",
        (200,),
        ["Part 200 breaks"],
    )
    assert town.row().dirty == 0
    issues = town.store.issues("acme/widgets")
    assert {n: issue.title for n, issue in issues.items()} == {200: "Part 200 breaks", 202: "Part 202 breaks", 203: ""}
    at_once = town.pulls()
    assert set(at_once) == {1, 2}
    town.derive()
    assert town.pulls() == at_once


def test_nothing_is_written_before_save(town: Town) -> None:
    ready(town)
    town.squash(2)
    taken = pulls.read(town.client, town.store, town.row(), 2)
    assert set(town.pulls()) == {1}
    assert len(town.store.forge_pulls("acme/widgets")) == 1
    with pytest.raises(ZeroDivisionError), town.store.atomic():
        taken.save(town.store)
        raise ZeroDivisionError
    assert set(town.pulls()) == {1}
    taken.save(town.store)
    taken.save(town.store)
    assert set(town.pulls()) == {1, 2}


def test_one_that_is_not_merged_leaves_no_trace(town: Town) -> None:
    ready(town)
    town.there.add_pull(2, merged=False, mergedAt=None, state="OPEN")
    before = len(town.host.requests)
    facts = pulls.take(town.client, town.store, town.row(), 2)
    assert (facts.pull, facts.issues) == (None, ())
    assert set(town.pulls()) == {1}
    assert len(town.host.requests) == before  # git was not asked
    with pytest.raises(NotFound):
        pulls.take(town.client, town.store, town.row(), 3)


def test_before_there_is_a_mirror_only_the_forges_word_is_kept(town: Town) -> None:
    town.squash(1, body="Write to ada@example.org")
    pulls.take(town.client, town.store, town.row(), 1)
    assert not mirror.path_of(town.store.path, town.there.id).exists()
    assert town.store.forge_pulls("acme/widgets")[0].body == "Write to [redacted:email]"
    assert (town.pulls(), town.row().dirty) == ({}, 1)


def test_a_commit_that_git_does_not_serve_yet_is_waited_for(town: Town) -> None:
    ready(town)
    town.there.add_pull(2, mergeCommit={"__typename": "Commit", "oid": "e" * 40})
    pulls.take(town.client, town.store, town.row(), 2)
    assert (set(town.pulls()), town.row().dirty) == ({1}, 1)
    assert list(town.store.left_out()) == []


def test_a_change_of_mind_takes_it_out_and_in_again(town: Town) -> None:
    ready(town)
    town.there.touch(1, labels=["no-train"])
    pulls.take(town.client, town.store, town.row(), 1)
    assert town.pulls() == {}
    assert [row.reason for row in town.store.left_out()] == ["skipped_label"]
    town.there.touch(1, labels=[])
    pulls.take(town.client, town.store, town.row(), 1)
    assert set(town.pulls()) == {1}
    assert list(town.store.left_out()) == []


def test_a_revert_has_the_whole_derived_anew(town: Town) -> None:
    ready(town)
    bad = town.squash(2, "Add a bad idea")
    away = town.squash(3, 'Revert "Add a bad idea"', message=f"This reverts commit {bad}.")
    pulls.take(town.client, town.store, town.row(), 2)
    pulls.take(town.client, town.store, town.row(), 3)
    assert town.row().dirty == 1
    town.derive()
    assert town.pulls()[2].reverted_by == away
    town.there.touch(2, title="A better title")
    pulls.take(town.client, town.store, town.row(), 2)
    assert (town.pulls()[2].title, town.pulls()[2].reverted_by) == ("A better title", away)


def test_two_that_one_commit_merged(town: Town) -> None:
    ready(town)
    sha = town.squash(2)
    town.there.add_pull(3, mergeCommit={"__typename": "Commit", "oid": sha})
    pulls.take(town.client, town.store, town.row(), 3)
    pulls.take(town.client, town.store, town.row(), 2)
    assert set(town.pulls()) == {1, 2}
    assert [(row.id, row.reason) for row in town.store.left_out()] == [("3", "merged_with_another")]


def test_after_a_new_name(town: Town) -> None:
    ready(town)
    town.squash(2)
    town.github.rename(town.there, "corp/gadgets")
    town.there.clone_url = town.host.add("corp/gadgets", town.builder.path)
    pulls.take(town.client, town.store, town.row(), 2)
    assert {pull.repo for pull in town.store.pulls()} == {"corp/gadgets"}
    assert set(town.pulls()) == {1, 2}


def test_a_purged_repository_does_not_come_back(town: Town) -> None:
    ready(town)
    town.squash(2)
    taken = pulls.read(town.client, town.store, town.row(), 2)
    with town.store.atomic():
        town.store.db.execute("DELETE FROM repositories")
    with pytest.raises(NotFound, match="purged"):
        taken.save(town.store)
