"""What is known, as the contract's JSON: pure copying, no rules."""

from __future__ import annotations

from typing import Any

from pipeline.decide.epochs import Epoch, Latch
from pipeline.decide.pairs import Pair
from pipeline.decide.wealth import level
from pipeline.settings import DecideConfig


def pull(pair: Pair) -> dict[str, Any]:
    return {
        "repo": pair.repo,
        "number": pair.number,
        "at": pair.at,
        "difference": None if pair.void else pair.difference,
        "own": pair.own.score if pair.own else None,
        "frontier": pair.frontier_side.score if pair.frontier_side else None,
        "own_usd": pair.own.usd if pair.own else None,
        "frontier_usd": pair.frontier_side.usd if pair.frontier_side else None,
        "backtest": pair.backtest,
    }


def evidence(epoch: Epoch | None, settings: DecideConfig) -> dict[str, Any]:
    if epoch is None:
        return {
            "n": 0,
            "void": 0,
            "mean_difference": None,
            "low": None,
            "high": None,
            "margin": settings.margin,
            "alpha": level(settings.error_chance, 1.0),
            "wealth": 1.0,
            "epoch": {"number": 1, "adapter": None, "frontier": None},
            "log_e": {"noninferior": 0.0, "better": 0.0, "worse": 0.0, "saving": 0.0},
        }
    low, high = epoch.band() if epoch.n else (None, None)
    return {
        "n": epoch.n,
        "void": epoch.void,
        "mean_difference": epoch.mean(),
        "low": low,
        "high": high,
        "margin": settings.margin,
        "alpha": epoch.alpha,
        "wealth": epoch.wealth,
        "epoch": {"number": epoch.number, "adapter": epoch.adapter, "frontier": epoch.frontier},
        "log_e": {
            "noninferior": epoch.noninferior.log_e,
            "better": epoch.better.log_e,
            "worse": epoch.worse.log_e,
            "saving": epoch.saving.log_e,
        },
    }


def guard(epoch: Epoch | None) -> dict[str, Any] | None:
    if epoch is None or epoch.guard is None or not epoch.guard.is_on:
        return None
    of = epoch.guard
    made = {"measure": "f1", "margin": of.margin, "n": of.n, "mean_difference": of.mean, "log_e": of.log_e}
    return {**made, "alpha": of.alpha, "wealth": of.wealth}


def audit(epoch: Epoch | None) -> dict[str, Any] | None:
    if epoch is None or epoch.audit.n == 0:
        return None
    return {"n": epoch.audit.n, "log_e": epoch.audit.log_mean, "alarmed_at": epoch.audit.alarmed_at}


def latched(latched: dict[str, Latch]) -> dict[str, Any]:
    return {name: {"n": latch.n, "at": latch.at} for name, latch in latched.items()}
