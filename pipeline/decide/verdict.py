"""Evaluations in, verdict out: the one public face of this package. Pure: no I/O, no clock, no chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.decide import shown
from pipeline.decide.census import Census, notes
from pipeline.decide.epochs import Epoch
from pipeline.decide.forecast import fewest_pulls
from pipeline.decide.money import forecast, money
from pipeline.decide.options import Options
from pipeline.decide.pairs import Missing, Pair, events
from pipeline.decide.states import Facts, judge_state
from pipeline.decide.stream import Graded, Stream, fold
from pipeline.decide.volume import Volume
from pipeline.decide.wealth import level, next_wealth
from pipeline.settings import DecideConfig

Verdict = dict[str, Any]
"""The contract's JSON object; see ``docs/decide.md`` for every field."""


def judge(
    evaluations: Iterable[Graded] | Stream, settings: DecideConfig | None = None, options: Options | None = None
) -> Verdict:
    """The verdict over all ``evaluations`` (any order; read once).

    Raises ValueError for a margin outside [0, 1) or an error chance outside (0, 1).
    """
    stream = evaluations if isinstance(evaluations, Stream) else fold(evaluations)
    court = _Court(stream, settings or DecideConfig(), options or Options(), edges=False)
    census = Census(court.measure)
    for event in events(stream):
        census.add(event)
        court.add(event)
    return court.verdict(census.left_out(stream), len(stream.repos()))


def trace(
    evaluations: Iterable[Graded] | Stream, settings: DecideConfig | None = None, options: Options | None = None
) -> Iterator[Verdict]:
    """The verdict after every pull request in order of ``at``; ``pull`` tells which one came last."""
    stream = evaluations if isinstance(evaluations, Stream) else fold(evaluations)
    court = _Court(stream, settings or DecideConfig(), options or Options(), edges=True)
    census, every = Census(court.measure), list(events(stream))
    for event in every:
        census.add(event)
    left_out, repos = census.left_out(stream), len(stream.repos())
    for event in every:
        if court.add(event) and isinstance(event, Pair):
            yield {**court.verdict(left_out, repos), "pull": shown.pull(event)}


class _Court:
    """The epochs of one stream, one pair at a time."""

    def __init__(self, stream: Stream, settings: DecideConfig, options: Options, edges: bool) -> None:
        if not 0 <= settings.margin < 1:
            raise ValueError(f"margin {settings.margin} is not in [0, 1)")
        if not 0 < settings.error_chance < 1:
            raise ValueError(f"error chance {settings.error_chance} is not between 0 and 1")
        self._settings, self._options, self._edges = settings, options, edges
        self._stream = stream
        self.measure = options.measure or stream.primary()
        self._volume = Volume()
        self._versions: set[str] = set()
        self._merged = dict(stream.merged)
        self._epoch: Epoch | None = None
        self._recheck: str | None = None

    def add(self, pair: Pair | Missing) -> bool:
        """Take what happened to a PR; False for one of the other measure, which is judged apart."""
        if pair.measure != self.measure:
            return False
        if self._merged and (merged_at := self._merged.pop((pair.repo, pair.number), None)):
            self._volume.add(merged_at)
        if isinstance(pair, Missing):
            if self._epoch:
                self._epoch.miss(pair)
            return True
        if self._epoch is None:
            self._epoch = self._open(1, pair, 1.0)
        elif not self._epoch.takes(pair):
            last = self._epoch
            last.settle()
            self._recheck = _recheck(last, pair, self._recheck)
            wealth = next_wealth(last.wealth, last.noninferior.log_e)
            self._epoch = self._open(last.number + 1, pair, wealth, last.guard.next_wealth() if last.guard else 1.0)
        self._epoch.add(pair)
        return True

    def _open(self, number: int, first: Pair, wealth: float, guard_wealth: float = 1.0) -> Epoch:
        self._versions.add(first.own_version)
        return Epoch(number, first, wealth, self._settings, self._options, self._edges, guard_wealth)

    def verdict(self, left_out: dict[str, int], repos: int) -> Verdict:
        epoch = self._epoch
        if epoch:
            epoch.settle()
        state, reasons = judge_state(self._facts(epoch))
        result: Verdict = {"state": state, "reasons": [*reasons, *notes(left_out, repos, self.measure)]}
        result |= shown.evidence(epoch, self._settings)
        result |= money(epoch, self._options, self._volume, len(self._versions))
        result |= {
            "forecast": forecast(epoch, self._settings, self._volume),
            "measure": self.measure,
            "latched": shown.latched(epoch.latched if epoch else {}),
            "guard": shown.guard(epoch),
            "audit": shown.audit(epoch),
            "at": epoch.at if epoch else None,
            "left_out": left_out,
        }
        if epoch and epoch.missing:
            result["reasons"].append(
                f"own_missing: {len(epoch.missing)} pull requests with an attempt of frontier and none of own; "
                "until it is there, a proof must hold as if own had failed on them"
            )
        if state == "ready" and epoch and epoch.is_unguarded:
            result["reasons"].append(
                "unguarded: the evaluations have no line F1, without which recall rewards patches that change too much"
            )
        if epoch and epoch.tally.backtests:
            result["reasons"].append(
                f"backtest: {epoch.tally.backtests} of {epoch.n} pull requests are replayed history"
            )
        return result

    def _facts(self, epoch: Epoch | None) -> Facts:
        fewest = fewest_pulls(self._settings.margin, epoch.alpha if epoch else level(self._settings.error_chance, 1.0))
        if epoch is None:
            return Facts(self._stream.seen_own, 0, self._options.n_min, switched=self._options.switched, fewest=fewest)
        latched = epoch.latched
        return Facts(
            has_own=True,
            n=epoch.n,
            n_min=self._options.n_min,
            noninferior="noninferior" in latched,
            better="better" in latched,
            worse="worse" in latched,
            saving="saving" in latched,
            utility=("utility" in latched) if epoch.utility else None,
            saving_unknown=epoch.saving.unknown > 0 and epoch.saving.known == 0,
            switched=self._options.switched,
            alarmed=epoch.audit.alarmed_at is not None,
            withheld=epoch.guard.margin if epoch.guard and epoch.withheld else None,
            fewest=fewest,
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
