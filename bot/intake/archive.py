"""An artifact's archive, taken apart as if it were hostile: one wanted file out of it, bounded, or Refused.

Covered: bombs (declared and real sizes, ratio, directories of millions of entries, zip64), paths that
lead out, links, duplicate names, encryption, archives inside, other methods than stored and deflated.
No name out of the archive ever becomes a path here. Not covered: what the wanted file says (``rows``).
"""

from __future__ import annotations

import errno
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from bot.intake.reasons import Refused

MOST_FILES = 32
MOST_DIRECTORY = 16 << 10
"""Bytes of the archive's list of files."""

MOST_UNPACKED = 64 << 20
"""Bytes of one file, and of all that the archive says it holds."""

MOST_RATIO = 200
"""Bytes unpacked for each packed one, where that is more than SMALL: JSON of ordinary rows packs up to 40 to 1."""

SMALL = 1 << 20

_END, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x07"
_END_SIZE, _LOCATOR_SIZE, _LONGEST_COMMENT = 22, 20, 65_535
_NESTED = (".zip", ".gz", ".tgz", ".tar", ".xz", ".bz2", ".zst", ".7z", ".whl", ".jar", ".rar")
_CHUNK = 1 << 16
_ENCRYPTED = 0x1 | 0x40 | 0x2000


def unpack(archive: Path, wanted: Iterable[str], folder: Path) -> dict[str, Path]:
    """Those of the ``wanted`` names that the archive holds at its top, each as a file in ``folder``.

    Every entry of the archive is looked at, not only those. Raises Refused, and OSError of this disk.
    """
    with archive.open("rb") as handle:
        _check_end(handle)
        try:
            with zipfile.ZipFile(handle) as opened:
                entries = opened.infolist()
                _check(entries)
                names = {entry.filename: entry for entry in entries}
                return {name: _extract(opened, names[name], folder / name) for name in wanted if name in names}
        except OSError as error:
            if error.errno != errno.EINVAL:  # which is an offset of the archive's that lies before its beginning
                raise
            raise Refused("not_zip", "an offset in it leads out of it") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise Refused("not_zip", f"{type(error).__name__}: {error}") from None


def _check_end(handle: BinaryIO) -> None:
    """Look at the list of files before ``zipfile`` reads the whole of it into memory."""
    size = handle.seek(0, 2)
    start = max(0, size - _END_SIZE - _LONGEST_COMMENT - _LOCATOR_SIZE)
    handle.seek(start)
    tail = handle.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise Refused("not_zip", f"{size:,} bytes without a list of files at their end")
    entries, listed = (
        int.from_bytes(tail[at + 10 : at + 12], "little"),
        int.from_bytes(tail[at + 12 : at + 16], "little"),
    )
    if _LOCATOR64 in tail:
        raise Refused("too_large", "a zip64 archive, as only those of more than 4 GB must be")
    for place in _ends(tail):  # whichever of them the library takes for the end
        listed = max(listed, int.from_bytes(tail[place + 12 : place + 16], "little"))
    if entries > MOST_FILES or listed > MOST_DIRECTORY:
        raise Refused("too_many_files", f"{entries:,} files, their list {listed:,} bytes")


def _ends(tail: bytes) -> list[int]:
    found, at = [], tail.find(_END)
    while at >= 0 and len(tail) - at >= _END_SIZE:
        found.append(at)
        at = tail.find(_END, at + 1)
    return found


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES:
        raise Refused("too_many_files", f"{len(entries)} files, {MOST_FILES} at most")
    for entry in entries:
        _check_entry(entry)
    folded = [entry.filename.casefold().rstrip("/") for entry in entries]
    twice = next((name for name in folded if folded.count(name) > 1), None)
    if twice is not None:
        raise Refused("duplicate_name", f"{twice!r} more than once")
    total = sum(entry.file_size for entry in entries)
    if total > MOST_UNPACKED:
        raise Refused("too_large", f"{total:,} bytes unpacked, {MOST_UNPACKED:,} at most")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name, mode = entry.filename, entry.external_attr >> 16
    shown = repr(name[:100])
    if "\0" in entry.orig_filename or not _is_inside(name):
        raise Refused("bad_path", shown)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused("bad_path", f"{shown} is no plain file")
    if entry.flag_bits & _ENCRYPTED:
        raise Refused("encrypted", shown)
    if name.lower().endswith(_NESTED):
        raise Refused("nested_archive", shown)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("not_zip", f"{shown} is packed by method {entry.compress_type}")
    if entry.file_size > max(SMALL, MOST_RATIO * entry.compress_size):
        raise Refused("too_large", f"{shown} unpacks {entry.compress_size:,} bytes to {entry.file_size:,}")


def _is_inside(name: str) -> bool:
    """A relative path of plain parts, by the rules of every system."""
    parts = name.removesuffix("/").split("/")
    return (
        len(name) <= 255
        and name.isprintable()
        and not set(name) & set('\\:*?"<>|')
        and all(part not in ("", ".", "..") for part in parts)
    )


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> Path:
    try:
        _copy(opened, entry, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _copy(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    left = min(entry.file_size, MOST_UNPACKED)
    with opened.open(entry) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise Refused("too_large", f"{entry.filename} holds more than it says")
            out.write(chunk)
    if left:
        raise Refused("damaged", f"{entry.filename} holds {left:,} bytes less than it says")
