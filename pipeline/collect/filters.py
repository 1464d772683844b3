"""What the configuration says not to collect. Pure; the same rules hold again when tasks are made."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable

from pipeline import forgotten
from pipeline.collect.people import is_bot, matches_any
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.types import Pull


def unwanted(pull: Pull, config: CollectConfig, branch: str = "") -> tuple[str, str] | None:
    """Reason code and detail when ``config`` leaves ``pull`` out, else None; ``branch`` may tell a bot."""
    if pull.author == forgotten.AUTHOR:
        return "forgotten", ""
    if config.since and pull.merged_at < config.since:
        return "before_since", f"merged {pull.merged_at}, before {config.since}"
    if matches_any(pull.author, config.skip_authors):
        return ("bot" if is_bot(pull.author) else "skipped_author"), pull.author
    if config.skip_authors and is_bot("", branch):
        return "bot", branch
    labels = [label for label in pull.labels if matches_any(label, config.skip_labels)]
    if labels:
        return "skipped_label", labels[0]
    if pull.files and all(matches_path(file.path, config.skip_paths) for file in pull.files):
        return "skipped_path", f"all {len(pull.files)} files match collect.skip_paths"
    return None


def day(text: str, where: str) -> str:
    """``text`` checked to be a date or time in ISO 8601, as UTC text that sorts. Raises InputError naming ``where``."""
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"{where}: {text!r} is not a date; write it as 2025-01-31") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def matches_path(path: str, globs: Iterable[str]) -> bool:
    """Whether one of ``globs`` is meant for ``path``, as the config writes them."""
    return any(re.fullmatch(_path_pattern(glob), path, re.DOTALL) for glob in globs)


def _path_pattern(glob: str) -> str:
    """``*`` and ``?`` stay within a folder, ``**`` does not; a folder's name stands for all in it."""
    glob = f"{glob.strip('/')}/**" if glob.endswith("/") else glob.lstrip("/")
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(words.get(word) or re.escape(word) for word in re.split(r"(\*\*/|\*\*|\*|\?)", glob))
