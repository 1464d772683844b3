"""Which display a run gets: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

from pipeline.generate.progress.lines import Lines
from pipeline.generate.progress.watch import Display


def display() -> Display:
    """For stderr, where progress belongs; rich is loaded here and not before."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        return Lines()
    from pipeline.generate.progress.panel import Panel

    return Panel(console)
