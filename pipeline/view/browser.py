"""Opening a page in the user's browser, where there is one."""

from __future__ import annotations

import webbrowser
from pathlib import Path

IN_TERMINAL = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
"""They would take over the terminal, and they run no script."""


def show(page: Path) -> bool:
    """Whether a browser was told to open ``page``; False on a machine without one. Never raises."""
    try:
        browser = webbrowser.get()
        name = Path(str(getattr(browser, "name", ""))).name
        return name not in IN_TERMINAL and browser.open(page.resolve().as_uri())
    except (webbrowser.Error, OSError):
        return False
