"""What the guard on soft scores costs an honest model, and what it spares a team whose model changes too much."""

from __future__ import annotations

import numpy as np

from benchmarks.decide_streams import NEVER, Counts, Draws, shown
from benchmarks.decide_worlds import MARGIN, POOL, Floats, centred, chances, graded
from pipeline.decide.guard import guard_margin
from pipeline.decide.wealth import level

ALPHA = level(0.05, 1.0)

WORLDS = {
    "as precise as frontier, +5": (0.0, 0.0),
    "as precise as frontier, +10": (0.05, 0.0),
    "half as many lines too many, +10": (0.05, 0.5),
    "as many lines too many again, +10": (0.05, 1.0),
    "four times as many, +15": (0.10, 4.0),
}
"""How far own is ahead in recall, and the lines that it adds beside each of its own."""


def laws(gap: float, padding: float) -> tuple[Floats, Floats]:
    """Differences of recall and of line F1 on the same PRs, own minus frontier."""
    rng = np.random.default_rng(13)
    recalls = [graded(rng, p) for p in chances(rng, gap)]
    precisions = [rng.beta(4, 2, POOL) / (1 + more) for more in (padding, 0.0)]
    own, frontier = (2 * r * p / np.maximum(r + p, 1e-12) for r, p in zip(recalls, precisions, strict=True))
    return centred(recalls[0] - recalls[1], gap), own - frontier


def flags(recall: Floats, f1: Floats, streams: int, pulls: int) -> tuple[Counts, Counts]:
    """PRs until recall alone flags, and until the guard is passed as well; the PRs of both are the same."""
    alone = shown(Draws(recall, streams, pulls), ALPHA)
    guard = shown(Draws(f1, streams, pulls), ALPHA, margin=guard_margin(MARGIN))
    return alone, np.maximum(alone, guard)


def rows(streams: int, pulls: int) -> list[tuple[str, float, Counts, Counts]]:
    """Of each world: name, mean difference in F1, and ``flags``; last own exactly at the guard's boundary."""
    made = {name: laws(*of) for name, of in WORLDS.items()}
    recall, f1 = laws(0.05, 1.0)
    made["at the guard's boundary, +10"] = (recall, centred(f1, -guard_margin(MARGIN)))
    return [(name, float(f1.mean()), *flags(recall, f1, streams, pulls)) for name, (recall, f1) in made.items()]


def within(counts: Counts) -> float:
    """Share of streams that came to it."""
    return float(np.mean(counts < NEVER))
