"""The course of a verdict, from PR to PR, as plots need it: epochs apart, thinned to what can be seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.report.inert import shortened, visible

Verdict = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One epoch; evidence never crosses it, so neither do lines."""

    start: int
    """Number of its first PR, counted from 1 over all epochs."""
    lines: tuple[Verdict, ...]
    """The verdict after each of its PRs that count."""

    @property
    def last(self) -> Verdict:
        return self.lines[-1]

    def points(self, every: int, value: Callable[[Verdict], float | None]) -> tuple[list[int], list[float]]:
        """Places and values where there is one, at each ``every``-th PR and at the last; see ``thinning``."""
        kept = [i for i in range(len(self.lines)) if (i + 1) % every == 0 or i == len(self.lines) - 1]
        pairs = [(self.start + i, found) for i in kept if (found := value(self.lines[i])) is not None]
        return [x for x, _ in pairs], [y for _, y in pairs]

    def reached(self, word: str) -> tuple[int, Verdict] | None:
        """The place where ``word`` was shown, and the verdict there; None where it was not."""
        latch = self.last["latched"].get(word)
        if latch is None:
            return None
        index = next(i for i, line in enumerate(self.lines) if line["n"] == latch["n"])
        return self.start + index, self.lines[index]


def runs(trace: Sequence[Verdict]) -> list[Run]:
    """The epochs of a trace, PRs that count alone; [] when none counts."""
    found: list[list[Verdict]] = []
    for line in trace:
        if not line["n"] or line["pull"]["difference"] is None:
            continue
        if not found or found[-1][-1]["epoch"]["number"] != line["epoch"]["number"]:
            found.append([])
        found[-1].append(line)
    starts = [1 + sum(map(len, found[:i])) for i in range(len(found))]
    return [Run(start, tuple(lines)) for start, lines in zip(starts, found, strict=True)]


def span(course: Sequence[Run]) -> int:
    """How many PRs count over all epochs."""
    return course[-1].start + len(course[-1].lines) - 1


def thinning(course: Sequence[Run], width: float) -> int:
    """Every how many PRs a point is drawn, so that points are two pixels apart or more."""
    return max(1, math.ceil(2 * span(course) / width))


def renewal(before: Run, after: Run) -> str:
    """What a new epoch brought: the adapter's first letters, the frontier model's name, or both."""
    old, new = before.last["epoch"], after.last["epoch"]
    words = []
    if new["adapter"] != old["adapter"] and new["adapter"]:
        words.append(visible(str(new["adapter"]))[:8])
    if new["frontier"] != old["frontier"]:
        words.append(shortened(visible(str(new["frontier"])), 24))
    return " and ".join(words) or f"epoch {new['number']}"
