"""``issues`` on our own issue: a box that somebody ticked, or that it was closed, opened, moved or deleted.

A box counts when a person with write access has ticked it: it was not ticked before their edit, it
was after it, and it still is. Anybody else's tick gets no answer, lest strangers make the App
write; it is taken away when the issue is edited next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.handle.change import Change, Context, nothing
from bot.handle.events import Event
from bot.handle.people import may_command
from bot.transition import boxes, posted, routing
from bot.transition.live import live_issue
from bot.transition.posted import Ticked, epoch, versions
from pipeline.report.transition import BOX_ROUTES, KEEP
from pipeline.store import Store, VerdictRow
from pipeline.types import Repository


def handle(event: Event, context: Context, repository: Repository) -> Change:
    """What follows; the issue itself is looked at afresh by bot.transition.step."""
    if event.action != "edited":
        return _look_again(repository)
    new = boxes.newly(event.body_was, event.body) if event.body_was is not None else frozenset()
    if not new or event.is_bot:
        return nothing("no box was ticked by a person")
    if not repository.configured:
        return nothing(f"{repository.name} has no .github/switchover.yml on its default branch: nothing is done")
    return _ticked(event, context, repository, new)


def _ticked(event: Event, context: Context, repository: Repository, new: frozenset[str]) -> Change:
    verdict = context.store.verdict(repository.name)
    if verdict is None or verdict.state != "ready":
        return nothing("own is not ready any more: the boxes are about to go")
    live = live_issue(context.client(repository), repository, event.number or 0, "")
    still = new & boxes.ticked(live.body if live else "")
    if not still:
        return nothing("no box that was ticked is so any more")
    if not may_command(event, context, repository):
        return nothing(f"{event.login} may not write to {repository.name}: the tick goes at the next edit")
    return _obey(event, context, repository, verdict, still)


def _obey(
    event: Event, context: Context, repository: Repository, verdict: VerdictRow, wanted: frozenset[str]
) -> Change:
    known, client = posted.load(context.store, repository.id), context.client(repository)
    found: Mapping[str, routing.Answer] = {
        box: routing.ask(client, context.store, repository, known, BOX_ROUTES[box], event.login or "")
        for box in sorted(wanted & BOX_ROUTES.keys())[:1]  # of two routes at once the more careful one
    }

    def change(store: Store) -> None:
        now, of = posted.load(store, repository.id), epoch(verdict.record)
        obeyed = {box: Ticked(of, answer.key, answer.text) for box, answer in found.items()}
        if KEEP in wanted:
            obeyed[KEEP] = Ticked(of, None)
            now = replace(now, kept=versions(verdict.record))
        posted.save(store, replace(now, boxes={**now.boxes, **obeyed}, again=True, due_at=0.0))
        for answer in found.values():
            routing.put(store, answer)

    return change


def _look_again(repository: Repository) -> Change:
    def change(store: Store) -> None:
        posted.save(store, replace(posted.load(store, repository.id), again=True, due_at=0.0))

    return change
