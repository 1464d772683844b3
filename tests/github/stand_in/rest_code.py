"""REST of the stand-in: files, branches and the pull requests between them."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.github.stand_in.identity import iso
from tests.github.stand_in.repository import Branch, Repository, blob, sha
from tests.github.stand_in.rest_issues import US, next_number
from tests.github.stand_in.routes import REPO, repo, route
from tests.github.stand_in.wire import Problem, Request, Response, missing, page

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn


@route("GET", f"{REPO}/contents/(?P<path>.+)")
def contents(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "contents", "read")
    path, files = unquote(match["path"]), branch(found, request.query.get("ref", found.default_branch)).files
    if path not in files:
        raise missing()
    text = base64.encodebytes(files[path].encode()).decode()
    shown = {"type": "file", "encoding": "base64", "name": path.split("/")[-1], "path": path, "content": text}
    return Response(200, {**shown, "size": len(files[path].encode()), "sha": blob(files[path])})


@route("PUT", f"{REPO}/contents/(?P<path>.+)")
def put(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "contents", "write")
    path, asked = unquote(match["path"]), request.body
    there = branch(found, asked.get("branch", found.default_branch))
    before = there.files.get(path)
    if before is not None and "sha" not in asked:
        raise Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if before is not None and asked["sha"] != blob(before):
        raise Problem(409, f"{path} does not match {asked['sha']}")
    there.files[path] = base64.b64decode(asked["content"]).decode()
    there.sha = sha(there.sha, path, there.files[path])
    commit = {"sha": there.sha, "message": asked["message"]}
    return Response(201 if before is None else 200, {"content": {"path": path}, "commit": commit})


@route("GET", f"{REPO}/git/ref/(?P<ref>.+)")
def ref(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "contents", "read")
    name = unquote(match["ref"]).removeprefix("heads/")
    return Response(200, _ref(name, branch(found, name).sha))


@route("POST", f"{REPO}/git/refs")
def make_ref(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "contents", "write")
    name = request.body["ref"].removeprefix("refs/heads/")
    if name in found.branches or name == found.default_branch:
        raise Problem(422, "Reference already exists")
    source = [each for each in (head(found), *found.branches.values()) if each.sha == request.body["sha"]]
    if not source:
        raise Problem(422, "Object does not exist")
    found.branches[name] = Branch(source[0].sha, dict(source[0].files))
    return Response(201, _ref(name, source[0].sha))


@route("GET", f"{REPO}/pulls")
def pulls(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    """Newest first; ``head`` is owner:branch."""
    found, asked = repo(github, request, match), request.query
    rows = [_shown(found, row) for row in reversed(found.pulls.values())]
    state = asked.get("state", "open")
    rows = [row for row in rows if state in ("all", row["state"])]
    return page(request, github.url, [row for row in rows if asked.get("head") in (None, row["head"]["label"])])


@route("GET", f"{REPO}/pulls/(?P<number>\\d+)")
def pull(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match)
    if int(match["number"]) not in found.pulls:
        raise missing()
    row = found.pulls[int(match["number"])]
    by = row.get("merged_by")
    return Response(200, {**_shown(found, row), "merged": row["merged"], "merged_by": by and {"login": by}})


@route("POST", f"{REPO}/pulls")
def open_pull(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found, asked = repo(github, request, match, "pull_requests", "write"), request.body
    name, base = asked["head"], asked["base"]
    if name not in found.branches or base != found.default_branch:
        raise Problem(422, "Validation Failed: head or base is invalid")
    if found.branches[name].files == found.files:
        raise Problem(422, f"Validation Failed: No commits between {base} and {name}")
    if any(row["headRefName"] == name and row["state"] == "OPEN" for row in found.pulls.values()):
        raise Problem(422, f"Validation Failed: A pull request already exists for {found.name.split('/')[0]}:{name}.")
    row = found.add_pull(next_number(found), title=asked["title"], body=asked.get("body", ""), labels=[])
    now = iso(github.now())
    row |= {"state": "OPEN", "merged": False, "mergedAt": None, "closedAt": None, "headRefName": name}
    row |= {"mergeCommit": None, "headRefOid": found.branches[name].sha, "createdAt": now, "updatedAt": now}
    row |= {"rest": {"user": US}}
    return Response(201, _shown(found, row))


def head(found: Repository) -> Branch:
    """The default branch."""
    return Branch(sha(found.name, sorted(found.files.items())), found.files)


def branch(found: Repository, name: str) -> Branch:
    if name == found.default_branch:
        return head(found)
    if name not in found.branches:
        raise missing()
    return found.branches[name]


def merge(found: Repository, number: int, login: str, at: str = "2026-06-01T00:00:00Z") -> str:
    """Merge an open pull request as ``login``; the commit that the default branch ends with."""
    row = found.pulls[number]
    found.files.update(found.branches[row["headRefName"]].files)
    commit = head(found).sha
    row |= {"state": "MERGED", "merged": True, "mergedAt": at, "closedAt": at, "merged_by": login}
    row["mergeCommit"] = {"__typename": "Commit", "oid": commit}
    return commit


def _ref(name: str, commit: str) -> dict[str, Any]:
    return {"ref": f"refs/heads/{name}", "node_id": f"REF_{name}", "object": {"type": "commit", "sha": commit}}


def _shown(found: Repository, row: dict[str, Any]) -> dict[str, Any]:
    owner = found.name.split("/")[0]
    at = {"head": (row["headRefName"], row["headRefOid"]), "base": (row["baseRefName"], row["baseRefOid"])}
    sides = {side: {"label": f"{owner}:{name}", "ref": name, "sha": oid} for side, (name, oid) in at.items()}
    told = {"id": row["databaseId"], "number": row["number"], "title": row["title"], "body": row["body"], **sides}
    told |= {"state": "open" if row["state"] == "OPEN" else "closed", "html_url": row["url"]}
    told |= {"created_at": row["createdAt"], "updated_at": row["updatedAt"], "closed_at": row["closedAt"]}
    return told | {"merged_at": row["mergedAt"], "merge_commit_sha": (row["mergeCommit"] or {}).get("oid")}
