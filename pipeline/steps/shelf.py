"""From a trained adapter to the one that is evaluated: gates, registry, promotion."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.adapters import Entry, Registry, open_registry
from pipeline.adapters.entry import SHORT
from pipeline.adapters.scores import scores
from pipeline.config import cache_dir
from pipeline.errors import NoEffect, RunError
from pipeline.gates.effect import TakesEffect
from pipeline.gates.record import Record, read_record
from pipeline.gates.run import Candidate, keep, offline, through_server
from pipeline.settings import Config
from pipeline.steps.lock import lock_file
from pipeline.steps.server import Server
from pipeline.train.card import read_card
from pipeline.types import Evaluation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Promoted:
    """The adapter that stands for own."""

    entry: Entry
    folder: Path
    """On this machine."""


def is_finished(adapter: Path) -> bool:
    """Whether the adapter in this folder is trained and its gates have come to an end, passed or not."""
    record = read_record(adapter)
    if record is None or record.adapter != read_card(adapter).sha256:  # of weights that were there before
        return False
    return bool(record.failed) or not record.missing


class Shelf:
    """The registry as one repository's cycle uses it."""

    def __init__(self, config: Config, repo: str, out: Path) -> None:
        """``repo``: ``owner/name``; ``out``: folder of the cycle."""
        self._config, self._repo = config, repo
        self.registry: Registry = open_registry(config.adapters.registry or out / "registry")

    @property
    def lock(self) -> Path:
        """What a retraining of the repository locks."""
        return lock_file(self.registry.url, self.registry.place.local(""), self._repo)

    def promoted(self) -> Promoted | None:
        """The adapter that is promoted for the repository; None: none yet."""
        entry = self.registry.promoted(self._repo)
        return Promoted(entry, self.registry.folder(entry, cache_dir() / "adapters")) if entry else None

    def gate(self, adapter: Path, held_out: Path, clone: Path, out: Path, server: Server, seed: int) -> Record:
        """Run the gates that were not run yet, cheap ones first; after a failure the others are not needed."""
        record = read_record(adapter)
        if record is not None and is_finished(adapter):
            log.info("    gates: %s", record.objection() or "all passed")
            return record
        last = self.promoted()
        candidate = Candidate.of(adapter, held_out, last.folder if last else None)
        record = keep(candidate, offline(candidate, self._config.train.context_tokens))
        if record.failed:
            return record
        try:
            models = server.models(candidate.card.base, adapter, candidate.card.sha256)
        except NoEffect as error:
            return keep(candidate, [TakesEffect(str(error))])
        return keep(candidate, through_server(candidate, models, clone, out, self._config, seed))

    def settle(self, adapter: Path, record: Record) -> None:
        """Register the adapter; promote it when it has passed, once: what a person does afterwards stands."""
        entry = self.registry.add(adapter)
        short, where = entry.id[:SHORT], self.registry.url
        if any(entry.id in (event.id, event.before) for event in self.registry.promotions()):
            return
        if record.passed and not entry.card.stale:
            self.registry.promote(entry, self._repo)
            log.info("    promoted %s (registry: %s)", short, where)
        else:
            current = self.registry.promoted(self._repo)
            kept = f"{current.id[:SHORT]} stays" if current else "there is none that could stay"
            log.warning("    not promoted: %s (%s); %s", short, record.objection() or "stale", kept)

    def must_have(self, adapter: Path) -> Promoted:
        """The promoted adapter. Raises RunError saying why there is none yet."""
        current = self.promoted()
        if current:
            return current
        record, id = read_record(adapter), self.registry.add(adapter).id[:SHORT]
        raise RunError(
            f"no adapter has passed its gates yet: {record and record.objection()}; train on more samples, or promote "
            f"it all the same: switchover adapters promote {id} --registry {self.registry.url} --force"
        )

    def store_scores(self, rows: Sequence[Evaluation]) -> None:
        """Keep with each adapter how it has scored so far."""
        for entry in self.registry.entries()[0]:
            if found := scores(rows, entry.card.sha256):
                self.registry.store_scores(entry, found)
