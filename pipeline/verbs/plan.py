"""``switchover plan``: how long an answer will take, and what would make it shorter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pipeline import config, evaluations
from pipeline.decide import judge
from pipeline.decide.measured import measured
from pipeline.decide.outlook import lines, outlook
from pipeline.decide.pairs import pairs
from pipeline.decide.power import SPREADS, Plan, Spread
from pipeline.decide.stream import Stream, fold
from pipeline.decide.wealth import level
from pipeline.errors import InputError
from pipeline.types import Measure
from pipeline.verbs import USD, config_option, emit, json_option
from pipeline.verbs.decide import judging


@click.command()
@click.option(
    "--pulls-per-week", type=float, required=True, metavar="N", help="Pull requests that are evaluated a week."
)
@click.option(
    "--effect", type=float, default=0.0, show_default=True, help="How much better own truly is, in score points."
)
@click.option("--margin", type=float, help="Non-inferiority margin in score points, 0 to 1 (config: decide.margin).")
@click.option(
    "--attempts", multiple=True, metavar="ROLE=K", help="Attempts per PR of own or frontier (config: evaluate)."
)
@click.option("--sd", type=click.FloatRange(0, 1), metavar="X", help="Spread of the difference at one attempt each.")
@click.option("--value", type=float, help="US dollars that a solved pull request is worth to you.")
@click.option("--own-usd", type=USD, help="Cost of one attempt of own.")
@click.option("--frontier-usd", type=USD, help="Cost of one attempt of frontier.")
@click.option(
    "--evaluations", "paths", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
    help="Take spread, costs and the epoch's error chance from these; repeatable.",
)  # fmt: skip
@config_option
@json_option
def command(
    pulls_per_week: float,
    effect: float,
    margin: float | None,
    attempts: tuple[str, ...],
    sd: float | None,
    value: float | None,
    own_usd: float | None,
    frontier_usd: float | None,
    paths: tuple[Path, ...],
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Tell how many pull requests and weeks it will take until there is an answer.

    \b
    Example:  switchover plan --pulls-per-week 12 --effect 0.05
              switchover plan --pulls-per-week 12 --attempts own=4 --evaluations out/evaluations.jsonl
    """
    loaded = config.load(config_path)
    if not 0 < pulls_per_week < float("inf"):
        raise InputError(f"--pulls-per-week: {pulls_per_week} is not above 0; give pull requests a week, as 12")
    if not -1 <= effect <= 1:
        raise InputError(f"--effect: {effect} is not from -1 to 1; it is a share, so 5 points are 0.05")
    settings = judging(loaded.decide, margin, value)
    stream = fold(evaluations.graded(paths)) if paths else None
    seen = _measured(stream, settings)
    made = _attempts(attempts, loaded.evaluate.attempts)
    plan = Plan(
        effect=effect,
        margin=settings.margin,
        alpha=seen["alpha"],
        spread=SPREADS["recall"],
        own_attempts=made["own"],
        frontier_attempts=made["frontier"],
        own_usd=own_usd if own_usd is not None else seen["of"].own_usd,
        frontier_usd=frontier_usd if frontier_usd is not None else seen["of"].frontier_usd,
        value_usd=settings.value_of_solved_pull_usd,
    )
    spreads = _spreads(seen, sd)
    result = outlook(
        {name: replace(plan, spread=spread) for name, spread in spreads.items()}, pulls_per_week, seen["of"]
    )
    if as_json:
        emit(result)
    else:
        click.echo("\n".join(lines(result)))


def _measured(stream: Stream | None, settings: config.DecideConfig) -> dict[str, Any]:
    if stream is None:
        return {"of": measured([]), "measure": None, "alpha": level(settings.error_chance, 1.0)}
    verdict = judge(stream, settings)
    of = measured(pair for pair in pairs(stream) if pair.measure == verdict["measure"])
    return {"of": of, "measure": verdict["measure"], "alpha": verdict["alpha"]}


def _spreads(seen: dict[str, Any], sd: float | None) -> dict[Measure, Spread]:
    found = dict(SPREADS) if seen["measure"] is None else {seen["measure"]: seen["of"].spread(seen["measure"])}
    return found if sd is None else {name: replace(spread, sd=sd) for name, spread in found.items()}


def _attempts(given: Sequence[str], configured: config.AttemptsConfig) -> dict[str, int]:
    found = {"own": configured.own, "frontier": configured.frontier}
    for text in given:
        role, _, count = text.partition("=")
        if role not in found or not count.isdigit() or int(count) < 1:
            raise InputError(f"--attempts: {text!r} is not ROLE=K; give own=4 or frontier=2")
        found[role] = int(count)
    return found
