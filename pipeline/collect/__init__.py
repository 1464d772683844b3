"""Merged pull requests of a repository, and the tasks that they make.

    clone -> history (graph) -> sift, match (whose number, proven by what) -> assemble -> keep -> store
    forge -> history (graph) -> forge (the forge's word for each number) ---> assemble -> keep -> store
    store -> tasks (prompt without its answer, or a reason why not) -> gold (the human patch)

Nothing is fetched, checked out or run; the clone is only read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.collect import keep
from pipeline.collect.assemble import Assembler
from pipeline.collect.clone import Clone, open_clone, warn_of_newer
from pipeline.collect.from_forge import Fresh, collect_forge, fresh
from pipeline.collect.gold import gold_patch
from pipeline.collect.keep import Collected
from pipeline.collect.mine import Mined, mine
from pipeline.collect.payloads import Payloads, read_payloads
from pipeline.collect.reverts import reverted
from pipeline.collect.tasks import note, task_of, tasks
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.store import Store

__all__ = [
    "Collected",
    "Fresh",
    "collect_clone",
    "collect_forge",
    "fresh",
    "gold_patch",
    "note",
    "open_clone",
    "task_of",
    "tasks",
]


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
    store.refuse_forgotten(clone.name)
    warn_of_newer(clone)
    config = keep.since_day(config, since)
    recorded = read_payloads(payloads, clone.name) if payloads else Payloads()
    if clone.tip is None:
        store.save_repo(clone.name, clone.path)
        return Collected(0, 0, {}, clone.name, note="the repository has no commits yet; collect again once it has some")
    mined = mine(clone, clone.tip, recorded)
    _refuse_another(clone, mined, store)
    reverts = reverted(mined.found, mined.graph)
    assembler = Assembler(clone.path, clone.name, mined.graph, recorded, reverts, config.redact)
    pulls, unused = keep.select(mined, assembler, config, limit)
    issues = list(assembler.issues(pulls, {row.number for row in mined.found}))
    collected = keep.save(clone, store, assembler, mined, pulls, unused, issues)
    return collected if pulls else replace(collected, note=_note(mined))


def _refuse_another(clone: Clone, mined: Mined, store: Store) -> None:
    """Two repositories without a remote may have one name; their pull requests must not mix."""
    known = store.merge_shas(clone.name)
    if known and set(known.values()).isdisjoint(mined.graph.commits):
        raise InputError(
            f"{clone.path}: {store.path} already holds another repository called {clone.name!r}; "
            "use another --db, or add the remote: git remote add origin URL"
        )


def _note(mined: Mined) -> str:
    if mined.found:
        return f"none of the {len(mined.found)} merged pull requests passes the config's collect section and --since"
    return (
        f"none of {len(mined.graph.commits)} commits names a merged pull request; where they were rebased, "
        "run git fetch origin '+refs/pull/*/head:refs/pull/*/head' in the clone, then collect again"
    )
