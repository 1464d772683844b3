"""Quality and cost on one scale, once a team says what a solved pull request is worth to it.

    u = value * (quality own - quality frontier) + (cost frontier - cost own)      dollars per PR

scaled by ``value + cap`` into [-1, 1]; the switch pays when the lower bound of its mean is above 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.decide.band import lower_edge, upper_edge
from pipeline.decide.bets import Process


class Utility:
    """The e-process of H0 "switching does not pay", E[u] <= 0."""

    def __init__(self, value_usd: float, cap_usd: float | None = None) -> None:
        """``value_usd``: of a solved PR, above 0. ``cap_usd``: per attempt; None: as much as the value."""
        self.value_usd = value_usd
        self.cap_usd = value_usd if cap_usd is None else cap_usd
        self._process = Process(0.0)
        self._observations: list[float] = []

    def add(self, difference: float, own_usd: float | None, frontier_usd: float | None) -> None:
        """Take one PR; without both costs no bet is made on it."""
        if own_usd is None or frontier_usd is None:
            return
        dollars = self.value_usd * difference + min(frontier_usd, self.cap_usd) - own_usd
        observation = dollars / (self.value_usd + self.cap_usd)
        self._process.add(observation)
        self._observations.append(observation)

    def extend(self, differences: Iterable[float], costs: Iterable[tuple[float | None, float | None]]) -> None:
        """Take several PRs; of each pair of costs own's comes first."""
        for difference, (own_usd, frontier_usd) in zip(differences, costs, strict=True):
            self.add(difference, own_usd, frontier_usd)

    def patience(self, log_threshold: float) -> int:
        """PRs without which no bet can be at ``log_threshold``; 0 or less where one may be."""
        return self._process.patience(log_threshold)

    @property
    def log_e(self) -> float:
        """log E of "switching does not pay"; 0 before the first PR."""
        return self._process.log_e

    def reaches(self, log_threshold: float) -> bool:
        """Whether the lower bound of the mean is above 0 at that level."""
        return self._process.reaches(log_threshold)

    def log_e_with(self, differences: Sequence[float]) -> float:
        """log E if PRs with these differences and no saving had been observed too; they are not taken."""
        scale = self.value_usd + self.cap_usd
        return self._process.log_e_with([self.value_usd * d / scale for d in differences])

    def per_pull_usd(self, alpha: float) -> dict[str, float | None]:
        """Net gain of switching, US dollars per PR: ``mean, low, high`` at level ``alpha``; None without PRs.

        The edges cut single PRs that lost more than ``value + cap`` (own above its cap) there.
        """
        if not self._observations:
            return {"mean": None, "low": None, "high": None}
        scale = self.value_usd + self.cap_usd
        within = [max(-1.0, z) for z in self._observations]
        return {
            "mean": scale * sum(self._observations) / len(self._observations),
            "low": scale * lower_edge(within, alpha),
            "high": scale * upper_edge(within, alpha),
        }


def break_even(fixed_usd: float, per_pull: dict[str, float | None]) -> dict[str, float | None]:
    """PRs until ``fixed_usd`` (training, evaluation) is earned back: ``expected, soonest, latest``.

    None means never, or not shown: the gain behind it is unknown or not above 0.
    """

    def pulls(gain: float | None) -> float | None:
        return fixed_usd / gain if gain is not None and gain > 0 else None

    return {"expected": pulls(per_pull["mean"]), "soonest": pulls(per_pull["high"]), "latest": pulls(per_pull["low"])}
