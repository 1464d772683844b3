"""The sentences that forges write into merge and squash commits. Pure.

Covered: GitHub (merge, titled merge, squash), Gitea and Forgejo, GitLab, Bitbucket, Azure DevOps,
bors and homu, Apache's merge script. A pull request without any of these is found by its ref or
by a recorded payload instead (``match``, ``payloads``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.collect.history import Commit

FORGE_COMMITTER = "noreply@github.com"
"""Committer of what GitHub's own buttons make: then "(#N)" is a pull request, never an issue."""


@dataclass(frozen=True)
class Form:
    """What a commit's message claims about the pull request that it merged."""

    number: int
    kind: str
    """merge, titled or squash, as in ``Pull.kind``."""
    title: str
    """"" when the message has none."""
    branch: str
    """``owner/branch`` or ``branch``; "" when the message does not say."""
    certain: bool
    """False for "(#N)" typed by anybody: the number may be an issue's or another repository's."""


_GITHUB = re.compile(r"Merge pull request #(?P<n>\d+) from (?P<branch>\S+)")
_GITEA = re.compile(r"Merge pull request '(?P<title>.*)' \(#(?P<n>\d+)\) from (?P<branch>\S+)")
_BITBUCKET = re.compile(r"Merged in (?P<branch>\S+) \(pull request #(?P<n>\d+)\)")
_AZURE = re.compile(r"Merged PR (?P<n>\d+): (?P<title>.*)")
_HOMU = re.compile(r"Auto merge of #(?P<n>\d+) - (?P<branch>[^\s,]+)")
_BORS = re.compile(r"Merge #(?P<n>\d+)\s*$")
_BORS_NOISE = re.compile(r"^\d+: (.*?)(?: r=\S+)?(?: a=\S+)?$")
_SUBJECTS = (_GITHUB, _GITEA, _BITBUCKET, _AZURE, _HOMU, _BORS)

_GITLAB = re.compile(r"^See merge request (?:\S+)?!(?P<n>\d+)\s*$", re.MULTILINE)
_GITLAB_SUBJECT = re.compile(r"Merge branch '(?P<branch>[^']+)' into ")
_APACHE = re.compile(r"^Closes #(?P<n>\d+) from (?P<branch>\S+?)\.?\s*$", re.MULTILINE)
_SQUASH = re.compile(r"^(?P<title>.*\S)\s+\((?:pull request )?#(?P<n>\d+)\)\s*$")


def form_of(commit: Commit) -> Form | None:
    """What ``commit`` says it merged, None when it does not say."""
    return _by_subject(commit) or _by_body(commit) or _by_suffix(commit)


def _by_subject(commit: Commit) -> Form | None:
    for pattern in _SUBJECTS:
        found = pattern.match(commit.subject)
        if found and _fits(commit, pattern):
            named = found.groupdict()
            title = named.get("title") or _BORS_NOISE.sub(r"\1", _first_line(commit.body))
            return _form(commit, named["n"], title, named.get("branch", ""), certain=True)
    return None


def _fits(commit: Commit, pattern: re.Pattern[str]) -> bool:
    """Whether this sentence on this commit is the forge's own: a rebased "Merge ..." line is not."""
    return commit.is_merge or pattern in (_BITBUCKET, _AZURE)


def _by_body(commit: Commit) -> Form | None:
    found = _GITLAB.search(commit.body)
    if found:
        branch = _GITLAB_SUBJECT.match(commit.subject)
        title = _first_line(commit.body) if branch else commit.subject
        return _form(commit, found["n"], title, branch["branch"] if branch else "", certain=True)
    found = _APACHE.search(commit.body)
    if found:
        return _form(commit, found["n"], commit.subject, found["branch"], certain=True)
    return None


def _by_suffix(commit: Commit) -> Form | None:
    found = _SQUASH.match(commit.subject)
    if not found:
        return None
    certain = commit.is_merge or commit.committer_email == FORGE_COMMITTER
    return _form(commit, found["n"], found["title"], "", certain)


def _form(commit: Commit, number: str, title: str, branch: str, certain: bool) -> Form | None:
    if len(number) > 9 or int(number) == 0:
        return None
    title = _SQUASH.sub(r"\g<title>", title.strip())
    kind = "squash" if not commit.is_merge else "merge" if branch else "titled"
    return Form(int(number), kind, title, branch, certain)


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0].strip()
