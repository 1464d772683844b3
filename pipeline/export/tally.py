"""What a data card counts: the exported samples one by one, and the sums of all sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.types import LeftOut, Sample

STAGES = ("planned", "tried", "submitted", "verified", "described", "redone", "kept", "abstained", "failed", "rollouts")
"""Counts of a summary.json that add up over shards."""
_PAID = ("tokens_in", "tokens_out", "tokens_cached", "cost_usd", "seconds")
_OF_RUN = ("repo", "base_sha", "config_sha256", "seed", "shard")


class Tally:
    """Counts of one export."""

    def __init__(self) -> None:
        self.samples = 0
        self.by: dict[str, Counter[str]] = {
            name: Counter() for name in ("repo", "language", "change_type", "rollout", "teacher")
        }
        self.bases: dict[tuple[str, str], str] = {}
        """(repository, base commit) to the time of that commit."""
        self.configs: set[str] = set()
        self.recall_tenths = [0] * 11
        """Exported rollouts 2 by recall: [0, 0.1), ..., and exactly 1 as the eleventh."""
        self.tokens_in = self.tokens_out = 0
        self.cost_usd: float | None = None
        self.stages: Counter[str] = Counter()
        self.paid: dict[str, float] = {}
        self.all_tenths = [0] * 11
        """All rollouts 2 of the sources, kept or not, by recall."""
        self.recipes: set[str] = set()
        self.functions: dict[tuple[str, str], int] = {}
        """(repository, base commit) to the functions in its code."""
        self.left_out: Counter[tuple[str, str, str]] = Counter()
        """(stage, thing, reason) to count."""
        self.runs: set[tuple[Any, ...]] = set()
        """Repository, base commit, config hash, seed and shard of each folder."""
        self._seen: set[int] = set()

    def add(self, sample: Sample) -> None:
        """Count an exported sample."""
        self.samples += 1
        for name, counter in self.by.items():
            counter[str(getattr(sample, name))] += 1
        self.bases[sample.repo, sample.base_sha] = sample.base_time
        self.configs.add(sample.config_sha256)
        if sample.rollout == 2 and sample.recall is not None:
            self.recall_tenths[min(10, int(sample.recall * 10 + 1e-9))] += 1
        self.tokens_in += sample.tokens_in
        self.tokens_out += sample.tokens_out
        if sample.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + sample.cost_usd

    def add_source(self, summary: Mapping[str, Any], left_out: Iterable[Mapping[str, Any]]) -> None:
        """Count a folder: a shard that is given twice once, functions that all shards leave out once."""
        run = tuple(summary.get(key) for key in _OF_RUN)
        if not summary or run in self.runs:
            return
        self.runs.add(run)
        self.stages.update({stage: int(summary.get(stage) or 0) for stage in STAGES})
        for key in _PAID:
            if summary.get(key) is not None:
                self.paid[key] = self.paid.get(key, 0) + summary[key]
        for index, count in enumerate(summary.get("recall_tenths") or ()):
            self.all_tenths[index] += count
        self.recipes.add(str(summary.get("recipe")))
        code = (str(summary.get("repo")), str(summary.get("base_sha")))
        self.functions[code] = max(self.functions.get(code, 0), int(summary.get("functions") or 0))
        for row in left_out:
            self._leave_out(code, row)

    def add_left_out(self, row: LeftOut) -> None:
        """Count what this export has left out."""
        self.left_out[row.stage, row.thing, row.reason] += 1

    def _leave_out(self, code: tuple[str, str], row: Mapping[str, Any]) -> None:
        what = hash((code, row.get("thing"), row.get("id"), row.get("reason")))
        if what not in self._seen:
            self._seen.add(what)
            self.left_out[str(row.get("stage")), str(row.get("thing")), str(row.get("reason"))] += 1
