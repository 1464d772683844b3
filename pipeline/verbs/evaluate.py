"""``switchover evaluate``: own, base and frontier on fresh merged pull requests."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import USD, config_option, emit, json_option
from pipeline.verbs.adapters.options import registry_option


@click.command()
@click.option("--db", type=click.Path(path_type=Path), required=True, help="Database that 'collect' filled.")
@click.option("--model", "models", multiple=True, metavar="ROLE=URL#NAME",
              help="Endpoint of own, base or frontier; URL 'scripted' starts the scripted model, "
                   "ROLE=command:NAME an agent of the config.")  # fmt: skip
@click.option(
    "--promoted", is_flag=True,
    help="In place of --model: own is the adapter promoted in the registry, served here with its base (or "
         "evaluate.own.url), and the frontier the config's.",
)  # fmt: skip
@registry_option
@click.option("--attempts", multiple=True, metavar="ROLE=K", help="Attempts per task (default: the config's).")
@click.option("--task", "task_ids", multiple=True, metavar="ID", help="Only this task (owner/name#7); repeatable.")
@click.option("--pull", "pulls", multiple=True, type=click.IntRange(1), metavar="N",
              help="Only this pull request; repeatable. One that makes no task is counted by its reason.")  # fmt: skip
@click.option("--newest", type=click.IntRange(1), help="Only the newest N tasks that can be used.")
@click.option("--adapter", type=click.Path(path_type=Path), help="Own's adapter folder: its training cut-off is kept.")
@click.option("--limit-usd", type=USD, help="Start no further task above this spend.")
@click.option("--concurrency", type=click.IntRange(1), help="Rollouts at once.")
@click.option("--seed", type=int, default=0, show_default=True, help="Order of attempts and sampling seeds.")
@click.option(
    "--probe-memory", is_flag=True, help="Ask each model for the patches without the repository; mark those known."
)
@click.option("--sealed", is_flag=True, help="Attempt an open issue (--issue) and record the patches' hashes at once.")
@click.option("--issue", type=click.IntRange(1), metavar="N", help="The issue that --sealed attempts.")
@click.option("--settle", is_flag=True, help="Score sealed patches of issues that were fixed since.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for evaluations.jsonl.")
@click.option("--rows", type=click.Path(path_type=Path), metavar="FILE",
              help="Copy the rows about the --pull numbers (without any: all of the folder) to FILE; with "
                   "--sealed, the issue's lines of sealed.jsonl.")  # fmt: skip
@config_option
@json_option
def command(
    db: Path,
    models: tuple[str, ...],
    promoted: bool,
    registry: str | None,
    attempts: tuple[str, ...],
    task_ids: tuple[str, ...],
    pulls: tuple[int, ...],
    newest: int | None,
    adapter: Path | None,
    limit_usd: float | None,
    concurrency: int | None,
    seed: int,
    probe_memory: bool,
    sealed: bool,
    issue: int | None,
    settle: bool,
    out: Path,
    rows: Path | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Attempt fresh tasks with own, base and frontier; score every attempt.

    Each task is one merged PR at its base commit, without history or network. Attempts that
    fail count as 0. The same command again goes on where it stopped. With --task, a task that is
    judged already is graded once more and compared.

    \b
    Example:
      switchover evaluate --db so.db --out eval --newest 20 \\
        --model own=http://127.0.0.1:8001/v1#own \\
        --model base=http://127.0.0.1:8001/v1#base \\
        --model frontier=https://api.example.com/v1#frontier-model
      switchover evaluate --db so.db --out eval --pull 7 --promoted --registry registry
      switchover evaluate --db so.db --out eval --sealed --issue 9 --promoted --registry registry
    """
    from pipeline import config
    from pipeline.evaluate import request, sealing, settling
    from pipeline.steps.evaluating import evaluate, seal
    from pipeline.steps.retrain import with_registry
    from pipeline.types import to_json

    _check_mode(models, promoted, sealed, issue, settle)
    _check_choice(bool(pulls or task_ids or newest), sealed, settle and rows is not None)
    if promoted:
        _check_promoted(models, adapter, settle)

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
        probe_memory=probe_memory,
        regrade=bool(task_ids),
    )
    _, clone = request.collected_repository(db)
    settings = with_registry(config.load(config_path, clone), registry)
    if sealed or settle:
        done = (
            seal(asked, issue, settings, promoted=promoted, rows=rows) if issue else settling.settle(db, out, settings)
        )
        said, row = sealing.sentence(done, out), {**to_json(done), "sealed_file": str(out / "sealed.jsonl")}
    else:
        summary = evaluate(asked, settings, numbers=pulls, promoted=promoted, rows=rows)
        said, row = request.sentence(summary, out), to_json(summary)
    if as_json:
        emit({**row, "evaluations": str(out / "evaluations.jsonl")})
    else:
        click.echo(said)


def _check_mode(models: tuple[str, ...], promoted: bool, sealed: bool, issue: int | None, settle: bool) -> None:
    from pipeline.errors import InputError

    if sealed and settle:
        raise InputError("--sealed and --settle are two steps; give one of them")
    if sealed != (issue is not None):
        raise InputError("--sealed and --issue N belong together; give both, or none")
    if not models and not settle and not promoted:
        raise InputError("--model is missing; name an endpoint, as in --model own=http://127.0.0.1:8001/v1#own")


def _check_choice(is_chosen: bool, sealed: bool, settles_rows: bool) -> None:
    from pipeline.errors import InputError

    if (sealed and is_chosen) or settles_rows:
        raise InputError(
            "--sealed attempts the issue of --issue, and --settle copies no rows; "
            "leave out --pull, --task and --newest with the one, --rows with the other"
        )


def _check_promoted(models: tuple[str, ...], adapter: Path | None, is_settling: bool) -> None:
    from pipeline.errors import InputError

    if models or adapter:
        raise InputError("--promoted names own, base and frontier; leave --model and --adapter out, or it")
    if is_settling:
        raise InputError("--promoted is not for --settle, which asks no model; leave one of them out")
