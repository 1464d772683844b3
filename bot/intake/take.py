"""One run that is over, or should be: looked at on the forge, and its results taken in, once and whole.

    read the run ─▶ ours? ─▶ succeeded? ─▶ artifacts ─▶ each fetched, unpacked, its rows checked ─▶ one transaction

Until the transaction nothing is written but files in a folder of their own beside the database, which
is emptied before each run: killed at any point, the same is done again.
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.errors import NotFound
from bot.intake import adapters, outcome, runs, seals
from bot.intake.archive import unpack
from bot.intake.belongs import ADAPTER, EVALUATIONS, MOST_ARTIFACTS, SEALED, check_run, chosen, kinds
from bot.intake.download import download
from bot.intake.reasons import CONCLUSIONS, Refused
from bot.intake.rows import Reader
from bot.intake.runs import CYCLE, LOOK_SECONDS, Job
from bot.wire.client import Client
from pipeline.store import Store
from pipeline.store.evaluations import add_evaluations
from pipeline.store.seals import add_seals, sealed_issues, seals_of
from pipeline.types import Evaluation, Repository, Sealed

ROWS = "evaluations.jsonl"
_FILES = {ADAPTER: adapters.FILES, SEALED: (seals.FILE,), EVALUATIONS: (ROWS,)}
MOST_LISTED = 500
"""Artifacts of a run that are looked through for those with results."""

AHEAD_SECONDS = 86_400
"""By which a runner's clock may be ahead."""

CLOCK_SECONDS = 300.0
"""By which it may differ where the time is what is shown: of sealed patches."""


@dataclass(frozen=True)
class Taken:
    """What a run has left, checked."""

    files: tuple[Path, ...]
    """Of rows; they were read once to the end."""
    rows: int
    adapters: tuple[adapters.Found, ...]
    sealed: tuple[Sealed, ...] = ()


def take(store: Store, client: Client, repository: Repository, job: Job) -> None:
    """See ``job`` on. May raise any of bot.errors, and OSError of this disk; then nothing has changed."""
    assert job.run
    try:
        run = client.get(f"/repos/{repository.name}/actions/runs/{job.run}").data
    except NotFound:
        _settle(store, repository, job, "failed", "run_gone", None)
        return
    try:
        _take(store, client, repository, job, run)
    except Refused as refused:
        _settle(store, repository, job, "refused", refused.reason, refused.detail)


def _take(store: Store, client: Client, repository: Repository, job: Job, run: Mapping[str, Any]) -> None:
    check_run(run, repository, job)
    if run.get("status") != "completed":
        _wait(store, job)
        return
    conclusion = str(run.get("conclusion"))
    with store.atomic():
        runs.change(store, job.job, conclusion=conclusion)
    if conclusion != "success":
        _settle(
            store, repository, job, "failed", CONCLUSIONS.get(conclusion, "run_failed"), f"GitHub says: {conclusion}"
        )
        return
    check_commit(client, repository, str(run["head_sha"]))
    with _Folder(_place(store.path)) as folder:
        found = _fetch(store, client, repository, job, folder)
        _save(store, repository, job, found)


def _wait(store: Store, job: Job) -> None:
    """Look again later; unless the delivery of its end came while GitHub was asked: then it is due at once."""
    with store.atomic():
        if runs.get(store, job.job) == job:
            runs.change(store, job.job, state="running", due_at=time.time() + LOOK_SECONDS)


def check_commit(client: Client, repository: Repository, sha: str) -> None:
    """Raises Refused unless the commit is on the default branch: a tag may bear the branch's name."""
    repo, branch = f"/repos/{repository.name}", repository.default_branch or "main"
    tip = client.get(f"{repo}/git/ref/{quote(f'heads/{branch}', safe='')}").data["object"]["sha"]
    if sha == tip:
        return
    try:
        status = client.get(f"{repo}/compare/{sha}...{tip}", per_page=1).data["status"]
    except NotFound:
        status = "unknown"
    if status not in ("ahead", "identical"):
        raise Refused("wrong_branch", f"commit {sha[:12]} is not on {branch} ({status})")


