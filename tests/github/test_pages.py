"""Lists over several pages, and how PyGithub's own ways with answers are kept off."""

from __future__ import annotations

import pytest

from bot.errors import Rejected, Unavailable
from bot.github import Client, Forge
from tests.github.clock import Clock
from tests.github.stand_in import StandIn, faults
from tests.github.stand_in.faults import Fault
from tests.github.stand_in.wire import Response

GRANTED = "/installation/repositories"
DELIVERIES = "/app/hook/deliveries"


@pytest.fixture
def many(github: StandIn) -> list[str]:
    return [github.add(f"acme/r{number}").name for number in range(230)]


def granted(client: Client) -> list[str]:
    return [row["full_name"] for row in client.pages(GRANTED, "repositories")]


def test_all_pages_a_hundred_at_a_time(github: StandIn, forge: Forge, many: list[str]) -> None:
    assert granted(forge.installation(1)) == many
    pages = [request.query for request in github.requests if request.path == GRANTED]
    assert pages == [{"per_page": "100"}, {"per_page": "100", "page": "2"}, {"per_page": "100", "page": "3"}]


def test_the_caller_may_ask_for_less(github: StandIn, forge: Forge) -> None:
    github.add("acme/widgets")
    assert len(list(forge.installation(1).pages(GRANTED, "repositories", per_page=5))) == 1
    assert github.requests[-1].query == {"per_page": "5"}


def test_deliveries_by_cursor(github: StandIn, forge: Forge) -> None:
    guids = [github.deliver("ping", {"zen": "x"}, code=0 if n % 3 else 200) for n in range(205)]
    assert [row["guid"] for row in forge.app().pages(DELIVERIES)] == guids[::-1]
    assert sum(request.path == DELIVERIES for request in github.requests) == 3


def test_a_page_in_the_middle_may_fail_once(github: StandIn, forge: Forge, many: list[str], clock: Clock) -> None:
    github.fail(faults.truncated(), path=GRANTED, when=lambda request: request.query.get("page") == "2")
    github.fail(faults.status(502), path=GRANTED, when=lambda request: request.query.get("page") == "3")
    assert granted(forge.installation(1)) == many
    assert clock.slept == [1.0, 1.0]


def test_a_list_that_is_shorter_than_counted(github: StandIn, forge: Forge, many: list[str]) -> None:
    cut = Response(200, {"total_count": 230, "repositories": [{"full_name": "acme/r0"}]})
    github.fail(Fault(cut), path=GRANTED)
    with pytest.raises(Unavailable, match="GET /installation/repositories: only 1 of 230 came"):
        granted(forge.installation(1))


@pytest.mark.parametrize("data", [{"message": "hm"}, {"total_count": 0}, None, "text"])
def test_a_page_without_a_list(github: StandIn, forge: Forge, data: object) -> None:
    github.add("acme/widgets")
    github.fail(Fault(Response(200, data)), path=GRANTED)
    with pytest.raises(Unavailable, match="a page without its list 'repositories'"):
        granted(forge.installation(1))
    github.fail(Fault(Response(200, data)), path=DELIVERIES)
    with pytest.raises(Unavailable, match="a page without its list"):
        list(forge.app().pages(DELIVERIES))


def test_a_next_page_elsewhere(github: StandIn, forge: Forge) -> None:
    away = Response(200, [], {"Link": '<http://127.0.0.1:9/app/hook/deliveries?cursor=1>; rel="next"'})
    github.fail(Fault(away), path=DELIVERIES)
    with pytest.raises(Rejected, match="another host"):
        list(forge.app().pages(DELIVERIES))


def test_a_next_page_that_is_this_one(github: StandIn, forge: Forge) -> None:
    here = f"{github.url}{DELIVERIES}?cursor=1"
    github.fail(Fault(Response(200, [], {"Link": f'<{here}>; rel="next"'})), path=DELIVERIES, times=5)
    with pytest.raises(Unavailable, match="the one just read"):
        list(forge.app().pages(DELIVERIES))


def test_accepted_is_an_answer(github: StandIn, forge: Forge) -> None:
    """PyGithub would wait for two seconds and ask again, without end."""
    github.fail(Fault(Response(202, {})), path="/app", times=99)
    assert forge.app().get("/app").status == 202
    assert len(github.requests) == 1


def test_connections_are_kept(github: StandIn, forge: Forge) -> None:
    for _ in range(5):
        forge.app().get("/app")
    forge.close()
    assert forge.app().get("/app").status == 200
    assert github.connections == 2
