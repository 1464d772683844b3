"""What became of each function, put together from the journal, and what is kept of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.generate.journal import Journal
from pipeline.generate.plan import TRIES, Target
from pipeline.generate.select import FIRST, SECOND, Case, Duplicates, Facts, Reason, Recipe, facts_of, reason
from pipeline.types import LeftOut, Rollout, from_json


@dataclass(frozen=True)
class Story:
    """One function's stages so far; rollouts are without messages."""

    target: Target
    firsts: tuple[Rollout, ...]
    """Rollouts 1 in order of attempts, results only."""
    verdicts: tuple[str | None, ...]
    """The self-check of each of ``firsts``; None where it was not made."""
    abstained: bool
    description: dict[str, Any] | None
    """text, reason, detail; None when it was not reached."""
    second: Rollout | None
    compared: dict[str, Any] | None
    """own (a Recall), sera, detail; None when it was not reached."""
    failures: tuple[Rollout, ...]
    """Rollouts that failed by our side, whether or not they were made good."""

    @property
    def verified(self) -> Rollout | None:
        """The rollout 1 that everything else was made from."""
        return next((r for r, verdict in zip(self.firsts, self.verdicts, strict=True) if verdict == "yes"), None)

    @property
    def recall(self) -> float | None:
        """Own metric; None when undefined or not reached."""
        own = self.compared and self.compared["own"]
        return own["recall"] if own else None

    @property
    def recall_sera(self) -> float | None:
        """The reference's metric; None when undefined or not reached."""
        return self.compared["sera"] if self.compared else None


def story(target: Target, journal: Journal) -> Story:
    """What the journal knows about ``target``."""
    made = [journal.rollout(target.id, 1, attempt) for attempt in range(TRIES)]
    firsts = tuple(rollout for rollout in made if rollout is not None)
    checks = [journal.stage(rollout.id, "self_check") for rollout in firsts]
    verdicts = tuple(None if check is None else str(check["verdict"]) for check in checks)
    verified = next((r for r, verdict in zip(firsts, verdicts, strict=True) if verdict == "yes"), None)
    last = journal.stage(firsts[-1].id, "abstained") if firsts else None
    keys = [(1, attempt) for attempt in range(TRIES)] + [(2, 0)]
    return Story(
        target,
        firsts,
        verdicts,
        abstained=bool(last and last["abstained"]),
        description=journal.stage(verified.id, "description") if verified else None,
        second=journal.rollout(target.id, 2, 0),
        compared=journal.stage(target.id, "compare"),
        failures=tuple(r for which, attempt in keys for r in journal.failures(target.id, which, attempt)),
    )


@dataclass(frozen=True)
class Kept:
    """A rollout that becomes a sample."""

    story: Story
    rollout: Rollout
    """Without messages."""
    which: int
    kept_share: float
    """Share of its messages within the context of training, 0..1."""


Outcome = Kept | LeftOut


class Sieve:
    """Tells samples from the rest, story by story, and remembers what it has kept.

    Of patches that repeat each other the first that comes is kept. Equal patches leave the same
    number of samples in whatever order they come; a patch that is near to two others, which are not
    near to each other, can make one of difference.
    """

    def __init__(self, journal: Journal, recipe: Recipe) -> None:
        self._journal, self._recipe = journal, recipe
        self._kept = {which: Duplicates(recipe.near_duplicate_from) for which in (1, 2)}

    def take(self, story: Story) -> list[Outcome]:
        """Each rollout of ``story`` once, kept or left out, and its description if that was given up."""
        found = [
            self._judge(story, rollout, 1, verdict=verdict, abstained=story.abstained and rollout is story.firsts[-1])
            for rollout, verdict in zip(story.firsts, story.verdicts, strict=True)
        ]
        if story.description is not None and story.description["reason"]:
            why = story.description["reason"], story.description["detail"]
            found.append(LeftOut("generate", "description", story.target.id, *why))
        if story.second is not None:
            found.append(self._judge(story, story.second, 2, compared=story.compared))
        return [*found, *(_left_out(failed, ("failed_by_us", failed.detail)) for failed in story.failures)]

    def _judge(self, story: Story, rollout: Rollout, which: int, **known: Any) -> Outcome:
        facts = self._facts(rollout)
        why = reason(Case(rollout, facts, **known), self._recipe, FIRST if which == 1 else SECOND)
        why = why or self._repeats(story.verified or rollout, which)
        return _left_out(rollout, why) if why else Kept(story, rollout, which, facts.kept_share)

    def _repeats(self, first: Rollout, which: int) -> Reason | None:
        """A change that was kept already, and its repetition from a description, are one task."""
        why = self._kept[which].reason(first.patch)
        if why is None:
            self._kept[which].add(first.id, first.patch)
        return why

    def _facts(self, rollout: Rollout) -> Facts:
        """As they were measured when it ended; folders of older versions do not hold them."""
        row = self._journal.stage(rollout.id, "facts")
        with contextlib.suppress(TypeError):  # a field that an older version did not know
            if row is not None and row["context_tokens"] == self._recipe.context_tokens:
                return from_json(Facts, row)
        return facts_of(self._journal.with_messages(rollout), self._recipe.context_tokens)


def outcomes(stories: Iterable[Story], journal: Journal, recipe: Recipe) -> Iterator[Outcome]:
    """Each rollout once, kept or left out, and each description that was given up; in the order of ``stories``."""
    sieve = Sieve(journal, recipe)
    for one in stories:
        yield from sieve.take(one)


def _left_out(rollout: Rollout, why: Reason) -> LeftOut:
    return LeftOut("generate", "rollout", rollout.id, *why)
