"""Writes each verb's ``--help`` into its block of ``docs/commands.md``: run after changing a flag.

A test compares the two, so the page cannot drift from the program.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from pipeline import cli

PAGE = Path(__file__).with_name("commands.md")
BLOCK = re.compile(r"(?<=```text\n)switchover (\S+) --help\n.*?(?=```)", re.S)


def help_text(verb: str) -> str:
    """What ``switchover VERB --help`` prints at a width of 100 columns."""
    group = click.Context(cli.switchover, info_name="switchover", **cli.switchover.context_settings)
    command = cli.switchover.get_command(group, verb)
    assert command is not None, verb
    return command.get_help(click.Context(command, info_name=verb, parent=group, terminal_width=100))


def refreshed(page: str) -> str:
    """The page with every block renewed."""
    return BLOCK.sub(lambda found: f"switchover {found[1]} --help\n\n{help_text(found[1])}\n", page)


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
