"""What was made of a repository or a person below a folder: adapters, and files that hold the name."""

from __future__ import annotations

import datetime
import json
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import jsonl
from pipeline.errors import InputError, RunError
from pipeline.forget.subject import Subject
from pipeline.train.card import NAME as CARD
from pipeline.train.card import file_sha256, write_json
from pipeline.view.unpack import texts

SAMPLES = "samples.jsonl"
_TEXTS = frozenset((".jsonl", ".json", ".html", ".md", ".log", ".txt", ".yml", ".yaml", ".diff", ".patch", ".csv"))
_DATABASES = frozenset((".db", ".sqlite", ".sqlite3"))


@dataclass(frozen=True)
class Traces:
    """What lies below the folders that were named."""

    adapters: tuple[Path, ...] = ()
    """Folders of adapters that were trained on it, marked stale."""
    files: tuple[Path, ...] = ()
    """Files that hold the name, and with it perhaps its texts."""
    are_deleted: bool = False
    """Whether ``files`` were deleted."""
    databases: tuple[Path, ...] = ()
    """Other databases that hold the name."""
    unknown: tuple[Path, ...] = field(default=())
    """Adapters of which nothing tells what they were trained on."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left to do by hand."""
        said = [f"{path}: another database that holds it: give it with --db too" for path in self.databases]
        said += [f"{path}: nothing here tells what it was trained on: judge by yourself" for path in self.unknown]
        if self.files and not self.are_deleted:
            said.append(f"{len(self.files)} files hold the name: delete them, or give --delete-files")
        return tuple(said)


def search(outs: Iterable[Path], subject: Subject, db: Path) -> Traces:
    """Look through ``outs``; symbolic links are not followed, nor mirrors and git's own folders."""
    paths = sorted({path for out in outs for path in _files(out)})
    texts = [path for path in paths if path.suffix in _TEXTS and path.name != CARD]
    others = [path for path in paths if path.suffix in _DATABASES and path.resolve() != db.resolve()]
    adapters, unknown = _trained_on(paths, subject)
    pattern = subject.pattern
    return Traces(
        adapters,
        tuple(path for path in texts if _holds(path, pattern.search)),
        databases=tuple(path for path in others if _holds(path, pattern.search)),
        unknown=unknown,
    )


def why_stale(subject: Subject) -> str:
    """What a card is to say; no person is named."""
    return f"{subject.name} was purged" if subject.kind == "repository" else "a person was purged from its repository"


def mark_stale(adapters: Iterable[Path], subject: Subject) -> None:
    """Write into each adapter's card that it is stale, and why; one that is so already stays as it is."""
    what = why_stale(subject)
    at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for adapter in adapters:
        card = _card(adapter / CARD)
        if not card.get("stale"):
            write_json(adapter / CARD, {**card, "stale": {"at": at, "why": what}})


def deleted(found: Traces) -> Traces:
    """Delete the files. Raises RunError naming the first that stays."""
    for path in found.files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"{path}: cannot be deleted ({error.strerror}); delete it by hand, then run again") from None
    return replace(found, are_deleted=True)


def _files(out: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(out):
        folders[:] = [name for name in folders if name != ".git" and not name.endswith((".git", ".mirrors"))]
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _holds(path: Path, search: Any) -> bool:
    try:
        with path.open("rb") as handle:
            if os.fstat(handle.fileno()).st_size == 0:
                return False
            with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return search(content) is not None or any(search(text) for text in texts(content))
    except OSError as error:
        raise RunError(
            f"{path}: cannot be read ({error.strerror}); give yourself the permission, or delete it"
        ) from None


def _trained_on(paths: Sequence[Path], subject: Subject) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Adapters that were trained on the subject, and those of which nobody knows."""
    wanted = {repo.lower() for repo in subject.repositories}
    repos: dict[str, set[str]] = {}
    theirs, unknown = [], []
    for path in (path for path in paths if path.name == CARD):
        card = _card(path)
        known = {str(repo).lower() for repo in card.get("repos") or ()}
        if not known:
            repos = repos or {file_sha256(samples): _repos(samples) for samples in paths if samples.name == SAMPLES}
            known = repos.get(str(card.get("samples_sha256")), set())
        if known & wanted:
            theirs.append(path.parent)
        elif not known:
            unknown.append(path.parent)
    return tuple(theirs), tuple(unknown)


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not an adapter's card ({error}); delete the adapter, then run again") from None
    return card if isinstance(card, dict) else {}


def _repos(samples: Path) -> set[str]:
    return {str(row["repo"]).lower() for row in jsonl.read(samples) if row.get("repo")}
