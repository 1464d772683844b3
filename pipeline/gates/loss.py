"""Gate ``held_out_loss``: on samples that it was not trained on, better than its base, no worse than the last one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.gates.record import GateResult

NAME = "held_out_loss"

SLACK = 0.02
"""Nats per token that count as equal: what another order of the samples makes."""

ERRORS = 2.0
"""Standard errors of the mean difference that count as chance."""


@dataclass(frozen=True)
class SampleLoss:
    """Of one held-out sample under each model."""

    tokens: int
    """With loss: the assistant's turns."""
    nats: Mapping[str, float]
    """Mean loss per such token under ``base``, ``own`` and, where there is one, ``last``."""


@dataclass(frozen=True)
class HeldOutLoss:
    """See Gate."""

    samples: Sequence[SampleLoss]

    def judge(self) -> GateResult:
        """Raises nothing; without samples it is not passed."""
        bar = f"below base; above the last adapter by at most {SLACK} nats or {ERRORS:g} standard errors"
        if not self.samples:
            return GateResult(NAME, False, {"samples": 0}, bar, "no held-out sample could be read by the base")
        means = {model: self._mean(model) for model in ("base", "own", "last") if self._has(model)}
        measured = {"samples": len(self.samples), **{model: round(mean, 6) for model, mean in means.items()}}
        said = ", ".join(f"{model} {mean:.3f}" for model, mean in means.items())
        why = f"{said} nats per token on {len(self.samples)} held-out samples"
        if not means["own"] < means["base"]:
            return GateResult(NAME, False, measured, bar, f"{why}: no better than its base, so it has learnt nothing")
        if "last" in means and means["own"] - means["last"] > max(SLACK, ERRORS * self._error()):
            return GateResult(NAME, False, measured, bar, f"{why}: worse than the last adapter")
        return GateResult(NAME, True, measured, bar, why)

    def _has(self, model: str) -> bool:
        return all(model in sample.nats for sample in self.samples)

    def _mean(self, model: str) -> float:
        total = sum(sample.tokens for sample in self.samples)
        return sum(sample.nats[model] * sample.tokens for sample in self.samples) / total

    def _error(self) -> float:
        """Standard error of own minus last; the sample is the unit. Infinite chance of one sample is not assumed."""
        differences = [sample.nats["own"] - sample.nats["last"] for sample in self.samples]
        if len(differences) < 2:
            return 0.0
        mean = sum(differences) / len(differences)
        spread = sum((x - mean) ** 2 for x in differences) / (len(differences) - 1)
        return math.sqrt(spread / len(differences))
