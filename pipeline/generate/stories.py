"""What became of each function, put together from the journal, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.generate.journal import Journal
from pipeline.generate.plan import TRIES, Target
from pipeline.generate.select import Reason, Recipe, facts, first_reason, second_reason
from pipeline.types import LeftOut, Rollout


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


def outcomes(stories: Sequence[Story], journal: Journal, recipe: Recipe) -> Iterator[Outcome]:
    """Each rollout once, kept or left out, and each description that was given up; in the order of the plan."""
    owners: dict[str, str] = {}
    for story in stories:
        verified = story.verified
        owner = owners.setdefault(verified.patch, verified.id) if verified else None
        duplicate_of = None if verified is None or owner == verified.id else owner
        for rollout, verdict in zip(story.firsts, story.verdicts, strict=True):
            yield _first(story, rollout, verdict, duplicate_of, journal, recipe)
        if story.description is not None and story.description["reason"]:
            yield LeftOut(
                "generate", "description", story.target.id, story.description["reason"], story.description["detail"]
            )
        if story.second is not None:
            yield _second(story, story.second, duplicate_of, journal, recipe)
        for failed in story.failures:
            yield _left_out(failed, ("failed_by_us", failed.detail))


def _left_out(rollout: Rollout, why: Reason) -> LeftOut:
    return LeftOut("generate", "rollout", rollout.id, *why)


def _first(
    story: Story, rollout: Rollout, verdict: str | None, duplicate_of: str | None, journal: Journal, recipe: Recipe
) -> Outcome:
    if story.abstained and rollout is story.firsts[-1]:
        return _left_out(rollout, ("abstained", "the teacher found nothing to change"))
    known = facts(journal.with_messages(rollout).messages, recipe.context_tokens)
    why = first_reason(rollout, verdict, duplicate_of, known, recipe)
    return _left_out(rollout, why) if why else Kept(story, rollout, 1, known.kept_share)


def _second(story: Story, rollout: Rollout, duplicate_of: str | None, journal: Journal, recipe: Recipe) -> Outcome:
    if story.compared is not None and story.compared["own"] is None:
        return _left_out(rollout, ("not_comparable", story.compared["detail"]))
    known = facts(journal.with_messages(rollout).messages, recipe.context_tokens)
    why = second_reason(rollout, story.recall, story.compared is not None, duplicate_of, known, recipe)
    return _left_out(rollout, why) if why else Kept(story, rollout, 2, known.kept_share)
