"""The client against what GitHub has answered in earnest, recorded by others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bot.errors import Rejected
from bot.github import Client, Forge
from tests.github.recordings import tapes
from tests.github.stand_in.faults import Fault
from tests.github.stand_in.loopback import Server
from tests.github.stand_in.wire import Request, Response

GITHUB = "https://api.github.com"


class Player:
    """Answers each request with the next recorded exchange that has its verb and path."""

    def __init__(self, name: str) -> None:
        self.left = tapes(name)
        self._server = Server(self._answer, "")

    @contextmanager
    def client(self) -> Iterator[Client]:
        self._server.run()
        try:
            with Forge.with_token("ghp_x", self.url) as forge:
                yield forge.installation(0)
        finally:
            self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def _answer(self, request: Request, authorization: str) -> tuple[Fault | None, Response]:
        for index, exchange in enumerate(self.left):
            path, _, query = exchange["path"].partition("?")
            recorded = (exchange["method"].upper(), path, dict(parse_qsl(query)))
            if recorded == (request.verb, request.path, request.query):
                del self.left[index]
                assert not exchange["body"] or exchange["body"] == request.body
                return None, self._response(exchange)
        return None, Response(501, {"message": f"not recorded: {request.verb} {request.path} {request.query}"})

    def _response(self, exchange: dict[str, Any]) -> Response:
        kept = {k: v.replace(GITHUB, self.url) for k, v in exchange["headers"].items() if k in ("link", "location")}
        return Response(exchange["status"], exchange["response"], kept)


def test_thirteen_issues_over_five_pages() -> None:
    player = Player("paginate-issues")
    with player.client() as client:
        found = list(client.pages("/repos/octokit-fixture-org/paginate-issues/issues", per_page=3))
    assert [issue["number"] for issue in found] == list(range(13, 0, -1))
    assert player.left == []


def test_a_renamed_repository_is_read_and_written() -> None:
    player = Player("rename-repository")
    old = "/repos/octokit-fixture-org/rename-repository"
    with player.client() as client:
        assert client.write("PATCH", old, {"name": "rename-repository-newname"}).data["id"] == 1000
        assert client.get(old).data["name"] == "rename-repository-newname"
        body = {"name": "rename-repository-newname", "description": "test description"}
        assert client.write("PATCH", old, body).data["description"] == "test description"
    assert player.left == []


def test_a_refusal_says_what_is_wrong() -> None:
    with Player("errors").client() as client, pytest.raises(Rejected, match="Validation Failed; Label color invalid"):
        client.write("POST", "/repos/octokit-fixture-org/errors/labels", {"name": "foo", "color": "invalid"})
