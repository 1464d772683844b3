"""Which units other than functions are worth attempting: explicit rules, each with its own reason. Pure.

in_test, in_lock...  its file is of no kind that such units live in (``pipeline.patch.classes``)
in_record            a change log, a licence, a list of people: what happened is not improved
in_generated         between the marks of a tool that writes that part anew (terraform-docs, doctoc)
holds_secrets        a Kubernetes Secret, or a file that is encrypted
trivial              too short for anything to be changed for the better
too_long             data or a book rather than a unit that one change is about
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from pipeline.patch import tables
from pipeline.types import Function

FILES = {
    "section": frozenset({"doc"}),
    "block": frozenset({"source", "other", "ci"}),
    "module": frozenset({"source"}),
}
"""Kind of unit to the kinds of files that it is taken from."""

MIN_SECTION_WORDS = 25
"""Words that a section needs below its heading."""
MIN_STATEMENT_WORDS = 5
"""Words that a SQL statement needs: ``alter table a add b`` may lock a table for hours."""
MIN_LINES = 3
"""Lines that other units need, without blank ones and comments; as many as a function's body."""
MAX_LINES = {"section": 400, "block": 400}
"""Modules have no upper bound: designs of 1,000 lines are ordinary."""

_INSTRUCTIVE = frozenset({"contributing", "install", "readme", "security", "todo", "upgrading"})
_RECORDS = tables.PROSE_NAMES - _INSTRUCTIVE
_RECORD_FOLDERS = tables.PROSE_FOLDERS - {"man"} | {"licenses"}
_MARK = re.compile(rb"<!--\s*(BEGIN|START|END)", re.IGNORECASE)
_ENCRYPTED = re.compile(rb"\A\s*\$ANSIBLE_VAULT|^sops:[ \t]*$|\bENC\[AES", re.MULTILINE)
_SECRET = re.compile(rb"^kind:[ \t]*[\"']?(?:Sealed)?Secret\b", re.MULTILINE)
_WORD = re.compile(rb"\w[\w'.-]*")
_COMMENT = re.compile(rb"\s*(?:#|//|--|/\*|\*)")

Reason = tuple[str, str]
"""Reason code and detail."""


@dataclass(frozen=True)
class File:
    """What is known of a file, once for all its units."""

    path: str
    kind: str
    """See ``pipeline.patch.classes``."""
    content: bytes

    @cached_property
    def generated(self) -> list[tuple[int, int]]:
        """1-based first and last lines of what stands between the marks of a tool."""
        found, start, line, seen = [], 0, 1, 0
        for mark in _MARK.finditer(self.content):
            line, seen = line + self.content.count(b"\n", seen, mark.start()), mark.start()
            is_end = mark[1].upper() == b"END"
            if is_end and start:
                found.append((start, line))
            start = 0 if is_end else start or line
        return found

    @cached_property
    def is_encrypted(self) -> bool:
        """True for what ansible-vault and SOPS write."""
        return bool(_ENCRYPTED.search(self.content))


def unfit(unit: Function, file: File, lines: list[bytes]) -> Reason | None:
    """Why ``unit`` is not attempted; None where it is. ``lines`` are the file's."""
    if file.kind not in FILES[unit.kind]:
        return f"in_{file.kind}", f"a {unit.kind} is not taken from such files"
    if unit.kind == "section" and _is_record(unit.path):
        return "in_record", "records are not improved"
    own = lines[unit.start_line - 1 : unit.end_line]
    if unit.kind == "section" and any(a <= unit.start_line <= b for a, b in file.generated):
        return "in_generated", f"line {unit.start_line}: a tool writes that part anew"
    if unit.kind == "block" and (file.is_encrypted or _SECRET.search(b"\n".join(own))):
        return "holds_secrets", f"line {unit.start_line}: nothing that a teacher should read"
    return _size(unit, own)


def _is_record(path: str) -> bool:
    *folders, name = PurePosixPath(path.lower()).parts
    return re.split(r"[.-]", name)[0] in _RECORDS or not _RECORD_FOLDERS.isdisjoint(folders)


def _size(unit: Function, own: list[bytes]) -> Reason | None:
    longest = MAX_LINES.get(unit.kind, len(own))
    if len(own) > longest:
        return "too_long", f"{len(own)} lines at line {unit.start_line}, {longest} at most"
    count, least, what = _extent(unit, own)
    return None if count >= least else ("trivial", f"{count} {what} at line {unit.start_line}, {least} are needed")


def _extent(unit: Function, own: list[bytes]) -> tuple[int, int, str]:
    """How much it holds, how much it needs, and of what."""
    words = sum(len(_WORD.findall(line)) for line in own)
    if unit.language == "sql":
        return words, MIN_STATEMENT_WORDS, "words"
    if unit.kind == "section":
        return words - len(_WORD.findall(own[0])), MIN_SECTION_WORDS, "words"
    return sum(bool(line.strip()) and not _COMMENT.match(line) for line in own), MIN_LINES, "lines"
