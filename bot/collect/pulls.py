"""One pull request that something has just happened to: read anew, and in ``pulls`` within seconds.

taken = pulls.read(client, store, repo, number)     # network and git; nothing is written
taken.save(store)                                   # inside the caller's transaction
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.collect import closed, mirror, place
from bot.collect.ask import Client, Questions
from bot.collect.nodes import Told
from bot.collect.saving import save_told
from pipeline.collect import Fresh, forge, fresh
from pipeline.collect.clone import Clone
from pipeline.config import Config
from pipeline.store import Store
from pipeline.types import ForgePull, Issue, Repository


@dataclass(frozen=True)
class Facts:
    """A pull request as the forge tells it now."""

    name: str
    """Its repository, as it is called now."""
    number: int
    pull: ForgePull | None
    """None while it is not merged."""
    issues: tuple[Issue, ...] = ()
    """Of the same repository, which it closed."""


@dataclass(frozen=True)
class Taken:
    """All that is known of one pull request, and not saved yet."""

    facts: Facts
    questions: Questions
    told: Told | None
    """None while it is not merged."""
    fresh: Fresh | None = None
    """None when the mirror cannot tell yet: then the whole repository is derived anew later."""
    closed: tuple[Issue, ...] = ()
    """Issues that GitHub does not link to it, and that its commits close."""

    def save(self, store: Store) -> None:
        """One transaction, or part of the one around it. Nothing is saved of one that is not merged.

        Raises NotFound when the repository was purged meanwhile.
        """
        if self.told is None:
            return
        anew: dict[str, Any] = {"dirty": 1} if self.fresh is None or self.fresh.takes_back else {}
        with store.atomic():
            save_told(store, self.questions, [self.told], **anew)
            if self.fresh:
                self.fresh.save(store)
            store.save_issues(self.closed)


def facts(client: Client, repo: Repository, number: int) -> Facts:
    """What the forge says of ``number`` now. Raises NotFound, or another kind of GitHubError."""
    return _facts(Questions(client, repo), number)[0]


def read(client: Client, store: Store, repo: Repository, number: int) -> Taken:
    """What is to be saved of ``number``. Raises NotFound, another kind of GitHubError, or RunError."""
    questions = Questions(client, repo)
    said, told = _facts(questions, number)
    if told is None or not mirror.path_of(store.path, repo.id).is_dir():  # to make the first clone may take hours
        return Taken(said, questions, told)
    where = place.by_id(client, repo.id)
    clone = place.fetched(client, store.path, where)
    made = _fresh(clone, where.default_branch, questions.settings.config, store, repo.name, told.pull)
    if made is None or clone.name != questions.name:  # renamed between two questions: the rows would not meet
        return Taken(said, questions, told)
    numbers = {issue.number for issue in made.issues} - set(told.pull.closes)
    return Taken(said, questions, told, made, closed.texts(questions, store, repo.name, sorted(numbers)))


def take(client: Client, store: Store, repo: Repository, number: int) -> Facts:
    """``read`` and ``save`` at once."""
    taken = read(client, store, repo, number)
    taken.save(store)
    return taken.facts


def _facts(questions: Questions, number: int) -> tuple[Facts, Told | None]:
    told = questions.pull(number)
    issues = told.issues if told else ()
    return Facts(questions.name, number, told.pull if told else None, issues), told


def _fresh(clone: Clone, branch: str, config: Config, store: Store, stored: str, pull: ForgePull) -> Fresh | None:
    """None when GitHub has not handed the merge commit on yet to where git reads it.

    ``stored``: the name under which the database has the repository so far.
    """
    sha = pull.merge_sha
    if sha and pull.base_branch == branch and not forge.has(clone, sha):
        return None
    others = store.forge_pulls_merged_by(stored, sha) if sha else []
    together = [pull, *(other for other in others if other.number != pull.number)]
    return fresh(clone, branch, together, config=config.collect, reverts=store.reverted(stored))
