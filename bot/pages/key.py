"""The page key: 256 random bits in ``<db>.pages-key``, readable by its owner only."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from pipeline.errors import InputError

FORM = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes in base64url."""


def path_for(db: Path) -> Path:
    """Where the key of the pages over ``db`` is kept."""
    return db.with_name(db.name + ".pages-key")


def page_key(db: Path) -> str:
    """The key, made at the first call; two processes that ask at once get the same.

    Raises InputError for a file that others can read, that cannot be read, or that holds no key.
    """
    path = path_for(db)
    try:
        if not path.exists():
            _create(path)
        if path.stat().st_mode & 0o077:
            raise InputError(f"{path}: others can read it; run: chmod 600 {path}, or delete it for a new key")
        key = path.read_text("ascii", "replace").strip()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; the key of the pages is kept there") from None
    if not FORM.fullmatch(key):
        raise InputError(f"{path}: holds no page key (43 letters, digits, - or _); delete it and start again")
    return key


def _create(path: Path) -> None:
    """Written aside and then linked, so that nobody ever reads half a key and the first one stays."""
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        Path(aside).unlink()
