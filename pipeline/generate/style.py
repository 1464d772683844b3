"""Style examples: how this repository's people write, from before the base commit only.

A later text could tell of what is evaluated; so the cut-off is kept here, in one place. It holds for
the time at which a text was opened (an issue), merged (a pull request) or committed (a message). Not
covered: titles and bodies that were edited afterwards, of which the forge keeps the last form only.
Comments, which may be of any later time, are never used. An issue from before the cut-off may ask for
what is merged after it: ``evaluate`` leaves such tasks out, by the time at which their text was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.git import git
from pipeline.types import Issue, Pull

_TRAILER = re.compile(r"^(?:[A-Z][\w-]+-by|Change-Id|Closes|Fixes|Refs?)\s*:?\s.*$", re.MULTILINE | re.IGNORECASE)
_MERGE = re.compile(r"\AMerge (?:pull request|branch|remote-tracking).*\n+")
_SHORTEST = 60
"""Characters; below that a text shows no style."""


def from_issues(issues: Iterable[Issue], until: str) -> list[str]:
    """Texts of issues written before ``until`` (ISO, UTC); those of unknown date are not used."""
    old = [issue for issue in issues if issue.created_at is not None and issue.created_at < until]
    return _usable(f"{issue.title}\n\n{issue.body}" for issue in old)


def from_pulls(pulls: Iterable[Pull], until: str) -> list[str]:
    """Texts of pull requests merged before ``until``."""
    return _usable(f"{pull.title}\n\n{pull.body}" for pull in pulls if pull.merged_at < until and pull.body)


def from_history(repo: Path, base_sha: str, limit: int = 200) -> list[str]:
    """Messages of the newest ``limit`` commits up to ``base_sha``, without merge lines and trailers."""
    log = git(repo, "log", f"-n{limit}", "--format=%B%x00", base_sha, "--").decode("utf-8", "replace")
    return _usable(_TRAILER.sub("", _MERGE.sub("", message.strip())) for message in log.split("\0"))


def _usable(texts: Iterable[str]) -> list[str]:
    return [text.strip() for text in texts if len(text.strip()) >= _SHORTEST]
