"""``switchover collect SOURCE --db FILE``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.errors import InputError
from pipeline.verbs import config_option, emit, json_option

if TYPE_CHECKING:
    from pipeline.collect import Collected


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--db", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Database; made if absent.")
@click.option("--since", metavar="DATE", help="Leave out what was merged before (YYYY-MM-DD).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@click.option("--payloads", type=click.Path(path_type=Path), metavar="FILE", help="Recorded GitHub objects, JSONL.")
@click.option("--issue", "issues", multiple=True, type=click.IntRange(1), metavar="N",
              help="Read this issue too, whoever closes it or nobody; repeatable. Of OWNER/NAME only.")  # fmt: skip
@config_option
@json_option
def command(
    source: Path,
    db: Path,
    since: str | None,
    limit: int | None,
    payloads: Path | None,
    issues: tuple[int, ...],
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Collect the merged pull requests of a repository.

    SOURCE is the path of a git clone: its history is read (merge commits, squashes, and rebased
    pull requests where the clone has refs/pull/*/head); nothing in it is changed or run.
    Or it is OWNER/NAME on GitHub: pull requests and the issues that they close are read from
    there, as the App where it is installed, else with the token in GITHUB_TOKEN or GH_TOKEN, and
    the repository is cloned beside the database. Collecting again adds what is new.

    \b
    Example:  switchover collect ./clone --db so.db
              switchover collect owner/name --db so.db
    """
    found = _collect(source, db, config_path, since, limit, payloads, issues)
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


def _collect(
    source: Path,
    db: Path,
    config_path: Path | None,
    since: str | None,
    limit: int | None,
    payloads: Path | None,
    issues: tuple[int, ...],
) -> Collected:
    from pipeline import config, plugins
    from pipeline.collect import collect_clone, open_clone
    from pipeline.store import Store

    if _is_name(source):
        if payloads:
            raise InputError(f"--payloads: {source} is asked itself; give --payloads with the path of a clone")
        collected: Collected = plugins.load("collect")(
            str(source), db, config_path=config_path, since=since, limit=limit, issues=issues
        )
        return collected
    if issues:
        raise InputError(f"--issue: {source} is a clone, which holds no issues; name the repository as OWNER/NAME")
    settings = config.load(config_path, source).collect
    open_clone(source)  # before a mistaken path leaves an empty database behind
    with Store.open(db) as store:
        return collect_clone(source, store, config=settings, since=since, limit=limit, payloads=payloads)


def _is_name(source: Path) -> bool:
    """Whether it can only be ``owner/name`` on a forge: a folder of that name comes first."""
    return bool(re.fullmatch(r"[\w.-]+/[\w.-]+", str(source))) and not source.exists()