def _fetch(store: Store, client: Client, repository: Repository, job: Job, folder: Path) -> Taken:
    assert job.run
    listed = client.pages(f"/repos/{repository.name}/actions/runs/{job.run}/artifacts", key="artifacts")
    found = chosen(itertools.islice(listed, MOST_LISTED), job, repository)
    if not found and job.letter and job.workflow != CYCLE:  # one by hand may be a dry run
        raise Refused("no_artifact", f"none is called {' or '.join(kinds(job))}")
    assert len(found) <= MOST_ARTIFACTS
    reader = _reader(store, repository, job)
    files: list[Path] = []
    made: list[adapters.Found] = []
    sealed: list[Sealed] = []
    for place, artifact in enumerate(found):
        there = folder / str(place)
        there.mkdir()
        download(client, repository.name, artifact, there / "archive")
        wanted = _FILES[artifact.kind]
        inside = unpack(there / "archive", wanted, there)
        (there / "archive").unlink()
        if artifact.kind == ADAPTER:
            made.append(adapters.read(inside, repository.name))
        elif wanted[0] not in inside:
            raise Refused("missing_file", f"{wanted[0]} is not in artifact {artifact.name}")
        elif artifact.kind == SEALED:
            if sealed:
                raise Refused("too_many_artifacts", f"more than one is called {SEALED}")
            sealed += seals.read(inside[seals.FILE], _bounds(repository, job))
        else:
            files.append(inside[ROWS])
            for _ in reader.read(inside[ROWS]):
                pass  # once to the end, keeping nothing: many long rows need not fit into memory
    return Taken(tuple(files), reader.count + len(sealed), tuple(made), tuple(sealed))


def _bounds(repository: Repository, job: Job) -> seals.Bounds:
    asked = datetime.fromisoformat(job.asked_at).timestamp()
    return seals.Bounds(repository.name, job.issue or 0, _iso(asked - CLOCK_SECONDS), _iso(time.time() + CLOCK_SECONDS))


def _reader(store: Store, repository: Repository, job: Job) -> Reader:
    query = "SELECT number FROM forge_pulls WHERE repo = ?1 UNION SELECT number FROM pulls WHERE repo = ?1"
    merged = frozenset(number for (number,) in store.db.execute(query, [repository.name]).fetchall())
    latest = _iso(time.time() + AHEAD_SECONDS)
    hashes, issues = seals_of(store, repository.name), sealed_issues(store, repository.name)
    return Reader(repository.name, frozenset(job.pulls), merged, latest, hashes, issues)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _save(store: Store, repository: Repository, job: Job, found: Taken) -> None:
    again = _reader(store, repository, job)
    with store.atomic():
        now = store.repository(repository.id)
        if now is None or now.name != repository.name or now.state != "active":
            return  # renamed, removed or purged meanwhile: looked at again as what it is now
        add_evaluations(store, repository.name, _all(again, found.files), run=job.run)
        for adapter in found.adapters:
            adapters.add(store, repository.name, adapter, job.run or 0)
        seals.check_kept(store, repository.name, found.sealed)
        add_seals(store, repository.name, found.sealed, run=job.run)
        runs.change(store, job.job, rows=found.rows)
        runs.settle(store, job, "taken_in")
        outcome.taken_in(store, repository, job, found.adapters)
        if found.sealed and job.issue:
            outcome.sealed(store, repository, job.issue)


def _all(reader: Reader, files: tuple[Path, ...]) -> Iterator[Evaluation]:
    for file in files:
        yield from reader.read(file)


def _settle(store: Store, repository: Repository, job: Job, state: str, reason: str, detail: str | None) -> None:
    with store.atomic():
        runs.settle(store, job, state, reason, detail)
        outcome.ended_badly(store, repository, job, reason)


def clear(db: Path) -> None:
    """Away with what a killed worker has left; while nothing is being taken in."""
    shutil.rmtree(_place(db), ignore_errors=True)


def _place(db: Path) -> Path:
    return db.with_name(f"{db.name}.intake")


class _Folder:
    """A fresh folder of its owner's, gone afterwards; what a killed worker left in it goes first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        shutil.rmtree(self._path, ignore_errors=True)
        self._path.mkdir(mode=0o700)
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
