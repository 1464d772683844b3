"""Put the nouns together: what was found in the history, its texts, files, links and people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.collect import links
from pipeline.collect.changes import Files, changes
from pipeline.collect.found import Found, left_out, merged_at
from pipeline.collect.gold import changed_lines, patches
from pipeline.collect.history import History
from pipeline.collect.kinds import by_content
from pipeline.collect.payloads import Payloads, PullPayload
from pipeline.collect.people import author_of
from pipeline.collect.redact import redact
from pipeline.types import Issue, LeftOut, Link, Pull

LONGEST_TEXT = 20_000
"""Characters of commit text that are kept: a release merge may bring a thousand messages."""

_CHANGELOGS = tuple(f":(icase,glob)**/{name}*" for name in ("change", "history", "news", "release"))
_CHANGELOG = re.compile(r"(?:^|/)(?:change|history|news|release)[^/]*$", re.IGNORECASE)
_FRAGMENT = re.compile(r"(?:^|/)(?:news|newsfragments|changelog\.d|changes?|changelog)/(\d{1,9})\.[\w.]+$")


@dataclass
class Assembler:
    """Makes pulls of what was mined from one clone."""

    clone: Path
    repo: str
    graph: History
    payloads: Payloads
    reverts: Mapping[int, str]
    redacting: bool
    redacted: Counter[str] = field(default_factory=Counter)
    """How many secrets and addresses were taken out so far, by kind."""

    def pulls(self, found: Sequence[Found]) -> Iterator[Pull | LeftOut]:
        """One pull each, in order, or that the clone lacks its objects; few git calls for all. Raises GitError."""
        read = changes(self.clone, [(row.merge_sha, row.base_sha) for row in found])
        whole = [(row, files) for row, files in zip(found, read, strict=True) if files is not None]
        pairs = [(row.merge_sha, row.base_sha) for row, _ in whole]
        told = by_content(self.clone, pairs, [files for _, files in whole])
        known = {row.merge_sha: files for (row, _), files in zip(whole, told, strict=True)}
        logs = self._changelogs(whole)
        for row in found:
            if row.merge_sha in known:
                yield self._pull(row, known[row.merge_sha], logs.get(row.number, ""))
            else:
                yield left_out(row, "missing_objects", "the clone lacks file contents of this change")

    def _changelogs(self, found: Sequence[tuple[Found, Files]]) -> dict[int, str]:
        """Number to what it adds to change logs; names of news fragments count as such a line."""
        rows = [row for row, files in found if any(_CHANGELOG.search(file.path) for file in files)]
        diffs = patches(self.clone, [(row.merge_sha, row.base_sha) for row in rows], _CHANGELOGS)
        texts = {}
        for row, patch in zip(rows, diffs, strict=True):
            texts[row.number] = "\n".join(text for _, sign, text in changed_lines(patch) if sign == "+")
        for row, files in found:
            names = [f"#{name[1]}" for file in files if (name := _FRAGMENT.search(file.path))]
            if names:
                texts[row.number] = "\n".join([texts.get(row.number, ""), *names])
        return texts

    def _pull(self, row: Found, files: Files, changelog: str) -> Pull:
        # With a number that is not this repository's, the forge's text is about something else.
        recorded = None if row.verified is False else self.payloads.pulls.get(row.number)
        merge = self.graph.commits[row.merge_sha]
        brought = [self.graph.commits[sha] for sha in self._brought(row)]
        text = "\n\n".join(commit.message for commit in (merge, *brought) if commit is merge or not commit.is_merge)
        title = (recorded and recorded.title) or row.title or (brought[-1] if brought else merge).subject
        body = recorded.body if recorded else ""
        texts = {"pull_title": title, "pull_body": body, "commit_message": text}
        return Pull(
            repo=self.repo,
            number=row.number,
            title=self._clean(title),
            body=self._clean(body),
            author=self._clean((recorded and recorded.author) or author_of(merge, brought)),
            merged_at=merged_at(row, self.graph),
            created_at=recorded.created_at if recorded else None,
            kind=row.kind,
            merge_sha=row.merge_sha,
            base_sha=row.base_sha,
            head_sha=row.head_sha,
            verified=row.verified,
            commit_text=self._clean(_cut(text)),
            files=files,
            links=(*_told(recorded), *links.links_of(texts, row.branch, changelog, self.repo, row.number)),
            labels=recorded.labels if recorded else (),
            reverted_by=self.reverts.get(row.number),
        )

    def _brought(self, row: Found) -> Sequence[str]:
        """Commits of the pull request but for the last, oldest first."""
        if row.kind != "rebase":
            return self.graph.brought.get(row.merge_sha, ())
        own: list[str] = []
        sha = self.graph.commits[row.merge_sha].parents[0]
        while sha != row.base_sha:
            own.append(sha)
            sha = self.graph.commits[sha].parents[0]
        return own[::-1]

    def issues(self, pulls: Sequence[Pull], numbers: Collection[int]) -> Iterator[Issue]:
        """Recorded issues, and by number alone those that a pull request closes.

        ``numbers``: known to be pull requests, whether they are used or not.
        """
        for issue in self.payloads.issues.values():
            yield replace(issue, title=self._clean(issue.title), body=self._clean(issue.body))
        known = {*self.payloads.issues, *self.payloads.pulls, *numbers}
        closed = {link.number for pull in pulls for link in pull.links if link.closes}
        for number in sorted(closed - known):
            yield Issue(self.repo, number, "", "", "", None)

    def _clean(self, text: str) -> str:
        return redact(text, self.redacted) if self.redacting else text


def _cut(text: str) -> str:
    """No more than is kept, and no word cut in two: half a secret would not be known as one."""
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT].rsplit(None, 1)[0]


def _told(recorded: PullPayload | None) -> tuple[Link, ...]:
    """Links that the forge itself tells of."""
    return tuple(Link(number, True, "forge") for number in recorded.closes) if recorded else ()
