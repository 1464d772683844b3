"""What people say of a pull request's scores: counts, and their words. Shown, never counted in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.report.inert import inline
from pipeline.types import Opinion

MOST_REASONS = 3
"""Newest ones that are quoted."""


@dataclass(frozen=True)
class People:
    """Of one pull request, or of several together."""

    fair: int = 0
    unfair: int = 0
    reasons: tuple[str, ...] = ()
    """Of those who find the scores unfair, newest first: foreign text."""

    @property
    def words(self) -> str:
        """Such as "1 person finds it unfair, 2 fair"; "" where nobody has said anything."""
        if not self.fair + self.unfair:
            return ""
        if not self.unfair:
            return f"{_people(self.fair)} it fair"
        return f"{_people(self.unfair)} it unfair" + (f", {self.fair} fair" if self.fair else "")


def people(opinions: Iterable[Opinion]) -> People:
    """Each opinion is another person's."""
    said = sorted(opinions, key=lambda opinion: opinion.at, reverse=True)
    unfair = [opinion for opinion in said if opinion.verdict == "unfair"]
    reasons = tuple(opinion.reason for opinion in unfair if opinion.reason)
    return People(len(said) - len(unfair), len(unfair), reasons)


def quoted(found: People) -> str:
    """The newest reasons as inert Markdown: “...”; “...”."""
    shown = "; ".join(f"“{inline(reason, 160)}”" for reason in found.reasons[:MOST_REASONS])
    more = len(found.reasons) - MOST_REASONS
    return f"{shown} and {more} more" if more > 0 else shown


def _people(count: int) -> str:
    return "1 person finds" if count == 1 else f"{count} people find"
