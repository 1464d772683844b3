"""``summary.json``: the yield of every stage, what it cost, and why the rest was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.generate.journal import Tally
from pipeline.generate.money.forecast import Forecast, PerFunction
from pipeline.generate.stories import Kept, Outcome, Story


@dataclass(frozen=True)
class Summary:
    """What a folder of ``generate`` holds. Counts are of functions where nothing else is said."""

    state: str
    """done, limit_usd (stopped at the spending limit), failed (some functions failed by our side), stopped."""
    repo: str
    base_sha: str
    base_time: str
    teacher: str
    recipe: str
    seed: int
    shard: str
    """``I/N``."""
    config_sha256: str
    functions: int
    """Functions in the code that could be drawn."""
    planned: int
    """To be attempted by this shard."""
    tried: int
    submitted: int
    """With a rollout 1 that was submitted with a patch."""
    verified: int
    """With a rollout 1 that its teacher stands by."""
    described: int
    redone: int
    """With a rollout 2."""
    kept: int
    """Samples: lines of samples.jsonl."""
    kept_first: int
    """Of those, rollouts 1."""
    kept_second: int
    abstained: int
    failed: int
    """Functions that failed by our side in this call and stay to be done."""
    rollouts: int
    """Lines of rollouts.jsonl."""
    exits: Mapping[str, int]
    left_out: Mapping[str, int]
    """Reason code to count, functions that were never drawn included."""
    recall_mean: float | None
    """Mean own recall over all rollouts 2, kept or not; None without any."""
    recall_tenths: Sequence[int]
    """Rollouts 2 by own recall: [0, 0.1), [0.1, 0.2), ..., and exactly 1 as the eleventh."""
    recall_sera_mean: float | None
    tokens_in: int
    """Of rollouts and questions, failures of ours included."""
    tokens_out: int
    tokens_cached: int
    cost_usd: float | None
    """None without a price for the teacher."""
    seconds: float
    """Of rollouts and questions added up; not wall clock."""
    failures: Sequence[str] = field(default=())
    """One line for each of the first failures of ours."""
    per_function: PerFunction | None = None
    """What the functions were like of which no stage is left; None before the first."""
    forecast: Forecast | None = None
    """While functions are left; None at the end."""


@dataclass(frozen=True)
class Head:
    """The part of a summary that is known before anything is run."""

    repo: str
    base_sha: str
    base_time: str
    teacher: str
    recipe: str
    seed: int
    shard: str
    config_sha256: str
    functions: int
    planned: int


def summarise(
    head: Head,
    state: str,
    stories: Sequence[Story],
    results: Sequence[Outcome],
    tally: Tally,
    left_out: Mapping[str, int],
    failures: Sequence[str],
    per_function: PerFunction | None = None,
    forecast: Forecast | None = None,
) -> Summary:
    """The summary; ``left_out`` counts the functions that were never drawn."""
    kept = [result for result in results if isinstance(result, Kept)]
    dropped = Counter(result.reason for result in results if not isinstance(result, Kept))
    recalls = [s.recall for s in stories if s.recall is not None]
    seras = [s.recall_sera for s in stories if s.recall_sera is not None]
    rollouts = [r for s in stories for r in (*s.firsts, *([s.second] if s.second else []), *s.failures)]
    return Summary(
        state=state,
        **head.__dict__,
        tried=sum(bool(s.firsts) for s in stories),
        submitted=sum(any(r.exit == "submitted" for r in s.firsts) for s in stories),
        verified=sum(s.verified is not None for s in stories),
        described=sum(bool(s.description and s.description["text"]) for s in stories),
        redone=sum(s.second is not None for s in stories),
        kept=len(kept),
        kept_first=sum(k.which == 1 for k in kept),
        kept_second=sum(k.which == 2 for k in kept),
        abstained=sum(s.abstained for s in stories),
        failed=len(failures),
        rollouts=len(rollouts),
        exits=dict(sorted(Counter(r.exit for r in rollouts).items())),
        left_out=dict(sorted((Counter(left_out) + dropped).items())),
        recall_mean=_mean(recalls),
        recall_tenths=_tenths(recalls),
        recall_sera_mean=_mean(seras),
        tokens_in=tally.tokens_in,
        tokens_out=tally.tokens_out,
        tokens_cached=tally.tokens_cached,
        cost_usd=None if tally.cost_usd is None else round(tally.cost_usd, 6),
        seconds=round(tally.seconds, 3),
        failures=tuple(failures[:10]),
        per_function=per_function,
        forecast=forecast,
    )


def sentence(summary: Summary) -> str:
    """The summary as lines for a person."""
    cost = "no price known" if summary.cost_usd is None and summary.tokens_in else f"${summary.cost_usd or 0.0:.2f}"
    reasons = ", ".join(f"{reason} {count}" for reason, count in summary.left_out.items()) or "nothing"
    mean = "" if summary.recall_mean is None else f" (mean recall {summary.recall_mean:.2f})"
    return "\n".join(
        [
            f"{summary.state}: {summary.kept} samples kept, {summary.kept_first} changes and "
            f"{summary.kept_second} redone from a description{mean}",
            f"functions: {summary.planned} planned, {summary.tried} tried, {summary.submitted} submitted, "
            f"{summary.verified} verified, {summary.described} described, {summary.redone} redone, "
            f"{summary.abstained} abstained",
            f"left out: {reasons}",
            f"used: {summary.tokens_in} tokens in ({summary.tokens_cached} cached), {summary.tokens_out} out, {cost}",
        ]
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None


def _tenths(values: Sequence[float]) -> tuple[int, ...]:
    counts = Counter(min(10, int(value * 10 + 1e-9)) for value in values)
    return tuple(counts[tenth] for tenth in range(11))
