"""Numbers, times and foreign text as people read them; the filters of the templates. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from pipeline.report.inert import shortened, visible

STEPS = ((60, "s"), (60, "min"), (24, "h"), (float("inf"), "d"))


def number(value: float | None) -> str:
    """Whole, with thousands separators: 1,280; a dash for None."""
    return "–" if value is None else f"{value:,.0f}"


def span(seconds: float) -> str:
    """A length of time in its largest whole unit: 12 s, 4 min, 3 h, 2 d."""
    for size, unit in STEPS:
        if seconds < size:
            return f"{seconds:.0f} {unit}" if unit == "s" else f"{int(seconds)} {unit}"
        seconds /= size
    raise AssertionError("the last unit has no end")


def relative(then: datetime, now: datetime) -> str:
    """4 min ago, in 2 h, or just now."""
    seconds = (now - then).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def moment(value: str | float | None, now: datetime) -> Markup | str:
    """A ``time`` element for an ISO text or seconds since 1970: relative, the absolute time in its title.

    A dash for None; a text that is no time is shown as it is.
    """
    if value is None:
        return "–"
    then = parsed(value)
    if then is None:
        return shown(str(value), 40)
    day, clock = then.date().isoformat(), then.time().isoformat("seconds")
    said = relative(then, now)
    return Markup(f'<time datetime="{day}T{clock}Z" title="{day} {clock} UTC">{said}</time>')  # noqa: S704 - our words


def parsed(value: str | float) -> datetime | None:
    """The time that an ISO text or seconds since 1970 stand for, in UTC; None when it is none."""
    try:
        if isinstance(value, str):
            then = datetime.fromisoformat(value)
            return then.replace(tzinfo=UTC) if then.tzinfo is None else then.astimezone(UTC)
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def shown(text: Any, length: int = 300) -> str:
    """One line of what others wrote, at most ``length`` characters, its hidden characters made visible.

    Cut before it is walked through: an error may be 60 kB long.
    """
    start = str(text)[: length * 2]
    plain = start.isascii() and start.isprintable() and "  " not in start
    return shortened(start.strip() if plain else visible(start), length)


def lines(text: str, length: int = 4000) -> str:
    """As ``shown``, with its lines kept."""
    return shortened(visible(text[: length * 2], keep_lines=True), length)


def size(count: int | None) -> str:
    """Bytes for people: 812 B, 24 kB, 1.3 MB; a dash for None."""
    if count is None:
        return "–"
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "moment": moment,
    "span": span,
    "shown": shown,
    "lines": lines,
    "size": size,
}
