"""How a run stands at a moment: what the terminal shows, and what ``progress.json`` holds for other terminals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.generate.money.forecast import Forecast, Range
from pipeline.generate.money.meter import UnderWay

NAME = "progress.json"


@dataclass(frozen=True)
class Snapshot:
    """Counts are of functions where nothing else is said, and of the whole folder, earlier calls included."""

    state: str
    """running; then as in summary.json: done, limit_usd, failed, stopped."""
    pid: int
    host: str
    started_at: str
    """ISO in UTC; also the name of this call."""
    updated_at: str
    elapsed_seconds: float
    planned: int
    ended: int
    rollouts_running: int
    questions_running: int
    kept_first: int
    """Samples so far; the selection at the end may keep another one of two duplicates."""
    kept_second: int
    left_out: Mapping[str, int]
    """Reason code to count, of rollouts; the most frequent first."""
    failed: int
    """Failures of ours in this call that are still to be made good."""
    tokens_in: int
    """Running stages included, as all that follows."""
    tokens_out: int
    tokens_cached: int
    tokens_in_per_second: float
    """Over the last half minute; once the run is over, over the whole call."""
    tokens_out_per_second: float
    cached_share: float | None
    """Of the tokens in of that time, 0..1; None without any."""
    cost_usd: float | None
    """None without a price."""
    limit_usd: float | None
    forecast: Forecast | None
    """None once the run is over."""
    under_way: Sequence[UnderWay] = ()
    """The running stages; what they used is lost to the journal when the process is killed, so it is kept here."""


def sentence(now: Snapshot) -> str:
    """A snapshot as one line."""
    parts = [
        f"{now.ended} of {now.planned} functions",
        f"{now.rollouts_running} rollouts running",
        f"kept {now.kept_first} + {now.kept_second}",
        f"left out {reasons(now)}" if now.left_out else "",
        speed(now),
        money(now),
        f"{now.failed} failed by our side" if now.failed else "",
        time_left(now),
    ]
    return ", ".join(part for part in parts if part)


def rows(now: Snapshot) -> list[tuple[str, str]]:
    """A snapshot as lines with a name each."""
    failed = f"{now.failed} by our side; they are tried again at the end, or by the same command" if now.failed else ""
    ahead = yield_ahead(now) or ("too early to say" if now.state == "running" and now.ended < now.planned else "")
    found = [
        ("rollouts", f"{now.rollouts_running} running, {now.questions_running} questions"),
        ("kept", f"{now.kept_first} changes, {now.kept_second} redone"),
        ("left out", reasons(now)),
        ("speed", speed(now)),
        ("cost", money(now)),
        ("ahead", ahead),
        ("time", time_left(now)),
        ("failed", failed),
    ]
    return [(name, text) for name, text in found if text]


def reasons(now: Snapshot, most: int = 4) -> str:
    """The most frequent reasons, and how many others there are."""
    listed = [f"{count} {reason}" for reason, count in list(now.left_out.items())[:most]]
    others = sum(list(now.left_out.values())[most:])
    return " + ".join([*listed, *([f"{others} others"] if others else [])]) or "none"


def speed(now: Snapshot) -> str:
    """Tokens per second in and out, and the share that was cached."""
    cached = "" if now.cached_share is None else f" ({now.cached_share:.0%} cached)"
    return f"{_short(now.tokens_in_per_second)} tokens/s in{cached}, {_short(now.tokens_out_per_second)} out"


def money(now: Snapshot) -> str:
    """What was spent, what it will be, and what the cap is."""
    if now.cost_usd is None:
        return "no price known"
    text = f"${now.cost_usd:.2f} spent"
    if now.limit_usd is not None:
        text += f" of ${now.limit_usd:.2f}"
    expected = now.forecast.cost_usd if now.forecast else None
    if now.forecast is not None and expected is not None and expected.high > 0:
        if now.forecast.basis != "limits":
            text += f", {_dollars(expected)} expected in all"
        elif now.limit_usd is None or expected.high < now.limit_usd:
            text += f", at most ${expected.high:.2f}"
    return text


def yield_ahead(now: Snapshot) -> str:
    """Samples that are expected, at the end and at the cap; "" while nothing can be said."""
    if now.forecast is None or now.forecast.kept is None:
        return ""
    text = f"{_whole(now.forecast.kept)} samples expected"
    at_cap = now.forecast.kept_at_cap
    if at_cap is not None and at_cap.mid < now.forecast.kept.mid:
        text += f", {_whole(at_cap)} for ${now.limit_usd or 0:.2f}"
    return text


def time_left(now: Snapshot) -> str:
    """Elapsed time, and what is left; "" for a run that is over."""
    text = f"{duration(now.elapsed_seconds)} elapsed"
    left = now.forecast.seconds_left if now.forecast else None
    return text if left is None else f"{text}, {duration(left.low)} to {duration(left.high)} left"


def duration(seconds: float) -> str:
    """Two units at most: 45 s, 12 min, 3 h 20 min, 2 d 4 h."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def _dollars(expected: Range) -> str:
    return f"${expected.mid:.2f} (${expected.low:.2f} to ${expected.high:.2f})"


def _whole(expected: Range) -> str:
    return f"{expected.mid:.0f} ({expected.low:.0f} to {expected.high:.0f})"


def _short(number: float) -> str:
    return f"{number / 1000:.1f}k" if number >= 1000 else f"{number:.0f}"
