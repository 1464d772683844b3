"""Unified diffs, plain or git's, as frozen values.

Lines of a hunk are counted, as its header says, never guessed from their beginnings: content
such as ``-- sql``, ``++i;`` or ``diff --git`` (shown as ``--- sql``, ``+++i;``...) is content.

Covered: C-quoted names, renames, copies, modes, added and deleted files, both binary forms,
missing final newlines, CRLF content, patches whose every line was turned to CRLF, plain
``diff -u``, mails and ``git show`` texts around the diffs.
Not covered, an error instead: combined diffs of merges, context diffs, hunks that do not have
the lines which they announce.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.errors import InputError
from pipeline.patch import names
from pipeline.patch.header import Header


class PatchError(InputError):
    """A patch cannot be parsed, or does not apply; the message names the line, or file and hunk."""


@dataclass(frozen=True)
class Hunk:
    """One run of changes with its context."""

    old_start: int
    """1-based; with ``old_count`` 0 the line after which the hunk inserts (0: at the top)."""
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[bytes, ...]
    """Sign (blank, ``-`` or ``+``), content, newline; without newline where the file ends without."""

    def header(self) -> str:
        return f"@@ -{self.old_start},{self.old_count} +{self.new_start},{self.new_count} @@"


@dataclass(frozen=True)
class FilePatch:
    """What a patch does to one file."""

    old_path: str | None
    """None for an added file."""
    new_path: str | None
    """None for a deleted file."""
    hunks: tuple[Hunk, ...] = ()
    """Empty for a mode change, a pure rename, an empty or a binary file."""
    old_mode: str | None = None
    """Six octal digits; None where the patch does not say."""
    new_mode: str | None = None
    copied: bool = False
    """``new_path`` is added and begins as ``old_path``, which stays."""
    binary: bytes = b""
    """The patch's own text for a binary file (``GIT binary patch``...); b"" for a text file."""
    raw: bytes = field(default=b"", compare=False, repr=False)
    """This file's part of the patch, as it was given."""

    @property
    def path(self) -> str:
        """Its name in the base, or where the base does not have it the name it gets."""
        path = self.new_path if self.old_path is None or self.copied else self.old_path
        assert path is not None
        return path


def parse(patch: bytes) -> tuple[FilePatch, ...]:
    """The files of ``patch`` in its order; an empty or blank one has none.

    Raises PatchError naming the line.
    """
    return tuple(_Parser(patch).files())


def split(patch: bytes, keep: Callable[[str], bool]) -> bytes:
    """``patch`` with only those files whose path in the base ``keep`` accepts, each byte for byte.

    Raises PatchError like ``parse``.
    """
    return b"".join(file.raw for file in parse(patch) if keep(file.path))


_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_BINARY = re.compile(rb"Binary files (.+) and (.+) differ|Binary files differ")
_BLOCK = re.compile(rb"(literal|delta) \d+")
_EPOCH = (b"1970-01-01", b"1969-12-31")


