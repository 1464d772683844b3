"""``switchover evaluate``: own, base and frontier on fresh merged pull requests."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import USD, config_option, emit, json_option


@click.command()
@click.option("--db", type=click.Path(path_type=Path), required=True, help="Database that 'collect' filled.")
@click.option("--model", "models", multiple=True, required=True, metavar="ROLE=URL#NAME",
              help="Endpoint of own, base or frontier; URL 'scripted' starts the scripted model.")  # fmt: skip
@click.option("--attempts", multiple=True, metavar="ROLE=K", help="Attempts per task (default: the config's).")
@click.option("--task", "task_ids", multiple=True, metavar="ID", help="Only this task (owner/name#7); repeatable.")
@click.option("--newest", type=click.IntRange(1), help="Only the newest N tasks that can be used.")
@click.option("--adapter", type=click.Path(path_type=Path), help="Own's adapter folder: its training cut-off is kept.")
@click.option("--limit-usd", type=USD, help="Start no further task above this spend.")
@click.option("--concurrency", type=click.IntRange(1), help="Rollouts at once.")
@click.option("--seed", type=int, default=0, show_default=True, help="Order of attempts and sampling seeds.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for evaluations.jsonl.")
@config_option
@json_option
def command(
    db: Path,
    models: tuple[str, ...],
    attempts: tuple[str, ...],
    task_ids: tuple[str, ...],
    newest: int | None,
    adapter: Path | None,
    limit_usd: float | None,
    concurrency: int | None,
    seed: int,
    out: Path,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Attempt fresh tasks with own, base and frontier; score every attempt.

    Each task is one merged PR at its base commit, without history or network. Attempts that
    fail count as 0. The same command again goes on where it stopped.

    \b
    Example:
      switchover evaluate --db so.db --out eval --newest 20 \\
        --model own=http://127.0.0.1:8001/v1#own \\
        --model base=http://127.0.0.1:8001/v1#base \\
        --model frontier=https://api.example.com/v1#frontier-model
    """
    from pipeline import config
    from pipeline.evaluate import request
    from pipeline.types import to_json

    asked = request.Request(
        db=db,
        models=request.parse_models(models),
        attempts=request.parse_attempts(attempts),
        task_ids=task_ids,
        newest=newest,
        adapter=adapter,
        limit_usd=limit_usd,
        concurrency=concurrency,
        seed=seed,
        out=out,
    )
    _, clone = request.collected_repository(db)
    summary = request.carry_out(asked, config.load(config_path, clone))
    if as_json:
        emit({**to_json(summary), "evaluations": str(out / "evaluations.jsonl")})
    else:
        click.echo(request.sentence(summary, out))
