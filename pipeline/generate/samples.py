"""From a kept rollout to a sample, with where it came from."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.generate.journal import Journal
from pipeline.generate.stories import Kept
from pipeline.types import Sample


@dataclass(frozen=True)
class Origin:
    """What all samples of a run have in common."""

    repo: str
    base_sha: str
    base_time: str
    """Commit time of the base, ISO in UTC."""
    teacher: str
    config_sha256: str


def sample(kept: Kept, origin: Origin, journal: Journal) -> Sample:
    """The sample of a kept rollout; reads its messages from disk."""
    story, rollout = kept.story, journal.with_messages(kept.rollout)
    function = story.target.function
    first, second = story.verified, story.second
    other = second if kept.which == 1 else first
    attempt = first.attempt if first else rollout.attempt
    return Sample(
        id=rollout.id,
        repo=origin.repo,
        base_sha=origin.base_sha,
        base_time=origin.base_time,
        path=function.path,
        function=function.name,
        language=function.language,
        change_type=story.target.change_type(attempt).id,
        rollout=1 if kept.which == 1 else 2,
        patch=rollout.patch,
        reference_patch=other.patch if other else "",
        recall=story.recall,
        recall_sera=story.recall_sera,
        teacher=origin.teacher,
        messages=rollout.messages,
        tools=rollout.tools,
        description=str(story.description["text"]) if story.description else "",
        seed=rollout.seed,
        tokens_in=rollout.tokens_in,
        tokens_out=rollout.tokens_out,
        cost_usd=rollout.cost_usd,
        config_sha256=origin.config_sha256,
    )
