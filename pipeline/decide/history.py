"""Every verdict of a repository's whole life, from before the first own model to now. Pure.

A trace alone knows neither of the time before a pull request was judged, nor that the team was not
yet switched when it looked at the older ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipeline.decide.options import Options
from pipeline.decide.stream import Stream
from pipeline.decide.verdict import Verdict, judge, trace
from pipeline.settings import DecideConfig


def history(stream: Stream, settings: DecideConfig, options: Options) -> Iterator[Verdict]:
    """Verdicts in order of ``at``, which none lacks but that over no evaluation; the last is that of now."""
    options = replace(options, measure=options.measure or stream.primary())
    newest = max((at for at, _, _ in stream.deliveries), default=None)
    yield from _before_own(stream, settings, options)
    yield from _looks(stream, settings, options)
    now = judge(stream, settings, options)
    at = now["at"] or newest
    if options.switched and options.switched_at and now["state"] == "switched":
        at = max(at or "", options.switched_at)
    yield {**now, "at": at}


def _before_own(stream: Stream, settings: DecideConfig, options: Options) -> Iterator[Verdict]:
    """The verdict on what was there before any attempt of own, if anything was."""
    own = (at for (at, _, _), delivery in stream.deliveries.items() if any(s.arm.role == "own" for s in delivery))
    first = min(own, default=None)
    earlier = {place: there for place, there in stream.deliveries.items() if first is not None and place[0] < first}
    if earlier:
        yield {**judge(Stream(earlier), settings, replace(options, switched=False)), "at": min(earlier)[0]}


def _looks(stream: Stream, settings: DecideConfig, options: Options) -> Iterator[Verdict]:
    """The trace, in which only what came after a switch is judged as switched."""
    if not options.switched:
        yield from trace(stream, settings, options)
        return
    since = options.switched_at
    for look in trace(stream, settings, replace(options, switched=False)):
        if since is not None and look["at"] > since:
            break
        yield look
        if since is None and look["state"] == "ready":
            since = look["at"]
    if since is None:  # switched against the evidence, nobody knows when: now
        return
    if options.switched_at is not None:
        yield from _at_the_switch(stream, settings, options, since)
    yield from (look for look in trace(stream, settings, options) if look["at"] > since)


def _at_the_switch(stream: Stream, settings: DecideConfig, options: Options, at: str) -> Iterator[Verdict]:
    """The verdict of that moment, where something came after it; else it is that of now."""
    known = {place: there for place, there in stream.deliveries.items() if place[0] <= at}
    if known and len(known) < len(stream.deliveries):
        yield {**judge(replace(stream, deliveries=known), settings, options), "at": at}
