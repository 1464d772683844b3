"""Apply a parsed patch to a tree of bytes: exactly, or not at all.

No fuzz and no offsets: a hunk that fits elsewhere would change the score of a patch without a
word. A binary file's change is not applied, since nothing here counts what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.patch.diff import FilePatch, Hunk, PatchError


def apply(files: Iterable[FilePatch], base: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """The content of every file that ``files`` changes in ``base``; None where it is deleted.

    Files apply in their order, each to what the earlier ones left, save that a rename or copy
    reads the base (as git does: ``a`` and ``b`` may swap names). Hunks may be in any order.
    Raises PatchError naming file and hunk when one does not fit, or a file is missing or in the way.
    """
    files = tuple(files)
    work = _Work(base, leaving={file.old_path for file in files if file.old_path and _leaves(file)})
    for file in files:
        work.apply(file)
    return work.changed


def _leaves(file: FilePatch) -> bool:
    return file.old_path != file.new_path and not file.copied


class _Work:
    def __init__(self, base: Mapping[str, bytes], leaving: set[str]) -> None:
        self.base = base
        self.changed: dict[str, bytes | None] = {}
        self._leaving = leaving
        self._edited: set[str] = set()  # changed under the name that the base gives them
        self._arrived: set[str] = set()  # came under this name by an addition, rename or copy

    def apply(self, file: FilePatch) -> None:
        if file.binary:
            raise PatchError(f"{file.path}: its change is binary; leave binary files out of the patch")
        after = _patched(file, self._before(file))
        if file.new_path is None and file.hunks and after:
            raise PatchError(f"{file.path}: hunk 1: deletes the file but not all of its lines in the base")
        if file.old_path is not None and _leaves(file):
            self._leave(file.old_path)
        if file.new_path is not None:
            self._write(file, file.new_path, after)

    def _before(self, file: FilePatch) -> bytes:
        path = file.old_path
        if path is None:
            return b""
        in_place = path == file.new_path
        from_base = not in_place and (self._as_in_base(path) or (file.copied and path in self.base))
        found = self.base[path] if from_base else self._now(path)
        if found is not None:
            return found
        if in_place and len(file.hunks) == 1 and file.hunks[0].old_count == 0:
            return b""  # a plain diff that adds a file cannot always say so
        raise PatchError(f"{path}: not in the base; make the patch against this base, or give the base it was made for")

    def _now(self, path: str) -> bytes | None:
        return self.changed[path] if path in self.changed else self.base.get(path)

    def _as_in_base(self, path: str) -> bool:
        return path not in self._edited and path in self.base

    def _leave(self, path: str) -> None:
        if not (path in self._arrived and self._as_in_base(path)):
            self.changed[path] = None

    def _write(self, file: FilePatch, path: str, after: bytes) -> None:
        if path == file.old_path:
            self._edited.add(path)
        elif self._now(path) is not None and (path in self._arrived or path not in self._leaving):
            raise PatchError(f"{path}: is added, but is there already; make the patch against this base")
        else:
            self._arrived.add(path)
        self.changed[path] = after


def _patched(file: FilePatch, before: bytes) -> bytes:
    if not file.hunks:
        return before
    lines = _cut(before)
    after: list[bytes] = []
    at = 0
    for number, hunk in sorted(enumerate(file.hunks, 1), key=lambda pair: pair[1].old_start):
        start = hunk.old_start - (hunk.old_count > 0)
        after += lines[at:start]
        old = [line[1:] for line in hunk.lines if line[:1] != b"+"]
        if start < at or lines[start : start + len(old)] != old:
            raise _misfit(file, number, hunk, lines, old)
        after += [line[1:] for line in hunk.lines if line[:1] != b"-"]
        at = start + len(old)
    after += lines[at:]
    return b"".join(after)


def _cut(content: bytes) -> list[bytes]:
    """Lines with their newline; only the last may lack it. ``splitlines`` would cut at \\r too."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _misfit(file: FilePatch, number: int, hunk: Hunk, lines: list[bytes], old: list[bytes]) -> PatchError:
    start = hunk.old_start - (hunk.old_count > 0)
    where = f"{file.path}: hunk {number} ({hunk.header()}) does not apply"
    for offset, expected in enumerate(old):
        found = lines[start + offset] if start + offset < len(lines) else None
        if found != expected:
            has = "the base has ended" if found is None else f"the base has {_shown(found)}"
            what = f"at line {start + offset + 1} {has} where the patch has {_shown(expected)}"
            return PatchError(f"{where}: {what}; make the patch against this base")
    return PatchError(f"{where}: it overlaps another hunk; make the patch again with 'git diff'")


def _shown(line: bytes) -> str:
    return repr(line[:60].decode("utf-8", "replace"))
