"""Evaluations in, verdict out: the one public face of this package. Pure: no I/O, no clock, no chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.decide.epochs import Epoch, Latch, Options, level, next_wealth
from pipeline.decide.forecast import fewest_pulls, further_pulls
from pipeline.decide.pairs import Pair, Stream, fold, pairs
from pipeline.decide.states import Facts, judge_state
from pipeline.decide.tally import Tally
from pipeline.decide.utility import break_even
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation

Verdict = dict[str, Any]
"""The contract's JSON object; see ``docs/decide.md`` for every field."""


def judge(
    evaluations: Iterable[Evaluation], settings: DecideConfig | None = None, options: Options | None = None
) -> Verdict:
    """The verdict over all ``evaluations`` (any order; read once).

    Raises ValueError for a margin outside [0, 1) or an error chance outside (0, 1).
    """
    court = _Court(fold(evaluations), settings or DecideConfig(), options or Options(), edges=False)
    for pair in court.pairs:
        court.add(pair)
    return court.verdict()


def trace(
    evaluations: Iterable[Evaluation], settings: DecideConfig | None = None, options: Options | None = None
) -> Iterator[Verdict]:
    """The verdict after every pull request in order of ``at``; ``pull`` tells which one came last."""
    court = _Court(fold(evaluations), settings or DecideConfig(), options or Options(), edges=True)
    for pair in court.pairs:
        court.add(pair)
        yield {**court.verdict(), "pull": _pull(pair)}


def _pull(pair: Pair) -> dict[str, Any]:
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


class _Court:
    """The epochs of one stream, one pair at a time."""

    def __init__(self, stream: Stream, settings: DecideConfig, options: Options, edges: bool) -> None:
        if not 0 <= settings.margin < 1:
            raise ValueError(f"margin {settings.margin} is not in [0, 1)")
        if not 0 < settings.error_chance < 1:
            raise ValueError(f"error chance {settings.error_chance} is not between 0 and 1")
        self._settings, self._options, self._edges = settings, options, edges
        self._stream = stream
        self._measure = options.measure or stream.primary()
        every = list(pairs(stream))
        self.pairs = [pair for pair in every if pair.measure == self._measure]
        self._notes = _notes(stream, every, self._measure)
        self._left_out = _left_out(stream, every, self._measure)
        self._epoch: Epoch | None = None
        self._recheck: str | None = None

    def add(self, pair: Pair) -> None:
        if self._epoch is None:
            self._epoch = self._open(1, pair, 1.0)
        elif not self._epoch.takes(pair):
            last = self._epoch
            self._recheck = _recheck(last, pair, self._recheck)
            wealth = next_wealth(last.wealth, last.noninferior.log_e)
            self._epoch = self._open(last.number + 1, pair, wealth)
        self._epoch.add(pair)

    def _open(self, number: int, first: Pair, wealth: float) -> Epoch:
        return Epoch(number, first, wealth, self._settings, self._options, self._edges)

    def verdict(self) -> Verdict:
        epoch = self._epoch
        state, reasons = judge_state(self._facts(epoch))
        result: Verdict = {"state": state, "reasons": [*reasons, *self._notes]}
        result |= _evidence(epoch, self._settings)
        result |= _money(epoch, self._options)
        result |= {
            "forecast": _forecast(epoch, self._settings),
            "measure": self._measure,
            "latched": _latched(epoch.latched if epoch else {}),
            "audit": _audit(epoch),
            "at": epoch.at if epoch else None,
            "left_out": self._left_out,
        }
        if epoch and epoch.tally.backtests:
            result["reasons"].append(
                f"backtest: {epoch.tally.backtests} of {epoch.n} pull requests are replayed history"
            )
        return result

    def _facts(self, epoch: Epoch | None) -> Facts:
        if epoch is None:
            return Facts(self._stream.seen_own, 0, self._options.n_min, switched=self._options.switched)
        shown = epoch.latched
        return Facts(
            has_own=True,
            n=epoch.n,
            n_min=self._options.n_min,
            noninferior="noninferior" in shown,
            better="better" in shown,
            worse="worse" in shown,
            saving="saving" in shown,
            utility=("utility" in shown) if epoch.utility else None,
            saving_unknown=epoch.saving.unknown > 0 and epoch.saving.known == 0,
            switched=self._options.switched,
            alarmed=epoch.audit.alarmed_at is not None,
            recheck=self._recheck,
        )


