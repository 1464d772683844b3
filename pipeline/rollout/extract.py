"""Take the patch out of a checkout that a hostile program has changed.

The base and all of git's settings come from a trusted git directory that the program never saw;
of the checkout only names, modes and contents are read. What cannot or must not be in a patch is
left out and named; what a person must look at before it is published is in the patch and named too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.rollout import names
from pipeline.rollout.bench import EXECUTABLE, GITLINK, LINK, Bench, Entry, bench
from pipeline.rollout.reading import Found, Reader
from pipeline.types import LeftOut

_IGNORE_FILE = b".gitignore"


@dataclass(frozen=True)
class Extracted:
    """A patch out of a checkout."""

    patch: bytes
    """Appliable to the base with ``git apply --binary``; empty when nothing changed."""
    left_out: tuple[LeftOut, ...]
    """What is not in the patch, by path."""
    held: tuple[LeftOut, ...] = ()
    """What is in the patch and must be seen by a person before it is published, by path."""


def extract(checkout: Path, git_dir: Path, base: str) -> Extracted:
    """The patch from commit ``base`` of ``git_dir`` to the files of ``checkout``.

    No process of the program may be running any more. Files and folders of ours that it closed
    are opened up (u+rw); nothing else is changed. Raises InputError when a folder is missing, when
    the git directory lies in the checkout, or when it holds no such commit.
    """
    place = _checked(checkout, git_dir)
    with bench(git_dir, base) as table:
        tree = table.tree()
        reader = Reader(place, tree, table)
        found = reader.read()
        ignored = table.ignored(found.new, _rules(table, tree)) if found.new else set()
        for path in found.new:
            if path not in ignored:
                reader.take(path)
        deleted = [path for path, entry in tree.items() if _is_deleted(path, entry, found)]
        patch = table.patch(found.changed, deleted)
        left_out = [*found.left_out, *_grouped(ignored, tree, found)]
        held = [*_held(found, deleted, tree), *_hidden(table, tree, found)]
        return Extracted(patch, _sorted(left_out), _sorted(held))


def _checked(checkout: Path, git_dir: Path) -> Path:
    for folder, flag in ((checkout, "--checkout"), (git_dir, "--git-dir")):
        if not folder.is_dir():
            what = "not a folder" if folder.exists() else "no such folder"
            raise InputError(f"{folder}: {what}; give an existing one with {flag}")
    place = checkout.resolve()
    if git_dir.resolve().is_relative_to(place):
        raise InputError(f"{git_dir}: lies in the checkout, where the agent could write; give a trusted one outside")
    return place


def _is_deleted(path: bytes, entry: Entry, found: Found) -> bool:
    return path not in found.kept and path not in found.changed and entry.mode != GITLINK


def _rules(table: Bench, tree: Mapping[bytes, Entry]) -> dict[bytes, bytes]:
    """The base's own ignore files: the agent's could hide its work."""
    files = {path: entry.oid for path, entry in tree.items() if _is_ignore_file(path, entry)}
    return dict(zip(files, table.contents(files.values()), strict=True))


def _is_ignore_file(path: bytes, entry: Entry) -> bool:
    parts = path.split(b"/")
    usual = not any(part in (b"", b".", b"..") or names.is_git_folder(part) for part in parts)
    return parts[-1] == _IGNORE_FILE and entry.mode not in (LINK, GITLINK) and usual


def _grouped(ignored: Iterable[bytes], tree: Mapping[bytes, Entry], found: Found) -> list[LeftOut]:
    """One row per ignored file, or per folder that holds nothing else."""
    busy = {parent for path in (*tree, *found.changed) for parent in _parents(path)}
    counts: Counter[bytes] = Counter()
    for path in ignored:
        idle = next((parent for parent in _parents(path) if parent not in busy), None)
        counts[path if idle is None else idle + b"/"] += 1
    detail = "ignored by the base's own .gitignore"
    return [LeftOut("patch", "file", names.shown(key), "ignored", f"{detail} ({n})") for key, n in counts.items()]


def _parents(path: bytes) -> list[bytes]:
    """The folders that lead to ``path``, outermost first."""
    parts = path.split(b"/")
    return [b"/".join(parts[:length]) for length in range(1, len(parts))]


def _held(found: Found, deleted: Iterable[bytes], tree: Mapping[bytes, Entry]) -> list[LeftOut]:
    rows = [(path, names.held(path)) for path in (*found.changed, *deleted)]
    rows += [(path, "held_binary") for path in found.binary]
    for path, entry in found.changed.items():
        if entry.mode in (EXECUTABLE, LINK) and (path not in tree or tree[path].mode != entry.mode):
            rows.append((path, "held_link" if entry.mode == LINK else "held_executable"))
    rows += [(path, "held_case") for path in _colliding(found, deleted, tree)]
    return [_hold(path, reason) for path, reason in rows if reason]


def _colliding(found: Found, deleted: Iterable[bytes], tree: Mapping[bytes, Entry]) -> list[bytes]:
    """New paths that differ from another only in case: some file systems take them for one."""
    after = (set(tree) - set(deleted)) | set(found.changed)
    folded = Counter(path.decode("utf-8", "surrogateescape").casefold() for path in after)
    return [p for p in found.changed if p not in tree and folded[p.decode("utf-8", "surrogateescape").casefold()] > 1]


def _hidden(table: Bench, tree: Mapping[bytes, Entry], found: Found) -> list[LeftOut]:
    """New files that the agent's own ignore files would have hidden."""
    own = {path: entry.oid for path, entry in found.changed.items() if _is_ignore_file(path, entry)}
    if not own:
        return []
    rules = dict(zip(own, table.contents(own.values()), strict=True))
    added = [path for path in found.changed if path not in tree]
    return [_hold(path, "held_ignored_by_agent") for path in sorted(table.ignored(added, rules))]


_DETAILS = {
    "held_ci": "it decides what runs in CI",
    "held_owners": "it decides who reviews",
    "held_git_settings": "it decides how git treats files",
    "held_hooks": "it decides what runs at a commit",
    "held_binary": "a person cannot read it as a diff",
    "held_link": "a new symbolic link",
    "held_executable": "newly executable",
    "held_case": "another path differs from it only in case",
    "held_ignored_by_agent": "the agent's own ignore file would have hidden it",
}


def _hold(path: bytes, reason: str) -> LeftOut:
    return LeftOut("patch", "file", names.shown(path), reason, _DETAILS[reason])


def _sorted(rows: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    return tuple(sorted(rows, key=lambda row: (row.id, row.reason)))
