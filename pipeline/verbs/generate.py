"""``switchover generate``: soft-verified trajectories from a repository's own code."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.errors import RunError
from pipeline.verbs import USD, config_option, emit, json_option


@click.command()
@click.option("--repo", type=click.Path(path_type=Path), required=True, help="A git clone; its HEAD is used.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the JSONL files.")
@click.option("--samples", type=click.IntRange(1), metavar="N", help="Functions to attempt (default: the config's).")
@click.option("--concurrency", type=click.IntRange(1), metavar="K", help="Functions at once.")
@click.option(
    "--shard", default="1/1", show_default=True, metavar="I/N", help="Only share I of N, for several machines."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Draws functions, change types, sampling seeds.")
@click.option("--teacher-url", metavar="URL", help="OpenAI-compatible endpoint; its key is SWITCHOVER_TEACHER_KEY.")
@click.option("--teacher-model", metavar="NAME", help="Model it serves; 'scripted' starts the scripted model.")
@click.option("--limit-usd", type=USD, metavar="X", help="Start nothing more above this spend.")
@click.option("--base", "base_sha", metavar="SHA", help="Another commit than HEAD.")
@click.option("--db", type=click.Path(path_type=Path), help="Database of 'collect': older issues show the style.")
@click.option("--prompt", type=click.Choice(["mini", "compact"]), help="Instructions; compact suits small models.")
@click.option("--ray", metavar="ADDRESS", help="Spread the rollouts over a Ray cluster: auto, local, HOST:PORT.")
@click.option("--tools", type=click.Choice(["bash", "editor"]), help="Tool set of the rollouts.")
@config_option
@json_option
def command(shard: str, config_path: Path | None, as_json: bool, repo: Path, out: Path, **given: object) -> None:
    """Make soft-verified trajectories from a repository's own code.

    For each function the teacher makes a change, describes it, and makes it again from the
    description alone; what the two have in common decides what is kept. No test is run; every command runs in
    the sandbox. The same command again goes on where it stopped; on a finished
    folder it does nothing. More --samples add to what is there.

    DIR gets rollouts.jsonl (all), samples.jsonl (kept), left_out.jsonl (reasons), summary.json.

    \b
    Example:
      switchover generate --repo ./clone --out made --samples 20 --teacher-model scripted
      switchover generate --repo ./clone --out made --samples 4000 --limit-usd 500 \\
        --teacher-url http://gpu:8001/v1 --teacher-model glm
    """
    from pipeline import config
    from pipeline.generate import request
    from pipeline.generate.summary import sentence
    from pipeline.types import to_json

    asked = request.Request(repo=repo, out=out, shard=request.parse_shard(shard), **given)  # type: ignore[arg-type]
    summary = request.carry_out(asked, config.load(config_path, repo))
    if as_json:
        emit(to_json(summary))
    else:
        click.echo(sentence(summary))
    if summary.failed:
        raise RunError(
            f"{summary.failed} functions failed by our side, first: {summary.failures[0]}; "
            "the same command tries them again"
        )
