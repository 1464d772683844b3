"""Every answer of the fault table, as values: no server, no clock."""

from __future__ import annotations

import email.utils
import json
from typing import Any

import pytest

from bot.errors import (
    BadCredentials,
    GitHubError,
    Limited,
    NotAccessible,
    NotFound,
    Rejected,
    Suspended,
    TooMuch,
    Unavailable,
)
from bot.wire.answers import Answer, Ask, Follow, Reply, one_line, said
from bot.wire.judge import judge
from bot.wire.limits import LEAST_WAIT, MOST_WAIT, Budget, budget

NOW = 1_800_000_000.0
READ = Ask("GET", "/repos/acme/widgets", "installation 7")
WRITE = Ask("POST", "/repos/acme/widgets/issues/1/comments", "installation 7")
QUERY = Ask("POST", "/graphql", "installation 7", graphql=True)
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def answer(status: int, data: Any = None, **headers: str) -> Answer:
    text = data if isinstance(data, str) else "" if data is None else json.dumps(data)
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, text)


def errors(*kinds: str, message: str = "no", path: list[Any] | None = None, data: Any = None) -> Answer:
    return answer(200, {"data": data, "errors": [{"type": kind, "message": message, "path": path} for kind in kinds]})


def date(at: float) -> str:
    return email.utils.formatdate(at, usegmt=True)


def message(status: int, text: str, **headers: str) -> Answer:
    return answer(status, {"message": text}, **headers)


@pytest.mark.parametrize(
    ("ask", "given", "data"),
    [
        (READ, answer(200, {"id": 1}), {"id": 1}),
        (READ, answer(200, []), []),
        (WRITE, answer(201, {"id": 1}), {"id": 1}),
        (WRITE, answer(204), None),
        (QUERY, answer(200, {"data": {"viewer": None}}), {"viewer": None}),
    ],
)
def test_what_was_asked_for(ask: Ask, given: Answer, data: Any) -> None:
    assert judge(ask, given, NOW) == Reply(given.status, given.headers, data)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("ask", [READ, WRITE])
def test_moved(ask: Ask, status: int) -> None:
    found = judge(ask, message(status, "Moved", location="/repositories/5"), NOW)
    assert found == Follow("/repositories/5", is_elsewhere=status == 302)


@pytest.mark.parametrize(
    ("ask", "given", "kind", "words"),
    [
        (READ, answer(307), Rejected, "unexpected answer 307"),
        (READ, answer(304), Rejected, "unexpected answer 304"),
        (READ, message(502, "Server Error"), Unavailable, "502: Server Error"),
        (READ, answer(503, "<html>Unicorn</html>"), Unavailable, "GitHub answered 503; try again later"),
        (READ, answer(200, '{"id": 1'), Unavailable, "not JSON (no content type, 8 characters)"),
        (READ, answer(200, "<html>", content_type="text/html; charset=x"), Unavailable, "not JSON (text/html"),
        (QUERY, answer(502), TooMuch, "502"),
        (QUERY, answer(504), TooMuch, "504"),
        (QUERY, answer(500), Unavailable, "500"),
        (QUERY, errors("RESOURCE_LIMITS_EXCEEDED"), TooMuch, "smaller page"),
        (QUERY, errors("MAX_NODE_LIMIT_EXCEEDED"), TooMuch, "smaller page"),
        (QUERY, errors("timedout"), TooMuch, "smaller page"),
        (QUERY, errors("", message="Something went wrong while executing your query."), TooMuch, "Something went"),
        (QUERY, answer(200, {"errors": [{"message": "Timeout on validation of query"}]}), TooMuch, "Timeout"),
        (QUERY, answer(200, {"errors": [{"message": "Field 'x' doesn't exist"}]}), Rejected, "Field 'x'"),
        (QUERY, answer(200, {"data": None}), Unavailable, "no data"),
        (QUERY, answer(200, [1]), Unavailable, "no data"),
        (QUERY, errors("NOT_FOUND", path=["repository"], data={"repository": None}), NotFound, "no"),
        (QUERY, errors("FORBIDDEN", path=["repository"]), NotAccessible, "installation 7"),
        (READ, message(401, "Bad credentials"), BadCredentials, "check the App id and that its private key"),
        (READ, message(404, "Integration not found"), BadCredentials, "check the App id"),
        (READ, message(403, "This installation has been suspended"), Suspended, "installation 7 is suspended"),
        (WRITE, message(403, "Resource not accessible by integration"), NotAccessible, "issues/1/comments"),
        (READ, message(403, "Although you appear to have…, IP allow list"), NotAccessible, "IP allow list"),
        (READ, answer(403), NotAccessible, "gives no reason"),
        (READ, message(404, "Not Found"), NotFound, "not found, or not for us: Not Found; check the name"),
        (READ, message(410, "Issues are disabled"), NotFound, "gone"),
        (READ, message(451, "Repository access blocked"), NotFound, "blocked for legal reasons"),
        (WRITE, message(409, "Conflict"), Rejected, "refuses (409): Conflict"),
        (
            WRITE,
            answer(422, {"message": "Validation Failed", "errors": [{"resource": "Issue", "code": "missing"}]}),
            Rejected,
            "Validation Failed; Issue missing",
        ),
    ],
)
def test_errors(ask: Ask, given: Answer, kind: type[GitHubError], words: str) -> None:
    found = judge(ask, given, NOW)
    assert type(found) is kind
    assert words in str(found)
    assert str(found).startswith(str(ask))
    assert "\n" not in str(found)
    assert "Unicorn" not in str(found)


