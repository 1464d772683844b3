"""The verdict for each kind of change, with its route, and for each language: what ``decide --by`` says. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.decide import Options, judge
from pipeline.decide.groups import grouped
from pipeline.decide.kinds import kind_of
from pipeline.decide.routing import suggest
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation


@dataclasses.dataclass(frozen=True)
class Part:
    """One kind of change, or one language."""

    name: str
    verdict: dict[str, Any]
    route: dict[str, Any] | None
    """``to`` own or frontier, ``log_e`` and what it ``needed``; None where no route is drawn from it."""


def by_kind(evaluations: Sequence[Evaluation], settings: DecideConfig, options: Options | None) -> list[Part]:
    """Most PRs first; [] when there is one kind, or no titles. All kinds enter the routes, also those without a PR."""
    titles = {(row.repo, row.number): row.title for row in evaluations if row.title}
    kinds = {pull: kind_of(title) for pull, title in titles.items()}
    named = [(row, kind) for row in evaluations if (kind := kinds.get((row.repo, row.number)))]
    verdicts = _judged(named, "kind", settings, options)
    routes = suggest(list(verdicts.values()), settings.error_chance)
    return _shown([Part(name, verdicts[name], route) for name, route in zip(verdicts, routes, strict=True)])


def by_language(evaluations: Sequence[Evaluation], settings: DecideConfig, options: Options | None) -> list[Part]:
    """Most PRs first; [] when there is one language, or none is known.

    Without routes: those of the kinds are the ones whose promise holds, and a second field would be a second try.
    """
    named = [(row, row.language) for row in evaluations if row.language]
    return _shown(
        [Part(name, verdict, None) for name, verdict in _judged(named, "language", settings, options).items()]
    )


def _judged(
    named: Iterable[tuple[Evaluation, str]], field: str, settings: DecideConfig, options: Options | None
) -> dict[str, dict[str, Any]]:
    return {name: judge(stream, settings, options) for name, stream in grouped(named, field).items()}


def _shown(parts: Iterable[Part]) -> list[Part]:
    judged = [part for part in parts if part.verdict["n"]]
    return sorted(judged, key=_size) if len(judged) > 1 else []


def _size(part: Part) -> tuple[int, str]:
    return -part.verdict["n"], part.name


def routed_to_own(parts: Iterable[Part]) -> list[str]:
    """The kinds that own is proven on."""
    return [part.name for part in parts if part.route and part.route["to"] == "own"]
