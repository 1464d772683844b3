"""Pull requests and issues from GitHub: all at once, what is new, and one that was just merged.

    place                  where a repository is now, its mirror, its own config
    backfill, catch_up     pages of pull requests and their issues -> forge_pulls, issues
    mirror, transfer       the bare clone that files and diffs are read from
    derive, closed         forge_pulls and mirror -> pulls, left_out; issues that only a commit closes
    pulls                  one pull request, within seconds
    by_name                all of it from the command line

Each step may be killed and called again; nothing is written but whole pages, whole pull requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.collect import Collected


def collect_by_name(
    name: str,
    db: Path,
    *,
    config_path: Path | None = None,
    since: str | None = None,
    limit: int | None = None,
    issues: Sequence[int] = (),
) -> Collected:
    """``switchover collect owner/name``: see ``bot.collect.by_name``."""
    from bot.collect.by_name import collect  # the worker, which imports this package too, needs none of it

    return collect(name, db, config_path=config_path, since=since, limit=limit, issues=issues)
