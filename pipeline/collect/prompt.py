"""The text of a task: the issue as it stood before the change, else the pull request, else its commits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.collect.leaks import without_answer
from pipeline.types import Issue, Pull

LEAST_TEXT = 10
"""Characters that a text must have once the answer is out of it."""

MOST_ISSUES = 3
"""Issues whose texts are put together when one pull request closes several."""

_SUFFIX = re.compile(r"\s*\((?:pull request )?#\d+\)\s*$")
_RULER = re.compile(r"^-{5,}$")

Source = Literal["issue", "pull", "commit"]


@dataclass(frozen=True)
class Prompt:
    """What the agent is asked, and where it was taken from."""

    text: str
    """"" when no source has a usable text."""
    source: Source
    written_at: str | None
    """When the newest part of the text was written; None when unknown."""


def prompt_of(pull: Pull, issues: Mapping[int, Issue], answer: frozenset[str]) -> Prompt:
    """The first source, in the order issue, pull, commit, whose cleaned text is long enough.

    ``answer``: of ``leaks.answer_of``, what the text must not say.
    """
    last: Source = "commit"
    for source, title, body, written_at in _sources(pull, issues):
        last = source
        text = _joined(without_answer(title), without_answer(body, answer))
        if len(text) >= LEAST_TEXT:
            return Prompt(text, source, written_at)
    return Prompt("", last, None)


def _sources(pull: Pull, issues: Mapping[int, Issue]) -> Iterator[tuple[Source, str, str, str | None]]:
    known = list(_issues_before(pull, issues))
    if known:
        first, *others = known
        body = "\n\n".join([first.body, *(f"{issue.title}\n\n{issue.body}" for issue in others)])
        yield "issue", first.title, body, max(issue.created_at or "" for issue in known)
    if pull.body.strip() or pull.created_at:
        yield "pull", pull.title, pull.body, pull.created_at
    yield "commit", pull.title, _commit_body(pull), None


def _issues_before(pull: Pull, issues: Mapping[int, Issue]) -> Iterator[Issue]:
    """Linked issues with a text older than the pull request; of mere mentions only a lone change log entry."""
    began = pull.created_at or pull.merged_at
    closing = [link.number for link in pull.links if link.closes]
    hinted = [link.number for link in pull.links if link.source in ("changelog", "branch_name")]
    numbers = list(dict.fromkeys(closing)) or (list(dict.fromkeys(hinted)) if len(set(hinted)) == 1 else [])
    texts = [issues[number] for number in numbers if number in issues]
    # The same moment is not before: some tools open the issue and its pull request together.
    yield from [issue for issue in texts if issue.created_at and issue.created_at < began][:MOST_ISSUES]


def _commit_body(pull: Pull) -> str:
    """The commits' messages without the title that stands above them, also not as the first bullet."""
    lines = pull.commit_text.split("\n")
    return "\n".join(line for line in lines if _plain(line) != _plain(pull.title) and not _RULER.match(line))


def _plain(line: str) -> str:
    return " ".join(_SUFFIX.sub("", line.strip().lstrip("*-• ")).lower().split())


def _joined(title: str, body: str) -> str:
    """Title, blank line, body; a first line of the body that repeats the title is not said twice."""
    first, _, rest = body.partition("\n")
    if _plain(first) == _plain(title):
        body = rest.strip()
    return "\n\n".join(part for part in (title, body) if part)
