"""The files of one folder that are derived from its journal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.generate.journal import Journal
from pipeline.generate.manifest import replace_lines
from pipeline.generate.plan import Target
from pipeline.generate.samples import Origin, sample
from pipeline.generate.select import Recipe
from pipeline.generate.stories import Kept, outcomes, story
from pipeline.generate.summary import Head, Summary, summarise
from pipeline.types import LeftOut, to_json


class Files:
    """What is derived from the journal: the same for the same journal, written at one stroke each."""

    def __init__(
        self,
        out: Path,
        head: Head,
        targets: Sequence[Target],
        left_out: Sequence[LeftOut],
        journal: Journal,
        recipe: Recipe,
    ) -> None:
        self.out, self._head, self._targets = out, head, targets
        self._left_out, self._journal, self._recipe = left_out, journal, recipe

    def write(self, state: str, failures: Sequence[str]) -> Summary:
        """``samples.jsonl``, ``left_out.jsonl`` and ``summary.json``.

        Samples that training can read whole come first, then by how much of them it can; within
        that, as everything, in the order of the plan.
        """
        head, journal = self._head, self._journal
        stories = [story(target, journal) for target in self._targets]
        results = list(outcomes(stories, journal, self._recipe))
        origin = Origin(head.repo, head.base_sha, head.base_time, head.teacher, head.config_sha256)
        kept = sorted((result for result in results if isinstance(result, Kept)), key=lambda one: -one.kept_share)
        self._replace("samples.jsonl", (_line(sample(one, origin, journal)) for one in kept))
        dropped = (result for result in results if isinstance(result, LeftOut))
        self._replace("left_out.jsonl", (_line(row) for row in (*self._left_out, *dropped)))
        reasons = Counter(row.reason for row in self._left_out)
        summary = summarise(head, state, stories, results, journal.tally, reasons, failures)
        self._replace("summary.json", [json.dumps(to_json(summary), indent=1, ensure_ascii=False)])
        return summary

    def _replace(self, name: str, lines: Iterable[str]) -> None:
        replace_lines(self.out / name, lines)


def _line(noun: object) -> str:
    return json.dumps(to_json(noun), ensure_ascii=False, separators=(",", ":"))
