"""Where a registry's files are: what any place must be able to do, and the one that is a folder.

A file is there whole or not at all, under its name below the registry, with ``/`` between parts.
Nothing here locks: writers never change a file that another one wrote, but for small ones that are
replaced whole, so two at once lose nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from pipeline import whole
from pipeline.errors import InputError, RunError
from pipeline.whole import BLOCK, alike


class Place(Protocol):
    """A folder on a disk or in a store. All but ``FileNotFoundError`` is raised as RunError that names the place."""

    url: str

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Bytes of each file below ``folder``, by name below it; empty where there is none."""

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError."""

    def write(self, name: str, data: bytes) -> None:
        """Put ``data`` there, in place of what is there."""

    def put(self, name: str, source: Path) -> None:
        """Copy the file ``source`` there; a copy that was killed goes on where the place can."""

    def get(self, name: str, target: Path) -> None:
        """Copy the file to ``target``."""

    def delete(self, name: str) -> None:
        """Remove the file; one that is not there is no error."""

    def local(self, folder: str) -> Path | None:
        """The folder on this machine's disk; None where it has to be fetched."""


class Folder:
    """A registry on this machine's disk, or on one that is mounted."""

    def __init__(self, root: Path) -> None:
        """Raises InputError where ``root`` is a file."""
        self._root = root.absolute()
        self.url = str(root)
        if self._root.exists() and not self._root.is_dir():
            raise InputError(f"{root}: a file, so no registry; name a folder with --registry")

    def sizes(self, folder: str) -> Mapping[str, int]:
        """See Place."""
        top = self._root / folder
        files = (path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
        named = ((path.relative_to(top), path) for path in files)
        found: dict[str, int] = {}
        for name, path in sorted(named):
            if not any(part.startswith(".") for part in name.parts):
                with contextlib.suppress(FileNotFoundError):  # another process may have removed it meanwhile
                    found[name.as_posix()] = path.stat().st_size
        return found

    def read(self, name: str) -> bytes:
        """See Place."""
        with self._named(name):
            return (self._root / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """See Place."""
        target = self._root / name
        with self._named(name):
            target.parent.mkdir(parents=True, exist_ok=True)
            whole.write(target, data)

    def put(self, name: str, source: Path) -> None:
        """See Place; goes on behind the bytes that a killed copy has written already."""
        target = self._root / name
        with self._named(name):
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as start, whole.held_draft(target) as end:
                draft = Path(end.name)
                if target.is_file() and alike(target, source) == source.stat().st_size == target.stat().st_size:
                    draft.unlink()
                    return
                done = alike(draft, source)
                end.truncate(done)
                start.seek(done)
                shutil.copyfileobj(start, end, BLOCK)
                end.flush()
                os.fsync(end.fileno())
                draft.replace(target)

    def get(self, name: str, target: Path) -> None:
        """See Place."""
        with self._named(name):
            shutil.copyfile(self._root / name, target)

    def delete(self, name: str) -> None:
        """See Place; folders that are empty then go too."""
        path = self._root / name
        with self._named(name):
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                path.parent.rmdir()

    def local(self, folder: str) -> Path | None:
        """See Place."""
        return self._root / folder

    @contextlib.contextmanager
    def _named(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise RunError(
                f"{self._root / name}: {error.strerror}; mend that, then run the same command again"
            ) from None
