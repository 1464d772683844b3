"""A patch as rows that the page can show line by line, with the lines marked that count. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.patch.diff import FilePatch, PatchError, parse
from pipeline.patch.matched import Marks, matched

MOST_LINES = 3000
"""Of one patch; what is beyond is counted, not shown."""
MOST_COLUMNS = 1000
"""Characters of one line."""

Rows = list[list[Any]]
"""[kind, text] or [kind, text, pair]: kind h (hunk), a (added), d (removed), c (context), n (note);
pair as in ``pipeline.patch.matched``, absent where a line does not count."""

Shown = dict[str, Any]
"""``files``: path, note and rows of each; ``cut``: lines that are not shown."""


def shown(patch: str, marks: Marks | None = None) -> Shown:
    """A patch for the page; one that cannot be parsed is shown as it is."""
    try:
        files = [_file(index, file, marks or {}) for index, file in enumerate(parse(_bytes(patch)))]
    except PatchError:
        files = [{"path": "", "note": "no readable patch", "rows": [["c", line] for line in patch.split("\n")]}]
    return _cut(files)


def side_by_side(gold: str, candidate: str) -> tuple[Shown, Shown, dict[str, int]]:
    """Both patches with the lines marked that count in the recall, and how many lines that are."""
    try:
        of_gold, of_candidate = matched(_bytes(gold), _bytes(candidate))
    except PatchError:
        return shown(gold), shown(candidate), {}
    counts = {
        "gold": len(of_gold),
        "candidate": len(of_candidate),
        "matched": sum(pair > 0 for pair in of_gold.values()),
    }
    return shown(gold, of_gold), shown(candidate, of_candidate), counts


def _file(index: int, file: FilePatch, marks: Marks) -> dict[str, Any]:
    rows: Rows = []
    for number, hunk in enumerate(file.hunks):
        rows.append(["h", hunk.header()])
        rows += [_row(line, marks, (index, (number, at))) for at, line in enumerate(hunk.lines)]
    if file.binary:
        rows.append(["n", "binary content"])
    return {"path": file.new_path or file.old_path or "", "note": _note(file), "rows": rows}


def _row(line: bytes, marks: Mapping[Any, int], spot: tuple[int, tuple[int, int]]) -> list[Any]:
    kind = {b"+": "a", b"-": "d"}.get(line[:1], "c")
    text = line[1:].rstrip(b"\n").decode("utf-8", "surrogateescape")
    row: list[Any] = [kind, text if len(text) <= MOST_COLUMNS else text[:MOST_COLUMNS] + "…"]
    return [*row, marks[spot]] if spot in marks else row


def _note(file: FilePatch) -> str:
    if file.old_path is None:
        return "added"
    if file.new_path is None:
        return "deleted"
    if file.copied:
        return f"copied from {file.old_path}"
    return f"renamed from {file.old_path}" if file.old_path != file.new_path else ""


def _cut(files: list[dict[str, Any]]) -> Shown:
    room, cut = MOST_LINES, 0
    for file in files:
        cut += max(0, len(file["rows"]) - room)
        file["rows"] = file["rows"][: max(0, room)]
        room -= len(file["rows"])
    return {"files": files, "cut": cut}


def _bytes(patch: str) -> bytes:
    try:
        return patch.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte: nobody's patch, shown all the same
        return patch.encode("utf-8", "replace")
