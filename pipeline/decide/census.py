"""Pull requests that take no part in a verdict: counted by reason, and said."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.decide.pairs import Missing, Pair
from pipeline.decide.stream import PullKey, Stream
from pipeline.types import Measure


class Census:
    """Which PRs found a pair, and which of those are judged."""

    def __init__(self, measure: Measure) -> None:
        """``measure``: the one that is judged."""
        self._measure = measure
        self._judged: set[PullKey] = set()
        self._others: set[PullKey] = set()

    def add(self, pair: Pair | Missing) -> None:
        """Take what happened to a PR, in either measure."""
        if isinstance(pair, Missing):
            return
        kind = self._judged if pair.measure == self._measure else self._others
        kind.add((pair.repo, pair.number))

    def left_out(self, stream: Stream) -> dict[str, int]:
        """PRs of ``stream`` by the reason why they are not judged; a reason without any is not there."""
        others = self._others - self._judged
        counts = {"unpaired": len(stream.pulls()) - len(self._judged) - len(others), "other_measure": len(others)}
        return {reason: count for reason, count in counts.items() if count}


def notes(left_out: Mapping[str, int], repos: int, measure: Measure) -> list[str]:
    """What a reader must know of a verdict over ``repos`` repositories besides its reasons."""
    found = []
    if others := left_out.get("other_measure"):
        found.append(f"other_measure: {others} pull requests not scored by {measure} are judged apart")
    if unpaired := left_out.get("unpaired"):
        found.append(f"unpaired: {unpaired} pull requests lack the attempt of own or of frontier")
    if repos > 1:
        found.append(f"several_repos: {repos} repositories in one verdict; --by repo judges each alone")
    return found
