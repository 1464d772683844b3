"""``switchover demo``: the whole cycle on the small repository that ships with Switchover."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from pipeline.gates.record import Record
from pipeline.types import Role
from pipeline.verbs import emit, json_option, unused_config_option


def _share(calls: Mapping[Role, tuple[int, int]], role: Role) -> str:
    valid, turns = calls.get(role, (0, 0))
    return f"{valid} of {turns} ({valid / turns:.0%})" if turns else "none"


def _gates(record: Record) -> str:
    return "\n".join(f"    {gate.name}: {'passed' if gate.passed else 'failed'}: {gate.why}" for gate in record.gates)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo-out"), show_default=True)
@unused_config_option
@json_option
def command(out: Path, as_json: bool) -> None:
    """Run the whole cycle without GPU, network or key, in about ten minutes on two cores.

    The repository is small and real, so is the model that is trained; teacher and frontier
    are the scripted stand-in, and labelled so. The same command again goes on where it stopped.

    \b
    Example:
      switchover demo --out demo-out
    """
    from pipeline import demo
    from pipeline.cycle import Cycle
    from pipeline.trial import trial_config

    built = demo.build(out / "repository")
    outcome = Cycle(built.repo, out / "cycle", trial_config(), payloads=built.payloads).run()
    if as_json:
        calls = {role: {"valid": valid, "turns": turns} for role, (valid, turns) in outcome.valid_calls.items()}
        seconds = round(outcome.seconds)
        emit({"report": str(outcome.report), "state": outcome.verdict["state"], "calls": calls, "seconds": seconds,
              "gates": outcome.gates.as_json(), "adapter": outcome.adapter})  # fmt: skip
    else:
        click.echo(
            f"""
The report is at  {outcome.report}
    {outcome.pulls} merged pull requests, {outcome.samples} training samples, {outcome.evaluations} graded attempts,
    state "{outcome.verdict["state"]}", in {outcome.seconds / 60:.1f} minutes. Teacher and frontier were the scripted
    stand-in; the own model is a real one of 135 million parameters, trained a moment ago.

What training did: of the own model's turns {_share(outcome.valid_calls, "own")} were valid tool calls,
of its untrained base's {_share(outcome.valid_calls, "base")}, on pull requests that neither had seen. Before that
its adapter had to pass its gates:
{_gates(outcome.gates)}

Next, with your own repository:
    switchover cycle --repo PATH/TO/CLONE --out cycle-out     the same on your history, still a trial
    switchover init PATH/TO/CLONE                             a config to name your real models in
    switchover doctor --repo PATH/TO/CLONE                    what is still missing for that"""
        )
