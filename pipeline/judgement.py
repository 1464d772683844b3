"""A verdict that is kept: judged under the route that the database knows, and stored there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config import Config
from pipeline.decide import Options, judge
from pipeline.errors import InputError, RunError
from pipeline.report.check import again, differences
from pipeline.report.issue import must_go_back
from pipeline.report.transition import Record, judged
from pipeline.settings import DecideConfig
from pipeline.store import Store
from pipeline.types import Evaluation

OWN = "own"
MOST_SHOWN = 5


@dataclass(frozen=True)
class Kept:
    """A record and its place."""

    record: Record
    options: Options
    """With the route that the database knows."""
    seq: int
    """Of the row in the database."""
    is_new: bool
    """False when the newest row said the same."""


def keep(
    store: Store, repo: str, rows: Iterable[Evaluation], config: Config, settings: DecideConfig, options: Options
) -> Kept:
    """Judge ``rows`` as those of ``repo``, and store the record.

    Raises InputError for a repository that was purged, RunError when the database cannot be written.
    """
    rows = list(rows)
    tried = [
        (judged(rows, settings=settings, options=of, prices=config.prices, repo=repo), of)
        for of in routed(store, repo, options)
    ]
    record, of = next((one for one in tried if must_go_back(one[0])), tried[-1])
    with store.atomic():
        is_new = store.add_verdict(repo, record)
        newest = store.verdict(repo)
    assert newest
    return Kept(record, of, newest.seq, is_new)


def routed(store: Store, repo: str, options: Options) -> list[Options]:
    """``options`` with what is recorded of the route, unless they tell themselves when the team was switched.

    Of a team that went back to frontier there are two: as it was on own, which counts if own had
    fallen behind then, and as it is now. Else the flag would go up again on the evidence of old.
    """
    routes = store.routes(repo)
    if not routes or options.switched_at is not None:
        return [options]
    switches = [replace(options, switched=True, switched_at=row.at) for row in routes if row.route == OWN]
    if routes[-1].route == OWN:
        return switches[-1:]
    return [*switches[-1:], replace(options, switched=False)]


def heeded(store: Store, repo: str, rows: Sequence[Evaluation], settings: DecideConfig, options: Options) -> Options:
    """``options`` with what is recorded of the route: of two, the one under which the verdict counts."""
    tried = routed(store, repo, options)
    first = tried[0]
    return first if len(tried) > 1 and must_go_back(judge(rows, settings, first)) else tried[-1]


def note_route(store: Store, repo: str, route: str) -> None:
    """Remember the route that the config of ``repo`` has now, where somebody changed it by hand.

    Frontier before anything was recorded is the state of nature, and no change.
    """
    if store.route(repo) or route != "frontier":
        store.add_route(repo, route, by=None, how="config")


def check(path: Path, rows: Sequence[Evaluation]) -> Record:
    """The record at ``path``, when ``rows`` give the same. Raises RunError naming what differs, and InputError."""
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a transition.json") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); give a transition.json") from None
    try:
        found = again(record, list(rows))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    differs = list(differences(record, found))
    if differs:
        more = f"; and {len(differs) - MOST_SHOWN} more" if len(differs) > MOST_SHOWN else ""
        raise RunError(f"{path}: does not hold: {'; '.join(differs[:MOST_SHOWN])}{more}; is it of these evaluations?")
    return found


def of_one(rows: Iterable[Evaluation], repo: str | None) -> tuple[str, list[Evaluation]]:
    """``repo`` (None: the only one there is) and its rows. Raises InputError naming those that are there."""
    found = list(rows)
    known = sorted({row.repo for row in found})
    if repo is None and len(known) == 1:
        return known[0], found
    if repo is None:
        raise InputError(f"--db: the evaluations are of {_listed(known)}; say of which with --repo OWNER/NAME")
    if repo not in known:
        raise InputError(f"--repo {repo}: no evaluation is of it; they are of {_listed(known)}")
    return repo, [row for row in found if row.repo == repo]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "no repository"
