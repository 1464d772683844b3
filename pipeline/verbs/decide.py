"""``switchover decide``: evaluations in, verdict out."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from pipeline import config, evaluations
from pipeline.decide import Options, Verdict, judge, trace
from pipeline.decide.ebh import select_named
from pipeline.decide.words import sentence
from pipeline.errors import InputError
from pipeline.types import Evaluation
from pipeline.verbs import config_option, emit, json_option

PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--evaluations",
    "paths",
    type=PATH,
    multiple=True,
    required=True,
    metavar="FILE",
    help="evaluations.jsonl; repeatable.",
)
@click.option("--by", metavar="FIELD", help="One verdict for each value of this field (repo, measure, adapter, ...).")
@click.option("--trace", "as_trace", is_flag=True, help="One JSON line after every pull request.")
@click.option("--margin", type=float, help="Non-inferiority margin in score points, 0 to 1 (config: decide.margin).")
@click.option("--value", type=float, help="US dollars that a solved pull request is worth to you.")
@click.option("--measure", type=click.Choice(["tests", "recall"]), help="Primary score (default: see docs/decide.md).")
@click.option("--cost-cap-usd", type=float, help="Most that one attempt can cost; your runner enforces it.")
@click.option("--fixed-usd", type=float, help="Spent on training so far: adds the break-even.")
@click.option("--switched-at", metavar="TIME", help="When a human routed the team to own; later PRs are audits.")
@click.argument("more", type=PATH, nargs=-1, metavar="[FILE]...")
@config_option
@json_option
def command(
    paths: tuple[Path, ...],
    more: tuple[Path, ...],
    by: str | None,
    as_trace: bool,
    margin: float | None,
    value: float | None,
    measure: str | None,
    cost_cap_usd: float | None,
    fixed_usd: float | None,
    switched_at: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Judge from the evaluations whether the transition point is reached.

    \b
    Example:  switchover decide --evaluations out/evaluations.jsonl
              switchover decide --evaluations a.jsonl b.jsonl --by repo --json
    """
    paths = (*paths, *more)
    loaded = config.load(config_path)
    settings = judging(loaded.decide, margin, value)
    options = Options(
        cost_cap_usd=_above_zero("--cost-cap-usd", cost_cap_usd),
        fixed_usd=_above_zero("--fixed-usd", fixed_usd),
        measure=measure,
        switched=loaded.serve.route == "own" or switched_at is not None,
        switched_at=_time("--switched-at", switched_at),
    )
    with _without_collector():
        _decide(paths, by, as_trace, settings, options, as_json)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """No garbage collection meanwhile: nothing here makes cycles, and walking a million rows is a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _decide(
    paths: tuple[Path, ...],
    by: str | None,
    as_trace: bool,
    settings: config.DecideConfig,
    options: Options,
    as_json: bool,
) -> None:
    if by is None:
        rows = evaluations.read(paths)
        _print_all(
            trace(rows, settings, options) if as_trace else [judge(rows, settings, options)], as_json or as_trace
        )
        return
    groups = grouped(evaluations.rows(paths), by)
    if as_trace:
        for name, rows_of in groups.items():
            _print_all(({"by": name, **verdict} for verdict in trace(rows_of, settings, options)), True)
        return
    verdicts = [{"by": name, **judge(rows_of, settings, options)} for name, rows_of in groups.items()]
    _print_all(_with_discoveries(verdicts, settings.error_chance), as_json)


def judging(settings: config.DecideConfig, margin: float | None, value: float | None) -> config.DecideConfig:
    """The config's section with the flags' values in place. Raises InputError for a value out of range."""
    margin = settings.margin if margin is None else margin
    if not 0 <= margin < 1:
        raise InputError(f"margin: {margin} is not from 0 to below 1; it is a share, so 5 points are 0.05")
    if not 0 < settings.error_chance < 1:
        raise InputError(f"decide.error_chance: {settings.error_chance} is not between 0 and 1; 5% is 0.05")
    worth = _above_zero("--value", settings.value_of_solved_pull_usd if value is None else value)
    return dataclasses.replace(settings, margin=margin, value_of_solved_pull_usd=worth)


def _above_zero(name: str, value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise InputError(f"{name}: {value} is not above 0; give US dollars")
    return value


def _time(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    from pipeline.collect.filters import day  # brings the whole of collect, which no other call needs

    return day(text, name)


_OF_THE_MODEL = {"model", "adapter", "role"}
"""Fields that differ between the roles of one pull request: own's value speaks for the pull request."""


def grouped(rows: Iterable[dict[str, Any]], by: str) -> dict[Any, list[Evaluation]]:
    """Evaluations by the value of a field, in order of first appearance; null where a row lacks it.

    For a field of the model the value of own's rows counts, and base and frontier rows of the
    same pull request go with each of them. Raises InputError when no row has the field.
    """
    every = list(rows)
    if every and not any(by in row for row in every):
        known = ", ".join(dict.fromkeys(key for row in every for key in row))
        raise InputError(f"--by: no row has a field {by!r}; fields here: {known}")
    groups: dict[str, tuple[Any, list[Evaluation]]] = {}
    values = _own_values(every, by) if by in _OF_THE_MODEL else {}
    for row in every:
        others = by in _OF_THE_MODEL and row["role"] != "own"
        for value in values.get((row["repo"], row["number"]), {}).values() if others else [row.get(by)]:
            groups.setdefault(json.dumps(value, sort_keys=True), (value, []))[1].append(evaluations.evaluation(row))
    return {_hashable(value): found for value, found in groups.values()}


def _own_values(rows: Iterable[dict[str, Any]], by: str) -> dict[tuple[str, int], dict[str, Any]]:
    values: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        if row["role"] == "own":
            values.setdefault((row["repo"], row["number"]), {})[json.dumps(row.get(by))] = row.get(by)
    return values


def _hashable(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value


def _with_discoveries(verdicts: list[Verdict], error_chance: float) -> Iterator[Verdict]:
    """Each verdict with ``discovery``: claimed by e-BH over all of them at that false discovery rate."""
    names = {str(i): verdict["log_e"]["noninferior"] for i, verdict in enumerate(verdicts)}
    claimed = select_named(names, error_chance)
    for i, verdict in enumerate(verdicts):
        yield {**verdict, "discovery": str(i) in claimed}


def _print_all(verdicts: Iterable[Verdict], as_json: bool) -> None:
    """JSON on stdout in any case: it is the result; without --json the sentence for a person goes to stderr."""
    for verdict in verdicts:
        emit(verdict)
        if not as_json:
            prefix = f"{verdict['by']}: " if "by" in verdict else ""
            click.echo(f"{prefix}{verdict['state']}: {sentence(verdict)}", err=True)
            for reason in verdict["reasons"]:
                click.echo(f"  {reason}", err=True)
