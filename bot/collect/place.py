"""Where a repository is and what it is set to now: on the forge, in its mirror, in its own config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.collect import mirror
from bot.collect.ask import Client
from bot.collect.settings import Settings, settings_of
from bot.collect.transfer import Say
from bot.errors import Unavailable
from pipeline.collect.clone import Clone
from pipeline.config import DEFAULT_PATH
from pipeline.git import GitError, git


@dataclass(frozen=True)
class Place:
    """A repository as the forge describes it."""

    id: int
    name: str
    private: bool
    default_branch: str
    clone_url: str
    """Without credentials; not checked yet."""


def by_id(client: Client, id: int) -> Place:
    """The repository with this number, whatever its name is now. Raises a kind of GitHubError."""
    return _place(client.get(f"/repositories/{id}").data)


def by_name(client: Client, name: str) -> Place:
    """The repository ``owner/name``; an old name is followed. Raises a kind of GitHubError."""
    return _place(client.get(f"/repos/{name}").data)


def _place(data: Mapping[str, Any]) -> Place:
    try:
        return Place(
            data["id"],
            data["full_name"],
            bool(data.get("private", True)),
            data.get("default_branch") or "main",
            data["clone_url"],
        )
    except (KeyError, TypeError) as error:
        raise Unavailable(f"the description of a repository lacks {error}; is this GitHub's API?") from None


def fetched(client: Client, db: Path, place: Place, say: Say | None = None) -> Clone:
    """The mirror of ``place`` beside ``db``, made or brought up to date. Raises a kind of GitHubError, or RunError."""
    path = mirror.path_of(db, place.id)
    url = mirror.clone_url(client.api_url, place.clone_url)
    mirror.sync(path, mirror.Source(url, place.default_branch, client.token()), say)
    return Clone(path, place.name, tip_of(path))


def tip_of(mirror: Path) -> str | None:
    """The newest commit of the default branch; None when the repository has none at all. Raises Unavailable."""
    try:
        return git(mirror, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except GitError:
        if git(mirror, "for-each-ref", "--count=1", "refs/heads"):
            raise Unavailable(
                f"{mirror}: its default branch has no commits; it may just be renamed, try again"
            ) from None
        return None


def settings(mirror: Path) -> Settings:
    """The config in the mirror, at the tip of the default branch."""
    try:
        text = git(mirror, "cat-file", "blob", f"HEAD:{DEFAULT_PATH}").decode("utf-8", "replace")
    except GitError:
        text = None
    return settings_of(text)
