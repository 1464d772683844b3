"""Each handler against the truth on the forge; and that the order of deliveries makes no difference."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.github import Forge, Timing
from bot.handle.change import Context
from bot.handle.events import ACTIONS
from bot.handle.handlers import HANDLERS
from pipeline.store import Store
from tests.bot.handle.conftest import arrive, deliver, know, payload, rows, send, settle
from tests.github.stand_in import CONFIG, Repository, StandIn


def pull(repository: Repository, number: int, action: str = "closed", merged: bool = True) -> dict[str, Any]:
    return payload(repository, action, pull_request={"number": number, "merged": merged, "title": "an old title"})


def test_every_handled_event_has_a_handler() -> None:
    assert HANDLERS.keys() == ACTIONS.keys()


def test_a_merged_pull_request_is_read_anew(context: Context, widgets: Repository) -> None:
    widgets.touch(2, title="Newer title")
    assert deliver(context, "pull_request", pull(widgets, 2, "labeled")) == ("done", None)
    (told,) = context.store.forge_pulls("acme/widgets")
    assert (told.number, told.title, told.closes) == (2, "Newer title", (100002,))
    assert context.store.issues("acme/widgets")[100002].title == "Part 100002 breaks"
    row = context.store.repository(widgets.id)
    assert row and row.dirty == 1, "there is no mirror yet, so it is derived later"


@pytest.mark.parametrize("action", ["closed", "edited", "labeled", "unlabeled"])
def test_one_that_is_not_merged_costs_nothing(
    github: StandIn, context: Context, widgets: Repository, action: str
) -> None:
    assert deliver(context, "pull_request", pull(widgets, 2, action, merged=False)) == ("done", "not merged")
    assert not github.requests


def test_a_payload_that_says_merged_is_not_believed(context: Context, widgets: Repository) -> None:
    widgets.pulls[2].update(state="CLOSED", merged=False, mergedAt=None)
    assert deliver(context, "pull_request", pull(widgets, 2)) == ("done", "not merged")
    assert not context.store.forge_pulls("acme/widgets")


def test_an_unknown_repository_is_left_to_its_installation(github: StandIn, context: Context) -> None:
    other = github.add("acme/other", pulls=1)
    note = "not a repository that the App may work on"
    for event, said in (("pull_request", pull(other, 1)), ("push", payload(other, ref="refs/heads/main"))):
        assert deliver(context, event, said) == ("done", note)
    assert not github.requests


def test_an_issue_is_kept_as_it_is_now(context: Context, widgets: Repository) -> None:
    widgets.add_issue(50, title="Mail ann@example.com", body="b")
    for action in ("opened", "labeled"):
        assert deliver(context, "issues", payload(widgets, action, issue={"number": 50})) == ("done", None)
    widgets.issues[50]["title"] = "Changed"
    deliver(context, "issues", payload(widgets, "edited", issue={"number": 50}))
    assert context.store.issues("acme/widgets")[50].title == "Changed"


def test_personal_data_in_an_issue_is_redacted(context: Context, widgets: Repository) -> None:
    widgets.add_issue(50, title="t", body="write to ann@corp.example.org")
    deliver(context, "issues", payload(widgets, "opened", issue={"number": 50}))
    assert "ann@corp" not in context.store.issues("acme/widgets")[50].body


@pytest.mark.parametrize("action", ["deleted", "transferred"])
def test_an_issue_that_is_gone_is_forgotten_in_any_order(context: Context, widgets: Repository, action: str) -> None:
    widgets.add_issue(50)
    deliver(context, "issues", payload(widgets, "opened", issue={"number": 50}))
    del widgets.issues[50]
    deliver(context, "issues", payload(widgets, action, issue={"number": 50}))
    state, note = deliver(context, "issues", payload(widgets, "edited", issue={"number": 50}))
    assert state == "done" and note and "Could not resolve" in note
    assert 50 not in context.store.issues("acme/widgets")


def test_a_renamed_repository_keeps_all_that_is_known(github: StandIn, context: Context, widgets: Repository) -> None:
    deliver(context, "pull_request", pull(widgets, 1))
    github.rename(widgets, "acme/gadgets")
    deliver(context, "repository", payload(widgets, "renamed"))
    assert [p.number for p in context.store.forge_pulls("acme/gadgets")] == [1]
    row = context.store.repository(widgets.id)
    assert row and row.name == "acme/gadgets" and row.configured


def test_a_merge_that_comes_before_the_news_of_the_new_name(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    deliver(context, "pull_request", pull(widgets, 1))
    github.rename(widgets, "acme/gadgets")
    deliver(context, "pull_request", pull(widgets, 2))
    assert [p.number for p in context.store.forge_pulls("acme/gadgets")] == [1, 2]
    assert not context.store.forge_pulls("acme/widgets")


def test_a_public_repository_that_can_be_read_is_not_therefore_granted(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    context.store.change_repository(widgets.id, state="removed")
    github.rename(widgets, "acme/gadgets")
    deliver(context, "repository", payload(widgets, "transferred"))
    row = context.store.repository(widgets.id)
    assert row and (row.name, row.state) == ("acme/gadgets", "removed")


@pytest.mark.parametrize("actions", list(itertools.permutations(["deleted", "renamed", "archived"])))
def test_a_deleted_repository_is_deleted_whatever_comes_when(
    github: StandIn, context: Context, widgets: Repository, actions: tuple[str, ...]
) -> None:
    github.delete(widgets)
    for action in actions:
        deliver(context, "repository", payload(widgets, action))
    row = context.store.repository(widgets.id)
    assert row and row.state == "deleted"


def test_another_default_branch_and_visibility_are_followed(context: Context, widgets: Repository) -> None:
    widgets.default_branch, widgets.private = "trunk", False
    deliver(context, "repository", payload(widgets, "publicized"))
    row = context.store.repository(widgets.id)
    assert row and (row.default_branch, row.private) == ("trunk", False)


@pytest.mark.parametrize(("ref", "dirty"), [("refs/heads/main", 1), ("refs/heads/feature", 0), ("refs/tags/main", 0)])
def test_a_push_to_the_default_branch_makes_it_dirty(
    github: StandIn, context: Context, widgets: Repository, ref: str, dirty: int
) -> None:
    deliver(context, "push", payload(widgets, ref=ref))
    row = context.store.repository(widgets.id)
    assert row and row.dirty == dirty and not github.requests


def test_how_a_run_of_ours_came_out_is_kept_with_its_start(context: Context, widgets: Repository) -> None:
    deliver(context, "check_run", payload(widgets, "rerequested", check_run={"id": 1}))
    send(context)
    (run,) = widgets.runs
    for id, note in ((run["id"], None), (12345, "not a run that was started from here")):
        said = payload(widgets, "completed", workflow_run={"id": id, "conclusion": "failure"})
        assert deliver(context, "workflow_run", said) == ("done", note)
    (row,) = rows(context.store, "outbox")
    assert '"conclusion":"failure"' in row["target"].replace(" ", "") and row["state"] == "sent"


@pytest.mark.parametrize("action", ["rerequested", "requested_action"])
def test_a_check_run_asked_for_again_starts_the_workflow_and_says_nothing(
    context: Context, widgets: Repository, action: str
) -> None:
    assert deliver(context, "check_run", payload(widgets, action, check_run={"id": 1})) == ("done", None)
    send(context)
    assert len(widgets.runs) == 1 and not widgets.comments and not widgets.reactions


def test_a_check_run_asked_for_by_a_stranger_or_without_config_does_not(context: Context, widgets: Repository) -> None:
    said = payload(widgets, "rerequested", check_run={"id": 1})
    deliver(context, "check_run", said | {"sender": {"login": "rob", "type": "User"}})
    context.store.change_repository(widgets.id, configured=0)
    deliver(context, "check_run", said)
    assert not rows(context.store, "outbox")


def test_a_payload_without_what_is_needed_is_no_crash(context: Context, widgets: Repository) -> None:
    for event, actions in ACTIONS.items():
        for action in sorted(actions or [""]):
            state, _ = deliver(context, event, {"action": action})
            assert state == "done", (event, action)


STORY = [
    ("installation", {"action": "created"}),
    ("installation_repositories", {"action": "added"}),
    ("installation_repositories", {"action": "removed"}),
    ("repository", {"action": "renamed", "of": 0}),
    ("repository", {"action": "renamed", "of": 0}),
    ("repository", {"action": "transferred", "of": 1}),
    ("repository", {"action": "deleted", "of": 2}),
    ("pull_request", {"action": "closed", "of": 0, "pull_request": {"number": 1, "merged": True}}),
    ("pull_request", {"action": "edited", "of": 0, "pull_request": {"number": 1, "merged": True}}),
    ("pull_request", {"action": "edited", "of": 0, "pull_request": {"number": 1, "merged": False}}),
    ("pull_request", {"action": "closed", "of": 1, "pull_request": {"number": 2, "merged": True}}),
    ("pull_request", {"action": "closed", "of": 2, "pull_request": {"number": 1, "merged": True}}),
    ("issues", {"action": "opened", "of": 0, "issue": {"number": 70}}),
    ("issues", {"action": "edited", "of": 0, "issue": {"number": 70}}),
    ("issues", {"action": "opened", "of": 0, "issue": {"number": 71}}),
    ("issues", {"action": "deleted", "of": 0, "issue": {"number": 71}}),
    ("issues", {"action": "labeled", "of": 0, "issue": {"number": 71}}),
    ("push", {"of": 0, "ref": "refs/heads/main"}),
]
"""What happened: repository 0 was renamed twice, 1 was transferred away, 2 was deleted, issue 71 too."""


def told(github: StandIn, repositories: list[Repository], folder: Path, order: list[int]) -> dict[str, Any]:
    """The database after the story was delivered in ``order``."""
    folder.mkdir()
    with Store.open(folder / "so.db") as store, Forge.connect(github.credentials(), timing=QUICK) as forge:
        for each in repositories:
            know(store, Repository(each.id, f"acme/old{each.id}", 1))
        for place in order:
            event, said = STORY[place]
            of = said.get("of")
            where = payload(repositories[of]) if of is not None else {"installation": {"id": 1}}
            arrive(store, event, {**where, **{key: value for key, value in said.items() if key != "of"}})
        settle(Context(store, forge))
        assert {row["state"] for row in rows(store, "deliveries")} == {"done"}
        columns = ("id", "name", "state", "default_branch", "dirty", "backfill")
        return {
            "repositories": rows(store, "repositories", *columns),
            "installations": rows(store, "installations", "id", "state", "permissions"),
            "pulls": rows(store, "forge_pulls", "repo", "number", "title", "closes"),
            "issues": rows(store, "issues", "repo", "number", "title"),
        }


QUICK = Timing(sleep=lambda seconds: None)


@pytest.fixture
def after_the_story(github: StandIn) -> list[Repository]:
    """What is true on the forge once all of it has happened."""
    made = [github.add(f"acme/r{place}", pulls=3, files={CONFIG: ""}) for place in range(3)]
    made[0].add_issue(70, title="edited")
    github.rename(made[0], "acme/first")
    github.rename(made[0], "acme/second")
    github.install(2, "else")
    made[1].installation = 2
    github.rename(made[1], "else/r1")
    github.delete(made[2])
    return made


@pytest.fixture
def in_order(github: StandIn, after_the_story: list[Repository], tmp_path: Path) -> dict[str, Any]:
    """The database after the story was delivered as it happened."""
    return told(github, after_the_story, tmp_path / "in-order", list(range(len(STORY))))


@settings(
    deadline=None,
    max_examples=5,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations(range(len(STORY))))
def test_the_order_of_deliveries_makes_no_difference(
    github: StandIn,
    after_the_story: list[Repository],
    in_order: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
) -> None:
    assert told(github, after_the_story, tmp_path_factory.mktemp("order") / "shuffled", order) == in_order
    states = {row["name"]: row["state"] for row in in_order["repositories"]}
    assert states["acme/second"] == "active" and sorted(states.values()) == ["active", "deleted", "removed"]
