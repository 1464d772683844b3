"""The tables of what is collected: repositories' clones, pull requests, issues, links, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.store.forgotten import ForgottenTables
from pipeline.types import Issue, LeftOut, Pull, from_json, to_json


class CollectedTables(ForgottenTables):
    """Each ``save_`` is one transaction; saving a row twice changes nothing."""

    def save_repo(self, name: str, clone: Path) -> None:
        """Remember where the clone of ``name`` lies; the newest place wins.

        A place under the database's own folder is kept relative to it: the two may be moved together, as from
        the runner that collects to the one that evaluates.
        """
        place, beside = clone.absolute(), self.path.absolute().parent
        kept = place.relative_to(beside) if place.is_relative_to(beside) else place
        with self.atomic():
            self._upsert("repos", [{"name": name, "clone": str(kept)}], ("name",))

    def repos(self) -> dict[str, Path]:
        """Name to absolute clone path, by name."""
        beside = self.path.absolute().parent
        return {row["name"]: beside / row["clone"] for row in self._rows("SELECT * FROM repos ORDER BY name", ())}

    def save_pulls(self, pulls: Iterable[Pull]) -> None:
        """Insert or replace, with their links. One that was left out before is so no longer.

        One whose author was purged is left out.
        """
        forgotten = self.forgotten()
        with self.atomic():
            for pull, kept in ((pull, forgotten.pull(pull)) for pull in pulls):
                if kept is None:
                    self._leave_out_forgotten(pull)
                    continue
                key = (pull.repo, pull.number)
                self._upsert("pulls", [_pull_row(kept)], ("repo", "number"))
                self._execute("DELETE FROM links WHERE repo = ? AND pull = ?", key)
                self._upsert("links", _link_rows(pull), ("repo", "pull", "number", "source"))
                self._execute(
                    "DELETE FROM left_out WHERE repo = ? AND thing = 'pull' AND id = ?", (pull.repo, str(pull.number))
                )

    def forget_pulls(self, repo: str, numbers: Iterable[int]) -> None:
        """Take pull requests out again, with their links; unknown numbers are ignored."""
        with self.atomic():
            for number in numbers:
                self._execute("DELETE FROM pulls WHERE repo = ? AND number = ?", (repo, number))
                self._execute("DELETE FROM links WHERE repo = ? AND pull = ?", (repo, number))

    def pulls(self, repo: str | None = None) -> Iterator[Pull]:
        """Merged pull requests, newest merged first; of every repository when ``repo`` is None."""
        links: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for row in self._rows("SELECT * FROM links WHERE ?1 IS NULL OR repo = ?1 ORDER BY rowid", (repo,)):
            links.setdefault((row["repo"], row["pull"]), []).append({**row, "closes": bool(row["closes"])})
        query = "SELECT * FROM pulls WHERE ?1 IS NULL OR repo = ?1 ORDER BY merged_at DESC, repo, number DESC"
        for row in self._rows(query, (repo,)):
            yield _pull(row, links.get((row["repo"], row["number"]), []))

    def merge_shas(self, repo: str) -> dict[int, str]:
        """Number of each pull request of ``repo`` to the commit that merged it."""
        rows = self._rows("SELECT number, merge_sha FROM pulls WHERE repo = ?", (repo,))
        return {row["number"]: row["merge_sha"] for row in rows}

    def reverted(self, repo: str) -> dict[int, str]:
        """Number of each pull request of ``repo`` that was taken back, to the commit that did it."""
        rows = self._rows("SELECT number, reverted_by FROM pulls WHERE repo = ? AND reverted_by IS NOT NULL", (repo,))
        return {row["number"]: row["reverted_by"] for row in rows}

    def save_issues(self, issues: Iterable[Issue]) -> None:
        """Insert or replace. One of which only the number is known never replaces a known text.

        One whose author was purged is not saved.
        """
        forgotten = self.forgotten()
        with self.atomic():
            for issue in filter(None, map(forgotten.issue, issues)):
                if issue.created_at is None and self._knows_issue(issue):
                    continue
                row = {**to_json(issue), "labels": json.dumps(issue.labels)}
                self._upsert("issues", [row], ("repo", "number"))

    def issues(self, repo: str) -> dict[int, Issue]:
        """Issues of ``repo`` by number."""
        rows = self._rows("SELECT * FROM issues WHERE repo = ? ORDER BY number", (repo,))
        return {row["number"]: from_json(Issue, {**row, "labels": json.loads(row["labels"])}) for row in rows}

    def save_left_out(self, repo: str, rows: Iterable[LeftOut]) -> None:
        """Insert or replace: a thing has one reason per stage, the newest."""
        forgotten = self.forgotten()
        named = [{"repo": repo, **to_json(row), "detail": forgotten.detail(row.detail)} for row in rows]
        with self.atomic():
            self._upsert("left_out", named, ("repo", "stage", "thing", "id"))

    def forget_left_out(self, repo: str, stage: str) -> None:
        """Take out all that ``stage`` left out, before it says so anew."""
        with self.atomic():
            self._execute("DELETE FROM left_out WHERE repo = ? AND stage = ?", (repo, stage))

    def left_out(self, repo: str | None = None) -> Iterator[LeftOut]:
        """What was left out, in the order in which it was first saved; of every repository when None."""
        for row in self._rows("SELECT * FROM left_out WHERE ?1 IS NULL OR repo = ?1 ORDER BY rowid", (repo,)):
            yield from_json(LeftOut, row)

    def _leave_out_forgotten(self, pull: Pull) -> None:
        self.forget_pulls(pull.repo, [pull.number])
        if not self.forgotten().is_repository(pull.repo):
            self.save_left_out(pull.repo, [LeftOut("collect", "pull", str(pull.number), "forgotten")])

    def _knows_issue(self, issue: Issue) -> bool:
        query = "SELECT 1 FROM issues WHERE repo = ? AND number = ? AND created_at IS NOT NULL"
        return any(True for _ in self._rows(query, (issue.repo, issue.number)))


def _pull_row(pull: Pull) -> dict[str, Any]:
    row = dict(vars(pull))  # to_json copies every value; thousands of pulls need not
    del row["links"]
    files = json.dumps([vars(file) for file in pull.files])
    verified = None if pull.verified is None else int(pull.verified)
    return {**row, "files": files, "labels": json.dumps(pull.labels), "verified": verified}


def _link_rows(pull: Pull) -> list[dict[str, Any]]:
    return [{"repo": pull.repo, "pull": pull.number, **to_json(link)} for link in pull.links]


def _pull(row: dict[str, Any], links: list[dict[str, Any]]) -> Pull:
    verified = None if row["verified"] is None else bool(row["verified"])
    lists = {"files": json.loads(row["files"]), "labels": json.loads(row["labels"])}
    return from_json(Pull, {**row, **lists, "links": links, "verified": verified})
