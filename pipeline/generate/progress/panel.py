"""Progress as a panel that stays at the foot of the terminal; log lines scroll by above it.

Its lines are short and without a frame, so that a narrower window wraps none of them, and the
cursor stays visible, so that a kill leaves the terminal as it was.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.generate.progress.snapshot import Snapshot, rows

_BAR = 40


class Panel:
    """A live panel on ``console``, which must be a terminal."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False)
        self._live.start()
        console.show_cursor(True)
        self._logs = contextlib.ExitStack()
        self._logs.enter_context(_logging_above())

    def show(self, now: Snapshot) -> None:
        self._live.update(panel(now), refresh=True)

    def close(self, last: Snapshot) -> None:
        self._live.update(panel(last))
        self._live.stop()
        self._logs.close()


def panel(now: Snapshot) -> Table:
    """A snapshot as a bar and a line for each of its sides."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_row("functions", _bar(now))
    for name, text in rows(now):
        table.add_row(name, Text(text))
    return table


def _bar(now: Snapshot) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_row(
        ProgressBar(total=max(1, now.planned), completed=now.ended, width=_BAR), f"{now.ended} of {now.planned}"
    )
    return row


@contextlib.contextmanager
def _logging_above() -> Iterator[None]:
    """Log lines go through the panel's console: a handler keeps the stream that it was given at the start."""
    moved = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stderr__
    ]
    for handler in moved:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler in moved:
            handler.setStream(sys.__stderr__)
