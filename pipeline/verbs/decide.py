"""``switchover decide``: evaluations in, verdict out."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from pipeline import config, evaluations
from pipeline.cost import cost_usd, price_at
from pipeline.decide import Options, Verdict, judge, trace
from pipeline.decide.ebh import select
from pipeline.decide.groups import grouped
from pipeline.decide.routing import suggest
from pipeline.decide.words import basis, selection, sentence
from pipeline.errors import InputError
from pipeline.rows import Row
from pipeline.types import Measure
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
@click.option("--by", metavar="FIELD", help="One verdict for each value of this field (repo, kind, language...).")
@click.option("--trace", "as_trace", is_flag=True, help="One JSON line after every pull request.")
@click.option("--margin", type=float, help="Non-inferiority margin in score points, 0 to 1 (config: decide.margin).")
@click.option("--value", type=float, help="US dollars that a solved pull request is worth to you.")
@click.option("--measure", type=click.Choice(["tests", "recall"]), help="Primary score (default: see docs/decide.md).")
@click.option("--cost-cap-usd", type=float, help="Most that one attempt can cost; your runner enforces it.")
@click.option("--fixed-usd", type=float, help="Spent on training so far: adds the break-even.")
@click.option("--gpu-usd-per-hour", type=float, help="What if own's hardware cost this: prices own and base anew.")
@click.option("--switched-at", metavar="TIME", help="When a human routed the team to own; later PRs are audits.")
@click.option("--db", type=PATH, metavar="FILE", help="Store the verdict here, and heed the route recorded here.")
@click.option("--repo", metavar="OWNER/NAME", help="With --db: the repository, where the files hold several.")
@click.option(
    "--check", "record", type=PATH, metavar="FILE", help="Prove that a transition.json holds, or say where not."
)
@click.argument("more", type=PATH, nargs=-1, metavar="[FILE]...")
@config_option
@json_option
def command(
    paths: tuple[Path, ...],
    more: tuple[Path, ...],
    db: Path | None,
    repo: str | None,
    record: Path | None,
    by: str | None,
    as_trace: bool,
    margin: float | None,
    value: float | None,
    measure: Measure | None,
    cost_cap_usd: float | None,
    fixed_usd: float | None,
    gpu_usd_per_hour: float | None,
    switched_at: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Judge from the evaluations whether the transition point is reached.

    \b
    Example:  switchover decide --evaluations out/evaluations.jsonl
              switchover decide --evaluations a.jsonl b.jsonl --by repo --json
              switchover decide --evaluations out/evaluations.jsonl --db so.db
              switchover decide --evaluations out/evaluations.jsonl --check out/report/transition.json
    """
    paths = (*paths, *more)
    _refuse(db, repo, record, by=by, trace=as_trace, gpu_usd_per_hour=gpu_usd_per_hour)
    if record is not None:
        _check(record, paths, as_json)
        return
    loaded = config.load(config_path)
    settings = judging(loaded.decide, margin, value)
    options = Options(
        cost_cap_usd=_above_zero("--cost-cap-usd", cost_cap_usd),
        fixed_usd=_above_zero("--fixed-usd", fixed_usd),
        training_pulls=loaded.train.retrain_after_pulls,
        measure=measure,
        switched=loaded.serve.route == "own" or switched_at is not None,
        switched_at=_time("--switched-at", switched_at),
    )
    if db is not None:
        _keep(db, repo, paths, loaded, settings, options, as_json)
        return
    rate = _above_zero("--gpu-usd-per-hour", gpu_usd_per_hour)
    with _without_collector():
        _decide(Source(paths, loaded, rate), by, as_trace, settings, options, as_json)


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the evaluations come from, and what own's hours would cost instead."""

    paths: tuple[Path, ...]
    config: config.Config
    gpu_usd_per_hour: float | None
    """None: costs as recorded."""

    def rows(self) -> Iterable[Row]:
        found = evaluations.graded(self.paths)
        return found if self.gpu_usd_per_hour is None else map(self._priced, found)

    def rows_by(self, name: str) -> Iterable[tuple[Row, Any]]:
        found = evaluations.graded_by(self.paths, name)
        return found if self.gpu_usd_per_hour is None else ((self._priced(row), value) for row, value in found)

    def _priced(self, row: Row) -> Row:
        if row.role != "frontier":
            known = price_at(self.config.prices, row.model, row.at) or config.Price()
            price = dataclasses.replace(known, gpu_usd_per_hour=self.gpu_usd_per_hour)
            row.cost_usd = cost_usd(price, row, row.seconds / self.config.evaluate.concurrency)
        return row


