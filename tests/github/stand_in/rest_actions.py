"""REST of the stand-in: artifacts of workflow runs, whether a commit is on a branch, and ways to end a run."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from tests.github.stand_in.blobs import Blob
from tests.github.stand_in.repository import Repository, sha
from tests.github.stand_in.routes import REPO, repo, route
from tests.github.stand_in.wire import Request, Response, missing, page

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn


@route("GET", f"{REPO}/actions/runs/(?P<id>\\d+)/artifacts")
def artifacts(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "actions")
    rows = [_shown(row) for row in found.artifacts if row["listed_in"] == int(match["id"])]
    return page(request, github.url, rows, "artifacts")


@route("GET", f"{REPO}/actions/artifacts/(?P<id>\\d+)/zip")
def download(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    for row in repo(github, request, match, "actions").artifacts:
        if row["id"] == int(match["id"]):
            if row["expired"]:
                return Response(410, {"message": "Artifact has expired"})
            blob = row["blob"]
            return Response(302, None, {"Location": github.blobs.put(blob)})
    raise missing()


@route("GET", f"{REPO}/compare/(?P<base>[0-9a-f]+)\\.\\.\\.(?P<head>[0-9a-f]+)")
def compare(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "contents")
    known = [*found.history, tip(found)]
    if match["head"] not in known:
        raise missing()
    if match["base"] not in known:
        return Response(200, {"status": "diverged"})
    place, head = known.index(match["base"]), known.index(match["head"])
    return Response(200, {"status": "identical" if place == head else "ahead" if place < head else "behind"})


def tip(found: Repository) -> str:
    """Of the default branch."""
    return sha(found.name, sorted(found.files.items()))


def facts(found: Repository) -> dict[str, Any]:
    """Of a run that starts now."""
    it = {"id": found.id, "full_name": found.name}
    return {"head_sha": tip(found), "repository": it, "head_repository": it, "run_attempt": 1}


def add_run(github: StandIn, found: Repository, workflow: str, **changes: Any) -> dict[str, Any]:
    """A run that a schedule has started."""
    id = github.next_id()
    row = {"id": id, "event": "schedule", "status": "queued", "conclusion": None, "inputs": {}, **facts(found)}
    row |= {"path": f".github/workflows/{workflow}", "head_branch": found.default_branch, "actor": {"login": "ann"}}
    found.runs.append({**row, **changes})
    return found.runs[-1]


def finish(found: Repository, run: dict[str, Any], conclusion: str = "success") -> dict[str, Any]:
    """The run is over; what GitHub says of it in a delivery."""
    run.update(status="completed", conclusion=conclusion)
    return {name: run[name] for name in ("id", "path", "event", "head_branch", "conclusion")}


def add_artifact(
    github: StandIn, found: Repository, run: dict[str, Any], data: bytes, name: str = "switchover-evaluations",
    blob: Blob | None = None, **changes: Any
) -> dict[str, Any]:  # fmt: skip
    """An artifact of ``run``; ``blob``: what its address really holds."""
    id = github.next_id()
    of = {"id": run["id"], "repository_id": found.id, "head_repository_id": found.id, "head_sha": run["head_sha"]}
    row = {"id": id, "name": name, "size_in_bytes": len(data), "expired": False, "expires_at": "2026-09-01T00:00:00Z"}
    row |= {"digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "workflow_run": of, "listed_in": run["id"]}
    row |= {"url": f"{github.url}/repos/{found.name}/actions/artifacts/{id}", "blob": blob or Blob(data)}
    found.artifacts.append({**row, **changes})
    return found.artifacts[-1]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("blob", "listed_in")}
