"""The stand-in is what many tests believe: it invents no field, and pages, hides and refuses as GitHub does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from bot.errors import NotAccessible, NotFound, Rejected
from bot.github import Client, Forge
from bot.write import posting
from tests.github.recordings import openapi
from tests.github.stand_in import CONFIG, Repository, StandIn

WORKFLOW = "switchover-cycle.yml"
REPO = "/repos/acme/widgets"
SPEC = openapi()["paths"]


@pytest.fixture
def full(github: StandIn, widgets: Repository, client: Client) -> Repository:
    """With one of everything: comment 1000, reaction 1001, run 1002, delivery 1003."""
    widgets.files = {CONFIG: "collect: {}\n", f".github/workflows/{WORKFLOW}": "on: workflow_dispatch\n"}
    for letter in (
        posting.comment("c", 1, 501, 1, "x"),
        posting.reaction("r", 1, 501, "eyes", comment=1000),
        posting.dispatch("d", 1, 501, WORKFLOW, "main"),
    ):
        posting.send(client, "acme/widgets", letter)
    github.deliver("ping", {"zen": "x", "installation": {"id": 1}})
    github.codes.add("abc")
    return widgets


CALLS = [
    ("GET", "/app", "/app"),
    ("GET", "/app/hook/config", "/app/hook/config"),
    ("GET", "/app/hook/deliveries", "/app/hook/deliveries"),
    ("GET", "/app/hook/deliveries/{delivery_id}", "/app/hook/deliveries/1003"),
    ("GET", "/app/installations", "/app/installations"),
    ("GET", "/app/installations/{installation_id}", "/app/installations/1"),
    ("POST", "/app/installations/{installation_id}/access_tokens", "/app/installations/1/access_tokens"),
    ("POST", "/app-manifests/{code}/conversions", "/app-manifests/abc/conversions"),
    ("GET", "/repos/{owner}/{repo}/installation", f"{REPO}/installation"),
    ("GET", "/installation/repositories", "/installation/repositories"),
    ("GET", "/rate_limit", "/rate_limit"),
    ("GET", "/repos/{owner}/{repo}", REPO),
    ("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}", f"{REPO}/actions/runs/1002"),
    (
        "GET",
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
        f"{REPO}/actions/workflows/{WORKFLOW}/runs",
    ),
    ("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", f"{REPO}/collaborators/ada/permission"),
    ("GET", "/repos/{owner}/{repo}/contents/{path}", f"{REPO}/contents/{CONFIG}"),
    ("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", f"{REPO}/issues/1/comments"),
    ("GET", "/repos/{owner}/{repo}/issues", f"{REPO}/issues"),
    ("GET", "/repos/{owner}/{repo}/issues/{issue_number}", f"{REPO}/issues/100001"),
    ("GET", "/repos/{owner}/{repo}/git/ref/{ref}", f"{REPO}/git/ref/heads/main"),
    ("GET", "/repos/{owner}/{repo}/pulls", f"{REPO}/pulls"),
    ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", f"{REPO}/pulls/1"),
    ("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", f"{REPO}/issues/comments/1000"),
]


@pytest.mark.parametrize(("verb", "template", "path"), CALLS, ids=lambda value: value)
def test_it_invents_nothing(forge: Forge, full: Repository, verb: str, template: str, path: str) -> None:
    of_app = path.startswith("/app") or path.endswith("/installation")
    client = forge.app() if of_app else forge.installation(1)
    reply = client.get(path) if verb == "GET" else client.write(verb, path, {})
    content = SPEC[template][verb.lower()]["responses"][str(reply.status)]["content"]
    assert list(invented(content["application/json"]["schema"], reply.data, "")) == []


def invented(schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
    """Places in ``value`` that ``schema`` does not know."""
    known = list(variants(schema))
    if isinstance(value, list):
        items = [each["items"] for each in known if "items" in each]
        assert items, f"{at}: no list"
        for item in value[:2]:
            yield from invented({"anyOf": items}, item, f"{at}[]")
    if isinstance(value, dict) and any("properties" in each for each in known):
        for name, inner in value.items():
            fields = [each["properties"][name] for each in known if name in each.get("properties", {})]
            if fields:
                yield from invented({"anyOf": fields}, inner, f"{at}.{name}")
            elif not any(each.get("additionalProperties") for each in known):
                yield f"{at}.{name}"


def variants(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for word in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(word, []):
            yield from variants(each)


def test_files_and_people(client: Client, full: Repository) -> None:
    assert base64.b64decode(client.get(f"{REPO}/contents/{CONFIG}").data["content"]) == b"collect: {}\n"
    with pytest.raises(NotFound):
        client.get(f"{REPO}/contents/nothing.yml")
    full.people = {"ada": "write", "dependabot[bot]": "none"}
    for login, expected in (("ada", "write"), ("dependabot%5Bbot%5D", "none"), ("eve", "none")):
        assert client.get(f"{REPO}/collaborators/{login}/permission").data["permission"] == expected


def test_a_comment_is_edited(client: Client, full: Repository) -> None:
    client.write("PATCH", f"{REPO}/issues/comments/1000", {"body": "y"})
    assert full.comments_on(1) == ["y"]


def test_an_issue_is_made_found_closed_and_opened_again(client: Client, full: Repository) -> None:
    number = client.write("POST", f"{REPO}/issues", {"title": "t", "body": "b"}).data["number"]
    asked = {"creator": "switchover[bot]", "state": "all"}
    assert [row["number"] for row in client.get(f"{REPO}/issues", **asked).data] == [number]
    path = f"{REPO}/issues/{number}"
    closed = client.write("PATCH", path, {"state": "closed", "state_reason": "not_planned"}).data
    assert (closed["state_reason"], closed["closed_by"]["login"]) == ("not_planned", "switchover[bot]")
    assert [row["number"] for row in client.get(f"{REPO}/issues", creator="switchover[bot]").data] == []
    assert client.write("PATCH", path, {"state": "open", "body": "c"}).data["body"] == "c"
    with pytest.raises(Rejected, match="422"):
        client.write("PATCH", path, {"state_reason": "bored"})
    full.gone.add(number)
    with pytest.raises(NotFound, match="gone"):
        client.get(path)


def test_a_branch_a_commit_and_a_pull_request(github: StandIn, client: Client, full: Repository) -> None:
    head = {"ref": "refs/heads/x", "sha": client.get(f"{REPO}/git/ref/heads/main").data["object"]["sha"]}
    with pytest.raises(NotAccessible):
        client.write("POST", f"{REPO}/git/refs", head)
    github.installations[1].permissions["contents"] = "write"
    client.write("POST", f"{REPO}/git/refs", head)
    with pytest.raises(Rejected, match="already exists"):
        client.write("POST", f"{REPO}/git/refs", head)
    asked = {"title": "t", "head": "x", "base": "main"}
    with pytest.raises(Rejected, match="No commits between main and x"):
        client.write("POST", f"{REPO}/pulls", asked)
    new = {"message": "m", "content": base64.b64encode(b"serve: {}").decode(), "branch": "x"}
    for sha, problem in ((None, "wasn't supplied"), ("0" * 40, "409")):
        with pytest.raises(Rejected, match=problem):
            client.write("PUT", f"{REPO}/contents/{CONFIG}", new | ({"sha": sha} if sha else {}))
    known = client.get(f"{REPO}/contents/{CONFIG}", ref="x").data["sha"]
    client.write("PUT", f"{REPO}/contents/{CONFIG}", new | {"sha": known})
    assert full.files[CONFIG] == "collect: {}\n", "the default branch is as it was"
    number = client.write("POST", f"{REPO}/pulls", asked).data["number"]
    with pytest.raises(Rejected, match="already exists for acme:x"):
        client.write("POST", f"{REPO}/pulls", asked)
    assert [row["number"] for row in client.get(f"{REPO}/pulls", head="acme:x").data] == [number]


def test_a_manifest_s_code_is_good_once(github: StandIn, forge: Forge) -> None:
    github.codes.add("abc")
    assert forge.app().write("POST", "/app-manifests/abc/conversions", {}).status == 201
    with pytest.raises(NotFound):
        forge.app().write("POST", "/app-manifests/abc/conversions", {})


def test_deliveries_show_their_payload_only_alone(github: StandIn, forge: Forge) -> None:
    guid = github.deliver("issues", {"action": "opened", "repository": {"id": 5}}, code=0)
    github.deliver("issues", {"action": "opened"}, guid=guid, redelivery=True)
    rows = forge.app().get("/app/hook/deliveries").data
    assert [(row["guid"], row["status_code"], row["redelivery"]) for row in rows] == [
        (guid, 202, True),
        (guid, 0, False),
    ]
    assert "request" not in rows[0]
    alone = forge.app().get(f"/app/hook/deliveries/{rows[1]['id']}").data
    assert alone["request"]["payload"] == {"action": "opened", "repository": {"id": 5}}


def test_what_one_installation_may_not_see(github: StandIn, client: Client) -> None:
    github.add("umbrella/secret", installation=2)
    github.add("umbrella/open", installation=2, private=False)
    assert client.get("/repos/umbrella/open").status == 200
    with pytest.raises(NotFound):
        client.get("/repos/umbrella/secret")
    with pytest.raises(NotAccessible):
        client.get("/user")


PAGE = """query($first: Int!, $after: String, $down: OrderDirection!) {
  repository(owner: "acme", name: "widgets") {
    pullRequests(first: $first, after: $after, states: [MERGED], orderBy: {field: UPDATED_AT, direction: $down}) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { number updatedAt author { login } closingIssuesReferences(first: 5) { nodes { number } } } } } }"""


def numbers(client: Client, first: int, down: str = "ASC", after: str | None = None) -> Iterator[int]:
    while True:
        variables = {"first": first, "after": after, "down": down}
        found = client.query(PAGE, variables)["repository"]["pullRequests"]
        yield from (node["number"] for node in found["nodes"])
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


@pytest.mark.parametrize("first", [1, 7, 100])
@pytest.mark.parametrize("down", ["ASC", "DESC"])
def test_pages_in_either_order(github: StandIn, forge: Forge, first: int, down: str) -> None:
    github.add("acme/widgets", pulls=20)
    expected = list(range(1, 21))
    assert list(numbers(forge.installation(1), first, down)) == (expected if down == "ASC" else expected[::-1])


def test_what_changes_between_two_pages_moves(github: StandIn, forge: Forge) -> None:
    repository = github.add("acme/widgets", pulls=6)
    found = numbers(forge.installation(1), 2)
    first = [next(found), next(found)]
    repository.touch(1)
    assert first + list(found) == [1, 2, 3, 4, 5, 6, 1]


def test_only_merged_ones_where_asked(client: Client, widgets: Repository) -> None:
    widgets.add_pull(9, state="CLOSED", mergedAt=None)
    assert list(numbers(client, 10)) == [1, 2, 3]


def test_a_query_that_github_would_refuse(client: Client) -> None:
    with pytest.raises(Rejected, match="nothingSuch"):
        client.query("{ viewer { nothingSuch } }", {})


def test_what_a_budget_counts(github: StandIn, client: Client, widgets: Repository) -> None:
    before = client.get("/rate_limit").data["resources"]
    client.get(REPO)
    client.query("{ rateLimit { remaining } }", {})
    after = client.get("/rate_limit").data["resources"]
    assert {name: before[name]["remaining"] - after[name]["remaining"] for name in before} == {"core": 1, "graphql": 1}
