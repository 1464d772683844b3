"""The client against real HTTP: what is repeated, what is followed, what is waited for, and what is given up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import (
    BadCredentials,
    GitHubError,
    NotAccessible,
    NotFound,
    Rejected,
    Suspended,
    TooMuch,
    Unavailable,
)
from bot.github import Client, Forge, Timing
from tests.github.calls import COMMENTS, REPO, ask, read, say
from tests.github.clock import Clock
from tests.github.stand_in import Repository, StandIn, faults


def sent(github: StandIn, verb: str, path: str) -> int:
    return sum(request.verb == verb and path in request.path for request in github.requests)


PASSING = [
    faults.status(500),
    faults.status(503),
    faults.html(503),
    faults.invalid_json(),
    faults.reset(),
    faults.truncated(),
]


@pytest.mark.parametrize("fault", [*PASSING, faults.status(502), faults.status(504), faults.html(502)], ids=str)
def test_a_read_is_tried_again(github: StandIn, client: Client, clock: Clock, fault: faults.Fault) -> None:
    github.fail(fault, "GET", REPO, times=2)
    assert read(client) == "acme/widgets"
    assert sent(github, "GET", REPO) == 3
    assert clock.slept == [1.0, 2.0]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_query_is_tried_again(github: StandIn, client: Client, fault: faults.Fault) -> None:
    github.fail(fault, path="/graphql")
    assert ask(client) == "acme/widgets"
    assert github.graphql_calls == 2


def test_a_read_is_given_up_in_the_end(github: StandIn, client: Client, clock: Clock) -> None:
    github.fail(faults.status(502), "GET", times=99)
    with pytest.raises(Unavailable, match="GET /repos/acme/widgets: GitHub answered 502") as raised:
        read(client)
    assert not raised.value.sent
    assert (sent(github, "GET", REPO), clock.slept) == (4, [1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(500),
        faults.status(502),
        faults.html(502),
        faults.reset(),
        faults.lost_answer(),
        faults.truncated(),
        faults.instead(502),
    ],
    ids=str,
)
def test_a_write_is_never_repeated_blindly(
    github: StandIn, client: Client, widgets: Repository, clock: Clock, fault: faults.Fault
) -> None:
    github.fail(fault, "POST", COMMENTS)
    with pytest.raises(Unavailable) as raised:
        say(client)
    assert raised.value.sent
    assert sent(github, "POST", COMMENTS) == 1
    assert len(widgets.comments) <= 1
    assert clock.slept == []


def test_a_write_that_never_left_is_known_not_to_have() -> None:
    with StandIn() as gone:
        credentials = gone.credentials()
    with pytest.raises(Unavailable, match="refused") as raised:
        Forge.with_token("ghp_x", credentials.api_url).installation(0).write("POST", COMMENTS, {"body": "x"})
    assert not raised.value.sent


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_write_follows_a_renamed_repository(github: StandIn, client: Client, widgets: Repository, code: int) -> None:
    github.fail(faults.redirect(code, f"{github.url}/repositories/{widgets.id}/issues/1/comments"), "POST", COMMENTS)
    assert say(client) == "hello"
    assert widgets.comments_on(1) == ["hello"]
    assert [request.body for request in github.requests[-2:]] == [{"body": "hello"}] * 2


@pytest.mark.parametrize("call", [read, say, ask])
def test_a_renamed_repository_is_found(
    github: StandIn, client: Client, widgets: Repository, call: Callable[[Client], Any]
) -> None:
    github.rename(widgets, "acme/gadgets")
    assert call(client) in ("acme/gadgets", "hello")


def test_a_redirect_keeps_its_query(github: StandIn, client: Client, widgets: Repository) -> None:
    """PyGithub drops it, so that a page would come again and again."""
    for number in range(120):
        client.write("POST", COMMENTS, {"body": f"{number}"})
    github.rename(widgets, "acme/gadgets")
    assert [row["body"] for row in client.get(COMMENTS, per_page=50, page=3).data] == [str(n) for n in range(100, 120)]
    assert len(list(client.pages(COMMENTS))) == 120


def test_a_second_redirect_is_an_error(github: StandIn, client: Client) -> None:
    github.fail(faults.redirect(301, "/round"), "GET", times=9)
    with pytest.raises(Rejected, match="redirected twice"):
        read(client)


@pytest.mark.parametrize("call", [read, say])
def test_no_token_goes_to_another_host(github: StandIn, client: Client, call: Callable[[Client], Any]) -> None:
    client.token()
    with StandIn() as other:
        github.fail(faults.redirect(307, f"{other.url}{REPO}"), path=REPO)
        with pytest.raises(Rejected, match="another host"):
            call(client)
        assert other.requests == []


@pytest.mark.parametrize("status", [502, 504])
def test_a_query_that_takes_too_long_is_not_repeated(github: StandIn, client: Client, status: int) -> None:
    github.fail(faults.status(status), path="/graphql", times=9)
    with pytest.raises(TooMuch, match="ask for a smaller page"):
        ask(client)
    assert github.graphql_calls == 1


def test_a_page_above_the_limits(github: StandIn, client: Client) -> None:
    github.largest_page = 2
    text = 'query($n: Int!) { repository(owner: "acme", name: "widgets") { pullRequests(first: $n) { totalCount } } }'
    with pytest.raises(TooMuch, match="Resource limits"):
        client.query(text, {"n": 3})
    assert client.query(text, {"n": 2}) == {"repository": {"pullRequests": {"totalCount": 3}}}


def test_an_issue_that_is_hidden_from_us(client: Client, widgets: Repository) -> None:
    widgets.pulls[1]["closes"] = [100_001, 77]
    text = """query { repository(owner: "acme", name: "widgets") {
        pullRequest(number: 1) { closingIssuesReferences(first: 5) { nodes { number } } } } }"""
    nodes = client.query(text, {})["repository"]["pullRequest"]["closingIssuesReferences"]["nodes"]
    assert nodes == [{"number": 100_001}, None]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('query { repository(owner: "acme", name: "nothing") { id } }', NotFound),
        ('query { repository(owner: "acme", name: "widgets") { issue(number: 9) { id } } }', NotFound),
        ('query { repository(owner: "acme", name: "widgets") { colour } }', Rejected),
        ("query {", Rejected),
    ],
)
def test_queries_that_cannot_be_answered(client: Client, text: str, kind: type[GitHubError]) -> None:
    with pytest.raises(kind, match="GraphQL query: "):
        client.query(text, {})


def test_not_found_and_not_accessible(github: StandIn, client: Client) -> None:
    with pytest.raises(NotFound, match="GET /repos/acme/other: not found"):
        client.get("/repos/acme/other")
    github.installations[1].permissions["issues"] = "read"
    with pytest.raises(NotAccessible, match=f"POST {COMMENTS}: installation 1 lacks the permission"):
        say(client)


def test_suspended(github: StandIn, client: Client) -> None:
    github.installations[1].suspended = True
    with pytest.raises(Suspended, match=r"POST /app/installations/1/access_tokens: .* is suspended"):
        read(client)


def test_suspended_while_a_token_is_held(github: StandIn, client: Client) -> None:
    client.token()
    github.installations[1].suspended = True
    with pytest.raises(Suspended, match="GET /repos/acme/widgets"):
        read(client)


def test_rejected(client: Client) -> None:
    with pytest.raises(Rejected, match=r"refuses \(422\): Body is too long"):
        client.write("POST", COMMENTS, {"body": "x" * 70_000})


def test_slow_is_not_wrong(github: StandIn, client: Client) -> None:
    github.fail(faults.slow(0.2))
    assert read(client) == "acme/widgets"


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_github_enterprise_server(prefix: str) -> None:
    with StandIn(prefix) as github:
        github.add("acme/widgets", pulls=1)
        with Forge.connect(github.credentials()) as forge:
            client = forge.installation(forge.installation_of("acme/widgets"))
            assert (read(client), ask(client), say(client)) == ("acme/widgets", "acme/widgets", "hello")
            github.rename(github.repositories[0], "acme/gadgets")
            assert (read(client), say(client)) == ("acme/gadgets", "hello")


def test_a_plain_token_reaches_what_its_person_may(github: StandIn, widgets: Repository) -> None:
    with Forge.with_token(github.plain_token, github.url) as forge:
        client = forge.installation(forge.installation_of("acme/widgets"))
        assert (read(client), ask(client), client.token(), forge.login()) == (
            "acme/widgets",
            "acme/widgets",
            github.plain_token,
            "ada",
        )
        with pytest.raises(BadCredentials, match="cannot act as the App"):
            forge.app()
    with Forge.with_token("ghp_wrong", github.url) as forge, pytest.raises(BadCredentials, match="make a new token"):
        forge.installation_of("acme/widgets")


def test_the_installation_of_a_repository(github: StandIn, forge: Forge, widgets: Repository) -> None:
    assert forge.installation_of("acme/widgets") == 1
    assert forge.login() == forge.login() == "switchover[bot]"
    with pytest.raises(NotFound, match=r"not installed there.*from https://github\.com/apps/switchover/"):
        forge.installation_of("acme/nothing")


def test_an_api_that_is_not_there(github: StandIn) -> None:
    clock = Clock()
    away = github.credentials(api_url="http://127.0.0.1:9")
    forge = Forge.connect(away, timing=Timing(clock.now, clock.sleep))
    with pytest.raises(Unavailable, match=r"GET /app: no whole answer came \(.*refused"):
        forge.app().get("/app")
    assert clock.slept == [1.0, 2.0, 4.0]


def test_one_module_brings_pygithub() -> None:
    """The receiver and the pages import all the others."""
    others = "bot.wire.client, bot.wire.judge, bot.wire.tokens, bot.write.outbox, bot.write.posting, bot.app"
    code = f"import {others}, sys; assert 'github' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
