"""Looks at a run twice a second: shows it, and writes ``progress.json`` for ``switchover status``."""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import os
import platform
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from pipeline import whole
from pipeline.generate.failures import Failures
from pipeline.generate.money.bounds import of_function
from pipeline.generate.money.forecast import Forecast, PerFunction, Standing, forecast
from pipeline.generate.money.ledger import Ledger
from pipeline.generate.money.meter import Meter, UnderWay
from pipeline.generate.progress import standing
from pipeline.generate.progress.course import Course
from pipeline.generate.progress.snapshot import NAME, Snapshot
from pipeline.rollout.wire import Usage
from pipeline.types import to_json

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_WRITE_SECONDS = 2.0
_WINDOW_SECONDS = 30.0
_FORECAST_SHARE = 0.01
"""Of the time, at most: a forecast from tens of thousands of functions is not made every two seconds."""


class Display(Protocol):
    """Shows snapshots on stderr."""

    def show(self, now: Snapshot) -> None:
        """Called twice a second, by one thread."""

    def close(self, last: Snapshot) -> None:
        """Called once; the terminal is as before afterwards."""


@dataclass(frozen=True)
class Views:
    """What a progress looks at."""

    course: Course
    meter: Meter
    ledger: Ledger
    failures: Failures
    concurrency: int
    past: PerFunction | None
    """Of other folders of the same configuration."""


class Progress:
    """Of one call on the folder ``out``."""

    def __init__(self, out: Path, views: Views, display: Display) -> None:
        self._path = out / NAME
        self._views, self._display = views, display
        self._began, self._started_at = time.monotonic(), _utc_now()
        self._window: deque[tuple[float, Usage]] = deque()
        self._forecast: Forecast | None = None
        self._written = -_WRITE_SECONDS
        self._next_forecast = 0.0
        self._over = threading.Event()

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """While the block runs; call ``finish`` afterwards."""
        thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self._forecast = None
            self._display.close(self._over_all(self.snapshot("running")))

    def finish(self, state: str) -> None:
        """Write down that the run is over. What an interruption leaves running is listed with what it has used."""
        self._write(self._over_all(self.snapshot(state)))

    def settle(self, state: str) -> None:
        """As ``finish``, for a call that ran nothing: what an earlier call wrote stays where it still holds."""
        there, now = standing.read(self._path.parent) or {}, to_json(self.snapshot(state))
        if any(there.get(key) != now[key] for key in ("state", "planned", "kept_first", "kept_second", "left_out")):
            self.finish(state)

    def snapshot(self, state: str) -> Snapshot:
        """How it stands now."""
        views, tally = self._views, self._views.ledger.tally
        under_way = views.meter.under_way()
        running = sum((one.usage for one in under_way), Usage())
        speed_in, speed_out, cached = self._speed(views.meter.used())
        spent = self._spent(under_way)
        return Snapshot(
            state=state,
            pid=os.getpid(),
            host=platform.node(),
            started_at=self._started_at,
            updated_at=_utc_now(),
            elapsed_seconds=round(time.monotonic() - self._began, 1),
            planned=views.course.planned,
            ended=views.course.ended,
            rollouts_running=sum(one.kind.startswith("rollout") for one in under_way),
            questions_running=sum(not one.kind.startswith("rollout") for one in under_way),
            kept_first=views.course.kept_first,
            kept_second=views.course.kept_second,
            left_out=dict(views.course.left_out.most_common()),
            failed=len(views.failures.open),
            tokens_in=tally.tokens_in + running.tokens_in,
            tokens_out=tally.tokens_out + running.tokens_out,
            tokens_cached=tally.tokens_cached + running.tokens_cached,
            tokens_in_per_second=speed_in,
            tokens_out_per_second=speed_out,
            cached_share=cached,
            cost_usd=spent,
            limit_usd=views.meter.budget.cap,
            forecast=None if self._forecast is None else self._forecast.at_least(spent),
            under_way=under_way,
        )

    def _over_all(self, last: Snapshot) -> Snapshot:
        used, seconds = self._views.meter.used(), max(1.0, last.elapsed_seconds)
        cached = round(used.tokens_cached / used.tokens_in, 3) if used.tokens_in else None
        speed_in, speed_out = round(used.tokens_in / seconds, 1), round(used.tokens_out / seconds, 1)
        return replace(last, tokens_in_per_second=speed_in, tokens_out_per_second=speed_out, cached_share=cached)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            is_due = time.monotonic() - self._written >= _WRITE_SECONDS
            if time.monotonic() >= self._next_forecast:
                self._forecast = self._foretold_in_turn()
            now = self.snapshot("running")
            self._display.show(now)
            if is_due:
                self._written = time.monotonic()
                self._write(now)

    def _foretold_in_turn(self) -> Forecast:
        began = time.monotonic()
        found = self.foretold()
        now = time.monotonic()
        self._next_forecast = now + max(_WRITE_SECONDS, (now - began) / _FORECAST_SHARE)
        return found

    def _spent(self, under_way: list[UnderWay]) -> float | None:
        if not self._views.meter.has_price:
            return self._views.ledger.tally.cost_usd
        return (self._views.ledger.tally.cost_usd or 0.0) + sum(one.cost_usd or 0.0 for one in under_way)

    def foretold(self) -> Forecast:
        """What is to be expected now."""
        views, under_way = self._views, self._views.meter.under_way()
        standing = Standing(
            left=views.course.planned - views.course.ended,
            lanes=views.concurrency,
            ended_usd=views.course.ended_usd(),
            spent_usd=self._spent(under_way) or 0.0,
            begun_seconds=views.course.begun_seconds() + sum(one.seconds for one in under_way),
            kept=views.course.kept,
            cap=views.meter.budget.cap,
            bound_usd=of_function(views.meter.budget.bounds) if views.meter.has_price else None,
        )
        return forecast(standing, views.course.per_function(), views.past)

    def _speed(self, used: Usage) -> tuple[float, float, float | None]:
        now = time.monotonic()
        self._window.append((now, used))
        while now - self._window[0][0] > _WINDOW_SECONDS:
            self._window.popleft()
        then, before = self._window[0]
        seconds = max(now - then, 1.0)
        taken = used.tokens_in - before.tokens_in
        cached = round((used.tokens_cached - before.tokens_cached) / taken, 3) if taken > 0 else None
        return round(taken / seconds, 1), round((used.tokens_out - before.tokens_out) / seconds, 1), cached

    def _write(self, now: Snapshot) -> None:
        """At one stroke, for readers that come at any time; not durable, as the next one is two seconds away."""
        try:
            whole.write(self._path, json.dumps(to_json(now)).encode() + b"\n", durable=False)
        except OSError as error:  # a full disk is told of where results are written
            log.debug("%s: %s", self._path, error)


def _utc_now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
