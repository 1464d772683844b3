"""A person asks for a route: the pull request that sets it, or why there is none and what to do instead.

For one route there is one pull request at a time; one that was closed unmerged is not opened
again in the same epoch.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.errors import NotFound
from bot.transition import texts
from bot.transition.posted import Posted, epoch
from bot.wire.client import Client
from bot.write import outbox
from bot.write import route as routes
from bot.write.letter import Letter
from pipeline.addresses import web_of
from pipeline.config import parse
from pipeline.errors import InputError
from pipeline.report.inert import inline
from pipeline.store import Store
from pipeline.types import Repository


@dataclass(frozen=True)
class Answer:
    """What comes of it."""

    letter: Letter | None
    """To be put; None where nothing is to be sent."""
    key: str | None
    """Of the letter that opens the pull request, be it this one or an earlier; None where there is none."""
    text: str
    """For the person, in Markdown."""


def ask(client: Client, store: Store, repository: Repository, posted: Posted, route: str, login: str) -> Answer:
    """Reads from the forge; writes nothing. ``route``: as the config takes it. May raise any of bot.errors."""
    if repository.paused:
        return Answer(None, None, "Switchover is paused here: `/switchover resume` ends that.")
    base = repository.default_branch or "main"
    obstacle = _of_config(client, repository, base, route) or _of_permissions(client, store, repository, base, route)
    if obstacle:
        return Answer(None, None, obstacle)
    newest = store.verdict(repository.name)
    record = newest.record if newest else None
    return _earlier(client, store, repository, route, record) or _new(
        client, store, repository, posted, route, record, login
    )


def put(store: Store, answer: Answer) -> None:
    """Inside the caller's transaction."""
    if answer.letter:
        outbox.put(store, answer.letter)


def current(client: Client, name: str, base: str) -> str | None:
    """The route that the config on ``base`` sets; None where there is no config, or no valid one."""
    try:
        found = client.get(routes.contents(f"/repos/{name}"), ref=base).data
        return parse(base64.b64decode(found["content"]).decode(), routes.PATH).serve.route
    except (NotFound, InputError, UnicodeDecodeError):
        return None


def by_hand(client: Client, repository: Repository, route: str) -> str:
    """What a person can do without us."""
    branch = quote(repository.default_branch or "main", safe="/")
    where = f"{web_of(client.api_url)}/{repository.name}/edit/{branch}/{routes.PATH}"
    return f"run `switchover switch {route}` in a clone and push it, or [edit the file]({where})"


def _of_config(client: Client, repository: Repository, base: str, route: str) -> str | None:
    now = current(client, repository.name, base)
    if now is None:
        return f"`.github/switchover.yml` is not there on {inline(base)}, or not valid."
    return f"`serve.route` is `{route}` already on {inline(base)}." if now == route else None


def _of_permissions(client: Client, store: Store, repository: Repository, base: str, route: str) -> str | None:
    row = store.db.execute("SELECT permissions FROM installations WHERE id = ?", [repository.installation]).fetchone()
    granted = json.loads(row[0]) if row else {}
    if granted.get("contents") == granted.get("pull_requests") == "write":
        return None
    return f"The App may not write files here (its profile *route* may): {by_hand(client, repository, route)}."


def _earlier(
    client: Client, store: Store, repository: Repository, route: str, record: Mapping[str, Any] | None
) -> Answer | None:
    """One that was asked for before and still stands in the way of another."""
    query = (
        "SELECT key, state, remote_id, target FROM outbox WHERE repo_id = ? AND kind = 'route'"
        " AND json_extract(target, '$.route') = ? ORDER BY rowid DESC LIMIT 1"
    )
    for row in store.db.query(query, [repository.id, route]):
        if row["state"] == "waiting":
            return Answer(None, row["key"], "Its pull request is being opened.")
        if row["state"] == "sent" and row["remote_id"]:
            is_same = json.loads(row["target"])["epoch"] == _epoch(record)
            return _found(client, repository, route, row["key"], row["remote_id"], is_same)
    return None


def _found(
    client: Client, repository: Repository, route: str, key: str, number: str, is_same_epoch: bool
) -> Answer | None:
    pull = client.get(f"/repos/{repository.name}/pulls/{number}").data
    shown = texts.link(number, page_of(client, repository.name, number))
    if pull["state"] == "open":
        return Answer(None, key, f"Its {shown} is open already.")
    if pull["merged_at"] or not is_same_epoch:
        return None
    why = f"Its {shown} was closed without being merged, and is not opened again for these versions"
    return Answer(None, key, f"{why}: {by_hand(client, repository, route)}.")


def _new(
    client: Client,
    store: Store,
    repository: Repository,
    posted: Posted,
    route: str,
    record: Mapping[str, Any] | None,
    login: str,
) -> Answer:
    query = "SELECT count(*) FROM outbox WHERE repo_id = ? AND kind = 'route'"
    (before,) = store.db.execute(query, [repository.id]).fetchone()
    branch = f"switchover/route-{route.replace('=', '-')}-{before + 1}"
    letter = routes.route(
        f"transition:{repository.id}:route:{before + 1}",
        repository.installation or 0,
        repository.id,
        texts.pull(record, route, login, posted.number),
        route=route,
        branch=branch,
        base=repository.default_branch or "main",
        epoch=_epoch(record),
    )
    search = f"{web_of(client.api_url)}/{repository.name}/pulls?q={quote(f'is:pr head:{branch}')}"
    return Answer(letter, letter.key, f"Opening a pull request from [`{branch}`]({search}); merge it to switch.")


def page_of(client: Client, name: str, number: str) -> str:
    """The address of a pull request."""
    return f"{web_of(client.api_url)}/{name}/pull/{number}"


def _epoch(record: Mapping[str, Any] | None) -> str:
    return epoch(record) if record else ""
