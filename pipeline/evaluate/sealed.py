"""Sealed patches: made before any fix existed, their hashes written down at once.

``sealed.jsonl`` holds one line per attempt with the sha256 of its patch; ``patches/SHA256.patch``
holds the patch. A patch that was changed afterwards no longer has its name as its hash, and a
line that was changed names a patch that is not there. Not covered here: both files rewritten together;
against that the App publishes the hashes in a comment on the issue as soon as they are made, and refuses
scores of any other patch (bot.intake.seals).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pipeline import whole
from pipeline.errors import RunError
from pipeline.evaluate.journal import Kept
from pipeline.evaluate.plan import Contender
from pipeline.types import Issue, Rollout, Sealed

FILE = "sealed.jsonl"
FOLDER = "patches"


class Seals:
    """The sealed patches of one folder."""

    def __init__(self, out: Path) -> None:
        """Raises InputError for a file that holds something else."""
        self._folder = out / FOLDER
        self._rows = Kept(out / FILE, Sealed, _key)

    @property
    def rows(self) -> Mapping[tuple[str, ...], Sealed]:
        return self._rows.rows

    def holds(self, issue: int, who: Contender, attempt: int) -> bool:
        """Whether that attempt is sealed, whatever has changed since: it has one seal for ever."""
        return (str(issue), who.role, who.model, who.adapter or "", str(attempt)) in self.rows

    def add(self, row: Sealed, patch: bytes) -> None:
        """The patch first, so that no line ever names a patch that is not there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        whole.write(self.place(row.patch_sha256), patch)
        self._rows.add(row)

    def place(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.patch"

    def patch(self, row: Sealed) -> bytes:
        """The patch as it was sealed. Raises RunError when it is missing, or is not what was sealed."""
        place = self.place(row.patch_sha256)
        what = f"{place}: the sealed patch of {row.role} on issue {row.issue}"
        try:
            patch = place.read_bytes()
        except OSError as error:
            raise RunError(f"{what} cannot be read ({error.strerror}); bring the file back") from None
        if sha256_of(patch) != row.patch_sha256:
            raise RunError(f"{what} was changed after it was sealed; bring the original back")
        return patch

    def close(self) -> None:
        self._rows.close()


def _key(row: Sealed) -> tuple[str, ...]:
    return (str(row.issue), row.role, row.model, row.adapter or "", str(row.attempt))


def sealed(issue: Issue, base_sha: str, rollout: Rollout, who: Contender, at: str) -> tuple[Sealed, bytes]:
    """The line for ``rollout``, which ``who`` made on ``issue`` at ``base_sha``, and the bytes of its patch."""
    patch = rollout.patch.encode("utf-8", "surrogateescape")
    row = Sealed(
        issue=issue.number,
        at=at,
        repo=issue.repo,
        base_sha=base_sha,
        role=who.role,
        model=who.model,  # as in the rows of evaluations: a server may call it otherwise
        adapter=who.adapter,
        attempt=rollout.attempt,
        patch_sha256=sha256_of(patch),
        rollout_id=rollout.id,
        exit=rollout.exit,
        tokens_in=rollout.tokens_in,
        tokens_out=rollout.tokens_out,
        tokens_cached=rollout.tokens_cached,
        seconds=rollout.seconds,
        cost_usd=rollout.cost_usd,
        cheat_marks=rollout.cheat_marks,
        tool_calls=rollout.tool_calls,
        malformed_calls=rollout.malformed_calls,
        steps=rollout.steps,
        scripted=who.scripted,
        agent=who.agent,
        title=issue.title,
    )
    return row, patch


def sha256_of(patch: bytes) -> str:
    return hashlib.sha256(patch).hexdigest()
