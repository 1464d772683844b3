"""Is a workflow run, or an artifact, what was asked for? Pure: GitHub's own records in, or Refused raised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.intake.reasons import Refused
from bot.intake.runs import Job
from pipeline.types import Repository

MOST_PACKED = 32 << 20
"""Bytes of an artifact's archive."""

MOST_ARTIFACTS = 20
"""With results, of one run."""

EVALUATIONS, ADAPTER, SEALED = "switchover-evaluations", "switchover-adapter", "switchover-sealed"
"""Names of artifacts with results; more than one of a kind is told apart by what follows a ``-``."""


@dataclass(frozen=True)
class Artifact:
    """One that may be fetched."""

    id: int
    name: str
    size: int
    """Bytes of the archive, as GitHub says."""
    sha256: str | None
    """Of the archive, as GitHub says; None where it does not."""

    @property
    def kind(self) -> str:
        """EVALUATIONS, ADAPTER or SEALED."""
        return next(kind for kind in (ADAPTER, SEALED, EVALUATIONS) if self.name.startswith(kind))


def kinds(job: Job) -> tuple[str, ...]:
    """Of artifacts that are results of ``job``. Hashes are believed only of an issue that we have asked about:
    whoever starts such a run by hand has the patches, and time to change them."""
    return (SEALED,) if job.issue else (EVALUATIONS, ADAPTER)


def check_run(run: Mapping[str, Any], repository: Repository, job: Job) -> None:
    """Raises Refused unless ``run`` is one of the job's workflow file, on the default branch of ``repository``."""
    for side in ("repository", "head_repository"):
        id = (run.get(side) or {}).get("id")
        if id != repository.id:
            raise Refused("wrong_repository", f"run {job.run}: its {side} is {id}, not {repository.id}")
    path = str(run.get("path")).partition("@")[0]
    if run.get("id") != job.run or path != f".github/workflows/{job.workflow}":
        raise Refused("wrong_run", f"run {run.get('id')} is of {path}, not of .github/workflows/{job.workflow}")
    events = ("workflow_dispatch",) if job.letter else ("workflow_dispatch", "schedule")
    if run.get("event") not in events:
        raise Refused("wrong_run", f"run {job.run} was started by {run.get('event')}, not by {' or '.join(events)}")
    branch = repository.default_branch or "main"
    if run.get("head_branch") != branch:
        raise Refused("wrong_branch", f"run {job.run} is of {run.get('head_branch')}, not of {branch}")


def chosen(listed: Iterable[Mapping[str, Any]], job: Job, repository: Repository) -> list[Artifact]:
    """The artifacts with results among those of the job's run, by name. Raises Refused."""
    found = sorted(_ours(listed, job, repository), key=lambda one: one.name)
    if len(found) > MOST_ARTIFACTS:
        raise Refused("too_many_artifacts", f"{len(found)} artifacts with results, {MOST_ARTIFACTS} at most")
    return found


def _ours(listed: Iterable[Mapping[str, Any]], job: Job, repository: Repository) -> Iterator[Artifact]:
    for row in listed:
        name = str(row["name"])
        if not any(name == kind or name.startswith(f"{kind}-") for kind in kinds(job)):
            continue
        of = row.get("workflow_run") or {}
        if of.get("id") != job.run or of.get("repository_id") != repository.id:
            raise Refused("wrong_run", f"artifact {row['id']} is of run {of.get('id')}, not of {job.run}")
        if row.get("expired"):
            raise Refused("expired", f"artifact {row['id']} expired at {row.get('expires_at')}")
        size = int(row["size_in_bytes"])
        if size > MOST_PACKED:
            raise Refused("too_large", f"artifact {row['id']} has {size:,} bytes, {MOST_PACKED:,} at most")
        digest = str(row.get("digest") or "")
        yield Artifact(int(row["id"]), name, size, digest.removeprefix("sha256:") or None)
