"""Who wrote a pull request, and whether that is a program. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.collect.history import Commit

_NOREPLY = re.compile(r"(?:\d+\+)?(?P<login>[^@+]+)@users\.noreply\.(?:github|gitlab)\.com$", re.IGNORECASE)
_BOT_NAMES = re.compile(
    r"\[bot\]$|^(?:dependabot|renovate|greenkeeper|pyup|snyk|imgbot|allcontributors|mergify|pre-commit-ci"
    r"|github-actions|codecov|weblate|transifex|crowdin|copybara|bors|homu|k8s-ci-robot|deepsource)"
    r"(?:[ ._-].*|bot|io)?$|(?:^|[ ._-])(?:ro)?bot$",
    re.IGNORECASE,
)
_BOT_BRANCHES = re.compile(
    r"(?:^|[/:])(?:dependabot|renovate|greenkeeper|pyup|imgbot|all-contributors|snyk-(?:fix|upgrade)|whitesource"
    r"|pre-commit-ci-update|deepsource|weblate|l10n_)(?:$|[/_.-])",
    re.IGNORECASE,
)


def person(commit: Commit) -> str:
    """Login where the e-mail address tells it, else the name; never the address."""
    found = _NOREPLY.match(commit.author_email)
    return found["login"] if found else commit.author


def author_of(merge: Commit, brought: Sequence[Commit]) -> str:
    """Who wrote most of the commits that a merge brought; of a squash, its author. Ties go to the oldest."""
    if not merge.is_merge or not brought:
        return person(merge)
    count: dict[str, int] = {}
    for commit in brought:
        name = person(commit)
        count[name] = count.get(name, 0) + (not commit.is_merge)
    return max(count, key=lambda name: count[name])


def is_bot(author: str, branch: str = "") -> bool:
    """Whether a program opened it, by the author's name or by the branch that it pushed."""
    return bool(_BOT_NAMES.search(author) or _BOT_BRANCHES.search(branch))


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    """Whether ``name`` fits a pattern, letter case aside. Only ``*`` and ``?`` are special.

    Brackets are not: in ``*[bot]`` they are the bot's, and a set of letters would match "Robert".
    """
    return any(re.fullmatch(_pattern(pattern), name, re.IGNORECASE | re.DOTALL) for pattern in patterns)


def _pattern(glob: str) -> str:
    return re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".")
