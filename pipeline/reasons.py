"""What the reason codes in the database mean, in plain words; docs/reasons.md lists the same. Pure."""

from __future__ import annotations

COLLECT: dict[str, str] = {
    "no_base": "merged by the first commit of the history: there is nothing to start from",
    "issue_number": "the number in the subject is an issue's",
    "foreign_number": "the number is another repository's, or that pull request changes other files",
    "fork_number": "a merge made inside a fork, with the fork's number",
    "backport": "the same number again; the one on the default branch is kept",
    "merge_unproven": "its head is in the history, but no merge is known to have brought it",
    "missing_objects": "the clone lacks the content of its files",
    "before_since": "older than collect.since or --since",
    "bot": "made by a bot",
    "skipped_author": "the config says so",
    "skipped_label": "the config says so",
    "skipped_path": "the config says so",
    "other_branch": "merged into a branch whose commits the default branch does not hold",
    "no_merge_commit": "the forge does not tell which commit merged it",
    "rewritten": "the history of the default branch does not hold its merge any more",
    "merged_with_another": "its commits came in with another pull request, which is kept",
    "forgotten": "its author was purged with 'switchover forget'",
}

BACKFILL: dict[str, str] = {
    "forge_refuses": "the forge ends with an error whenever it is asked for it",
    "no_issue": "a commit closes this number as an issue, and there is none",
}

_BY_STAGE = {"collect": COLLECT, "backfill": BACKFILL}


def meaning(stage: str, reason: str) -> str:
    """Why a thing is left out; empty for a code that this version does not know."""
    return _BY_STAGE.get(stage, {}).get(reason, "")
