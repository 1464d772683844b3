"""``switchover summary``: what another verb has printed, as the summary of a job."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.argument("verb", metavar="VERB")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@unused_config_option
@json_option
def command(verb: str, file: Path, as_json: bool) -> None:
    """Turn the JSON that VERB printed into FILE into Markdown: a table, its reasons, a chart.

    For the summary of a workflow's job. An empty FILE (VERB has failed) gives the heading alone. Whatever FILE
    says is shown as text: no link, mention, picture or command in it acts.

    \b
    Example:
      switchover decide --evaluations e.jsonl --json > decided.json
      switchover summary decide decided.json >> "$GITHUB_STEP_SUMMARY"
    """
    from pipeline.job_summary import result_in
    from pipeline.report.summary import summary

    text = summary(verb, result_in(file))
    if as_json:
        emit({"markdown": text})
    else:
        click.echo(text, nl=False)
