"""``switchover adapters add``, ``fetch``, ``promote``, ``rollback``, ``remove``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.verbs import config_option, emit, json_option
from pipeline.verbs.adapters.options import opened, registry_option

if TYPE_CHECKING:
    from pipeline.adapters.promotions import Promotion

repo_option = click.option("--repo", metavar="OWNER/NAME", help="For which repository (default: that of its samples).")


@click.command()
@click.argument("adapter", metavar="DIR", type=click.Path(path_type=Path))
@registry_option
@config_option
@json_option
def add(adapter: Path, registry: str | None, config_path: Path | None, as_json: bool) -> None:
    """Register the finished adapter in DIR, with what it takes to make it again.

    Killed, the same command goes on; with gates run meanwhile, it takes them over.

    \b
    Example:
      switchover adapters add adapter --registry s3://models/switchover
    """
    found = opened(registry, config_path)
    entry = found.add(adapter)
    if as_json:
        emit({"id": entry.id, "sha256": entry.card.sha256, "size": entry.size, "registry": found.url})
    else:
        click.echo(f"{entry.id}  added to {found.url} ({entry.size} bytes)")


@click.command()
@click.argument("id")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@registry_option
@config_option
@json_option
def fetch(id: str, folder: Path, registry: str | None, config_path: Path | None, as_json: bool) -> None:
    """Copy an adapter into DIR, its hashes checked, to serve it from there.

    \b
    Example:
      switchover adapters fetch 3f2a91c0 adapter --registry s3://models/switchover
    """
    found = opened(registry, config_path)
    entry = found.find(id)
    found.fetch(entry, folder)
    if as_json:
        emit({"id": entry.id, "folder": str(folder)})
    else:
        click.echo(f"{entry.id}  is in {folder}")


@click.command()
@click.argument("id")
@click.option("--force", is_flag=True, help="Even where its gates failed or were not run, or it is stale.")
@repo_option
@registry_option
@config_option
@json_option
def promote(
    id: str, force: bool, repo: str | None, registry: str | None, config_path: Path | None, as_json: bool
) -> None:
    """Make an adapter the one that is evaluated and served for its repository.

    Refused where its gates failed or were not run, and where it is stale; --force overrules that, and
    the record says so.

    \b
    Example:
      switchover adapters promote 3f2a91c0 --registry cycle-out/registry
    """
    found = opened(registry, config_path)
    _say(found.promote(found.find(id), repo, force=force), as_json)


@click.command()
@repo_option
@registry_option
@config_option
@json_option
def rollback(repo: str | None, registry: str | None, config_path: Path | None, as_json: bool) -> None:
    """Go back to the adapter that was promoted before.

    \b
    Example:
      switchover adapters rollback --registry cycle-out/registry
    """
    _say(opened(registry, config_path).rollback(repo), as_json)


@click.command()
@click.argument("id")
@registry_option
@config_option
@json_option
def remove(id: str, registry: str | None, config_path: Path | None, as_json: bool) -> None:
    """Delete an adapter, whole or damaged; not one that is promoted.

    \b
    Example:
      switchover adapters remove 3f2a91c0 --registry cycle-out/registry
    """
    removed = opened(registry, config_path).remove(id)
    if as_json:
        emit({"id": removed, "removed": True})
    else:
        click.echo(f"{removed}  removed")


def _say(event: Promotion, as_json: bool) -> None:
    if as_json:
        emit(dataclasses.asdict(event))
        return
    instead = f" instead of {event.before[:12]}" if event.before else ""
    why = f" ({'forced: ' if event.forced else ''}{event.why})" if event.why else ""
    click.echo(f"{event.id[:12]}  is promoted for {event.repo or 'its repository'}{instead}{why}")


COMMANDS = (add, fetch, promote, rollback, remove)
