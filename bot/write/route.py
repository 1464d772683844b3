"""The pull request that sets ``serve.route`` in ``.github/switchover.yml``: a branch, a commit, a pull request.

Each of the three may be there already when a killed try is made again; it is then kept as it is.
Nothing is ever pushed to another branch than that, and no other file is written.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.errors import Rejected
from bot.wire.client import Client
from bot.write.letter import Letter, Search
from pipeline.config import DEFAULT_PATH
from pipeline.errors import InputError
from pipeline.route import edited

PATH = DEFAULT_PATH.as_posix()


def route(
    key: str, installation: int, repo_id: int, body: str, *, route: str, branch: str, base: str, epoch: str
) -> Letter:
    """``branch`` is made from ``base``, the default branch. ``epoch``: of the evidence that it rests on."""
    target = {"route": route, "branch": branch, "base": base, "epoch": epoch}
    return Letter(key, installation, repo_id, "route", target, body)


def send(client: Client, repo: str, letter: Letter) -> str | None:
    """The number of the pull request; None where the config says so already."""
    target = letter.target
    now = _file(client, repo, target["base"])
    wanted = _edited(now["text"], target["route"])
    if wanted == now["text"]:
        return None
    make_branch(client, repo, target["base"], target["branch"])
    commit(client, repo, target, wanted)
    return open_pull(client, repo, letter)


def open_pull(client: Client, repo: str, letter: Letter) -> str:
    """From the letter's branch, as it is; the number."""
    side = {"head": letter.target["branch"], "base": letter.target["base"]}
    made = {"title": title(letter.target["route"]), "body": letter.body, **side}
    return str(client.write("POST", f"{repo}/pulls", made).data["number"])


def find(client: Client, repo: str, letter: Letter, search: Search) -> str | None:
    """The number of the pull request from its branch, whether it is open or not."""
    owner = repo.removeprefix("/repos/").partition("/")[0]
    head = f"{owner}:{letter.target['branch']}"
    for row in client.get(f"{repo}/pulls", head=head, state="all", per_page=100).data:
        if row["head"]["ref"] == letter.target["branch"] and row["created_at"] >= search.since:
            return str(row["number"])
    return None


def title(route: str) -> str:
    """Of the pull request and of its commit."""
    return f"Set serve.route: {route}"


def _edited(text: str, route: str) -> str:
    try:
        return edited(text, route, PATH)
    except InputError as error:
        raise Rejected(str(error)) from None


def make_branch(client: Client, repo: str, base: str, branch: str) -> None:
    """``branch`` begins where ``base`` ends; one that is there stays as it is."""
    head = client.get(f"{repo}/git/ref/{quote(f'heads/{base}', safe='')}").data["object"]["sha"]
    try:
        client.write("POST", f"{repo}/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
    except Rejected as error:
        if "already exists" not in str(error):
            raise


def commit(client: Client, repo: str, target: Mapping[str, Any], wanted: str) -> None:
    """The config on the letter's branch becomes ``wanted``, where it is not so already."""
    there = _file(client, repo, target["branch"])
    if there["text"] == wanted:
        return
    put_file(client, repo, target, wanted, there["sha"])


def put_file(client: Client, repo: str, target: Mapping[str, Any], wanted: str, sha: str) -> None:
    """Commit ``wanted`` in place of the content that git names ``sha``."""
    content = base64.b64encode(wanted.encode()).decode()
    made = {"message": title(target["route"]), "content": content, "sha": sha, "branch": target["branch"]}
    client.write("PUT", contents(repo), made)


def _file(client: Client, repo: str, ref: str) -> dict[str, str]:
    """``text`` and ``sha`` of the config at ``ref``. Raises NotFound where there is none."""
    found = client.get(contents(repo), ref=ref).data
    return {"text": base64.b64decode(found["content"]).decode(), "sha": found["sha"]}


def contents(repo: str) -> str:
    """Where the config is read and written, below ``/repos/OWNER/NAME``."""
    return f"{repo}/contents/{quote(PATH, safe='')}"
