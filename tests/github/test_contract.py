"""Every REST call that we make against GitHub's own description of its API, which a mock server holds us to.

It answers with the description's examples, so what we read from an answer is checked as well; what the
description forbids is a 4xx. It keeps no state and knows no limits: that is the stand-in's part.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import NotFound, Rejected
from bot.github import Client, Forge
from bot.write import checks, issues, posting, route, sticky
from bot.write.posting import Letter, Search
from pipeline.credentials import Credentials
from pipeline.serve.process import held_ports
from tests.github.recordings import openapi
from tests.github.stand_in.identity import private_key

PRISM = Path(__file__).parents[2] / ".cache/npm/node_modules/.bin/prism"
NAME = "octocat/Hello-World"
SINCE = "2026-01-01T00:00:00Z"
SHA = "95b966ae1c166bd92f8ae7d1c313e738c731dfc3"


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the mock."""
    if not PRISM.exists():
        pytest.skip("Prism is not installed; 'make setup' does that where npm is there")
    folder = tmp_path_factory.mktemp("prism")
    (folder / "api.json").write_text(json.dumps(openapi()), encoding="utf-8")
    with held_ports(0) as [port]:
        command = [str(PRISM), "mock", "-h", "127.0.0.1", "-p", str(port), str(folder / "api.json")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(f"http://127.0.0.1:{port}", process, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{url}/rate_limit").close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the mock did not start: {log.read_text()}")


@pytest.fixture(scope="module")
def client(mock: str) -> Iterator[Client]:
    with Forge.with_token("ghp_x", mock) as forge:
        yield forge.installation(0)


def first(client: Client, path: str, key: str | None = None, **parameters: Any) -> Any:
    """The first item of a list: the mock's next page leads nowhere."""
    return next(iter(client.pages(path, key, **parameters)))


READS: dict[str, Callable[[Client], Any]] = {
    "app": lambda c: c.get("/app").data["slug"],
    "user": lambda c: c.get("/user").data["login"],
    "hook": lambda c: c.get("/app/hook/config").data["url"],
    "installations": lambda c: first(c, "/app/installations")["id"],
    "installation": lambda c: c.get("/app/installations/1").data["permissions"],
    "deliveries": lambda c: first(c, "/app/hook/deliveries")["guid"],
    "delivery": lambda c: c.get("/app/hook/deliveries/1").data["request"]["payload"],
    "repositories": lambda c: first(c, "/installation/repositories", "repositories")["full_name"],
    "repository": lambda c: c.get(f"/repos/{NAME}").data["full_name"],
    "installation of": lambda c: c.get(f"/repos/{NAME}/installation").data["id"],
    "config": lambda c: c.get(f"/repos/{NAME}/contents/.github%2Fswitchover.yml", ref="main").data["content"],
    "permission": lambda c: c.get(f"/repos/{NAME}/collaborators/octocat/permission").data["permission"],
    "comments": lambda c: first(c, f"/repos/{NAME}/issues/1/comments", since=SINCE)["user"]["login"],
    "runs": lambda c: first(
        c,
        f"/repos/{NAME}/actions/workflows/switchover-cycle.yml/runs",
        "workflow_runs",
        event="workflow_dispatch",
    )["actor"]["login"],
    "issues": lambda c: first(
        c, f"/repos/{NAME}/issues", creator="octocat", state="all", sort="created", direction="asc"
    )["user"]["login"],
    "issue": lambda c: c.get(f"/repos/{NAME}/issues/1").status,
    "head": lambda c: c.get(f"/repos/{NAME}/git/ref/heads%2Fmain").data["object"]["sha"],
    "pulls": lambda c: c.get(f"/repos/{NAME}/pulls", head="octocat:x", state="all").data[0]["head"]["ref"],
    "pull": lambda c: c.get(f"/repos/{NAME}/pulls/1").data["merge_commit_sha"],
    "reactions": lambda c: c.get(f"/repos/{NAME}/issues/comments/1/reactions", per_page=100).data[0]["content"],
    "check runs": lambda c: first(
        c, f"/repos/{NAME}/commits/{SHA}/check-runs", "check_runs", check_name=checks.NAME, filter="all"
    )["app"]["slug"],
    "run": lambda c: c.get(f"/repos/{NAME}/actions/runs/1").data["conclusion"] or "none yet",
    "artifacts": lambda c: first(c, f"/repos/{NAME}/actions/runs/1/artifacts", "artifacts")["size_in_bytes"],
    "on the branch": lambda c: c.get(f"/repos/{NAME}/compare/{SHA}...{SHA}", per_page=1).data["status"],
    "runners": lambda c: first(c, f"/repos/{NAME}/actions/runners", "runners")["labels"][0]["name"],
    "runners of all": lambda c: first(c, "/orgs/github/actions/runners", "runners")["status"],
    "limits": lambda c: c.get("/rate_limit").data["resources"]["graphql"]["remaining"],
}


@pytest.mark.parametrize("name", READS)
def test_reads(client: Client, name: str) -> None:
    assert READS[name](client)


WRITES: dict[str, Callable[[Client], Any]] = {
    "token": lambda c: c.write("POST", "/app/installations/1/access_tokens", {}).data["expires_at"],
    "hook": lambda c: c.write("PATCH", "/app/hook/config", {"secret": "x"}).data["url"],
    "manifest": lambda c: c.write("POST", "/app-manifests/abc/conversions", None).data["pem"],
    "edit": lambda c: c.write("PATCH", f"/repos/{NAME}/issues/comments/1", {"body": "x"}).data["id"],
}


@pytest.mark.parametrize("name", WRITES)
def test_writes(client: Client, name: str) -> None:
    assert WRITES[name](client)


ROUTE = route.route("t-3", 0, 1, "why", route="own", branch="switchover/route-own-1", base="main", epoch="")


def test_a_route_s_branch_commit_and_pull_request(client: Client) -> None:
    repo = f"/repos/{NAME}"
    route.make_branch(client, repo, "main", ROUTE.target["branch"])
    route.put_file(client, repo, ROUTE.target, "serve: {route: own}\n", "95b966ae1c166bd92f8ae7d1c313e738c731dfc3")
    assert route.open_pull(client, repo, ROUTE) == "1347"
    assert route.find(client, repo, ROUTE, Search(SINCE, "octocat")) is None, "the example is of another branch"


LETTERS = [
    issues.create("t-1", 0, 1, "ready", "text"),
    issues.edit("t-2", 0, 1, 1, "text", {"title": "x", "state": "closed", "state_reason": "not_planned"}),
    issues.edit("t-3", 0, 1, 1, "text", {"state": "open", "state_reason": "reopened"}),
    sticky.create("t-4", 0, 1, 1, "hello"),
    sticky.edit("t-5", 0, 1, 1, "hello"),
    checks.create("t-6", 0, 1, 1, SHA, "close", "hello"),
    checks.edit("t-7", 0, 1, 1, "close", "hello"),
    posting.comment("c-1", 0, 1, 1, "hello"),
    posting.reaction("r-1", 0, 1, "eyes", comment=1),
    posting.reaction("r-2", 0, 1, "eyes", number=1),
    posting.dispatch("d-1", 0, 1, "switchover-cycle.yml", "main"),
    posting.dispatch("d-2", 0, 1, "switchover-cycle.yml", "main", {f"i{n}": "x" for n in range(25)}),
]


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.key)
def test_what_the_outbox_sends(client: Client, letter: Letter) -> None:
    remote = posting.send(client, NAME, letter)
    assert remote is not None
    assert remote.isdecimal()


