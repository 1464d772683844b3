"""The recorded objects in the forge's own form: what is stored, and what follows from it.

The files keep what people wrote and when; addresses, states and hashes follow and are filled in
here, so that they cannot disagree with the repository. Pure.
"""

from __future__ import annotations

from typing import Any

from pipeline.demo.changes import Change
from pipeline.demo.commits import Landed

SITE = "https://github.com"
API = "https://api.github.com"


def pull_payload(repo: str, change: Change, landed: Landed) -> dict[str, Any]:
    """A merged pull request as ``GET /repos/{repo}/pulls/{number}`` returns it."""
    stored = change.pull
    owner = stored["head"]["user"]["login"]
    head = {"label": f"{owner}:{stored['head']['ref']}", **stored["head"], "sha": landed.head}
    base = {"label": f"{repo.partition('/')[0]}:main", "ref": "main", "sha": landed.base}
    return {
        **_addresses(repo, "pulls", "pull", stored["number"]),
        **stored,
        "state": "closed",
        "locked": False,
        "draft": False,
        "merged": True,
        "updated_at": stored["merged_at"],
        "closed_at": stored["merged_at"],
        "merge_commit_sha": landed.tip,
        "head": head,
        "base": {**base, "repo": {"full_name": repo, "default_branch": "main"}},
        "commits": len(change.patches),
    }


def issue_payload(repo: str, stored: dict[str, Any]) -> dict[str, Any]:
    """An issue as ``GET /repos/{repo}/issues/{number}`` returns it."""
    return {
        **_addresses(repo, "issues", "issues", stored["number"]),
        **stored,
        "locked": False,
        "state_reason": "completed" if stored["state"] == "closed" else None,
        "updated_at": stored["closed_at"] or stored["created_at"],
    }


def _addresses(repo: str, kind: str, page: str, number: int) -> dict[str, str]:
    return {"url": f"{API}/repos/{repo}/{kind}/{number}", "html_url": f"{SITE}/{repo}/{page}/{number}"}
