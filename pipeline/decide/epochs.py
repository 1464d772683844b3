"""An epoch: one adapter version against one frontier version, with its own stake of the error chance.

Evidence never crosses an epoch. Each epoch stakes half of the wealth that is left; what its
non-inferiority process lost is lost, what it won is not carried over. So the chance of any false
flag in the whole life of a repository stays at most alpha, for any mix of good and bad versions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.decide.audit import Audit
from pipeline.decide.band import Edge, lower_edge, upper_edge
from pipeline.decide.bets import Process
from pipeline.decide.pairs import Pair
from pipeline.decide.saving import Saving
from pipeline.decide.tally import Tally
from pipeline.decide.utility import Utility
from pipeline.settings import DecideConfig

STAKE = 0.5
"""Share of the remaining wealth that an epoch may lose."""

_LEAST_WEALTH = 1e-300


@dataclass(frozen=True)
class Options:
    """What a verdict may be told besides the config; the defaults are the contract's."""

    cost_cap_usd: float | None = None
    """Most that one attempt can cost, enforced by the runner. None: not declared."""
    fixed_usd: float | None = None
    """Spent on training so far, for the break-even. None: not known."""
    measure: str | None = None
    """tests or recall; None: hard where at least 70% of the PRs could be run."""
    switched: bool = False
    """True when a human has routed the team to own."""
    switched_at: str | None = None
    """When; PRs after it are audits. None: those after the flag was first up."""
    n_min: int = 20
    """PRs below which the state stays ``collecting``: display only."""


def level(error_chance: float, wealth: float) -> float:
    """alpha of an epoch that starts with ``wealth``."""
    return error_chance * STAKE * wealth


def next_wealth(wealth: float, log_e_end: float) -> float:
    """Wealth after an epoch whose non-inferiority e-value ended at ``exp(log_e_end)``."""
    return max(_LEAST_WEALTH, wealth * (1 - STAKE + STAKE * math.exp(min(0.0, log_e_end))))


@dataclass(frozen=True)
class Latch:
    """When a process first reached 1/alpha; it counts from then on."""

    n: int
    at: str


class Epoch:
    """Everything known about one epoch, one pair at a time."""

    def __init__(
        self, number: int, first: Pair, wealth: float, settings: DecideConfig, options: Options, edges: bool = False
    ) -> None:
        """``edges``: keep the band after every pair (for a trace), not only at the end."""
        self.number = number
        self.adapter, self.own_version, self.frontier = first.adapter, first.own_version, first.frontier
        self.wealth = wealth
        self.alpha = level(settings.error_chance, wealth)
        self._goal = -math.log(self.alpha)
        self.noninferior = Process(-settings.margin)
        self.better = Process(0.0)
        self.worse = Process(settings.margin)
        self.saving = Saving(options.cost_cap_usd)
        value = settings.value_of_solved_pull_usd
        self.utility = Utility(value, options.cost_cap_usd) if value else None
        self.audit = Audit(settings.margin)
        self.latched: dict[str, Latch] = {}
        self._open: dict[str, Process | Saving | Utility] = {
            "noninferior": self.noninferior,
            "better": self.better,
            "worse": self.worse,
            "saving": self.saving,
        }
        if self.utility:
            self._open["utility"] = self.utility
        self.tally = Tally()
        self.at = first.at
        self._voids: set[tuple[str, int]] = set()
        self._differences: list[float] = []
        self._edges = (Edge(self.alpha), Edge(self.alpha)) if edges else None
        self._band: tuple[float, float] = (-1.0, 1.0)
        self._options = options

    def takes(self, pair: Pair) -> bool:
        """Whether ``pair`` is of these versions, and the epoch is not closed by a contradiction."""
        return (pair.own_version, pair.frontier) == (self.own_version, self.frontier) and not self.contradicted

    def add(self, pair: Pair) -> None:
        """Take one pair of these versions; a void one is only counted."""
        self.at = pair.at
        place = (pair.repo, pair.number)
        if pair.own is None or pair.frontier_side is None:
            self._voids.add(place)
            return
        self._voids.discard(place)
        if self._audited(pair):
            self.audit.add(pair.difference)
        self._bet(pair.difference)
        self.saving.add(pair.own.usd, pair.frontier_side.usd)
        if self.utility:
            self.utility.add(pair.difference, pair.own.usd, pair.frontier_side.usd)
        self.tally.add(pair)
        self._latch(pair.at)

    def _audited(self, pair: Pair) -> bool:
        if not self._options.switched:
            return False
        since = self._options.switched_at
        return pair.at > since if since is not None else self.ready

    def _bet(self, d: float) -> None:
        self.noninferior.add(d)
        self.better.add(d)
        self.worse.add(-d)
        self._differences.append(d)
        if self._edges:
            self._band = (self._edges[0].add(d), -self._edges[1].add(-d))

    def _latch(self, at: str) -> None:
        for name, process in self._open.copy().items():
            if process.reaches(self._goal):
                self.latched[name] = Latch(self.n, at)
                del self._open[name]

    @property
    def n(self) -> int:
        """Pairs that count."""
        return len(self._differences)

    @property
    def void(self) -> int:
        """Pairs that a failure of the harness has voided, and nothing has mended."""
        return len(self._voids)

    @property
    def ready(self) -> bool:
        """Non-inferior and cheaper, or better; with a value per solved PR: non-inferior and it pays."""
        if self.utility:
            return {"noninferior", "utility"} <= self.latched.keys()
        return {"noninferior", "saving"} <= self.latched.keys() or "better" in self.latched

    @property
    def contradicted(self) -> bool:
        """Shown to be within the margin and shown to be beyond it: the mean has moved (an empty band)."""
        return {"noninferior", "worse"} <= self.latched.keys()

    def band(self) -> tuple[float, float]:
        """Lower and upper confidence bound of the mean difference at this epoch's alpha."""
        if self._edges:
            return self._band
        return lower_edge(self._differences, self.alpha), upper_edge(self._differences, self.alpha)

    def mean(self) -> float | None:
        """Mean difference; None without a pair."""
        return self.tally.difference / self.n if self.n else None
