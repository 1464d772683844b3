"""Repositories and people that were purged, so that nothing brings them back. Pure.

A person is known by a salted hash alone. That is a pseudonym, not anonymity: whoever has the
database can try names against it. Found are a login (or, out of a plain history, a name) as author,
``@login``, ``from login/branch``, addresses of profiles, and trailers such as ``Co-authored-by:``;
not a name in the middle of a sentence.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from pipeline.types import ForgePull, Issue, Pull

AUTHOR = "[forgotten]"
"""Stands for a person who was purged."""

_LOGIN = r"(?P<who>[A-Za-z0-9][A-Za-z0-9_-]{0,38}(?:\[bot\])?)(?![\w-])"
_NAMED = (
    # A literal, then what may not stand before it: so the rest of a text is passed over quickly.
    ("@", re.compile(rf"(?P<before>@(?<!\w@)){_LOGIN}")),
    ("://", re.compile(rf"(?P<before>://[\w.-]{{1,100}}/){_LOGIN}")),
    ("from ", re.compile(rf"(?P<before>from (?<!\wfrom )){_LOGIN}(?=/)")),
    ("-by:", re.compile(r"(?P<before>-by:[ \t]{0,3})(?P<who>[^<\n]{1,100}?)(?=[ \t]{0,3}(?:<|\r?$))", re.MULTILINE)),
)
"""What a text must hold, and where a name is found in it."""


@dataclass(frozen=True)
class Forgotten:
    """What one database must not hold any more."""

    salt: str = ""
    people: frozenset[str] = frozenset()
    """What ``fingerprint`` makes of their names."""
    repositories: frozenset[str] = frozenset()
    """``owner/name`` in lower case."""

    def is_person(self, name: str) -> bool:
        """Whether ``name`` is that of somebody who was purged, letter case aside."""
        return bool(self.people) and fingerprint(self.salt, name) in self.people

    def is_repository(self, name: str) -> bool:
        """Whether ``name`` was purged, letter case aside."""
        return name.lower() in self.repositories

    def text(self, text: str) -> str:
        """``text`` with the places that name such a person turned into ``[forgotten]``."""
        if not self.people:
            return text
        for literal, pattern in _NAMED:
            if literal in text:
                text = pattern.sub(self._unnamed, text)
        return text

    def detail(self, text: str) -> str:
        """As ``text``; "" where the whole of it is the name."""
        return "" if self.is_person(text) else self.text(text)

    def pull(self, pull: Pull) -> Pull | None:
        """The pull request without such people; None when it is theirs or of such a repository."""
        if self.is_repository(pull.repo) or self.is_person(pull.author):
            return None
        if not self.people:
            return pull
        title, body, commit_text = map(self.text, (pull.title, pull.body, pull.commit_text))
        return replace(pull, title=title, body=body, commit_text=commit_text)

    def issue(self, issue: Issue) -> Issue | None:
        """As ``pull``."""
        if self.is_repository(issue.repo) or self.is_person(issue.author):
            return None
        return replace(issue, title=self.text(issue.title), body=self.text(issue.body)) if self.people else issue

    def forge_pull(self, pull: ForgePull) -> ForgePull:
        """Without such people. Of one that is theirs the number stays, or it would be asked for again and again."""
        if self.is_person(pull.author):
            return replace(pull, title="", body="", author=AUTHOR, head_branch="", labels=())
        return replace(pull, title=self.text(pull.title), body=self.text(pull.body)) if self.people else pull

    def _unnamed(self, found: re.Match[str]) -> str:
        return f"{found['before']}{AUTHOR}" if self.is_person(found["who"]) else found[0]


@lru_cache(maxsize=65536)
def fingerprint(salt: str, name: str) -> str:
    """Hex HMAC-SHA256 of ``name``, letter case and outer spaces aside."""
    return hmac.new(salt.encode(), name.strip().casefold().encode(), hashlib.sha256).hexdigest()
