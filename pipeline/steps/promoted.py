"""Who takes part where no endpoint is named: the promoted adapter and its base, served here, the config's frontier.

Not covered: frontier served on this machine, agents of others (name those with --model).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.adapters.entry import SHORT
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.evaluate.line_up import Model
from pipeline.settings import SCRIPTED
from pipeline.steps.server import Server
from pipeline.steps.shelf import Promoted, Shelf
from pipeline.types import Role

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LineUp:
    """Endpoints by role, and the adapter's folder."""

    models: Mapping[Role, Model]
    adapter: Path | None
    """None where own is an endpoint of the config and no adapter is promoted: its cut-off is then not known."""


@contextmanager
def line_up(config: Config, repo: str, out: Path) -> Iterator[LineUp]:
    """Own, base and frontier for the length of the block; a server that is started ends with it.

    ``repo``: ``owner/name``; ``out``: for the server's log. Where ``evaluate.own.url`` is set, own is that
    endpoint and base takes no part. Raises InputError where no adapter is promoted and none is an endpoint,
    and where the frontier is not set; else what ``serving`` raises.
    """
    frontier, own = config.evaluate.frontier, config.evaluate.own
    if not frontier.url:
        raise InputError("evaluate.frontier.url is not set; give the frontier model's endpoint in the config")
    others: dict[Role, Model] = {"frontier": Model(frontier.url, frontier.model or SCRIPTED)}
    promoted = _promoted(config, repo, out)
    if own.url:
        folder = promoted.folder if promoted else None
        yield LineUp({"own": Model(own.url, own.model or "own"), **others}, folder)
        return
    if promoted is None:
        where = config.adapters.registry or "no registry is named; do that with --registry"
        raise InputError(
            f"{repo}: no adapter is promoted ({where}); make one with 'switchover retrain', or promote one with "
            "'switchover adapters promote', or name an endpoint as evaluate.own.url"
        )
    with Server(config, out.absolute()) as server:
        card = promoted.entry.card
        log.info("evaluate: own is adapter %s on %s", promoted.entry.id[:SHORT], card.base)
        yield LineUp({**server.models(card.base, promoted.folder, card.sha256), **others}, promoted.folder)


def _promoted(config: Config, repo: str, out: Path) -> Promoted | None:
    return Shelf(config, repo, out).promoted() if config.adapters.registry else None
