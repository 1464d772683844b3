"""Parsed patches as text again, in git's format."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.patch import names
from pipeline.patch.diff import FilePatch, Hunk


def render(files: Iterable[FilePatch]) -> bytes:
    """A git diff that ``pipeline.patch.diff.parse`` reads as ``files``."""
    return b"".join(map(_file, files))


def _file(file: FilePatch) -> bytes:
    old, new = file.old_path or file.new_path, file.new_path or file.old_path
    assert old is not None and new is not None
    lines = [b"diff --git %s %s\n" % (_name("a/", old), _name("b/", new)), *_modes(file)]
    if file.old_path and file.new_path and (file.copied or old != new):
        verb = b"copy" if file.copied else b"rename"
        lines += [b"%s from %s\n" % (verb, _name("", old)), b"%s to %s\n" % (verb, _name("", new))]
    if file.hunks:
        lines += [b"--- %s\n" % _side("a/", file.old_path), b"+++ %s\n" % _side("b/", file.new_path)]
        lines += map(_hunk, file.hunks)
    return b"".join(lines) + file.binary


def _modes(file: FilePatch) -> list[bytes]:
    if file.old_path is None:
        return [b"new file mode %s\n" % (file.new_mode or "100644").encode()]
    if file.new_path is None:
        return [b"deleted file mode %s\n" % (file.old_mode or "100644").encode()]
    if file.old_mode and file.new_mode:
        return [b"old mode %s\n" % file.old_mode.encode(), b"new mode %s\n" % file.new_mode.encode()]
    return []


def _hunk(hunk: Hunk) -> bytes:
    ended = (line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in hunk.lines)
    return hunk.header().encode() + b"\n" + b"".join(ended)


def _side(prefix: str, path: str | None) -> bytes:
    if path is None:
        return names.NOWHERE
    name = _name(prefix, path)
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name


def _name(prefix: str, path: str) -> bytes:
    return names.quote((prefix + path).encode("utf-8", "surrogateescape"))
