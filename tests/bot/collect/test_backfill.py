"""All merged pull requests, whatever GitHub does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.collect import backfill, catch_up
from bot.errors import Limited, NotFound, Unavailable
from bot.github import Forge, Timing
from pipeline.store import Store
from tests.bot.collect.world import NAME, World
from tests.github.clock import Clock
from tests.github.stand_in import CONFIG, Repository, Request, StandIn, faults

Make = Callable[[int], World]
"""Of how many merged pull requests."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[int], World]]:
    clock = Clock()
    with (
        StandIn() as github,
        Store.open(tmp_path / "so.db") as store,
        Forge.connect(github.credentials(), timing=Timing(clock.now, clock.sleep)) as forge,
    ):
        yield lambda pulls: World(github, store, forge.installation(1), pulls)


def graphql(request: Request) -> bool:
    return request.path == "/graphql"


def test_ten_thousand_in_a_hundred_and_two_questions(make: Make) -> None:
    world = make(10_000)
    row = world.finish()
    assert world.is_whole()
    assert (row.seen, row.total, row.dirty, row.error) == (10_000, 10_000, 1, None)
    assert world.github.graphql_calls == row.calls == 102
    assert row.watermark == max(pull["updatedAt"] for pull in world.there.pulls.values())
    assert row.started_at


def test_what_is_told_of_a_pull_request(make: Make) -> None:
    world = make(0)
    world.there.add_pull(
        7,
        closes=[8],
        title="Mend it \ud83d now",
        body="Mail ada@example.org \0 " + "x" * 300_000,
        author={"__typename": "Bot", "login": "renovate"},
        labels=[f"label-{n}" for n in range(30)],
        mergeCommit=None,
        headRefName="mend-7",
        commits=3,
    )
    world.there.add_pull(9, author=None)
    world.there.add_issue(8, author=None, body="")
    world.finish()
    seven, nine = world.store.forge_pulls(NAME)
    assert (seven.number, seven.title, seven.author) == (7, "Mend it ? now", "renovate[bot]")
    assert seven.body == "Mail [redacted:email] \0 " + "x" * 300_000
    assert (seven.merge_sha, seven.head_branch, seven.base_branch, seven.commits) == (None, "mend-7", "main", 3)
    assert (len(seven.labels), seven.closes) == (30, (8,))
    assert nine.author == "ghost"
    issue = world.store.issues(NAME)[8]
    assert (issue.author, issue.body, issue.title) == ("ghost", "", "Part 8 breaks")


def test_the_repositorys_own_config_says_whether_texts_are_redacted(make: Make) -> None:
    world = make(0)
    world.there.add_pull(1, closes=[2], body="Mail ada@example.org")
    world.there.files[CONFIG] = "collect: {redact: false}"
    row = world.finish()
    assert world.store.forge_pulls(NAME)[0].body == "Mail ada@example.org"
    assert (row.configured, row.config_error) == (True, None)
    world.there.files[CONFIG] = "collect: {redakt: false}"
    world.there.touch(1)
    row = world.finish()
    assert world.store.forge_pulls(NAME)[0].body == "Mail [redacted:email]"
    assert not row.configured
    assert row.config_error == ".github/switchover.yml: unknown key 'redakt' in 'collect'; did you mean 'redact'?"
    backfill.step(world.client, world.store, world.now(), redacting=False)  # a config that was given by hand
    assert world.store.forge_pulls(NAME)[0].body == "Mail ada@example.org"


def test_closed_issues_beyond_five_and_those_of_others(make: Make) -> None:
    world = make(0)
    other = world.github.add("acme/other")
    other.add_issue(900)
    mine = list(range(100, 170))
    world.there.add_pull(1, closes=mine)
    world.there.issues[150]["repository"] = {"databaseId": other.id}
    world.there.pulls[1]["closes"].append(999_999)  # one that we may not see
    world.finish()
    (pull,) = world.store.forge_pulls(NAME)
    assert set(pull.closes) <= set(mine)
    assert len(pull.closes) >= 69
    assert 999_999 not in world.store.issues(NAME)


def test_an_empty_repository(make: Make) -> None:
    world = make(0)
    assert (world.finish().total, world.row.seen) == (0, 0)
    world.there.add_pull(1)
    world.finish()
    assert world.is_whole()


def test_those_that_were_not_merged_are_not_taken(make: Make) -> None:
    world = make(30)
    for number in (3, 9):
        world.there.pulls[number] |= {"state": "CLOSED", "merged": False, "mergedAt": None}
    assert world.finish().seen == 28
    assert world.is_whole()


