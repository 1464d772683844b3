"""Gate ``general_skill``: what the base knows in general, the adapter must not have forgotten.

``skills.jsonl`` holds short questions on code and language, in our own words: a text, the ending that is
right, and endings that are wrong. The score is the log-probability of each ending after the text, per token.
It is no benchmark: it is there to notice damage, of which a model that repeats itself is the plainest.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from pipeline.gates.record import GateResult

NAME = "general_skill"

FALL = 0.5
"""Nats per token by which the right endings may become less likely, on average."""

LOST = 0.1
"""Share of questions that may be lost beyond chance."""

ERRORS = 2.0


@dataclass(frozen=True)
class Question:
    """One line of ``skills.jsonl``."""

    id: str
    text: str
    right: str
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Log-probabilities per token, in nats, of a question's endings: the right one first."""

    base: tuple[float, ...]
    own: tuple[float, ...]


@functools.cache
def questions() -> tuple[Question, ...]:
    """Those that come with Switchover."""
    text = resources.files("pipeline.gates").joinpath("skills.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return tuple(Question(row["id"], row["text"], row["right"], tuple(row["wrong"])) for row in rows)


@dataclass(frozen=True)
class GeneralSkill:
    """See Gate."""

    answers: Sequence[Answer]

    def judge(self) -> GateResult:
        """Without answers it is not passed."""
        bar = f"right endings less likely by at most {FALL} nats per token; at most {LOST:.0%} of the questions lost"
        count = len(self.answers)
        if not count:
            return GateResult(NAME, False, {"questions": 0}, bar, "no question could be asked")
        base, own = (sum(_is_right(a) for a in side) for side in self._sides())
        fall = sum(answer.base[0] - answer.own[0] for answer in self.answers) / count
        measured = {"questions": count, "base_right": base, "own_right": own, "fall": round(fall, 6)}
        why = f"{own} of {count} right, base {base}; right endings {abs(fall):.2f} nats per token "
        why += "less likely" if fall > 0 else "likelier"
        allowed = max(LOST * count, ERRORS * self._error())
        if fall > FALL:
            return GateResult(NAME, False, measured, bar, f"{why}: it has forgotten")
        if base - own > allowed:
            return GateResult(NAME, False, measured, bar, f"{why}: more than {allowed:.1f} questions lost")
        return GateResult(NAME, True, measured, bar, why)

    def _sides(self) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
        return [answer.base for answer in self.answers], [answer.own for answer in self.answers]

    def _error(self) -> float:
        """Standard error of the number of questions lost: the root of those that changed sides."""
        return math.sqrt(sum(_is_right(answer.base) != _is_right(answer.own) for answer in self.answers))


def _is_right(endings: tuple[float, ...]) -> bool:
    return endings[0] > max(endings[1:])
