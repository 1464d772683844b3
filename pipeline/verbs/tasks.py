"""``switchover tasks --db FILE``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--db", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Database of collect.")
@click.option("--all", "everything", is_flag=True, help="Also what is left out, with its reason code.")
@config_option
@json_option
def command(db: Path, everything: bool, config_path: Path | None, as_json: bool) -> None:
    """List the tasks that the collected pull requests make: JSONL, newest merged first.

    \b
    Example:  switchover tasks --db so.db | jq -r '.id, .prompt'
    """
    from pipeline import collect, config
    from pipeline.store import Store
    from pipeline.types import to_json

    counts: Counter[str | None] = Counter()
    with Store.open(db, must_exist=True) as store:
        repos = store.repos()
        clones = list(repos.values())
        settings = config.load(config_path, clones[0] if len(clones) == 1 else None).collect
        for task in collect.tasks(store, settings):
            counts[task.left_out] += 1
            if everything or task.left_out is None:
                emit(to_json(task))
    said = collect.note(counts, list(repos))
    if said:
        click.echo(said, err=True)
