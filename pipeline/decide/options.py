"""What a verdict may be told besides the config."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.types import Measure


@dataclass(frozen=True)
class Options:
    """The defaults are the contract's."""

    cost_cap_usd: float | None = None
    """Most that one attempt can cost, enforced by the runner. None: not declared."""
    fixed_usd: float | None = None
    """Spent on training so far, for the break-even. None: not known."""
    training_pulls: int | None = None
    """PRs that one training serves, until the next one is due; spreads ``fixed_usd``. None: not known."""
    measure: Measure | None = None
    """tests or recall; None: hard where at least 70% of the PRs could be run."""
    switched: bool = False
    """True when a human has routed the team to own."""
    switched_at: str | None = None
    """When; PRs after it are audits. None: those after the flag was first up."""
    n_min: int = 20
    """PRs below which the state stays ``collecting``: display only."""
