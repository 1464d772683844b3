"""``switchover report``: the page, its short form, a comment and the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from pipeline import config, evaluations
from pipeline.decide import Options
from pipeline.evaluate.agreement import of_evaluations
from pipeline.report import write_report
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation, Opinion, to_json
from pipeline.verbs import config_option, emit, json_option
from pipeline.verbs.decide import judging

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
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Folder for the files; made if absent.")
@click.option("--pr", type=int, metavar="N", help="Pull request that comment.md is about (default: the newest).")
@click.option("--title", help="Heading of the page (default: the repository).")
@click.option(
    "--fixed-usd",
    type=click.FloatRange(min=0, min_open=True),
    help="Spent on training so far: adds the break-even.",
)
@click.option(
    "--adapter",
    "adapters",
    type=PATH,
    multiple=True,
    metavar="DIR",
    help="Adapter folder: tells until when that version was trained; repeatable.",
)
@click.option("--db", type=PATH, metavar="FILE", help="Heed the route recorded here, and show what people say.")
@click.option("--repo", metavar="OWNER/NAME", help="With --db: the repository, where the files hold several.")
@click.argument("more", type=PATH, nargs=-1, metavar="[FILE]...")
@config_option
@json_option
def command(
    paths: tuple[Path, ...],
    out: Path,
    pr: int | None,
    title: str | None,
    fixed_usd: float | None,
    adapters: tuple[Path, ...],
    db: Path | None,
    repo: str | None,
    more: tuple[Path, ...],
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Write the page, the record and the comment of a pull request.

    Makes report.html (one self-contained file), report.md, comment.md, verdict.json and
    transition.json (the record, which 'switchover decide --check' proves) in DIR.

    \b
    Example:  switchover report --evaluations out/evaluations.jsonl --out out/report --pr 12
              switchover report --evaluations out/evaluations.jsonl --out out/report --db so.db
    """
    if repo is not None and db is None:
        raise click.UsageError("--repo needs --db FILE")
    loaded = config.load(config_path)
    rows = list(evaluations.read((*paths, *more)))
    settings = judging(loaded.decide, None, None)
    given = Options(
        fixed_usd=fixed_usd,
        training_pulls=loaded.train.retrain_after_pulls,
        switched=loaded.serve.route == "own",
    )
    known = _known(db, repo, rows, settings, given)
    rows = known.rows
    repos = list(dict.fromkeys(row.repo for row in rows))
    files = write_report(
        out,
        rows,
        title=title or ", ".join(repos[:3]) or "No evaluations yet",
        settings=settings,
        options=known.options,
        opinions=known.opinions,
        agreement=to_json(of_evaluations(rows)),
        prices=loaded.prices,
        trained_until=_trained_until(adapters),
        pr=pr,
    )
    if as_json:
        emit({"files": [str(path) for path in files], "pulls": len({(row.repo, row.number) for row in rows})})
    else:
        click.echo("\n".join(str(path) for path in files))


@dataclass(frozen=True)
class _Known:
    """What the report is about, with what the database knows of it."""

    rows: list[Evaluation]
    options: Options
    opinions: Sequence[Opinion] = ()


def _known(db: Path | None, repo: str | None, rows: list[Evaluation], settings: DecideConfig, given: Options) -> _Known:
    if db is None:
        return _Known(rows, given)
    from pipeline.judgement import heeded, of_one
    from pipeline.store import Store
    from pipeline.store.opinions import opinions

    name, rows = of_one(rows, repo)
    with Store.open(db, must_exist=True) as store:
        return _Known(rows, heeded(store, name, rows, settings, given), opinions(store, name))


def _trained_until(adapters: tuple[Path, ...]) -> dict[str, str]:
    """By adapter, the time of the newest code that it was trained on. Raises InputError for a folder without a card."""
    from pipeline.train.card import read_card

    cards = map(read_card, adapters)
    return {card.sha256: card.trained_until for card in cards if card.trained_until}