def _refuse(db: Path | None, repo: str | None, record: Path | None, **others: Any) -> None:
    """What is stored or checked is the verdict as it stands: not a part of it, and no what-if."""
    if repo is not None and db is None:
        raise click.UsageError("--repo needs --db FILE")
    if db is not None and record is not None:
        raise click.UsageError("--db and --check exclude each other; give one of them")
    given = next((name for name, value in others.items() if value), None)
    if given and (db or record):
        raise click.UsageError(f"--{given.replace('_', '-')} does not go with {'--db' if db else '--check'}")


def _check(record: Path, paths: tuple[Path, ...], as_json: bool) -> None:
    from pipeline.judgement import check

    found = check(record, list(evaluations.read(paths)))
    told = {"holds": True, "repo": found["repo"], "state": found["state"], "at": found["at"],
            "evaluations_sha256": found["evaluations_sha256"]}  # fmt: skip
    if as_json:
        emit(told)
    else:
        click.echo(f"{record}: holds: {found['state']}, {found['sentence']}; evaluations {told['evaluations_sha256']}")


def _keep(
    db: Path,
    repo: str | None,
    paths: tuple[Path, ...],
    loaded: config.Config,
    settings: config.DecideConfig,
    options: Options,
    as_json: bool,
) -> None:
    from pipeline.judgement import keep, of_one
    from pipeline.store import Store

    name, rows = of_one(evaluations.read(paths), repo)
    with Store.open(db) as store:
        kept = keep(store, name, rows, loaded, settings, options)
    place = {"repo": name, "seq": kept.seq, "is_new": kept.is_new}
    _print_all([{**kept.record["verdict"], "recorded": place}], as_json)
    if not as_json:
        news = "recorded as" if kept.is_new else "says the same as"
        click.echo(f"  {news} verdict {kept.seq} of {name} in {db}", err=True)


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
    source: Source,
    by: str | None,
    as_trace: bool,
    settings: config.DecideConfig,
    options: Options,
    as_json: bool,
) -> None:
    if by is None:
        rows = source.rows()
        _print_all(
            trace(rows, settings, options) if as_trace else [judge(rows, settings, options)], as_json or as_trace
        )
        return
    groups = grouped(source.rows_by(by), by)
    if as_trace:
        for name, rows_of in groups.items():
            _print_all(({"by": name, **verdict} for verdict in trace(rows_of, settings, options)), True)
        return
    verdicts = [{"by": name, **judge(rows_of, settings, options)} for name, rows_of in groups.items()]
    selected = list(_with_discoveries(verdicts, settings.error_chance))
    _print_all(selected, as_json)
    if selected and not as_json:
        click.echo(selection(selected, by), err=True)


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


def _with_discoveries(verdicts: list[Verdict], error_chance: float) -> Iterator[Verdict]:
    """Each verdict with ``discovery`` and ``route``: both by e-BH over all of them at that false discovery rate."""
    claimed = select([verdict["log_e"]["noninferior"] for verdict in verdicts], error_chance)
    for i, (verdict, route) in enumerate(zip(verdicts, suggest(verdicts, error_chance), strict=True)):
        yield {**verdict, "discovery": i in claimed, "route": route}


def _print_all(verdicts: Iterable[Verdict], as_json: bool) -> None:
    """JSON on stdout in any case: it is the result; without --json the sentence for a person goes to stderr."""
    for verdict in verdicts:
        emit(verdict)
        if not as_json:
            prefix = f"{verdict['by']}: " if "by" in verdict else ""
            click.echo(f"{prefix}{verdict['state']}: {sentence(verdict)}", err=True)
            for reason in (*verdict["reasons"], basis(verdict)):
                click.echo(f"  {reason}", err=True)
            if "route" in verdict:
                click.echo(f"  route: {verdict['route']['to']}", err=True)
