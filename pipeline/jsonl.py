"""Append-only JSONL files that survive ``kill -9``.

A line is complete when it ends in a newline; a torn last line is what a killed writer
leaves behind. Readers drop and report it; a writer that goes on cuts it off first, so that
the next line does not grow onto it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeVar

from pipeline.errors import InputError, RunError

log = logging.getLogger(__name__)

T = TypeVar("T")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield number (1-based) and bytes of each complete line that is not blank; an absent file has none."""
    for number, _, line in placed(path):
        yield number, line


def placed(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """As ``lines``, with the offset in bytes at which each line begins between its number and its bytes."""
    handle = _opened(path)
    if handle is None:
        return
    offset = 0
    with handle:
        for number, line in enumerate(handle, 1):
            if not line.endswith(b"\n") and _is_torn(path, number, line):
                return
            if not line.isspace():
                yield number, offset, line
            offset += len(line)


def blocks(path: Path, size: int = 1 << 17) -> Iterator[tuple[int, bytes]]:
    """``lines``, many at a time: number of the first, and whole lines, blank ones too, of about ``size`` bytes.

    Each line ends in a newline. For readers that decode a block faster than its lines.
    """
    handle = _opened(path)
    if handle is None:
        return
    number, rest = 1, b""
    with handle:
        while read := handle.read(size):
            whole, newline, rest = (rest + read).rpartition(b"\n")
            if newline:
                yield number, whole + newline
                number += whole.count(b"\n") + 1
    if rest and not _is_torn(path, number, rest):
        yield number, rest + b"\n"


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, expected a JSONL file; name the file in it") from None


def _is_torn(path: Path, number: int, line: bytes) -> bool:
    if _is_object(line):
        return False
    log.warning("%s:%d: dropped a torn last line of %d bytes", path, number, len(line))
    return True


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield each complete object; an absent file has none.

    Raises InputError naming file and line for a complete line that is not a JSON object.
    """
    for number, line in lines(path):
        yield parse(path, number, line)


def read_as(path: Path, make: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    """``make`` of each complete object, for files that another command goes on from.

    Raises InputError as ``read`` does, and naming file and row where ``make`` misses a field.
    """
    for number, row in enumerate(read(path), 1):
        try:
            yield make(row)
        except (KeyError, TypeError) as error:
            what = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
            raise InputError(f"{path}: row {number}: {what}; mend or remove it, or use another folder") from None


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """The object on a line. Raises InputError naming ``path`` and ``number`` where it is none."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{path}:{number}: not JSON ({error}); mend or remove that line") from None
    if not isinstance(row, dict):
        raise InputError(
            f"{path}:{number}: {type(row).__name__} where an object was expected; mend or remove that line"
        )
    return row


def _line(row: dict[str, Any]) -> bytes:
    # Lone surrogates (broken output of a command) are legal as JSON escapes and illegal as UTF-8.
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row, separators=(",", ":")).encode() + b"\n"


class Writer:
    """Appends objects to a file, one line and one write each; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open for appending, cutting off a torn last line. Raises InputError for an unusable path."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab+", buffering=0)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place") from None
        self.path = path
        self._lock = threading.Lock()
        self._cut_torn_line()

    def _cut_torn_line(self) -> None:
        size = self._file.seek(0, os.SEEK_END)
        if size == 0:
            return
        self._file.seek(size - 1)
        if self._file.read(1) == b"\n":
            return
        data = self.path.read_bytes()
        last = data.rfind(b"\n") + 1
        if _is_object(data[last:]):
            self._file.write(b"\n")
        else:
            log.warning("%s: cut off a torn last line of %d bytes", self.path, size - last)
            self._file.truncate(last)

    def write(self, *rows: dict[str, Any]) -> None:
        """Append ``rows`` by one write, durably: on disk, or RunError is raised (no space left, say)."""
        data = b"".join(_line(row) for row in rows)
        with self._lock:
            before = self._file.seek(0, os.SEEK_END)
            try:
                if self._file.write(data) != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(self._file.fileno())
            except OSError as error:
                with contextlib.suppress(OSError):
                    self._file.truncate(before)  # else another thread's row would grow onto the torn one
                what = f"{self.path}: a row could not be written ({error.strerror})"
                raise RunError(f"{what}; free space, then run the same command again") from None

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
