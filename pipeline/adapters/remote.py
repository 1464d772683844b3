"""A registry at a URL, through fsspec: s3://, gs://, az://, sftp://, memory:// and others.

A store puts an object whole or not at all; where one does not (sftp), a torn file is found by its size.
An upload that was killed goes on with the first file that is not there whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec  # type: ignore[import-untyped]

from pipeline.errors import InputError, RunError


class Remote:
    """A registry below a URL."""

    def __init__(self, url: str) -> None:
        """Raises InputError for a URL with credentials in it, and where the package for its protocol is missing."""
        if "@" in urlsplit(url).netloc:
            raise InputError(
                "--registry: a URL with credentials in it; give them as the store's own variables or files"
            )
        self.url = url.rstrip("/")
        try:
            self._files, self._root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise InputError(f"{url}: {' '.join(str(error).split())}; or give a folder") from None

    def sizes(self, folder: str) -> Mapping[str, int]:
        """See ``place.Place``."""
        with self._named(folder):
            self._files.invalidate_cache()  # another machine may have written meanwhile
            top = self._path(folder)
            try:
                found: dict[str, dict[str, Any]] = self._files.find(top, detail=True)
            except FileNotFoundError:
                return {}
            names = {path[len(top) :].lstrip("/"): entry for path, entry in sorted(found.items())}
            return {name: int(entry["size"] or 0) for name, entry in names.items() if name}

    def read(self, name: str) -> bytes:
        """See ``place.Place``."""
        with self._named(name):
            return bytes(self._files.cat_file(self._path(name)))

    def write(self, name: str, data: bytes) -> None:
        """See ``place.Place``."""
        with self._named(name):
            self._files.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(self._path(name), data)

    def put(self, name: str, source: Path) -> None:
        """See ``place.Place``. A file of the same size is not sent again: whoever fetches it checks its hash."""
        with self._named(name):
            path = self._path(name)
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.invalidate_cache()
            if not self._files.exists(path) or self._files.size(path) != source.stat().st_size:
                self._files.put_file(str(source), path)

    def get(self, name: str, target: Path) -> None:
        """See ``place.Place``."""
        with self._named(name):
            self._files.get_file(self._path(name), str(target))

    def delete(self, name: str) -> None:
        """See ``place.Place``."""
        with self._named(name), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def local(self, folder: str) -> Path | None:
        """See ``place.Place``."""
        return None

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}".rstrip("/")

    @contextlib.contextmanager
    def _named(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:  # each store's own library has errors of its own
            why = " ".join(str(error).split())[:300] or type(error).__name__
            raise RunError(f"{self.url}/{name}: {why}; mend that, then run the same command again") from None
