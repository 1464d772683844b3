"""The issue and the config as the forge has them now."""

from __future__ import annotations

import base64

from bot.errors import NotFound
from bot.transition.plan import Live
from bot.wire.client import Client
from bot.write.route import contents
from pipeline.types import Repository


def live_issue(client: Client, repository: Repository, number: int, login: str) -> Live | None:
    """Issue ``number``; None when it was deleted or moved to another repository. ``login``: our own."""
    try:
        data = client.get(f"/repos/{repository.name}/issues/{number}").data
    except NotFound:
        return None
    if not _is_there(client, repository, str(data.get("repository_url", ""))):
        return None
    by = (data.get("closed_by") or {}).get("login")
    is_open = data["state"] == "open"
    return Live(data["title"], data["body"] or "", is_open, not is_open and by == login)


def config_text(client: Client, repository: Repository) -> str | None:
    """The config on the default branch; None where there is none."""
    branch = {"ref": repository.default_branch} if repository.default_branch else {}
    try:
        found = client.get(contents(f"/repos/{repository.name}"), **branch).data
    except NotFound:
        return None
    return base64.b64decode(found["content"]).decode("utf-8", "replace")


def _is_there(client: Client, repository: Repository, url: str) -> bool:
    """Whether an issue's repository is ours: a moved one is answered from its new place, under a redirect."""
    if url.lower().endswith(f"/{repository.name.lower()}"):
        return True
    name = str(client.get(f"/repositories/{repository.id}").data["full_name"])  # ours may be renamed
    return url.lower().endswith(f"/{name.lower()}")
