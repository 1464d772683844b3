"""What is written about the transition beside the issue itself. Pure: plain values in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.inert import inline

_NEWS = {
    "ready": "own is ready. The evidence and what to decide are above.",
    "switched": "the team is served by own. Audits go on; this issue says so if own falls behind.",
    "drifted": "the verdict no longer holds. The flag is down, and this issue is closed until own is ready again.",
    "behind": "own is shown to be behind. The flag is down, and this issue is closed until own is ready again.",
}


def news(record: Mapping[str, Any]) -> str:
    """The comment on a change of state."""
    reason = inline(next(iter(record["reasons"]), "").partition(": ")[2], 300)
    why = f" {reason[:1].upper()}{reason[1:]}." if reason else ""
    return f"**Switchover: {_NEWS[record['state']]}**{why} Evidence up to {inline(record['at'][:10])}.\n"


def pull(record: Mapping[str, Any] | None, route: str, login: str, number: int | None) -> str:
    """The body of the pull request that sets the route, asked for by ``login``; ``number``: of our issue."""
    issue = f" The evidence in full: #{number}." if number else ""
    return (
        f"Sets `serve.route: {route}` in `.github/switchover.yml`, and nothing else. "
        f"Asked for by {inline(login, 60)}.{issue}\n\n{_evidence(record)}\n\n"
        "Nothing changes until this is merged. Close it to leave things as they are: it is not opened a second time "
        "for these versions.\n"
    )


def _evidence(record: Mapping[str, Any] | None) -> str:
    if record is None:
        return "**No verdict is known here:** `switchover decide --db` has not stored one for this repository."
    return (
        f"**State: {record['state']}.** {inline(record['sentence'], 600)}\n\n"
        f"Evidence up to {inline(record['at'][:10]) or 'no date'}; sha256 of the evaluations: "
        f"`{record['evaluations_sha256']}`."
    )


def link(number: str, url: str) -> str:
    """A pull request."""
    return f"[pull request {number}]({url})"
