"""Who handles which event: one file each. What is in no file's table is ignored."""

from __future__ import annotations

from bot.handle.change import Handler
from bot.handle.handlers import (
    check_run,
    installation,
    issue_comment,
    issues,
    pull_request,
    push,
    repository,
    workflow_run,
)

HANDLERS: dict[str, Handler] = {
    "pull_request": pull_request.handle,
    "issues": issues.handle,
    "issue_comment": issue_comment.handle,
    "installation": installation.handle,
    "installation_repositories": installation.handle,
    "installation_target": installation.handle,
    "repository": repository.handle,
    "workflow_run": workflow_run.handle,
    "check_run": check_run.handle,
    "push": push.handle,
}
"""By event; its keys are those of bot.handle.events.ACTIONS."""
