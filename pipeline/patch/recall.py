"""How much of a gold patch a candidate patch reproduces, by two metrics.

``own``: ours. File-aware, parsed from real hunks, independent of how an edit is written down.
``sera``: exactly the reference's (arXiv 2601.20789, section on soft verification), its quirks
included, so that results compare with the published ones.

Neither runs anything: a patch that does the same in other words scores low. Good as a filter of
training data and as a mean over many tasks, poor as the grade of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

from pipeline.patch.apply import apply
from pipeline.patch.classes import HEAD_BYTES, kind_of
from pipeline.patch.diff import FilePatch, Hunk, PatchError, parse
from pipeline.patch.lines import changed_indexes, changed_lines
from pipeline.patch.renames import Lines, renames
from pipeline.types import Recall

Line = tuple[str, str, bytes]
"""Path in the base, sign, content without trailing blanks: what has to agree."""

Place = tuple[int, int]
"""A line of a file's patch: number of its hunk and index within that hunk, both 0-based."""

_SUBMODULE = "160000"
_TEXT_HEAD = 8000
"""Bytes in which git, and we, look for a NUL to tell binary from text."""


Changes = Counter[Line]


def own(gold: bytes, candidate: bytes, base: Mapping[str, bytes] | None = None) -> Recall:
    """Recall of ``gold`` in ``candidate``, both unified diffs of one base.

    With ``base`` (path to content, as much of it as the patches touch) both are applied to it and
    diffed again by one algorithm, so that two texts of one edit score alike. Without it the texts
    are taken as they stand. Rules:

    - A line is its path in the base, its sign and its content. Trailing blanks and \\r carry no
      meaning, blank lines do not count; indentation and case do. Each line matches once.
    - Headline, precision, F1 and ``file_recall`` (files of the gold in which the candidate changes
      a line that counts) are over source files; where the gold changes none, over all text files.
      ``recall_all_files`` is always over all text files.
    - ``recall`` is None where the gold has no countable line (modes, pure renames, binary files,
      line ends), and so are the other ratios. An empty candidate has recall 0, precision None.
    - Lines that the candidate has beyond the gold lower precision and F1, never recall.

    Raises PatchError naming the patch and the line, or the file and hunk that does not apply.
    """
    wanted, given = _changes("gold", gold, base), _changes("candidate", candidate, base)
    common = wanted & given
    recall_all_files = _ratio(common.total(), wanted.total())
    is_headline = headline(_files(wanted), base)
    wanted, given, common = (_only(lines, is_headline) for lines in (wanted, given, common))
    files = _files(wanted)
    return _recall(
        common.total(),
        wanted.total(),
        given.total(),
        recall_all_files=recall_all_files,
        file_recall=_ratio(len(files & _files(given)), len(files)),
    )


def sera(gold: str, candidate: str) -> float | None:
    """The reference's line recall, 0..1; None when ``gold`` has no countable line.

    Lines are ``str.splitlines()``'s (so a form feed cuts); those that begin with ``diff``, ``---``,
    ``+++`` or ``@@`` are passed over, content such as ``--- sql`` too; the others that begin with a
    sign and are not blank after it count, sign and trailing blanks included, as a multiset over the
    whole patch. Files, hunks and order do not matter, nothing is parsed, nothing raises.
    """
    return sera_counts(gold, candidate).recall


def sera_counts(gold: str, candidate: str) -> Recall:
    """``sera`` with the counts behind it. It knows no files: ``file_recall`` is None, and
    ``recall_all_files`` is the recall. Precision and F1 are over the same multiset."""
    wanted, given = Counter(_sera_lines(gold)), Counter(_sera_lines(candidate))
    matched = (wanted & given).total()
    recall = _ratio(matched, wanted.total())
    return _recall(matched, wanted.total(), given.total(), recall_all_files=recall, file_recall=None)


def _sera_lines(patch: str) -> Iterator[str]:
    for line in patch.splitlines():
        if not line.startswith(("diff", "---", "+++", "@@")) and line.startswith(("+", "-")) and line[1:].strip():
            yield line


