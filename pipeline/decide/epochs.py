"""An epoch: one adapter version against one frontier version, with its own stake of the error chance.

Evidence never crosses an epoch; what it may stake is in ``wealth``.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

from pipeline.decide.audit import Audit
from pipeline.decide.band import lower_edge, upper_edge
from pipeline.decide.bets import BATCH, Process
from pipeline.decide.edge import Edge
from pipeline.decide.guard import Guard
from pipeline.decide.options import Options
from pipeline.decide.pairs import Missing, Pair
from pipeline.decide.saving import Saving
from pipeline.decide.stream import PullKey
from pipeline.decide.tally import Tally
from pipeline.decide.utility import Utility
from pipeline.decide.wealth import level
from pipeline.settings import DecideConfig


@dataclass(frozen=True)
class Latch:
    """When a process first reached 1/alpha; it counts from then on."""

    n: int
    at: str


class Epoch:
    """Everything known about one epoch, one pair at a time."""

    def __init__(
        self,
        number: int,
        first: Pair,
        wealth: float,
        settings: DecideConfig,
        options: Options,
        edges: bool = False,
        guard_wealth: float = 1.0,
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
        self.guard = Guard(settings.margin, settings.error_chance, guard_wealth) if first.measure == "recall" else None
        """None for tests, which a patch cannot pass by being long."""
        self.audit = Audit(settings.margin)
        self.latched: dict[str, Latch] = {}
        self._open: dict[str, Process | Saving | Utility | Guard] = {
            "noninferior": self.noninferior,
            "better": self.better,
            "worse": self.worse,
            "saving": self.saving,
        }
        if self.utility:
            self._open["utility"] = self.utility
        if self.guard:
            self._open["guard"] = self.guard
        self.tally = Tally()
        self._waiting: list[Pair] = []
        self._patience = 1
        """Pairs that may wait together: no process can reach its goal before the last of them."""
        self._each = edges or options.switched
        """Whether every pair is taken at once: for the band after it, or as it may be an audit."""
        self.at = first.at
        self._voids: set[PullKey] = set()
        self.missing: dict[PullKey, Missing] = {}
        """Where own's attempt is missing: until it is there, own is taken to have failed."""
        self.contradicted = False
        """Shown to be within the margin and shown to be beyond it: the mean has moved (an empty band)."""
        self._differences = array("d")
        self._sum = 0.0
        self._edges = (Edge(self.alpha), Edge(self.alpha)) if edges else None
        self._band: tuple[float, float] = (-1.0, 1.0)
        self._options = options

    def takes(self, pair: Pair) -> bool:
        """Whether ``pair`` is of these versions, and the epoch is not closed by a contradiction."""
        return pair.own_version == self.own_version and pair.frontier == self.frontier and not self.contradicted

    def add(self, pair: Pair) -> None:
        """Take one pair of these versions; a void one is only counted. It may wait for ``settle``."""
        self.at = pair.at
        if pair.own is None or pair.frontier_side is None:
            self._voids.add((pair.repo, pair.number))
            return
        if self._voids or self.missing:
            self._voids.discard((pair.repo, pair.number))
            self.missing.pop((pair.repo, pair.number), None)
        if self.guard and not self.guard.is_on and (pair.own.f1 or pair.frontier_side.f1):
            self.settle()
            self._patience = 1
        self._waiting.append(pair)
        if len(self._waiting) >= self._patience:
            self.settle()

    def settle(self) -> None:
        """Take the pairs that wait. To be called before anything else of the epoch is read."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        mine, theirs = self.tally.extend(waiting)
        self._bet([own.score - frontier.score for own, frontier in zip(mine, theirs, strict=True)], waiting)
        costs = [(own.usd, frontier.usd) for own, frontier in zip(mine, theirs, strict=True)]
        self.saving.extend(costs)
        if self.utility:
            self.utility.extend(self._differences[-len(waiting) :], costs)
        if self.guard:
            self.guard.extend([(own.f1, frontier.f1) for own, frontier in zip(mine, theirs, strict=True)])
        self._latch(waiting[-1].at)
        if not self._each:
            patience = min([process.patience(self._goal) for process in self._open.values()], default=BATCH)
            self._patience = max(1, min(patience, BATCH))

    def _audited(self, pair: Pair) -> bool:
        since = self._options.switched_at
        return pair.at > since if since is not None else self.ready

    def _bet(self, differences: list[float], of: list[Pair]) -> None:
        if self._options.switched and self._audited(of[-1]):
            self.audit.add(differences[-1])
        self.noninferior.extend(differences)
        self.better.extend(differences)
        self.worse.extend([-d for d in differences])
        self._differences.extend(differences)
        self._sum = sum(differences, self._sum)
        if self._edges:
            self._band = (self._edges[0].add(differences[-1]), -self._edges[1].add(-differences[-1]))

    def _latch(self, at: str) -> None:
        reached = [name for name, process in self._open.items() if process.reaches(self._goal)]
        for name in reached:
            if self.missing and not self._stands(name):
                continue
            self.latched[name] = Latch(self.n, at)
            del self._open[name]
            self.contradicted = {"noninferior", "worse"} <= self.latched.keys()

    def miss(self, missing: Missing) -> None:
        """Take a PR that frontier attempted and own did not."""
        if missing.frontier == self.frontier and missing.score > 0:
            self.missing[(missing.repo, missing.number)] = missing

    def _stands(self, name: str) -> bool:
        """Whether a proof in own's favour holds even if own failed on every PR that it is missing from."""
        worst = [-missing.score for missing in self.missing.values()]
        if name == "noninferior":
            return self.noninferior.log_e_with(worst) >= self._goal
        if name == "better":
            return self.better.log_e_with(worst) >= self._goal
        if name == "utility" and self.utility:
            return self.utility.log_e_with(worst) >= self._goal
        if name == "guard" and self.guard:
            return self.guard.stands(missing.f1 for missing in self.missing.values())
        return True

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
        """Non-inferior and cheaper, or better; with a value per solved PR: non-inferior and it pays.

        Never while the guard withholds it.
        """
        if self.withheld:
            return False
        if self.utility:
            return {"noninferior", "utility"} <= self.latched.keys()
        return {"noninferior", "saving"} <= self.latched.keys() or "better" in self.latched

    @property
    def withheld(self) -> bool:
        """Whether own is not yet shown to keep up in line F1, too."""
        return self.guard is not None and self.guard.is_on and "guard" not in self.latched

    @property
    def is_unguarded(self) -> bool:
        """Whether own has scores that a guard should have watched, and could not."""
        return self.guard is not None and not self.guard.is_on and self.tally.own.score > 0

    def band(self) -> tuple[float, float]:
        """Lower and upper confidence bound of the mean difference at this epoch's alpha."""
        if self._edges:
            return self._band
        return lower_edge(self._differences, self.alpha), upper_edge(self._differences, self.alpha)

    def mean(self) -> float | None:
        """Mean difference; None without a pair."""
        return self._sum / self.n if self.n else None
