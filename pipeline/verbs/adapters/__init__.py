"""``switchover adapters``: the registry of adapters."""

from __future__ import annotations

import click

from pipeline.verbs.adapters import change, gate, look


@click.group(context_settings={"max_content_width": 100})
def command() -> None:
    """List, compare, gate, promote and roll back the adapters of a registry.

    A registry is a folder, or a URL such as s3://bucket/path or gs://bucket/path. It is named with --registry,
    else by adapters.registry of the config; a cycle's own is the folder "registry" in its --out. Each
    command takes --config and --json.

    \b
    Example:
      switchover adapters list --registry cycle-out/registry
      switchover adapters promote 3f2a91c0 --registry cycle-out/registry
    """


for _part in (*look.COMMANDS, *change.COMMANDS, *gate.COMMANDS):
    command.add_command(_part)
