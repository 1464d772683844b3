"""File names as diffs write them: C-quoted, prefixed with ``a/`` and ``b/``, followed by a time.

Source: git's quote.c and the "diff format" section of git-diff(1); GNU diffutils, "Detailed
Description of Unified Format".
"""

from __future__ import annotations

import re
from itertools import takewhile

NOWHERE = b"/dev/null"

_PREFIXES = frozenset(b"abciow12")
"""First letters of git's prefixes: a/ and b/, and with diff.mnemonicPrefix c/ i/ o/ w/ 1/ 2/."""

_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_BACKUP = re.compile(rb".*(\.orig|\.bak|\.old|~)")


def decode(name: bytes) -> str:
    """The path as text; bytes that are not UTF-8 survive as surrogate escapes."""
    return name.decode("utf-8", "surrogateescape")


def leaves_tree(name: bytes) -> bool:
    """Whether the path is absolute, climbs out with ``..``, reaches into ``.git`` or holds a NUL."""
    parts = name.split(b"/")
    return not name or name.startswith(b"/") or b".." in parts or b".git" in parts or b"\0" in name


def unquote(text: bytes) -> tuple[bytes, bytes]:
    """The C-quoted name that ``text`` begins with, and what follows it. Raises ValueError."""
    match = _QUOTED.match(text)
    if not match:
        raise ValueError("a quoted name does not end")
    return _ESCAPE.sub(_unescape, match[1]), text[match.end() :]


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if len(code) == 3:
        return bytes([int(code, 8) & 0xFF])
    return _ESCAPES.get(code, code)


def quote(name: bytes) -> bytes:
    """``name`` as git writes it with core.quotePath: quoted only where it must be."""
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in name):
        return name
    named = {value[0]: b"\\" + key for key, value in _ESCAPES.items()} | {0x22: b'\\"', 0x5C: b"\\\\"}
    plain = (named.get(b) or (bytes([b]) if 0x20 <= b < 0x7F else b"\\%03o" % b) for b in name)
    return b'"' + b"".join(plain) + b'"'


def of_header(rest: bytes) -> tuple[bytes, bytes] | tuple[None, None]:
    """Both names of a ``diff --git`` line, git's prefixes off; None when they cannot be told apart.

    Unquoted names may hold blanks. Without a rename both are equally long, so that the blank
    between them is the middle; with one, the lines below the header name them anyway.
    Raises ValueError for a quoted name that does not end.
    """
    old, new = _header_pair(rest)
    if has_prefixes(old, new):
        return old[2:], new[2:]
    return (old, new) if old == new else (None, None)


def _header_pair(rest: bytes) -> tuple[bytes, bytes]:
    if rest.startswith(b'"'):
        old, rest = unquote(rest)
        new = rest.removeprefix(b" ")
        return old, unquote(new)[0] if new.startswith(b'"') else new
    if rest.endswith(b'"') and b' "' in rest:
        old, _, new = rest.partition(b' "')
        return old, unquote(b'"' + new)[0]
    middle = len(rest) // 2
    apart = rest[middle : middle + 1] == b" "
    return (rest[:middle], rest[middle + 1 :]) if apart else (b"", rest)


def has_prefixes(old: bytes, new: bytes) -> bool:
    """Whether both names carry git's prefixes: two different known letters and a slash."""
    lettered = old[1:2] == b"/" == new[1:2] and old[0] in _PREFIXES and new[0] in _PREFIXES
    return lettered and old[0] != new[0]


def with_time(rest: bytes) -> tuple[bytes, bytes]:
    """Name and time of a ``---`` or ``+++`` line; git ends names that hold blanks with a bare tab."""
    if rest.startswith(b'"'):
        name, time = unquote(rest)
        return name, time.strip()
    name, _, time = rest.partition(b"\t")
    return name, time.strip()


def plain_pair(old: bytes, new: bytes) -> tuple[bytes | None, bytes | None]:
    """Names in the tree for the two of a plain diff; None stands for /dev/null.

    ``diff -u a/x b/x`` and ``diff -ru lib-1 lib-2`` differ in their leading folders: what
    follows is the name. Else it is one file under two names, and the base has the old one,
    unless that is a backup (``x.orig``).
    """
    if NOWHERE in (old, new):
        return (None if old == NOWHERE else _unprefixed(old)), (None if new == NOWHERE else _unprefixed(new))
    if has_prefixes(old, new):
        return old[2:], new[2:]
    name = _common_end(old, new) or (new if _BACKUP.fullmatch(old) else old)
    return name, name


def _unprefixed(name: bytes) -> bytes:
    return name[2:] if name[:2] in (b"a/", b"b/") else name.removeprefix(b"./")


def _common_end(old: bytes, new: bytes) -> bytes:
    backwards = zip(reversed(old.split(b"/")), reversed(new.split(b"/")), strict=False)
    shared = [left for left, _ in takewhile(lambda pair: pair[0] == pair[1], backwards)]
    return b"/".join(reversed(shared))
