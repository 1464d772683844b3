"""Who may give commands: people who can write to the repository, asked anew each time."""

from __future__ import annotations

from urllib.parse import quote

from bot.errors import NotFound
from bot.handle.change import Context
from bot.handle.commands import MAY
from bot.handle.events import Event
from bot.wire.client import Client
from pipeline.types import Repository


def may_command(event: Event, context: Context, repository: Repository) -> bool:
    """Whether whoever caused ``event`` is a person with write access."""
    if not event.login or event.is_bot:
        return False
    return may_write(context.client(repository), repository, event.login)


def may_write(client: Client, repository: Repository, login: str) -> bool:
    """Whether ``login`` has write access, as the forge says now."""
    path = f"/repos/{repository.name}/collaborators/{quote(login, safe='')}/permission"
    try:
        return client.get(path).data.get("permission") in MAY
    except NotFound:
        return False
