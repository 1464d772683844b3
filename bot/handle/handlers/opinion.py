"""``/switchover fair`` and ``unfair``: what a person says of a pull request's scores, noted and shown."""

from __future__ import annotations

from dataclasses import replace

from bot.evaluated import posted
from bot.handle import answers, outgoing
from bot.handle.change import Change
from bot.handle.commands import Command
from bot.handle.events import Event
from pipeline.store import Store
from pipeline.store.evaluations import evaluated_pulls
from pipeline.store.opinions import Saying, add_opinion
from pipeline.types import Repository


def handle(command: Command, event: Event, store: Store, repository: Repository) -> Change:
    """Whoever asks may write to the repository: that was looked at before."""
    number, login = event.number or 0, event.login or ""
    if number not in evaluated_pulls(store, repository.name):
        return lambda store: outgoing.answer(store, event, repository, answers.no_scores())
    said: Saying = "fair" if command.word == "fair" else "unfair"

    def change(store: Store) -> None:
        add_opinion(store, repository.name, number, login, said, command.reason)
        posted.save(store, replace(posted.load(store, repository.id, number), again=True, due_at=0.0))
        outgoing.answer(store, event, repository, answers.opinion(number, said))

    return change