def _recall(
    matched: int, wanted: int, given: int, *, recall_all_files: float | None, file_recall: float | None
) -> Recall:
    return Recall(
        recall=_ratio(matched, wanted),
        recall_all_files=recall_all_files,
        precision=_ratio(matched, given) if wanted else None,
        f1=_ratio(2 * matched, wanted + given) if wanted else None,
        gold_lines=wanted,
        matched_lines=matched,
        candidate_lines=given,
        file_recall=file_recall,
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def headline(gold_files: Collection[str], base: Mapping[str, bytes] | None = None) -> Callable[[str], bool]:
    """Which paths the headline of ``own`` is about, given those in which the gold has a line that counts."""
    is_source = _source_test(base)
    return is_source if any(map(is_source, gold_files)) else lambda path: True


def _source_test(base: Mapping[str, bytes] | None) -> Callable[[str], bool]:
    @cache
    def is_source(path: str) -> bool:
        head = b"" if base is None else base.get(path, b"")[:HEAD_BYTES]
        return kind_of(path, head) == "source"

    return is_source


def _files(changes: Changes) -> set[str]:
    return {path for path, _, _ in changes}


def _only(changes: Changes, keep: Callable[[str], bool]) -> Changes:
    if all(map(keep, _files(changes))):
        return changes
    return Counter({line: count for line, count in changes.items() if keep(line[0])})


def _changes(name: str, patch: bytes, base: Mapping[str, bytes] | None) -> Changes:
    try:
        files = tuple(filter(_is_text, parse(patch)))
        return _as_written(files) if base is None else _as_applied(files, base)
    except PatchError as error:
        raise PatchError(f"{name}: {error}") from None


def _is_text(file: FilePatch) -> bool:
    return not file.binary and _SUBMODULE not in (file.old_mode, file.new_mode)


def _as_written(files: Iterable[FilePatch]) -> Changes:
    lines: Changes = Counter()
    for file in files:
        path = file.path
        for hunk in file.hunks:
            for run in _runs(hunk):
                for sign, side in _counted_run(run):
                    lines.update([(path, sign, text) for _, text in side])
    return lines


def counted(file: FilePatch) -> Iterator[tuple[Place, Line]]:
    """Each line of a file's patch that counts in ``own`` without a base, and where it stands."""
    if not _is_text(file):
        return
    for number, hunk in enumerate(file.hunks):
        for run in _runs(hunk):
            for sign, side in _counted_run(run):
                yield from (((number, at), (file.path, sign, text)) for at, text in side)


def _runs(hunk: Hunk) -> Iterator[list[tuple[int, bytes]]]:
    """Changed lines that no context line separates, with their indexes."""
    context = [at for at, line in enumerate(hunk.lines) if line.startswith(b" ")]
    for before, after in pairwise((-1, *context, len(hunk.lines))):
        if after - before > 1:
            yield list(enumerate(hunk.lines[before + 1 : after], before + 1))


def _counted_run(run: Sequence[tuple[int, bytes]]) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
    """Of a run, sign by sign: index and content of the lines that count.

    A run that only turns line ends or trailing blanks changes nothing that counts.
    """
    old, new = (
        [(at, text) for at, line in run if line.startswith(sign) and (text := line[1:].rstrip())]
        for sign in (b"-", b"+")
    )
    removed, added = changed_indexes([text for _, text in old], [text for _, text in new])
    yield "-", [old[index] for index in removed]
    yield "+", [new[index] for index in added]


def _as_applied(files: Iterable[FilePatch], base: Mapping[str, bytes]) -> Changes:
    changed = apply(files, base)
    texts = {path: _texts(base.get(path), content) for path, content in changed.items()}
    deleted = {path: texts[path][0] for path, content in changed.items() if content is None}
    added = {path: texts[path][1] for path in changed if path not in base}
    moved = renames(deleted, added)
    gone = set(moved.values())
    lines: Changes = Counter()
    for path, (before, after) in texts.items():
        if path in moved:
            before = texts[moved[path]][0]
        if path not in gone:
            _count(lines, moved.get(path, path), before, after)
    return lines


def _texts(before: bytes | None, after: bytes | None) -> tuple[Lines, Lines]:
    """Countable lines of both sides; none at all where one of them is binary."""
    sides = before or b"", after or b""
    if any(b"\0" in side[:_TEXT_HEAD] for side in sides):
        return (), ()
    return _countable(sides[0].split(b"\n")), _countable(sides[1].split(b"\n"))


def _countable(lines: Iterable[bytes]) -> Lines:
    return tuple(stripped for line in lines if (stripped := line.rstrip()))


def _count(lines: Changes, path: str, old: Lines, new: Lines) -> None:
    removed, added = changed_lines(old, new)
    lines.update((path, "-", line) for line in removed)
    lines.update((path, "+", line) for line in added)
