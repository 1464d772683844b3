"""Pull requests of a mirror, from what the forge said of them: all of a repository, or one that was just merged.

No network: the forge's word lies in ``forge_pulls``, the mirror on the disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.collect import forge, keep
from pipeline.collect.assemble import Assembler
from pipeline.collect.clone import Clone
from pipeline.collect.keep import Collected
from pipeline.collect.mine import Mined
from pipeline.collect.payloads import Payloads
from pipeline.collect.reverts import reverted, takes_back
from pipeline.config import CollectConfig
from pipeline.errors import RunError
from pipeline.store import Store
from pipeline.types import ForgePull, Issue, LeftOut, Pull


def collect_forge(
    clone: Clone,
    branch: str,
    store: Store,
    *,
    config: CollectConfig,
    since: str | None = None,
    limit: int | None = None,
) -> Collected:
    """Make the pull requests of ``clone``, a mirror, anew from what the forge said of them (``forge_pulls``).

    ``branch``: the name of the default branch, whose tip the clone's HEAD is. ``since`` and ``limit`` as in
    ``collect_clone``. All is saved in one transaction. Raises InputError and RunError.
    """
    told = store.forge_pulls(clone.name)
    config = keep.since_day(config, since)
    mined = forge.whole(clone, told, branch)
    assembler = _assembler(clone, mined, forge.payloads(told), config, reverted(mined.found, mined.graph))
    pulls, unused = keep.select(mined, assembler, config, limit)
    issues = list(assembler.issues(pulls, ()))
    with store.atomic():
        if told and not store.count_forge_pulls(clone.name):
            raise RunError(f"{clone.name}: was purged or renamed meanwhile; nothing is saved")
        store.forget_pulls(clone.name, store.merge_shas(clone.name).keys() - {pull.number for pull in told})
        collected = keep.save(clone, store, assembler, mined, pulls, unused, issues)
    return replace(collected, issues=len(store.issues(clone.name)))


@dataclass(frozen=True)
class Fresh:
    """What became of a merged pull request that was just heard of, before it is saved."""

    repo: str
    pulls: tuple[Pull, ...]
    left_out: tuple[LeftOut, ...]
    issues: tuple[Issue, ...]
    """Known by number alone."""
    takes_back: bool
    """Whether it reverts something: then what it reverts must be marked, by ``collect_forge``."""

    def save(self, store: Store) -> None:
        """One transaction, or part of the one around it."""
        with store.atomic():
            store.save_pulls(self.pulls)
            store.forget_pulls(self.repo, (int(row.id) for row in self.left_out if row.id.isdigit()))
            store.save_left_out(self.repo, self.left_out)
            store.save_issues(self.issues)


def fresh(
    clone: Clone, branch: str, told: Sequence[ForgePull], *, config: CollectConfig, reverts: Mapping[int, str]
) -> Fresh:
    """As ``collect_forge`` for the pull requests that one commit merged, without reading the whole history.

    ``told``: all of them, in most cases one. ``reverts``: number to the commit that is known to take it back.
    """
    config = keep.since_day(config, None)
    mined = forge.near(clone, told, branch)
    assembler = _assembler(clone, mined, forge.payloads(told), config, reverts)
    pulls, unused = keep.select(mined, assembler, config, None)
    issues = tuple(assembler.issues(pulls, ()))
    return Fresh(clone.name, tuple(pulls), (*mined.left_out, *unused), issues, any(map(takes_back, pulls)))


def _assembler(
    clone: Clone, mined: Mined, payloads: Payloads, config: CollectConfig, reverts: Mapping[int, str]
) -> Assembler:
    return Assembler(clone.path, clone.name, mined.graph, payloads, reverts, config.redact)
