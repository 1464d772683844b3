"""``switchover sandbox``: run one command where it can see and reach nothing but one folder."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipeline.errors import InputError
from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.option("--checkout", type=click.Path(path_type=Path), required=True, help="Folder it may write to.")
@click.option("--time-limit", type=float, default=60, show_default=True, metavar="S", help="Seconds of wall clock.")
@click.option("--memory-limit", type=int, default=2048, show_default=True, metavar="MB", help="All processes together.")
@click.option("--process-limit", type=int, default=256, show_default=True, metavar="N", help="Processes and threads.")
@click.option("--disk-limit", type=int, default=2048, show_default=True, metavar="MB", help="Growth of the folder.")
@click.option("--output-limit", type=int, default=1_048_576, show_default=True, metavar="BYTES", help="Output kept.")
@click.option("--toolchain", type=click.Path(path_type=Path), multiple=True, help="Prefix to show; repeatable.")
@unused_config_option
@json_option
@click.argument("cmd", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    checkout: Path,
    time_limit: float,
    memory_limit: int,
    process_limit: int,
    disk_limit: int,
    output_limit: int,
    toolchain: tuple[Path, ...],
    as_json: bool,
    cmd: tuple[str, ...],
) -> int:
    """Run CMD in the sandbox with --checkout as its writable working directory.

    CMD sees the programs of this machine read-only, and no network, no environment, no other
    file and no other process. Of a .git in the folder it gets a private copy. stdout and
    stderr come out together; beyond --output-limit the middle is left out.

    Exit status: CMD's own; 124 after the time limit, 137 after another limit; 125 when the
    sandbox cannot be set up (nothing was run).

    \b
    Example:
      switchover sandbox --checkout ./clone --time-limit 300 -- make test
    """
    from pipeline.rollout.sandbox import Limits, Sandbox

    limits = Limits(time_limit, memory_limit, process_limit, disk_limit, output_limit)
    if not cmd[0]:
        raise InputError("sandbox: the command is empty; give it after --")
    ran = Sandbox(limits, toolchain).run(cmd, checkout, protect_git=True)
    if as_json:
        emit({"exit_code": ran.exit_code, "stopped_for": ran.stopped_for, "seconds": round(ran.seconds, 3),
              "output_bytes": ran.output_bytes, "output": ran.output.decode("utf-8", "replace")})  # fmt: skip
    else:
        sys.stdout.buffer.write(ran.output)
        sys.stdout.buffer.flush()
    if ran.output_bytes > len(ran.output):
        click.echo(f"sandbox: {ran.output_bytes - len(ran.output)} bytes in the middle were left out", err=True)
    if ran.stopped_for:
        click.echo(f"sandbox: killed for its {ran.stopped_for} limit after {ran.seconds:.1f} s", err=True)
    return ran.exit_code