def test_the_page_shrinks_until_github_can_answer_and_grows_again(make: Make) -> None:
    world = make(900)
    world.github.largest_page = 30
    world.step()
    world.step()
    assert world.asked() == [100, 50, 25]
    assert world.now().page_size == 25  # remembered
    world.github.largest_page = None
    world.finish()
    assert world.asked()[3:9] == [25, 30, 35, 40, 45, 50]
    assert world.is_whole()


@pytest.mark.parametrize("fault", [faults.status(502), faults.html(504), faults.graphql("RESOURCE_LIMITS_EXCEEDED")])
def test_one_that_github_cannot_tell_of_is_passed_over_and_counted(make: Make, fault: faults.Fault) -> None:
    world = make(40)
    bad = 17

    def hits(request: Request) -> bool:
        if not graphql(request):
            return False
        variables = request.body["variables"]
        if "Pull(" in request.body["query"]:
            return variables["number"] == bad
        if "Page(" not in request.body["query"]:
            return False
        return bad in numbers_of(world.there, variables)

    world.github.fail(fault, times=float("inf"), when=hits)
    row = world.finish()
    assert (row.seen, row.total, row.error) == (39, 40, None)
    assert [(r.id, r.stage, r.reason) for r in world.store.left_out()] == [("17", "backfill", "forge_refuses")]
    world.github.largest_page = None
    world.github._rules.clear()
    world.finish()  # asked again
    assert world.is_whole()
    assert list(world.store.left_out()) == []


def numbers_of(there: Repository, variables: dict[str, object]) -> list[int]:
    """What such a page would hold."""
    import base64
    import json

    field = "createdAt" if variables["order"]["field"] == "CREATED_AT" else "updatedAt"  # type: ignore[index]
    keys = sorted(((row[field], n) for n, row in there.pulls.items()), reverse=field == "updatedAt")
    if variables["cursor"]:
        last = tuple(json.loads(base64.b64decode(str(variables["cursor"]))))
        keys = [key for key in keys if (key < last if field == "updatedAt" else key > last)]
    return [number for _, number in keys[: int(str(variables["size"]))]]


def test_null_in_a_page_is_asked_for_again(make: Make) -> None:
    world = make(250)
    real = world.client.query

    def query(text: str, variables: dict[str, object]) -> dict[str, object]:
        data = real(text, variables)
        if "query Page" in text:
            edges = data["repository"]["pullRequests"]["edges"]
            for edge in edges[10:12]:
                edge["node"] = None
        return data

    world.client.query = query  # type: ignore[method-assign,assignment]
    row = world.finish()
    assert world.is_whole()
    assert row.error is None


