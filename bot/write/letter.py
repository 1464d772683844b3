"""A thing to be written on the forge, and what is known of one that may have been. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Letter:
    """One thing to write in a repository."""

    key: str
    """What makes it the same thing: a second letter with the same key is not sent. See bot.write.clip.marker."""
    installation: int
    """0: none, a plain token."""
    repo_id: int
    kind: str
    """One of those of bot.write.posting."""
    target: Mapping[str, Any]
    """comment: number; reaction: comment or number; dispatch: workflow, ref; issue: title; issue_edit: number, and
    what else changes; the others: see the modules of bot.write that are called like them."""
    body: str
    """comment: its Markdown, foreign text in it made inert; reaction: its name, such as eyes; dispatch: inputs;
    the others: Markdown."""


@dataclass(frozen=True)
class Search:
    """What is known of a letter that may have been sent."""

    since: str
    """ISO time before which it was not sent, by GitHub's clock too."""
    login: str
    """Our own on GitHub, such as ``switchover[bot]``."""
    claimed: frozenset[str] = field(default=frozenset())
    """Ids of what other letters have written."""
