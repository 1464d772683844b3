"""The comment on an issue whose attempts are sealed: the hashes, and nothing that a model wrote. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.report.inert import inline
from pipeline.types import Sealed

MARKER = "<!-- switchover:sealed -->"
"""First line of the comment: how the bot finds its own one again."""

MODEL = 40
"""Characters of a model's name: 200 rows must fit into a comment."""


def comment(rows: Sequence[Sealed]) -> str:
    """Markdown. ``rows``: of one issue, checked, at least one and 200 at most."""
    last = max(row.at for row in rows)
    commits = ", ".join(f"`{sha[:12]}`" for sha in sorted({row.base_sha for row in rows}))
    many = len(rows) > 1
    head = (
        f"**Switchover: {len(rows)} attempt{'s' * many} at this issue {'are' if many else 'is'} sealed.** "
        f"Made at commit {commits}, without a fix to look at; sealed at {last}."
    )
    table = ["| role | attempt | model | sha256 of the patch | exit |", "|---|---:|---|---|---|"]
    table += [
        f"| {row.role} | {row.attempt + 1} | {inline(row.model, MODEL)} | `{row.patch_sha256}` | `{row.exit}` |"
        for row in rows
    ]
    foot = (
        "The scores come when a pull request that closes this issue is merged: the patches are kept until then, "
        "and one that does not have the hash above is not scored. An attempt without a patch has the hash of nothing."
    )
    return "\n\n".join((MARKER, head, "\n".join(table), foot)) + "\n"