def _recheck(last: Epoch, pair: Pair, pending: str | None) -> str | None:
    """Why a verdict on the own model of ``pair`` must be made again; None when there was none."""
    if last.own_version != pair.own_version:
        return None
    if last.contradicted:
        return "band_empty"
    if last.ready:
        return "new_frontier"
    return None if "worse" in last.latched else pending


def _evidence(epoch: Epoch | None, settings: DecideConfig) -> Verdict:
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


def _money(epoch: Epoch | None, options: Options) -> Verdict:
    tally = epoch.tally if epoch else Tally()
    cost: dict[str, Any] = {
        "saving_usd_per_pull": tally.saving_usd(),
        "evaluation_usd": tally.evaluation_usd(),
        "pulls_without_cost": epoch.saving.unknown if epoch else 0,
        "cap_usd": options.cost_cap_usd,
        "net_usd_per_pull": None,
        "break_even_pulls": None,
    }
    if epoch and epoch.utility:
        cost["net_usd_per_pull"] = net = epoch.utility.per_pull_usd(epoch.alpha)
        if options.fixed_usd is not None:
            cost["break_even_pulls"] = break_even(options.fixed_usd, net)
    return {
        "own": tally.own.to_json(),
        "frontier": tally.frontier.to_json(),
        "base": tally.base.to_json(),
        "cost": cost,
    }


def _forecast(epoch: Epoch | None, settings: DecideConfig) -> dict[str, Any]:
    alpha = epoch.alpha if epoch else level(settings.error_chance, 1.0)
    process = epoch.noninferior if epoch else None
    further = further_pulls(process.log_e, process.growth, alpha) if process else None
    spent = epoch.tally.evaluation_usd() if epoch else None
    per_pull = spent / epoch.n if epoch and spent is not None else None
    return {
        "pulls": 0 if epoch and "noninferior" in epoch.latched else further,
        "usd": None if further is None or per_pull is None else further * per_pull,
        "growth": process.growth if process else None,
        "fewest_pulls": fewest_pulls(settings.margin, alpha),
    }


def _audit(epoch: Epoch | None) -> dict[str, Any] | None:
    if epoch is None or epoch.audit.n == 0:
        return None
    return {"n": epoch.audit.n, "log_e": epoch.audit.log_mean, "alarmed_at": epoch.audit.alarmed_at}


def _latched(latched: dict[str, Latch]) -> dict[str, Any]:
    return {name: {"n": latch.n, "at": latch.at} for name, latch in latched.items()}


def _left_out(stream: Stream, every: list[Pair], measure: str) -> dict[str, int]:
    """PRs that take no part in the verdict, by reason code."""
    paired = {(pair.repo, pair.number) for pair in every}
    judged = {(pair.repo, pair.number) for pair in every if pair.measure == measure}
    counts = {"unpaired": len(stream.pulls) - len(paired), "other_measure": len(paired - judged)}
    return {reason: count for reason, count in counts.items() if count}


def _notes(stream: Stream, every: list[Pair], measure: str) -> list[str]:
    left_out = _left_out(stream, every, measure)
    notes = []
    if "other_measure" in left_out:
        notes.append(
            f"other_measure: {left_out['other_measure']} pull requests not scored by {measure} are judged apart"
        )
    if "unpaired" in left_out:
        notes.append(f"unpaired: {left_out['unpaired']} pull requests lack the attempt of own or of frontier")
    if len(stream.repos) > 1:
        notes.append(f"several_repos: {len(stream.repos)} repositories in one verdict; --by repo judges each alone")
    return notes