def test_pages_that_are_cut_short_lose_nothing(make: Make) -> None:
    world = make(400)
    real = world.client.query

    def query(text: str, variables: dict[str, object]) -> dict[str, object]:
        data = real(text, variables)
        if "query Page" in text:
            found = data["repository"]["pullRequests"]
            found["edges"] = found["edges"][: len(found["edges"]) // 2 + 1]
            found["pageInfo"]["hasNextPage"] = found["pageInfo"]["hasNextPage"] or len(found["edges"]) > 1
        return data

    world.client.query = query  # type: ignore[method-assign,assignment]
    world.finish()
    assert world.is_whole()


def test_an_empty_page_that_says_more_is_an_error_and_not_the_end(make: Make) -> None:
    world = make(250)
    world.step()
    world.step()
    page = {"totalCount": 250, "pageInfo": {"hasNextPage": True, "endCursor": None}, "edges": []}
    data = {"repository": {"databaseId": world.there.id, "nameWithOwner": NAME, "pullRequests": page}}
    body = faults.Response(200, {"data": data})
    world.github.fail(faults.Fault(body))
    with pytest.raises(Unavailable, match="empty page"):
        world.step()
    assert world.finish().seen == 250


def test_what_github_counts_and_never_shows_is_said(make: Make) -> None:
    world = make(20)
    real = world.client.query

    def query(text: str, variables: dict[str, object]) -> dict[str, object]:
        data = real(text, variables)
        found = data["repository"].get("pullRequests")
        if found and "edges" in found:
            found["edges"] = [edge for edge in found["edges"] if edge["node"]["number"] != 5]
        return data

    world.client.query = query  # type: ignore[method-assign,assignment]
    row = world.finish()
    assert row.error == "GitHub counts 20 merged pull requests and shows 19; it hides the others from us"
    assert row.backfill == "done"


def test_limits_put_it_off_and_it_goes_on_where_it_was(make: Make) -> None:
    world = make(450)
    for _ in range(3):
        world.step()
    world.github.allowed["graphql"] = world.github.used["1", "graphql"]
    with pytest.raises(Limited):
        world.step()
    assert world.now().seen == 200
    world.github.allowed["graphql"] = 5000
    world.client._shut.clear()
    world.finish()
    assert world.is_whole()
    assert world.asked().count(100) <= 7


def test_what_changes_meanwhile_is_taken_in_at_the_end(make: Make) -> None:
    world = make(250)
    world.there.pulls[5] |= {"state": "OPEN", "merged": False, "mergedAt": None}
    for _ in range(3):
        world.step()
    world.there.pulls[5] |= {"state": "MERGED", "merged": True, "mergedAt": "2030-01-01T00:00:00Z"}
    world.there.touch(5, title="Merged late")  # older than the cursor
    world.there.touch(7, title="Edited late")
    world.finish()
    assert world.is_whole()
    assert world.told()[7] == "Edited late"


def test_a_new_name_in_the_middle(make: Make) -> None:
    world = make(350)
    world.step()
    world.step()
    world.github.rename(world.there, "corp/gadgets")
    world.finish()
    assert world.now().name == "corp/gadgets"
    assert world.is_whole()
    assert world.store.forge_pulls(NAME) == []
    assert world.store.issues(NAME) == {}


def test_a_new_name_while_the_old_one_goes_to_another(make: Make) -> None:
    world = make(350)
    world.step()
    world.step()
    world.github.rename(world.there, "corp/gadgets")
    world.github.add(NAME, pulls=3)
    world.finish()
    assert (world.now().name, world.now().seen) == ("corp/gadgets", 350)
    assert world.is_whole()


def test_a_repository_that_is_gone(make: Make) -> None:
    world = make(250)
    world.step()
    world.github.delete(world.there)
    with pytest.raises(NotFound):
        world.step()


def test_a_purged_repository_does_not_come_back(make: Make) -> None:
    world = make(250)
    world.step()
    row = world.now()
    with world.store.atomic():
        world.store.db.execute("DELETE FROM repositories")
    with pytest.raises(NotFound, match="purged"):
        backfill.step(world.client, world.store, row)
    assert world.store.forge_pulls(NAME) == []


@pytest.mark.parametrize(
    "fault",
    [
        faults.reset(),
        faults.lost_answer(),
        faults.truncated(),
        faults.invalid_json(),
        faults.status(503),
        faults.secondary(1),
        faults.status(429, retry_after="1"),
    ],
)
def test_each_fault_in_turn(make: Make, fault: faults.Fault) -> None:
    world = make(700)
    count = iter(range(10_000))
    world.github.fail(fault, times=3, when=lambda request: graphql(request) and next(count) % 3 == 1)
    world.finish()
    assert world.is_whole()


def test_all_faults_together(make: Make) -> None:
    world = make(2000)
    world.github.largest_page = 60
    every = [
        faults.status(502),
        faults.reset(),
        faults.graphql("RESOURCE_LIMITS_EXCEEDED"),
        faults.truncated(),
        faults.secondary(2),
        faults.lost_answer(),
        faults.status(429, retry_after="2"),
        faults.html(504),
    ]
    for turn, fault in enumerate(every * 3, 1):
        world.github.fail(fault, when=lambda asked, turn=turn: graphql(asked) and len(world.github.requests) > 4 * turn)
    row = world.finish()
    assert world.is_whole()
    assert (row.seen, row.error, list(world.store.left_out())) == (2000, None, [])


def test_catching_up_stops_at_the_watermark(make: Make) -> None:
    world = make(1000)
    world.finish()
    world.store.change_repository(world.row.id, dirty=0)
    before = world.github.graphql_calls
    assert catch_up.run(world.client, world.store, world.now()).dirty == 0
    assert world.github.graphql_calls == before + 1
    world.there.touch(3, title="Third time lucky")
    world.there.add_pull(2000)
    world.there.touch(2000)
    row = catch_up.run(world.client, world.store, world.now())
    assert (row.dirty, row.seen, row.total) == (1, 1001, 1001)
    assert row.watermark == world.there.pulls[2000]["updatedAt"]
    assert world.is_whole()


def test_catching_up_far_goes_on_page_by_page_and_is_the_same_twice(make: Make) -> None:
    world = make(300)
    world.finish()
    for number in range(1, 251):
        world.there.touch(number, title=f"Edited {number}")
    world.github.fail(faults.status(400), when=lambda asked: graphql(asked) and bool(asked.body["variables"]["cursor"]))
    with pytest.raises(Exception, match="refuses"):
        catch_up.run(world.client, world.store, world.now())
    assert not world.is_whole()
    catch_up.run(world.client, world.store, world.now())
    assert world.is_whole()
    assert world.now().watermark == max(pull["updatedAt"] for pull in world.there.pulls.values())
