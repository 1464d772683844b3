"""Steps of the database's schema: each applied once, in order, and recorded in the file itself.

A step that has shipped is never edited; a change is a new step at the end.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("switchover")


@migrations()
def collected_pulls(db: Database) -> None:
    """What ``collect`` finds. Lists are JSON; times sort as text."""
    db.create_table("repos", {"name": str, "clone": str}, pk="name", not_null={"clone"}, strict=True)
    text = ["title", "body", "author", "merged_at", "kind", "merge_sha", "base_sha", "commit_text", "files", "labels"]
    optional = ["created_at", "head_sha", "reverted_by"]
    columns: dict[str, type] = {"repo": str, "number": int, **dict.fromkeys(text + optional, str), "verified": int}
    db.create_table("pulls", columns, pk=("repo", "number"), not_null=set(text), strict=True)
    db.table("pulls").create_index(["repo", "merged_at"])


@migrations()
def collected_issues(db: Database) -> None:
    text = ["title", "body", "author", "labels"]
    columns: dict[str, type] = {"repo": str, "number": int, **dict.fromkeys([*text, "created_at"], str)}
    db.create_table("issues", columns, pk=("repo", "number"), not_null=set(text), strict=True)
    links = {"repo": str, "pull": int, "number": int, "closes": int, "source": str}
    key = ("repo", "pull", "number", "source")
    db.create_table("links", links, pk=key, not_null={"closes"}, strict=True)


@migrations()
def things_left_out(db: Database) -> None:
    columns = dict.fromkeys(["repo", "stage", "thing", "id", "reason", "detail"], str)
    key = ("repo", "stage", "thing", "id")
    db.create_table("left_out", columns, pk=key, not_null={"reason", "detail"}, strict=True)
