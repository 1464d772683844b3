"""The three ways to ask: a read, a query and a write."""

from __future__ import annotations

from typing import Any

from bot.github import Client

REPO = "/repos/acme/widgets"
COMMENTS = f"{REPO}/issues/1/comments"
QUERY = 'query { repository(owner: "acme", name: "widgets") { nameWithOwner } }'


def read(client: Client) -> Any:
    return client.get(REPO).data["full_name"]


def ask(client: Client) -> Any:
    return client.query(QUERY, {})["repository"]["nameWithOwner"]


def say(client: Client) -> Any:
    return client.write("POST", COMMENTS, {"body": "hello"}).data["body"]
