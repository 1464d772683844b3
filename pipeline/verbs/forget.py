"""``switchover forget REPO/LOGIN``: out of the database, for good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.verbs import emit, json_option, unused_config_option

if TYPE_CHECKING:
    from pipeline.forget import Outcome


@click.command()
@click.argument("name", metavar="REPO|LOGIN")
@click.option("--db", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Database to purge it from.")
@click.option("--out", "outs", type=click.Path(path_type=Path), multiple=True, metavar="DIR",
              help="Look here for adapters trained on it, and files that hold it; repeatable.")  # fmt: skip
@click.option("--delete-files", is_flag=True, help="Delete the files found below --out, not only list them.")
@click.option("--registry", metavar="PATH_OR_URL", help="Mark the adapters in this registry, too.")
@click.option("--undo", is_flag=True, help="Let it in again: what is collected from now on stays.")
@unused_config_option
@json_option
def command(
    name: str, db: Path, outs: tuple[Path, ...], delete_files: bool, registry: str | None, undo: bool, as_json: bool
) -> None:
    """Purge a repository (OWNER/NAME) or a person (LOGIN).

    Of a repository everything goes: pull requests, issues, raw deliveries, what was to be posted,
    and its mirror. Of a person: the pull requests and issues that they wrote, raw deliveries that
    name them, and @LOGIN in what others wrote. The bytes leave the file, and what was purged stays
    purged: it is not collected again. Adapters below --out and in --registry that were trained on it
    are marked stale. Killed, the same command goes on.

    \b
    Example:
      switchover forget owner/name --db so.db --out cycle-out
      switchover forget octocat --db so.db
    """
    from pipeline.adapters import open_registry
    from pipeline.forget import forget, let_in_again

    if undo:
        let_in_again(name, db)
        said = f"{name}: is let in again; what is collected from now on stays"
        emit({"name": name, "undone": True}) if as_json else click.echo(said)
        return
    outcome = forget(name, db, outs, delete_files, open_registry(registry) if registry else None)
    if as_json:
        emit(_as_json(outcome))
    else:
        _print(outcome)


def _as_json(outcome: Outcome) -> dict[str, Any]:
    found = outcome.traces
    return {
        "name": outcome.subject.name,
        "kind": outcome.subject.kind,
        "removed": outcome.purged.removed,
        "cleaned": outcome.purged.cleaned,
        "mirrors": [str(path) for path in outcome.mirrors],
        "stale_adapters": [str(path) for path in found.adapters],
        "stale_in_registry": list(outcome.registered),
        "files": [str(path) for path in found.files],
        "files_deleted": found.are_deleted,
        "notes": list(outcome.notes),
    }


def _print(outcome: Outcome) -> None:
    click.echo(f"{outcome.subject.name}: purged")
    for what, counts in (("removed", outcome.purged.removed), ("cleaned", outcome.purged.cleaned)):
        for table, count in counts.items():
            if count:
                click.echo(f"{count:8d}  {what} in {table}")
    done = "deleted" if outcome.traces.are_deleted else "holds it"
    for label, paths in (
        ("mirror deleted", outcome.mirrors),
        ("adapter marked stale", outcome.traces.adapters),
        (done, outcome.traces.files),
    ):
        for path in paths:
            click.echo(f"{label}: {path}")
    for id in outcome.registered:
        click.echo(f"adapter of the registry marked stale: {id}")
    for note in outcome.notes:
        click.echo(f"note: {note}", err=True)