@pytest.mark.parametrize("given", [answer(500), answer(502), answer(503), answer(504), answer(201, "<html>")])
def test_a_write_without_a_clear_answer_may_have_been_done(given: Answer) -> None:
    found = judge(WRITE, given, NOW)
    assert isinstance(found, Unavailable)
    assert found.sent
    assert not getattr(judge(READ, given, NOW), "sent", False)


RESET = {"x_ratelimit_limit": "5000", "x_ratelimit_reset": str(int(NOW) + 3600)}


@pytest.mark.parametrize(
    ("ask", "given", "wait"),
    [
        (READ, message(429, "", retry_after="7"), 7),
        (READ, message(429, "", x_ratelimit_remaining="12", **RESET), 3601),
        (READ, message(429, ""), LEAST_WAIT),
        (READ, message(403, SECONDARY, retry_after="30"), 30),
        (READ, message(403, "", retry_after="30"), 30),
        (READ, message(403, "", retry_after=date(NOW + 40)), 40),
        (READ, message(403, SECONDARY, x_ratelimit_remaining="12", **RESET), LEAST_WAIT),
        (READ, message(403, "You have triggered an abuse detection mechanism."), LEAST_WAIT),
        (READ, message(403, "API rate limit exceeded", x_ratelimit_remaining="0", **RESET), 3601),
        (WRITE, message(403, "API rate limit exceeded", x_ratelimit_remaining="0", **RESET), 3601),
        (QUERY, errors("RATE_LIMITED"), LEAST_WAIT),
        (QUERY, errors("RATE_LIMIT"), LEAST_WAIT),
        (QUERY, errors("", message="API rate limit already exceeded"), LEAST_WAIT),
        (QUERY, message(403, SECONDARY, retry_after="60"), 60),
        (READ, message(429, "", retry_after="86400"), MOST_WAIT),
        (READ, message(429, "", retry_after="0"), 1),
        (READ, message(429, "", retry_after="soon"), LEAST_WAIT),
    ],
)
def test_limits(ask: Ask, given: Answer, wait: float) -> None:
    found = judge(ask, given, NOW)
    assert isinstance(found, Limited)
    assert found.until == NOW + wait
    assert "rate limit for installation 7 is reached; it opens again at" in str(found)


def test_a_reset_is_read_on_the_clock_that_set_it() -> None:
    """GitHub's is 100 s ahead of ours: half an hour there is half an hour here."""
    late = {**RESET, "x_ratelimit_reset": str(int(NOW) + 100 + 1800)}
    found = judge(READ, message(429, "", date=date(NOW + 100), x_ratelimit_remaining="0", **late), NOW)
    assert isinstance(found, Limited)
    assert found.until == NOW + 1801


def test_an_hour_of_graphql_points_is_waited_for() -> None:
    spent = errors("RATE_LIMITED")
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 900)}
    found = judge(QUERY, Answer(200, headers, spent.text), NOW)
    assert isinstance(found, Limited)
    assert found.until == NOW + 901


@pytest.mark.parametrize(("theirs", "words"), [(NOW - 412, "412 s ahead of"), (NOW + 90, "90 s behind")])
def test_a_clock_that_is_off_is_named_with_its_seconds(theirs: float, words: str) -> None:
    found = judge(READ, message(401, "'Issued at' claim ('iat') must be …", date=date(theirs)), NOW)
    assert isinstance(found, BadCredentials)
    assert words in str(found)
    assert "timedatectl" in str(found)


def test_a_refused_token_of_a_person_is_not_called_a_key() -> None:
    found = judge(Ask("GET", "/user", "the token"), message(401, "Bad credentials", date=date(NOW)), NOW)
    assert "make a new token" in str(found)


def test_one_hidden_item_does_not_spoil_a_page() -> None:
    page = {"repository": {"pullRequests": {"nodes": [{"closes": {"nodes": [None]}}]}}}
    path = ["repository", "pullRequests", "nodes", 0, "closes", "nodes", 0]
    found = judge(QUERY, errors("FORBIDDEN", "NOT_FOUND", path=path, data=page), NOW)
    assert isinstance(found, Reply)
    assert found.data == page


def test_a_page_cut_by_limits_is_no_page() -> None:
    given = errors(
        "RESOURCE_LIMITS_EXCEEDED", path=["repository", "pullRequests", "nodes", 41], data={"repository": {}}
    )
    assert isinstance(judge(QUERY, given, NOW), TooMuch)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "many", "x-ratelimit-reset": "1"}, None),
        ({"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "inf", "x-ratelimit-reset": "1"}, None),
        (
            {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999.0", "x-ratelimit-reset": "17"},
            Budget("core", 5000, 4999, 17),
        ),
        (
            {
                "x-ratelimit-limit": "12500",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "17",
                "x-ratelimit-resource": "graphql",
            },
            Budget("graphql", 12500, 0, 17),
        ),
    ],
)
def test_budgets(headers: dict[str, str], expected: Budget | None) -> None:
    assert budget(headers) == expected


@pytest.mark.parametrize(
    "secret",
    [
        "ghs_" + "a" * 36,
        "ghs_4242_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiI0MiJ9.sig-_",
        "github_pat_11AAAA_bbbb",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiI0MiJ9.c2ln",
    ],
)
def test_tokens_never_reach_a_message(secret: str) -> None:
    assert one_line(f"Bad token {secret}, sorry") == "Bad token (secret), sorry"
    assert secret not in str(judge(READ, message(401, f"{secret} is wrong"), NOW))


def test_github_s_words_are_one_short_line() -> None:
    assert said({"message": "a\n\nb " + "c" * 1000}).startswith("a b ccc")
    assert len(said({"message": "c" * 1000})) == 300
    assert said(["no"]) == said("no") == said(None) == ""
    assert said({"message": "x", "errors": ["y", {"message": "z"}, {}]}) == "x; y; z"