def test_what_the_outbox_looks_for(client: Client) -> None:
    started = next(letter for letter in LETTERS if letter.kind == "dispatch")
    assert posting.find(client, NAME, started, Search("2011-01-01T00:00:00Z", "octocat")) == "30433642"
    assert posting.find(client, NAME, started, Search("2011-01-01T00:00:00Z", "ada")) is None


def test_the_mock_can_say_no(client: Client) -> None:
    with pytest.raises(Rejected, match="422"):
        client.write("POST", f"/repos/{NAME}/issues/1/reactions", {"content": "applause"})
    with pytest.raises(Rejected, match="422"):
        client.write("POST", f"/repos/{NAME}/issues/1/comments", {"text": "x"})
    with pytest.raises(Rejected, match="422"):
        client.write("POST", f"/repos/{NAME}/actions/workflows/x.yml/dispatches", {"inputs": {}})
    with pytest.raises(NotFound):
        client.get("/app/hooks/deliveries")


def test_a_person_s_installation(mock: str) -> None:
    with Forge.with_token("ghp_x", mock) as forge:
        assert forge.installation_of(NAME) == 0
        assert forge.login() == "octocat"


def test_an_app_s_installation(mock: str) -> None:
    with Forge.connect(Credentials(1, private_key(), (), mock)) as forge:
        assert forge.installation_of(NAME) == 1
        assert forge.installation(1).token().startswith("ghs_")
        assert forge.login().endswith("[bot]")
