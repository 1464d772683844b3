"""``switchover patch``: the patch out of a checkout that nobody trusts any more."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.option("--checkout", type=click.Path(path_type=Path), required=True, help="Folder that an agent has changed.")
@click.option("--git-dir", type=click.Path(path_type=Path), required=True, help="Trusted git directory outside of it.")
@click.option("--base", required=True, metavar="SHA", help="Commit that the checkout was made from.")
@unused_config_option
@json_option
def command(checkout: Path, git_dir: Path, base: str, as_json: bool) -> None:
    """Print the patch from commit --base to the files of --checkout.

    Nothing in the checkout is executed, and its own .git is never read. What was left out, and
    what a person must look at before the patch is published, is listed on stderr.

    \b
    Example:
      switchover patch --checkout ./work --git-dir ./mirror.git --base 4f2c... > fix.patch
    """
    from pipeline.rollout.extract import extract
    from pipeline.types import to_json

    taken = extract(checkout, git_dir, base)
    if as_json:
        emit({"patch": taken.patch.decode("utf-8", "replace"), "left_out": [to_json(row) for row in taken.left_out],
              "held": [to_json(row) for row in taken.held]})  # fmt: skip
        return
    for row in taken.left_out:
        click.echo(f"left out: {row.id}: {row.reason}: {row.detail}", err=True)
    for row in taken.held:
        click.echo(f"look at: {row.id}: {row.reason}: {row.detail}", err=True)
    sys.stdout.buffer.write(taken.patch)
    sys.stdout.buffer.flush()
