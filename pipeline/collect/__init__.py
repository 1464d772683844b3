"""Merged pull requests of a clone, and the tasks that they make.

    clone -> history (graph) -> sift, match (whose number, proven by what) -> assemble -> store
    store -> tasks (prompt without its answer, or a reason why not) -> gold (the human patch)

Nothing is fetched, checked out or run; the clone is only read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from pipeline.collect.assemble import Assembler
from pipeline.collect.clone import Clone, open_clone, warn_of_newer
from pipeline.collect.filters import day, unwanted
from pipeline.collect.found import Found
from pipeline.collect.gold import gold_patch
from pipeline.collect.history import utc
from pipeline.collect.mine import Mined, mine
from pipeline.collect.payloads import Payloads, read_payloads
from pipeline.collect.reverts import reverted
from pipeline.collect.tasks import TaskLimits, note, task_of, tasks
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.store import Store
from pipeline.types import LeftOut, Pull

__all__ = ["Collected", "TaskLimits", "collect_clone", "gold_patch", "note", "open_clone", "task_of", "tasks"]

CHUNK = 500
"""Pull requests whose files are read together: few git calls, and ``--limit`` need not read all."""


@dataclass(frozen=True)
class Collected:
    """What one run of ``collect`` found. Running it again gives the same numbers."""

    pulls: int
    issues: int
    left_out: dict[str, int]
    """Reason code to count."""
    repo: str
    redacted: dict[str, int] = field(default_factory=dict)
    """Kind of secret to how many were replaced in texts."""
    note: str = ""
    """Why nothing was found and what to do; "" when something was."""


def collect_clone(
    source: Path,
    store: Store,
    *,
    config: CollectConfig,
    since: str | None = None,
    limit: int | None = None,
    payloads: Path | None = None,
) -> Collected:
    """Find the merged pull requests in the history of the clone at ``source`` and save them.

    ``since`` (a date) overrides the config's; ``limit`` keeps the newest that many (None: all).
    ``payloads``: JSONL of recorded GitHub objects to join by number. All is saved in one
    transaction: a killed run leaves what was there before. Raises InputError and RunError.
    """
    clone = open_clone(source)
    warn_of_newer(clone)
    config = _with_since(config, since)
    recorded = read_payloads(payloads, clone.name) if payloads else Payloads()
    if clone.tip is None:
        store.save_repo(clone.name, clone.path)
        return Collected(0, 0, {}, clone.name, note="the repository has no commits yet; collect again once it has some")
    mined = mine(clone, clone.tip, recorded)
    _refuse_another(clone, mined, store)
    assembler = Assembler(
        clone.path, clone.name, mined.graph, recorded, reverted(mined.found, mined.graph), config.redact
    )
    pulls, unused = _select(mined, assembler, config, limit)
    return _save(clone, store, assembler, mined, pulls, unused)


def _with_since(config: CollectConfig, since: str | None) -> CollectConfig:
    if since:
        return replace(config, since=day(since, "--since"))
    return replace(config, since=day(config.since, "collect.since")) if config.since else config


def _refuse_another(clone: Clone, mined: Mined, store: Store) -> None:
    """Two repositories without a remote may have one name; their pull requests must not mix."""
    known = store.merge_shas(clone.name)
    if known and set(known.values()).isdisjoint(mined.graph.commits):
        raise InputError(
            f"{clone.path}: {store.path} already holds another repository called {clone.name!r}; "
            "use another --db, or add the remote: git remote add origin URL"
        )


def _select(
    mined: Mined, assembler: Assembler, config: CollectConfig, limit: int | None
) -> tuple[list[Pull], list[LeftOut]]:
    """The pulls that the config and ``limit`` keep, newest merged first, and why not the others."""
    late, early = _by_time(mined, config.since or "")
    kept: list[Pull] = []
    unused = [LeftOut("collect", "pull", str(row.number), "before_since", f"before {config.since}") for row in early]
    with tqdm(total=len(late), unit="pull", desc="collect", disable=None) as bar:
        for start in range(0, len(late), CHUNK):
            rows = late[start : start + CHUNK]
            for row, pull in zip(rows, assembler.pulls(rows), strict=True):
                bar.update()
                if isinstance(pull, LeftOut):
                    unused.append(pull)
                elif reason := unwanted(pull, config, row.branch):
                    unused.append(LeftOut("collect", "pull", str(pull.number), *reason))
                elif limit is None or len(kept) < limit:
                    kept.append(pull)
            if limit is not None and len(kept) >= limit:
                break
    return kept, unused


def _by_time(mined: Mined, since: str) -> tuple[list[Found], list[Found]]:
    """Merged from ``since`` on, and before: of the latter no file needs to be read."""
    late = [row for row in mined.found if utc(mined.graph.commits[row.merge_sha].committed) >= since]
    return late, list(mined.found[len(late) :])


def _save(
    clone: Clone, store: Store, assembler: Assembler, mined: Mined, pulls: Sequence[Pull], unused: Sequence[LeftOut]
) -> Collected:
    gone = [*mined.left_out, *unused]
    issues = list(assembler.issues(pulls, {row.number for row in mined.found}))
    with store.atomic():
        store.save_repo(clone.name, clone.path)
        store.forget_left_out(clone.name, "collect")
        store.save_pulls(pulls)
        store.forget_pulls(clone.name, _no_longer_wanted(gone))
        store.save_issues(issues)
        kept = store.merge_shas(clone.name)
        store.save_left_out(clone.name, (row for row in gone if not (row.id.isdigit() and int(row.id) in kept)))
    counts = dict(Counter(row.reason for row in gone).most_common())
    return Collected(len(pulls), len(issues), counts, clone.name, dict(assembler.redacted), _note(mined, pulls))


def _no_longer_wanted(gone: Sequence[LeftOut]) -> Iterator[int]:
    """What an earlier run kept and the config now refuses. A later ``--since`` narrows only the run."""
    return (int(row.id) for row in gone if row.id.isdigit() and row.reason != "before_since")


def _note(mined: Mined, pulls: Sequence[Pull]) -> str:
    if pulls:
        return ""
    if mined.found:
        return f"none of the {len(mined.found)} merged pull requests passes the config's collect section and --since"
    return (
        f"none of {len(mined.graph.commits)} commits names a merged pull request; where they were rebased, "
        "run git fetch origin '+refs/pull/*/head:refs/pull/*/head' in the clone, then collect again"
    )
