"""From a rollout and the human patch to an evaluation row (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.collect.gold import changed_lines
from pipeline.evaluate.plan import Attempt
from pipeline.patch.languages import main_language
from pipeline.patch.recall import own as recall
from pipeline.types import Evaluation, Recall, Role, Rollout, Task


@dataclass(frozen=True)
class Facts:
    """What a reader should know about a task beside its scores."""

    title: str
    backtest: bool
    """True when the PR was merged before own's adapter existed."""
    marks: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    language: str = ""
    """Of most lines of the human patch; "" where it is not known."""


FAILED = Recall(0.0, 0.0, None, None, 0, 0, 0, 0.0)
"""What an attempt without a usable patch scores: zero, never dropped."""


def soft(gold: bytes, rollout: Rollout, base: Mapping[str, bytes] | None) -> Recall:
    """Line recall of the human patch's source part; 0 for every exit but ``submitted``.

    Work that a limit cut off is not scored: in use nobody would have received it. ``base`` None compares the
    patches as they are written.
    """
    if rollout.exit != "submitted" or not rollout.patch:
        return FAILED
    return recall(gold, rollout.patch.encode("utf-8", "surrogateescape"), base)


def is_scorable(gold: bytes, base: Mapping[str, bytes]) -> bool:
    """False when the human patch has no countable line, so that no attempt could be scored."""
    return recall(gold, b"", base).recall is not None


def language(gold: bytes, task: Task) -> str:
    """The language of most lines that the human patch changes in the task's source files; "" without any."""
    lines = Counter(path for path, _, _ in changed_lines(gold) if path in task.files)
    return main_language(lines or dict.fromkeys(task.files, 1))


def evaluation(attempt: Attempt, rollout: Rollout, score: Recall, at: str, facts: Facts) -> Evaluation:
    """The row for evaluations.jsonl; ``at`` is when the last result of this PR was known."""
    contender = attempt.contender
    return Evaluation(
        at=at,
        repo=attempt.task.repo,
        number=attempt.task.number,
        task_id=attempt.task.id,
        role=contender.role,
        model=contender.model,
        adapter=contender.adapter,
        attempt=attempt.number,
        score=score.recall or 0.0,
        measure="recall",
        exit=rollout.exit,
        tokens_in=rollout.tokens_in,
        tokens_out=rollout.tokens_out,
        tokens_cached=rollout.tokens_cached,
        seconds=rollout.seconds,
        cost_usd=rollout.cost_usd,
        cheat_marks=rollout.cheat_marks,
        tool_calls=rollout.tool_calls,
        malformed_calls=rollout.malformed_calls,
        steps=rollout.steps,
        precision=score.precision,
        f1=score.f1,
        file_recall=score.file_recall,
        backtest=facts.backtest,
        scripted=contender.scripted,
        rollout_id=rollout.id,
        patch=rollout.patch,
        title=facts.title,
        marks=facts.marks.get(contender.role, ()),
        merged_at=attempt.task.merged_at,
        language=facts.language,
        agent=contender.agent,
    )
