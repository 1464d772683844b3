"""A small repository with a history, to try Switchover on: no network, no key, no GPU.

``library/`` holds it as patches, one folder per pull request beside what the forge recorded of
it. ``build`` makes a git repository of them, the same one on every machine. See docs/demo.md for
what is real in it and what is a stand-in.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline import git
from pipeline.demo.changes import Change, open_issues, read_changes
from pipeline.demo.commits import Landed, land
from pipeline.demo.payloads import issue_payload, pull_payload
from pipeline.errors import InputError, RunError

NAME = "octo-tally/reckon"
"""The repository's name on its (imaginary) forge."""

HEAD = "977c005315aca343e3ea9c43f86eb303c61e7c23"
"""Tip of its main branch. A build that ends elsewhere is refused, since results could not be compared."""


@dataclass(frozen=True)
class Demo:
    repo: Path
    """A git repository with a work tree, on branch main, with a refs/pull/N/head per pull request."""
    payloads: Path
    """JSONL: its pull requests and issues, as GET /repos/O/N/pulls/1 and /issues/2 return them."""


def build(folder: Path) -> Demo:
    """The demo in ``folder``, built once: a complete one that is there already is used again.

    A build that is killed leaves nothing behind under the final names. Raises InputError when the
    folder cannot be or holds another repository under our name, RunError when git makes other commits than it should.
    """
    folder = folder.absolute()  # git runs in folders of its own
    demo = Demo(repo=folder / "reckon", payloads=folder / "payloads.jsonl")
    if demo.repo.exists():
        _check_reusable(demo)
        return demo
    _make(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as scratch:
        made = Demo(repo=Path(scratch, "repo"), payloads=Path(scratch, "payloads"))
        _build(made)
        made.payloads.replace(demo.payloads)
        made.repo.rename(demo.repo)  # last: where the repository is, the payloads are too
    return demo


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: no folder can be made there ({error.strerror}); choose another place") from None


def _check_reusable(demo: Demo) -> None:
    try:
        git.git(demo.repo, "merge-base", "--is-ancestor", HEAD, "HEAD")
    except git.GitError:
        raise InputError(f"{demo.repo}: is not the demo repository; choose another folder, or move it away") from None
    if not demo.payloads.is_file():
        raise InputError(f"{demo.payloads}: is missing beside {demo.repo}; remove that folder to build both again")


def _build(demo: Demo) -> None:
    _init(demo.repo)
    changes = read_changes()
    landed = land(demo.repo, changes)
    tip = landed[changes[-1].folder].tip
    if tip != HEAD:
        raise RunError(f"demo: its history ends at {tip} instead of {HEAD}; reinstall switchover, or report this")
    _write_refs(demo.repo, changes, landed)
    git.git(demo.repo, "reset", "--hard", "--quiet", "main")
    rows = _payloads(changes, landed)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    demo.payloads.write_text(text, encoding="utf-8", newline="")


def _init(repo: Path) -> None:
    repo.mkdir()
    git.git(repo, "init", "--quiet", "--template=", "--object-format=sha1", "--initial-branch=main")
    settings = {
        "core.autocrlf": "false",
        "core.fileMode": "false",
        "remote.origin.url": f"https://github.com/{NAME}.git",  # only a name: nothing is ever fetched
    }
    for key, value in settings.items():
        git.git(repo, "config", key, value)


def _write_refs(repo: Path, changes: tuple[Change, ...], landed: dict[str, Landed]) -> None:
    refs = {"refs/heads/main": landed[changes[-1].folder].tip}
    for change in changes:
        if change.pull:
            refs[f"refs/pull/{change.number}/head"] = landed[change.folder].head
    commands = "".join(f"create {ref} {sha}\n" for ref, sha in refs.items())
    git.git(repo, "update-ref", "--stdin", input=commands.encode())


def _payloads(changes: tuple[Change, ...], landed: dict[str, Landed]) -> list[dict[str, object]]:
    pulls = [pull_payload(NAME, change, landed[change.folder]) for change in changes if change.pull]
    issues = [change.issue for change in changes if change.issue]
    rows = [*pulls, *(issue_payload(NAME, issue) for issue in (*issues, *open_issues()))]
    return sorted(rows, key=lambda row: int(row["number"]))
