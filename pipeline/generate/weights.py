"""How much more often the code of a file is drawn: from what its history says, and from what the config says.

``changes`` is one call of git, on the history that ends at the base commit; ``weights`` is pure: those facts
and the config's factors, to one weight per path.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect.filters import matches_path
from pipeline.git import NO_DRIVERS, git
from pipeline.settings import WeightsConfig

COMMITS = 10_000
"""Newest commits before the base that count, merges aside: what is older says little of today's work."""

HALF_LIFE_DAYS = 90
"""Days after which a change counts half as recent."""


@dataclass(frozen=True)
class Change:
    """What the history says of one path."""

    days: float
    """From its last change to the newest commit of the history, 0 or more."""
    count: int
    """Commits that changed it, 1 or more."""


def changes(repo: Path, base_sha: str, commits: int = COMMITS) -> dict[str, Change]:
    """Every path that the newest ``commits`` commits up to ``base_sha`` changed; nothing later is read.

    A path is followed under its present name only. In a shallow clone the oldest commit counts as a
    change of every file.
    """
    words = ("log", f"-n{commits}", "--no-merges", "--no-renames", "--name-only", "-z", "--format=%x01%ct")
    log = git(repo, *words, *NO_DRIVERS, base_sha, "--")
    last: dict[str, int] = {}
    count: dict[str, int] = {}
    newest = time = 0
    for field in log.split(b"\0"):
        if field.startswith(b"\1"):
            time = int(field[1:])
            newest = max(newest, time)
        elif path := field.removeprefix(b"\n").decode("utf-8", "surrogateescape"):
            last[path] = max(last.get(path, time), time)
            count[path] = count.get(path, 0) + 1
    return {path: Change((newest - last[path]) / 86400, number) for path, number in count.items()}


def weights(paths: Collection[str], known: Mapping[str, Change], config: WeightsConfig) -> dict[str, float]:
    """The weight of each path, 0 or more; 1 is the weight of what is not singled out.

    The product of three factors: 1 + ``recent`` for what changed last, half of that on top after
    ``HALF_LIFE_DAYS``, and so on; 1 + ``often`` for what changed most often among ``paths``, less by
    the logarithm of the number of changes; the factors of all globs that match. What is not in
    ``known`` has not changed for long.
    """
    most = max((known[path].count for path in paths if path in known), default=0)
    return {path: _weight(path, known.get(path), most, config) for path in paths}


def _weight(path: str, change: Change | None, most: int, config: WeightsConfig) -> float:
    factor = math.prod(factor for glob, factor in config.paths.items() if matches_path(path, (glob,)))
    if change is None:
        return factor
    recent = math.exp2(-change.days / HALF_LIFE_DAYS)
    often = math.log1p(change.count) / math.log1p(most)
    return factor * (1 + config.recent * recent) * (1 + config.often * often)
