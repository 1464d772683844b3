"""``issue_comment`` created: a command, perhaps. Acknowledged by a reaction, answered in one comment.

Whoever may not give commands gets no answer at all, not even a reaction: anything else would let
strangers make the App write on a public repository. The delivery's note says why nothing was done.
"""

from __future__ import annotations

from bot.handle import answers, dispatch, outgoing, standing, starting
from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.commands import SAYINGS, Command, parse
from bot.handle.events import Event
from bot.handle.handlers import opinion
from bot.handle.people import may_command
from bot.transition import posted, routing
from pipeline.store import Store
from pipeline.types import Repository


def handle(event: Event, context: Context) -> Change:
    """Obey the comment's first command, if it has one and its writer may give it."""
    command = parse(event.text or "")
    if command is None or not event.number or not event.comment:
        return nothing("no command")
    if event.is_bot:
        return nothing("bots are not obeyed")
    repository = repository_of(event, context)
    if repository is None:
        return nothing("not a repository that the App may work on")
    if outgoing.answered(context.store, event):
        return nothing("obeyed before")
    if not repository.configured:
        return nothing(
            f"{repository.name} has no .github/switchover.yml on its default branch: nothing is posted there"
        )
    if not may_command(event, context, repository):
        return nothing(f"{event.login} may not write to {repository.name}: no answer")
    return _obey(command, event, context, repository)


def _obey(command: Command, event: Event, context: Context, repository: Repository) -> Change:
    if command.route:
        return _switch(command.route, event, context, repository)
    if command.word in ("evaluate", "retrain"):
        return _start("evaluate" if command.word == "evaluate" else "retrain", event, context, repository)
    if command.word in SAYINGS:
        return opinion.handle(command, event, context.store, repository)
    if command.word in ("pause", "resume"):
        return _pause(event, repository, command.word == "pause")
    if command.word == "status":
        text = answers.status(standing.standing(context.store, repository))
    elif command.word == "why":
        text = _why(event, context.store, repository)
    else:
        text = answers.usage(command.unknown)
    return lambda store: outgoing.answer(store, event, repository, text)


def _start(word: dispatch.Word, event: Event, context: Context, repository: Repository) -> Change:
    found = starting.wanted(word, event, context, repository)

    def change(store: Store) -> None:
        outgoing.answer(store, event, repository, starting.start(store, found, event, repository)[1])

    return change


def _switch(route: str, event: Event, context: Context, repository: Repository) -> Change:
    known = posted.load(context.store, repository.id)
    found = routing.ask(context.client(repository), context.store, repository, known, route, event.login or "")

    def change(store: Store) -> None:
        routing.put(store, found)
        outgoing.answer(store, event, repository, answers.switch(route, found.text))

    return change


def _pause(event: Event, repository: Repository, wanted: bool) -> Change:
    def change(store: Store) -> None:
        was = repository.paused
        store.change_repository(repository.id, paused=int(wanted))
        outgoing.answer(store, event, repository, answers.paused(was) if wanted else answers.resumed(was))

    return change


def _why(event: Event, store: Store, repository: Repository) -> str:
    assert event.number
    if event.is_pull:
        return answers.why(standing.pull(store, repository.name, event.number))
    return answers.why_issue(event.number, standing.pulls_of_issue(store, repository.name, event.number))
