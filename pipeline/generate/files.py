"""The files of one folder that are derived from its journal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from pipeline.generate.journal import Journal
from pipeline.generate.manifest import replace_lines
from pipeline.generate.money.forecast import Forecast, PerFunction
from pipeline.generate.plan import Target
from pipeline.generate.samples import Origin, sample
from pipeline.generate.select import Recipe
from pipeline.generate.stories import Kept, Outcome, Sieve, Story, story
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

    def sieve(self) -> Callable[[Target], list[Outcome]]:
        """What becomes of one function after another, in whatever order they are given."""
        sieve = Sieve(self._journal, self._recipe)
        return lambda target: sieve.take(story(target, self._journal))

    def write(
        self,
        state: str,
        failures: Sequence[str],
        has_ended: Callable[[Target], bool] = lambda _: True,
        forecast: Forecast | None = None,
    ) -> Summary:
        """``samples.jsonl``, ``left_out.jsonl`` and ``summary.json``.

        Samples that training can read whole come first, then by how much of them it can; within
        that, as everything, in the order of the plan. Messages are read one sample at a time.
        """
        stories = [story(target, self._journal) for target in self._targets]
        sieve = Sieve(self._journal, self._recipe)
        found = [sieve.take(one) for one in stories]
        results = [result for of_story in found for result in of_story]
        self._replace("samples.jsonl", self._samples(results))
        dropped = (result for result in results if isinstance(result, LeftOut))
        self._replace("left_out.jsonl", (_line(row) for row in (*self._left_out, *dropped)))
        ended = [(one, of_story) for one, of_story in zip(stories, found, strict=True) if has_ended(one.target)]
        summary = summarise(
            self._head,
            state,
            stories,
            results,
            self._journal.tally,
            Counter(row.reason for row in self._left_out),
            failures,
            PerFunction.of(self._per_function(*one) for one in ended).rounded() if ended else None,
            forecast,
        )
        self._replace("summary.json", [json.dumps(to_json(summary), indent=1, ensure_ascii=False)])
        return summary

    def _samples(self, results: Iterable[Outcome]) -> Iterator[str]:
        head = self._head
        origin = Origin(head.repo, head.base_sha, head.base_time, head.teacher, head.config_sha256)
        kept = sorted((result for result in results if isinstance(result, Kept)), key=lambda one: -one.kept_share)
        return (_line(sample(one, origin, self._journal)) for one in kept)

    def _per_function(self, story: Story, results: Sequence[Outcome]) -> tuple[float, int, float]:
        used = self._journal.ledger.of_task(story.target.id)
        return used.cost_usd or 0.0, sum(isinstance(result, Kept) for result in results), used.seconds

    def _replace(self, name: str, lines: Iterable[str]) -> None:
        replace_lines(self.out / name, lines)


def _line(noun: object) -> str:
    try:
        return msgspec.json.encode(vars(noun)).decode()
    except UnicodeEncodeError:  # broken output of a command: legal as an escape, illegal as UTF-8
        return json.dumps(vars(noun), separators=(",", ":"))
