"""``switchover collect SOURCE --db FILE``."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--db", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Database; made if absent.")
@click.option("--since", metavar="DATE", help="Leave out what was merged before (YYYY-MM-DD).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@click.option("--payloads", type=click.Path(path_type=Path), metavar="FILE", help="Recorded GitHub objects, JSONL.")
@config_option
@json_option
def command(
    source: Path,
    db: Path,
    since: str | None,
    limit: int | None,
    payloads: Path | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Collect the merged pull requests of a clone.

    SOURCE is the path of a git clone. Its history is read (merge commits, squashes, and rebased
    pull requests where the clone has refs/pull/*/head); nothing in it is changed or run.
    Collecting again adds what is new.

    \b
    Example:  switchover collect ./clone --db so.db
    """
    from pipeline import config
    from pipeline.collect import collect_clone, open_clone
    from pipeline.store import Store

    settings = config.load(config_path, source).collect
    open_clone(source)  # before a mistaken path leaves an empty database behind
    with Store.open(db) as store:
        found = collect_clone(source, store, config=settings, since=since, limit=limit, payloads=payloads)
    if found.note:
        click.echo(f"{found.repo}: {found.note}", err=True)
    if found.redacted:
        click.echo("redacted: " + ", ".join(f"{n} {kind}" for kind, n in sorted(found.redacted.items())), err=True)
    if as_json:
        emit({"pulls": found.pulls, "issues": found.issues, "left_out": found.left_out})
        return
    rows = [("merged pull requests", found.pulls), ("issues", found.issues)]
    rows += [(f"left out: {reason}", count) for reason, count in found.left_out.items()]
    click.echo(found.repo)
    for what, count in rows:
        click.echo(f"{count:8d}  {what}")
