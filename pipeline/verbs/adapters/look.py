"""``switchover adapters list``, ``show``, ``compare``: nothing is changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.verbs import config_option, emit, json_option
from pipeline.verbs.adapters.options import opened, registry_option

if TYPE_CHECKING:
    from pipeline.adapters import Entry

evaluations_option = click.option(
    "--evaluations", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
    help="Tell how each adapter scored by these evaluations; repeatable. Default: what is stored.",
)  # fmt: skip


@click.command("list")
@registry_option
@evaluations_option
@config_option
@json_option
def list_(registry: str | None, evaluations: tuple[Path, ...], config_path: Path | None, as_json: bool) -> None:
    """List the adapters, the first added first; name what is damaged.

    \b
    Example:
      switchover adapters list --registry cycle-out/registry
    """
    from pipeline.adapters import promotions

    found = opened(registry, config_path)
    entries, damaged = found.entries()
    entries = [_scored(entry, evaluations) for entry in entries]
    current = promotions.promoted(found.promotions())
    if as_json:
        rows = [_row(entry, current) for entry in entries]
        emit({"adapters": rows, "damaged": [dataclasses.asdict(broken) for broken in damaged]})
        return
    for entry in entries:
        click.echo(_line(_row(entry, current)))
    for broken in damaged:
        click.echo(f"{broken.id[:12]}  damaged: {broken.why}", err=True)
    if not entries:
        click.echo(f"{found.url}: no adapter yet; add one with 'switchover adapters add DIR'", err=True)


@click.command()
@click.argument("id")
@registry_option
@evaluations_option
@config_option
@json_option
def show(id: str, registry: str | None, evaluations: tuple[Path, ...], config_path: Path | None, as_json: bool) -> None:
    """Show all that is known of one adapter: what it takes to make it again, gates, scores, promotions.

    ID: four digits or more of its id, or of its weights' sha256 as evaluations hold it.

    \b
    Example:
      switchover adapters show 3f2a91c0 --registry cycle-out/registry
    """
    from pipeline.adapters.entry import as_json as whole
    from pipeline.adapters.registry import objection_to

    found = opened(registry, config_path)
    entry = _scored(found.find(id), evaluations)
    events = [dataclasses.asdict(event) for event in found.promotions() if event.id == entry.id]
    row = {**whole(entry), "objection": objection_to(entry), "promotions": events}
    if as_json:
        emit(row)
        return
    for key, value in row.items():
        if isinstance(value, dict):
            click.echo(key)
            for name, part in value.items():
                click.echo(f"  {name}: {_text(part)}")
        else:
            click.echo(f"{key}: {_text(value)}")


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@registry_option
@evaluations_option
@config_option
@json_option
def compare(
    a: str, b: str, registry: str | None, evaluations: tuple[Path, ...], config_path: Path | None, as_json: bool
) -> None:
    """Tell what differs between two adapters: data, config, versions, run, loss, gates, scores.

    \b
    Example:
      switchover adapters compare 3f2a91c0 77b0e1d2 --registry cycle-out/registry
    """
    from pipeline.adapters.comparison import compare as differences

    found = opened(registry, config_path)
    one, other = (_scored(found.find(id), evaluations) for id in (a, b))
    differing = differences(one, other)
    if as_json:
        emit({"a": one.id, "b": other.id, "differs": differing})
        return
    for part, values in differing.items():
        click.echo(part if values else f"{part}: the same")
        for name, (left, right) in values.items():
            click.echo(f"  {name}: {_text(left)} -> {_text(right)}")


def _scored(entry: Entry, evaluations: tuple[Path, ...]) -> Entry:
    if not evaluations:
        return entry
    from pipeline.adapters.scores import scores
    from pipeline.evaluations import read

    return dataclasses.replace(entry, scores=scores(list(read(evaluations)), entry.card.sha256))


def _row(entry: Entry, current: Mapping[str, str]) -> dict[str, Any]:
    card = entry.card
    return {
        "id": entry.id,
        "sha256": card.sha256,
        "repo": entry.repo,
        "promoted": sorted(repo for repo, id in current.items() if id == entry.id),
        "added_at": entry.added_at,
        "base": card.base,
        "trained_until": card.trained_until,
        "samples": card.samples,
        "loss": card.loss,
        "cost_usd": card.cost_usd,
        "size": entry.size,
        "gates": None if entry.gates is None else "passed" if entry.gates.passed else "failed",
        "stale": card.stale,
        "scores": entry.scores,
    }


def _line(row: dict[str, Any]) -> str:
    marks = [f"promoted for {repo or 'its repository'}" for repo in row["promoted"]]
    marks += [f"gates {row['gates'] or 'not run'}", *(["stale"] if row["stale"] else [])]
    if row["scores"]:
        own = row["scores"]["score"]["own"]
        marks.append(f"score {_text(own)} on {row['scores']['pulls']} pull requests")
    until = (row["trained_until"] or "unknown")[:10]
    name = f"{row['id'][:12]}  {row['repo'] or '-'}  {row['base']}"
    return f"{name}  until {until}  loss {_text(row['loss'])}  {', '.join(marks)}"


def _text(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


COMMANDS = (list_, show, compare)
