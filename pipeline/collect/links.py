"""Which issues a pull request is about, from its texts alone. Pure.

GitHub's own links (``closingIssuesReferences``) need its API; commit texts name an issue in 3% of
pull requests only, descriptions and change logs in far more. Every link keeps its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipeline.types import Link

_CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+(?:(?:issue|bug)s?:?\s+)?", re.IGNORECASE)
_NUMBER = r"(?:(?P<repo>[\w.-]+/[\w.-]+))?#(?P<n>\d{1,9})\b"
_URL = r"https?://[^\s/]+/(?P<url_repo>[\w.-]+/[\w.-]+)/(?:-/)?issues/(?P<url_n>\d{1,9})\b"
_TARGET = re.compile(rf"(?<![\w/&]){_NUMBER}|{_URL}|\bGH-(?P<gh>\d{{1,9}})\b", re.IGNORECASE)
_MORE = re.compile(r"\s*(?:,|and|&|,\s*and)\s*", re.IGNORECASE)
_BRANCH = re.compile(r"(?:^|[/_-])(?:issues?|gh|fix|bug|bugfix)[/_-]?#?(\d{1,9})(?=$|[/_-])", re.IGNORECASE)
_CHANGELOG = re.compile(r":issue:`(?:[^`<]*<)?(\d{1,9})>?`|(?<![\w/&])#(\d{1,9})\b")


def links_of(texts: Mapping[str, str], branch: str, changelog: str, repo: str, own: int) -> tuple[Link, ...]:
    """Links without doubles, the strongest first. ``own`` is the pull request's number, never linked.

    ``texts``: source (pull_title, pull_body, commit_message) to text. ``changelog``: the lines
    that it adds to change logs. Numbers of other repositories are ignored.
    """
    found = list(_from_texts(texts, repo))
    found += [Link(int(number), False, "branch_name") for number in _BRANCH.findall(branch)]
    found += [Link(int(a or b), False, "changelog") for a, b in _CHANGELOG.findall(changelog)]
    return _without_doubles(link for link in found if link.number not in (0, own))


def _from_texts(texts: Mapping[str, str], repo: str) -> Iterator[Link]:
    for source, text in texts.items():
        closed = set(_closed(text, repo))
        yield from (Link(number, True, source) for number in sorted(closed))
        yield from (Link(n, False, source) for n in sorted(set(_mentioned(text, repo)) - closed))


def _closed(text: str, repo: str) -> Iterator[int]:
    for keyword in _CLOSING.finditer(text):
        at = keyword.end()
        while target := _TARGET.match(text, at):
            number = _number(target, repo)
            if number:
                yield number
            more = _MORE.match(text, target.end())
            if not more:
                break
            at = more.end()


def _mentioned(text: str, repo: str) -> Iterator[int]:
    for target in _TARGET.finditer(text):
        number = _number(target, repo)
        if number:
            yield number


def _number(target: re.Match[str], repo: str) -> int | None:
    """The number, None when it is another repository's. A renamed owner is still the same repository."""
    named = target["repo"] or target["url_repo"]
    if named and named.split("/")[-1].lower() != repo.split("/")[-1].lower():
        return None
    return int(target["n"] or target["url_n"] or target["gh"])


def _without_doubles(links: Iterable[Link]) -> tuple[Link, ...]:
    kept: dict[tuple[int, str], Link] = {}
    for link in sorted(links, key=lambda link: not link.closes):
        kept.setdefault((link.number, link.source), link)
    return tuple(kept.values())