class _Parser:
    """Walks the lines once. ``at`` is the index of the next one; errors name it 1-based."""

    def __init__(self, patch: bytes) -> None:
        self.lines = patch.split(b"\n")
        if self.lines[-1] == b"":
            self.lines.pop()
        self.at = 0
        self.crlf = False

    def files(self) -> list[FilePatch]:
        found: list[FilePatch] = []
        noise: int | None = None  # index of the first line since the last file that is no diff
        while self.at < len(self.lines):
            start, file = self.at, self._file()
            if file is not None:
                found.append(file)
                noise = None
            else:
                noise = self._skip(start, noise, after_hunk=bool(found) and noise is None)
        if noise is not None and not self.lines[noise].startswith((b"-- ", b"Only in ")):
            raise self._error(f"no diff from here on ({_shown(self.lines[noise])})", noise)
        return found

    def _skip(self, at: int, noise: int | None, after_hunk: bool) -> int | None:
        """Pass a line outside of all files, unless it shows that a hunk was miscounted."""
        line = self.lines[at]
        self.at += 1
        if not line.strip(b" \t\r"):
            return noise
        if line.startswith((b"@@@ ", b"diff --cc ", b"diff --combined ")):
            raise self._error("combined diff of a merge; make it against one parent (git diff BASE MERGE)", at)
        if line.startswith(b"@@ -"):
            raise self._error("a hunk without a file header before it", at)
        if after_hunk and line[:1] in (b"+", b"-", b" ", b"\\") and not line.startswith(b"-- "):
            raise self._error(f"more lines than the hunk's header announces ({_shown(line)})", at)
        return at if noise is None else noise

    def _file(self) -> FilePatch | None:
        """The file whose part begins here; None, and nothing taken, when none does."""
        line, start = self.lines[self.at], self.at
        self.crlf = line.endswith(b"\r")
        try:
            file = self._begin(self._line(self.at))
        except ValueError as error:
            raise self._error(str(error), start) from None
        if file is None:
            return None
        for path in (file.old_path, file.new_path):
            if path is not None and names.leaves_tree(path.encode("utf-8", "surrogateescape")):
                raise self._error(f"path {path!r} leaves the tree", start)
        raw = b"\n".join((*self.lines[start : self.at], b""))
        return FilePatch(**{**vars(file), "raw": raw})

    def _begin(self, line: bytes) -> FilePatch | None:
        if line.startswith(b"diff --git "):
            return self._git_file(line.removeprefix(b"diff --git "))
        if line.startswith(b"--- ") and self._line(self.at + 1).startswith(b"+++ "):
            return self._plain_file()
        if match := _BINARY.fullmatch(line):
            self.at += 1
            old, new = names.plain_pair(match[1] or b"", match[2] or b"")
            return FilePatch(_decoded(old), _decoded(new), binary=line + b"\n")
        return None

    def _git_file(self, rest: bytes) -> FilePatch:
        start = self.at
        header = Header(*names.of_header(rest))
        self.at += 1
        while header.take(self._line(self.at)):
            self.at += 1
        binary = self._binary()
        hunks = () if binary else self._named_hunks(header)
        if not (header.lines or hunks or binary):
            raise self._error("a file header without any change below it", start)
        if header.old is None or header.new is None:
            raise self._error("a file header that does not name its file", start)
        old: bytes | None = header.old
        new: bytes | None = header.new
        if header.old != header.new and not header.moved:  # git diff --no-index OLD NEW
            old, new = names.plain_pair(header.old, header.new)
        return FilePatch(
            None if header.added else _decoded(old),
            None if header.deleted else _decoded(new),
            hunks,
            header.old_mode if not header.added else None,
            header.new_mode if not header.deleted else None,
            header.copied,
            binary,
        )

    def _named_hunks(self, header: Header) -> tuple[Hunk, ...]:
        """The hunks below ``---`` and ``+++``, if there are any; those names go into ``header``."""
        if not self._line(self.at).startswith(b"--- "):
            return ()
        old, _ = self._name(b"--- ")
        new, _ = self._name(b"+++ ")
        header.added |= old == names.NOWHERE
        header.deleted |= new == names.NOWHERE
        if header.old is None and header.new is None:
            pair = names.plain_pair(old, new)
            header.old, header.new = pair[0] or pair[1], pair[1] or pair[0]
        for name, known in ((old, header.old), (new, header.new)):
            if name != names.NOWHERE and not name.endswith(known or b""):
                raise self._error(
                    f"names {_shown(name)} where the file header names {_shown(known or b'')}", self.at - 1
                )
        return self._hunks()

    def _plain_file(self) -> FilePatch:
        old, old_time = self._name(b"--- ")
        new, new_time = self._name(b"+++ ")
        hunks = self._hunks()
        old_path, new_path = names.plain_pair(old, new)
        if len(hunks) == 1 and hunks[0].old_count == 0 and old_time.startswith(_EPOCH):
            old_path = None
        if len(hunks) == 1 and hunks[0].new_count == 0 and new_time.startswith(_EPOCH):
            new_path = None
        if old_path is new_path is None:
            raise ValueError("both names are /dev/null")
        return FilePatch(_decoded(old_path), _decoded(new_path), hunks)

    def _name(self, mark: bytes) -> tuple[bytes, bytes]:
        line = self._line(self.at)
        if not line.startswith(mark):
            raise self._error(f"expected a {mark.decode().strip()} line, found {_shown(line)}", self.at)
        self.at += 1
        return names.with_time(line.removeprefix(mark))

    def _binary(self) -> bytes:
        start, line = self.at, self._line(self.at)
        if _BINARY.fullmatch(line):
            self.at += 1
        elif line == b"GIT binary patch":
            self.at += 1
            while _BLOCK.fullmatch(self._line(self.at)):
                while self._line(self.at):
                    self.at += 1
                self.at += 1
            self.at = min(self.at, len(self.lines))
        return b"".join(self._line(at) + b"\n" for at in range(start, self.at))

    def _hunks(self) -> tuple[Hunk, ...]:
        hunks = []
        while match := _HUNK.match(self._line(self.at)):
            self.at += 1
            old, old_count, new, new_count = (1 if group is None else int(group) for group in match.groups())
            lines = self._counted(old_count, new_count)
            hunks.append(Hunk(old, old_count, new, new_count, lines))
        if not hunks:
            raise self._error(f"expected a hunk (@@ -1,2 +1,3 @@), found {_shown(self._line(self.at))}", self.at)
        return tuple(hunks)

    def _counted(self, old: int, new: int) -> tuple[bytes, ...]:
        """The lines of a hunk that has ``old`` lines before and ``new`` lines after."""
        start, lines, given, crlf = self.at, list[bytes](), self.lines, self.crlf
        at = start
        while old > 0 or new > 0:
            if at >= len(given):
                raise self._error(f"the patch ends inside this hunk: {old} old, {new} new lines missing", start - 1)
            line = given[at].removesuffix(b"\r") if crlf else given[at]
            at += 1
            sign = line[:1]
            if sign == b"+":
                new -= 1
            elif sign == b"-":
                old -= 1
            elif sign == b"\\" and lines:
                lines[-1] = lines[-1].removesuffix(b"\n")
                continue
            elif sign == b" " or line in (b"", b"\r"):
                old, new = old - 1, new - 1
                line = line if sign == b" " else b" " + line  # editors and mailers strip a lone blank
            else:
                old = -1
            if old < 0 or new < 0:
                raise self._error(f"not a line that this hunk's header announces: {_shown(line)}", at - 1)
            lines.append(line + b"\n")
        self.at = at
        while lines and self._line(self.at).startswith(b"\\ "):
            lines[-1] = lines[-1].removesuffix(b"\n")
            self.at += 1
        return tuple(lines)

    def _line(self, at: int) -> bytes:
        """The line at index ``at``, b"" past the end; without \\r where the whole patch has CRLF ends."""
        line = self.lines[at] if at < len(self.lines) else b""
        return line.removesuffix(b"\r") if self.crlf else line

    def _error(self, what: str, at: int) -> PatchError:
        return PatchError(f"patch line {at + 1}: {what}; give a unified diff as 'git diff' writes it")


def _decoded(name: bytes | None) -> str | None:
    return None if name is None else names.decode(name)


def _shown(line: bytes) -> str:
    text = line[:60].decode("utf-8", "replace")
    return repr(text) if line else "the end"
