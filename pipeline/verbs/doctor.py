"""``switchover doctor``: what this machine needs, and how to get what is missing."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="Repository whose config is checked.")
@click.option("--db", type=click.Path(path_type=Path), metavar="FILE", help="The bot's database: its App is proven.")
@click.option("--runner", metavar="LABELS", help="As in a workflow's input: is a runner online that has all of them?")
@config_option
@json_option
def command(repo: Path, db: Path | None, runner: str | None, config_path: Path | None, as_json: bool) -> int:
    """Check git, sandbox, disk, packages, GPU, the GitHub App and endpoints.

    One line per need: ok, or what is missing and how to get it. Exit status 1 when something
    needed is missing. The App's key, webhook, deliveries, permissions and installations are
    asked of GitHub. --runner asks it, with GITHUB_TOKEN, for the runners of the repository and its organization,
    and checks that this machine has room for the base model.

    \b
    Example:
      switchover doctor
      switchover doctor --db so.db
      switchover doctor --repo ./clone --runner '["self-hosted", "linux", "gpu"]'
    """
    from pipeline.doctor import examine
    from pipeline.labels import parse_labels
    from pipeline.types import to_json

    checks = []
    for check in examine(config_path, repo, db, parse_labels(runner) if runner else None):
        checks.append(check)
        if not as_json:
            click.echo(check.line())
    healthy = all(check.ok for check in checks if check.needed)
    if as_json:
        emit({"ok": healthy, "checks": [to_json(check) for check in checks]})
    return 0 if healthy else 1
