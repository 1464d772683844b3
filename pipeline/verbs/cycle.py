"""``switchover cycle``: every step that is due, in order, on one machine."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--repo", type=click.Path(path_type=Path), required=True, help="A clone, with its history.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for everything that is made.")
@click.option("--payloads", type=click.Path(path_type=Path), help="Recorded forge objects to join (JSONL).")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--retrain", is_flag=True, help="Make a new adapter now, whatever was merged since the last one.")
@config_option
@json_option
def command(
    repo: Path,
    out: Path,
    payloads: Path | None,
    seed: int,
    retrain: bool,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Collect, generate, train, gate, serve, evaluate, decide and report, in this order.

    A new adapter is made when enough was merged, when the last one has become worse, by schedule, or with
    --retrain; it takes the place of the last one only when it passes its gates.

    Without a config the cycle is a trial: scripted teacher and frontier, and a small real
    model that trains and runs on two CPU cores. The same command again goes on where it
    stopped.

    \b
    Example:
      switchover cycle --repo ./clone --out cycle-out
    """
    from pipeline.cycle import Cycle
    from pipeline.trial import config_or_trial

    config = config_or_trial(config_path, repo)
    outcome = Cycle(repo, out, config, payloads=payloads, seed=seed).run(retrain=retrain)
    if as_json:
        emit({"report": str(outcome.report), "pulls": outcome.pulls, "samples": outcome.samples,
              "evaluations": outcome.evaluations, "state": outcome.verdict["state"],
              "epoch": {"number": outcome.epoch.number, "trigger": outcome.epoch.trigger, "why": outcome.epoch.why},
              "gates": outcome.gates.as_json(), "adapter": outcome.adapter})  # fmt: skip
    else:
        click.echo(
            f"state: {outcome.verdict['state']}\nreport: {outcome.report}\n"
            f"adapter: {outcome.adapter[:12]} (gates of the newest: {outcome.gates.objection() or 'passed'})"
        )
