"""Writes each verb's ``--help`` into ``docs/commands.md``, and the App's permissions into ``docs/app.md``.

Run it after changing either. Tests compare, so the pages cannot drift from the program.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from bot.install import permissions
from pipeline import cli

PAGE = Path(__file__).with_name("commands.md")
APP_PAGE = Path(__file__).with_name("app.md")
BLOCK = re.compile(r"(?<=```text\n)switchover (\S+) --help\n.*?(?=```)", re.S)
TABLE = re.compile(r"(?<=docs/refresh.py -->\n).*?(?=<!-- end -->)", re.S)


def help_text(verb: str) -> str:
    """What ``switchover VERB --help`` prints at a width of 100 columns."""
    group = click.Context(cli.switchover, info_name="switchover", **cli.switchover.context_settings)
    command = cli.switchover.get_command(group, verb)
    assert command is not None, verb
    return command.get_help(click.Context(command, info_name=verb, parent=group, terminal_width=100))


def refreshed(page: str) -> str:
    """The page with every block renewed."""
    return BLOCK.sub(lambda found: f"switchover {found[1]} --help\n\n{help_text(found[1])}\n", page)


def with_permissions(page: str) -> str:
    """The page with the table of permissions renewed."""
    return TABLE.sub(lambda _: f"{permissions.table()}\n", page)


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    APP_PAGE.write_text(with_permissions(APP_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
