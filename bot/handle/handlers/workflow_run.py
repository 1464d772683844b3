"""``workflow_run`` completed: how a run of ours came out; its results are fetched by bot.intake."""

from __future__ import annotations

from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.events import Event
from bot.intake import runs
from pipeline.store import Store
from pipeline.types import Repository

NOT_OURS = "not a run that was started from here"
_FOLDER = ".github/workflows/"


def handle(event: Event, context: Context) -> Change:
    """Look the run up by its id, which GitHub told when it was started.

    One that a schedule or a person in the Actions tab has started is known by its file; what the delivery
    says of it is only a hint: all is read again from the forge.
    """
    run, repository = event.run, repository_of(event, context)
    if run is None or event.repo_id is None:
        return nothing(NOT_OURS)
    repo_id = event.repo_id

    def change(store: Store) -> str | None:
        cursor = store.db.execute(
            "UPDATE outbox SET target = json_set(target, '$.conclusion', ?)"
            " WHERE kind = 'dispatch' AND repo_id = ? AND remote_id = ?",
            [event.conclusion, repo_id, str(run)],
        )
        known = runs.over(store, repo_id, run, event.conclusion) or _found(store, repository, event, run)
        return None if known or cursor.rowcount else NOT_OURS

    return change


def _found(store: Store, repository: Repository | None, event: Event, run: int) -> bool:
    """A run of one of our files that nobody here has asked for."""
    name = (event.path or "").partition("@")[0].removeprefix(_FOLDER)
    if repository is None or not repository.configured or name not in runs.WORKFLOWS:
        return False
    branch = repository.default_branch or "main"
    return runs.add(store, f"run-{repository.id}-{run}", repository.id, name, branch, run=run)
