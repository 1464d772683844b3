"""The kinds of writes: how each is sent, and how one that may have been sent before is found.

comment    on an issue or pull request   found by its hidden marker among our own App's comments
reaction   to a comment, issue or pull   not looked for: the same one again changes nothing
dispatch   of a workflow                 found as a run that we started since, which no other row claims
issue      about the transition          found by its hidden marker among our own App's, whoever asks
issue_edit its text, open or closed      not looked for: the same again changes nothing
route      a pull request on the config  found by its branch; what of it is there already is kept
sticky     comment, one of its marker    found by its hidden marker, whoever asks, and brought up to date
check      run, one for a pull request   found by its external id, whoever asks, and brought up to date
sticky_edit, check_edit   their texts    not looked for: the same again changes nothing
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import quote

from bot.wire.answers import Reply
from bot.wire.client import Client
from bot.write import checks, issues, route, sticky
from bot.write.clip import clipped, marker
from bot.write.letter import Letter, Search

__all__ = ["LOOKED_FOR_AT_ONCE", "Letter", "Search", "comment", "dispatch", "find", "reaction", "send"]

LOOKED_FOR_AT_ONCE = frozenset({"issue", "sticky", "check"})
"""Kinds of which there is one for ever, also where our own database was lost meanwhile."""


def comment(key: str, installation: int, repo_id: int, number: int, text: str) -> Letter:
    """On the issue or pull request ``number``. Foreign text in ``text`` must be inert (pipeline.report.inert)."""
    marker(key)
    return Letter(key, installation, repo_id, "comment", {"number": number}, text)


def reaction(key: str, installation: int, repo_id: int, content: str, *, comment: int = 0, number: int = 0) -> Letter:
    """``content`` (+1, -1, laugh, confused, heart, hooray, rocket, eyes) to a ``comment``, by id, or an issue."""
    target = {"comment": comment} if comment else {"number": number}
    return Letter(key, installation, repo_id, "reaction", target, content)


def dispatch(
    key: str, installation: int, repo_id: int, workflow: str, ref: str, inputs: Mapping[str, str] | None = None
) -> Letter:
    """``workflow``: file name, such as switchover-cycle.yml. At most 25 inputs; all values are text."""
    target = {"workflow": workflow, "ref": ref}
    return Letter(key, installation, repo_id, "dispatch", target, json.dumps(dict(inputs or {})))


def send(client: Client, name: str, letter: Letter) -> str | None:
    """Write it in ``owner/name``; the id of what was made, None where GitHub does not tell it."""
    return _SEND[letter.kind](client, f"/repos/{name}", letter)


def find(client: Client, name: str, letter: Letter, search: Search) -> str | None:
    """The id of what an earlier try has written; None when there is nothing."""
    look = _FIND.get(letter.kind)
    return look(client, f"/repos/{name}", letter, search) if look else None


def _send_comment(client: Client, repo: str, letter: Letter) -> str | None:
    body = {"body": clipped(letter.body, letter.key)}
    return _id(client.write("POST", f"{repo}/issues/{letter.target['number']}/comments", body))


def _send_reaction(client: Client, repo: str, letter: Letter) -> str | None:
    comment = letter.target.get("comment")
    on = f"comments/{comment}" if comment else str(letter.target["number"])
    return _id(client.write("POST", f"{repo}/issues/{on}/reactions", {"content": letter.body}))


def _send_dispatch(client: Client, repo: str, letter: Letter) -> str | None:
    body = {"ref": letter.target["ref"], "inputs": json.loads(letter.body), "return_run_details": True}
    reply = client.write("POST", f"{_workflow(repo, letter)}/dispatches", body)
    return _id(reply, "workflow_run_id")  # 204, without one, from servers that do not know return_run_details


def _find_comment(client: Client, repo: str, letter: Letter, search: Search) -> str | None:
    mark = marker(letter.key)
    for row in client.pages(f"{repo}/issues/{letter.target['number']}/comments", since=search.since):
        if row["user"] and row["user"]["login"] == search.login and mark in (row["body"] or ""):
            return str(row["id"])
    return None


def _find_run(client: Client, repo: str, letter: Letter, search: Search) -> str | None:
    """The oldest that nobody claims, among the newest hundred: letters are sent in order."""
    asked = {"event": "workflow_dispatch", "per_page": 100}
    runs = client.get(f"{_workflow(repo, letter)}/runs", **asked).data["workflow_runs"]
    since = [run for run in runs if run["created_at"] >= search.since]
    ours = [run["id"] for run in since if run["actor"] and run["actor"]["login"] == search.login]
    free = [id for id in ours if str(id) not in search.claimed]
    return str(min(free)) if free else None


def _workflow(repo: str, letter: Letter) -> str:
    return f"{repo}/actions/workflows/{quote(letter.target['workflow'], safe='')}"


def _id(reply: Reply, name: str = "id") -> str | None:
    found = reply.data.get(name) if isinstance(reply.data, Mapping) else None
    return None if found is None else str(found)


_SEND: dict[str, Callable[[Client, str, Letter], str | None]] = {
    "comment": _send_comment,
    "reaction": _send_reaction,
    "dispatch": _send_dispatch,
    "issue": issues.send,
    "issue_edit": issues.send_edit,
    "route": route.send,
    "sticky": sticky.send,
    "sticky_edit": sticky.send_edit,
    "check": checks.send,
    "check_edit": checks.send_edit,
}
_FIND: dict[str, Callable[[Client, str, Letter, Search], str | None]] = {
    "comment": _find_comment,
    "dispatch": _find_run,
    "issue": issues.find,
    "route": route.find,
    "sticky": sticky.find,
    "check": checks.find,
}
