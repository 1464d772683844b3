"""What the ``bot`` package adds to the command line, found as an installed entry point.

``bot`` imports ``pipeline`` and never the reverse; so a verb of the bot (``bot``), collecting from
GitHub by name, and the App's checks in ``doctor`` are looked up by name in the entry point group
``switchover`` (see pyproject.toml), and imported only when they are used.
"""

from __future__ import annotations

from typing import Any

from pipeline.errors import RunError

GROUP = "switchover"


def load(name: str) -> Any:
    """The object that the entry point ``name`` stands for.

    Raises RunError when it is not registered, or when a package that it needs is not installed.
    """
    from importlib.metadata import entry_points  # costs 20 ms that --help need not pay

    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise RunError(f"{name}: this installation does not know it; install switchover again: pip install -e .")
    try:
        return found.load()
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("bot", "pipeline"):
            raise
        raise RunError(f"{name}: needs the package {error.name!r}; run: pip install 'switchover[bot]'") from None
