"""Where a repository stands, from the attempts in the database, under its own config and the recorded route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.config import Config
from pipeline.decide import Options
from pipeline.judgement import keep, note_route
from pipeline.store import Store
from pipeline.types import Evaluation


def verdict_of(store: Store, repo: str, rows: Sequence[Evaluation], config: Config) -> dict[str, Any]:
    """The verdict on ``rows``, all of ``repo``; its record is stored, and the transition issue follows from that."""
    note_route(store, repo, config.serve.route)
    given = Options(training_pulls=config.train.retrain_after_pulls, switched=config.serve.route == "own")
    verdict: dict[str, Any] = keep(store, repo, rows, config, config.decide, given).record["verdict"]
    return verdict
