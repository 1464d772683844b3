"""Starting the repository's own workflow, once per delivery; or why that cannot be.

The workflow is the one that ``switchover init`` writes. It is started with its default inputs: the
labels of the runner are the repository's to say, in that file.
"""

from __future__ import annotations

import json

from bot.errors import NotFound
from bot.handle import outgoing
from bot.handle.change import Context
from bot.handle.events import Event
from pipeline.report.inert import inline
from pipeline.store import Store
from pipeline.types import Repository

WORKFLOW = "switchover-cycle.yml"
PATH = f".github/workflows/{WORKFLOW}"


def obstacle(context: Context, repository: Repository) -> str | None:
    """Why it cannot be started, and what to do, in Markdown; None when it can. Asks the forge."""
    if repository.paused:
        return "Switchover is paused here: `/switchover resume` ends that."
    if not _may_start(context.store, repository):
        return (
            "The App may not start workflows here: an owner can grant it write access to Actions "
            "(the App's settings on GitHub, profile *full*)."
        )
    branch = branch_of(repository)
    try:
        context.client(repository).get(f"/repos/{repository.name}/contents/{PATH}", ref=branch)
    except NotFound:
        return (
            f"There is no `{PATH}` on {inline(branch)}. Run `switchover init` in a clone, commit what it writes, "
            "and give the command again."
        )
    return None


def start(store: Store, event: Event, repository: Repository) -> bool:
    """Have it started, inside the caller's transaction; False when a start that was asked for is still to be made."""
    query = "SELECT 1 FROM outbox WHERE repo_id = ? AND kind = 'dispatch' AND state = 'waiting' AND key <> ?"
    if store.db.execute(query, [repository.id, outgoing.key("start", event)]).fetchone():
        return False
    outgoing.dispatch(store, event, repository, WORKFLOW, branch_of(repository))
    return True


def branch_of(repository: Repository) -> str:
    """Where the workflow lies."""
    return repository.default_branch or "main"


def _may_start(store: Store, repository: Repository) -> bool:
    row = store.db.execute("SELECT permissions FROM installations WHERE id = ?", [repository.installation]).fetchone()
    return row is not None and json.loads(row[0]).get("actions") == "write"
