"""Archives as runners make them and as attackers do, and a way to let everything happen that is due."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from bot.handle.change import Context
from bot.intake import runs, step
from bot.intake.runs import Job
from pipeline.types import Evaluation, to_json
from tests.bot.handle.conftest import arrive, payload, send, settle
from tests.github.stand_in import Repository, StandIn
from tests.github.stand_in.rest_actions import add_artifact, finish
from tests.graded import graded

ROWS = "evaluations.jsonl"


def lines(rows: Iterable[Evaluation | Mapping[str, Any]]) -> bytes:
    """As ``switchover evaluate`` writes them."""
    dicts = (to_json(row) if isinstance(row, Evaluation) else row for row in rows)
    return b"".join(json.dumps(row).encode() + b"\n" for row in dicts)


def packed(files: Mapping[str, bytes]) -> bytes:
    """A plain archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def symlink(name: str, to: str) -> bytes:
    """An archive that holds a link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, to)
    return target.getvalue()


def results(*rows: Evaluation) -> bytes:
    """The artifact of an evaluation: own, base and frontier on pull request 2 where nothing is given."""
    three = [graded(2, role="own"), graded(2, role="base", model="b"), graded(2, role="frontier", model="f")]
    return packed({ROWS: lines(rows or three), "summary.json": b"{}"})


def work(context: Context) -> None:
    """All that is due: deliveries, letters, runs."""
    for _ in range(100):
        settle(context)
        send(context)
        if step.step(context.store, context.forge) != 0:
            settle(context)
            send(context)
            return
    raise AssertionError("no end of it")


def merge(context: Context, repository: Repository, number: int, guid: str | None = None) -> str:
    """Tell of a merged pull request; the delivery's GUID."""
    said = payload(repository, "closed", pull_request={"number": number, "merged": True})
    return arrive(context.store, "pull_request", said, guid)


def over(context: Context, repository: Repository, run: dict[str, Any], conclusion: str = "success") -> str:
    """End a run and tell of it; the delivery's GUID."""
    said = finish(repository, run, conclusion)
    return arrive(context.store, "workflow_run", payload(repository, "completed", workflow_run=said))


def evaluated(github: StandIn, context: Context, repository: Repository, data: bytes, **changes: Any) -> Job:
    """Merge number 2, let its run leave ``data``, and take that in; what became of it."""
    merge(context, repository, 2)
    work(context)
    run = repository.runs[-1]
    add_artifact(github, repository, run, data, **changes)
    over(context, repository, run)
    work(context)
    return only(context)


def only(context: Context) -> Job:
    """The one job that there is."""
    (job,) = runs.select(context.store, "")
    return job


def jobs(context: Context) -> list[Job]:
    """All, in the order in which they were asked for."""
    return runs.select(context.store, "ORDER BY rowid")


def never_appears(context: Context, repository: Repository) -> None:
    """GitHub is asked for a run, and looked at until it is given up: none is there."""
    send(context)
    repository.runs.clear()
    for _ in range(40):
        context.store.db.execute("UPDATE runs SET due_at = 0")
        step.step(context.store, context.forge)
