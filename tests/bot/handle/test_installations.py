"""Installations: whatever the events say and in whatever order, the tables end at what is granted now."""

from __future__ import annotations

import pytest

from bot.errors import NotAccessible
from bot.handle import sync
from bot.handle.change import Context
from bot.handle.events import Event
from bot.handle.handlers import installation
from bot.receive import deliveries
from pipeline.store import Store
from tests.bot.handle.conftest import arrive, know, payload, rows, state_of
from tests.github.stand_in import Repository, StandIn, faults


def look(context: Context, action: str = "created", id: int = 1) -> str | None:
    """As the worker does with a delivery."""
    change = installation.handle(Event("g", "installation", action, installation=id), context)
    with context.store.atomic():
        return change(context.store)


def states(store: Store) -> dict[str, str]:
    return {row["name"]: row["state"] for row in rows(store, "repositories", "name", "state")}


def test_a_new_installation_and_its_repositories_are_known(github: StandIn, context: Context) -> None:
    for place in range(130):
        github.add(f"acme/r{place}", private=place % 2 == 0)
    look(context)
    (row,) = rows(context.store, "installations")
    assert (row["id"], row["account"], row["account_type"], row["state"]) == (1, "acme", "Organization", "active")
    assert '"issues": "write"' in row["permissions"] and row["error"] is None
    repositories = context.store.repositories()
    assert len(repositories) == 130
    assert {(r.state, r.backfill, r.default_branch, r.configured) for r in repositories} == {
        ("active", "waiting", "main", False)
    }
    assert {r.name: r.private for r in repositories} == {f"acme/r{place}": place % 2 == 0 for place in range(130)}


def test_what_is_no_longer_granted_is_removed_and_what_comes_back_is_caught_up(
    github: StandIn, context: Context
) -> None:
    one, two = github.add("acme/one"), github.add("acme/two")
    look(context)
    for each in (one, two):
        context.store.change_repository(each.id, backfill="done", watermark="2026-01-01T00:00:00Z")
    one.installation = 9
    look(context, "removed")
    assert states(context.store) == {"acme/one": "removed", "acme/two": "active"}
    one.installation = 1
    look(context, "added")
    assert states(context.store) == {"acme/one": "active", "acme/two": "active"}
    back, stayed = context.store.repository(one.id), context.store.repository(two.id)
    assert back and back.backfill == "waiting" and back.watermark and stayed and stayed.backfill == "done"


def test_a_deleted_installation_keeps_what_was_collected(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    github.installations[1].removed = True
    look(context, "deleted")
    assert rows(context.store, "installations", "state") == [{"state": "removed"}]
    assert states(context.store) == {"acme/widgets": "removed"}
    github.installations[1].removed = False
    look(context, "created")
    assert states(context.store) == {"acme/widgets": "active"}


def test_one_that_was_gone_before_it_was_looked_at_leaves_nothing(github: StandIn, context: Context) -> None:
    github.add("acme/widgets")
    github.installations[1].removed = True
    for action in ("created", "deleted"):
        look(context, action)
    assert not rows(context.store, "installations") and not rows(context.store, "repositories")


def test_a_suspension_and_its_end(github: StandIn, context: Context, widgets: Repository) -> None:
    github.installations[1].suspended = True
    look(context, "suspend")
    assert rows(context.store, "installations", "state") == [{"state": "suspended"}]
    assert states(context.store) == {"acme/widgets": "active"}
    github.installations[1].suspended = False
    look(context, "unsuspend")
    row = context.store.repository(widgets.id)
    assert row and row.backfill == "waiting", "what was merged meanwhile is caught up"


def test_a_suspension_in_the_middle_of_looking(github: StandIn, context: Context, widgets: Repository) -> None:
    github.fail(faults.status(403, "This installation has been suspended"), path="/installation/repositories")
    look(context, "suspend")
    assert rows(context.store, "installations", "state") == [{"state": "suspended"}]


@pytest.mark.parametrize(("action", "again"), [("new_permissions_accepted", True), ("added", False)])
def test_new_permissions_let_what_was_refused_be_caught_up(
    context: Context, widgets: Repository, action: str, again: bool
) -> None:
    guid = arrive(context.store, "push", payload(widgets, ref="refs/heads/main"))
    deliveries.bury(context.store, *deliveries.claim(context.store, 1), "lacks a permission")
    context.store.db.execute("UPDATE installations SET error = 'lacks a permission'")
    look(context, action)
    assert state_of(context.store, guid)[0] == ("waiting" if again else "dead")
    assert rows(context.store, "installations", "error") == [{"error": None}]
    row = context.store.repository(widgets.id)
    assert row and row.backfill == ("waiting" if again else "done")


def test_a_collection_that_was_given_up_is_tried_again(context: Context, widgets: Repository) -> None:
    context.store.change_repository(widgets.id, backfill="failed", error="gone for a moment")
    look(context, "sync")
    row = context.store.repository(widgets.id)
    assert row and row.backfill == "waiting"


def test_a_list_that_cannot_be_read_whole_changes_nothing(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    github.fail(faults.status(403, "Resource not accessible by integration"), path="/installation/repositories")
    with pytest.raises(NotAccessible):
        look(context)
    assert states(context.store) == {"acme/widgets": "active"}


def test_names_that_were_swapped_unseen_end_right(github: StandIn, context: Context) -> None:
    one, two = github.add("acme/one"), github.add("acme/two")
    look(context)
    for each in (one, two):
        context.store.db.execute("INSERT INTO repos VALUES (?, ?)", [each.name, str(each.id)])
    one.name, two.name = two.name, one.name
    look(context, "added")
    named = {r.id: r.name for r in context.store.repositories()}
    assert named == {one.id: "acme/two", two.id: "acme/one"}
    assert rows(context.store, "repos", "name", "clone") == [
        {"name": "acme/one", "clone": str(two.id)},
        {"name": "acme/two", "clone": str(one.id)},
    ]


def test_all_are_looked_at_anew_by_deliveries_of_our_own(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    github.add("other/thing", installation=2)
    github.installations[3] = github.install(3, "gone", removed=True)
    know(context.store, Repository(900, "gone/repo", 3))
    assert sync.sync(context.store, context.forge.app()) == 3
    assert sync.sync(context.store, context.forge.app()) == 0, "those still wait"
    found = rows(context.store, "deliveries", "installation", "event", "action", "source", "repo_id")
    assert [row["installation"] for row in found] == [1, 2, 3]
    assert {(row["event"], row["action"], row["source"], row["repo_id"]) for row in found} == {
        ("installation", "sync", "sync", None)
    }
